package portalapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"songshui.internal/services/oversight/oversightapi"
)

// InboxEntry is an entry with its words in the caller's language.
type InboxEntry struct {
	oversightapi.InboxEntry
	Text string `json:"text"`
}

// Inbox is a page of what its person should know of, the newest first.
type Inbox struct {
	Entries     []InboxEntry `json:"entries"`
	Total       int          `json:"total"`
	UnseenTotal int          `json:"unseen_total"`
	Page        int          `json:"page"`
	PerPage     int          `json:"per_page"`
}

// Feed is the address of the caller's own Atom feed. Who has it can read the inbox, and nothing else; a new one voids it.
type Feed struct {
	Path string `json:"path"`
}

// Board gives the table of figures; q holds the parameters of GET /api/v1/board.
func (c *Client) Board(ctx context.Context, q url.Values) (oversightapi.Board, error) {
	var v oversightapi.Board
	return v, c.Do(ctx, http.MethodGet, "/api/v1/board?"+q.Encode(), nil, nil, &v)
}

// BoardList gives a page of what is behind a figure; query is the figure's.
func (c *Client) BoardList(ctx context.Context, query string, page, perPage int) (oversightapi.List, error) {
	var v oversightapi.List
	return v, c.Do(ctx, http.MethodGet, "/api/v1/board/list?"+query+"&page="+strconv.Itoa(page)+"&per_page="+strconv.Itoa(perPage), nil, nil, &v)
}

// Fix keeps a month's table as it stands at the end of a day (empty = today).
func (c *Client) Fix(ctx context.Context, month, day, note string) (oversightapi.Fixed, error) {
	b, err := json.Marshal(map[string]string{"day": day, "note": note})
	if err != nil {
		return oversightapi.Fixed{}, fmt.Errorf("portalapi: fix: %w", err)
	}
	var v oversightapi.Fixed
	return v, c.Do(ctx, http.MethodPost, "/api/v1/board/"+url.PathEscape(month)+"/editions", nil, b, &v)
}

// Difference compares an edition of a month's table (from 1) with today.
func (c *Client) Difference(ctx context.Context, month string, number int) (oversightapi.Difference, error) {
	var v oversightapi.Difference
	return v, c.Do(ctx, http.MethodGet, "/api/v1/board/"+url.PathEscape(month)+"/editions/"+strconv.Itoa(number)+"/difference", nil, nil, &v)
}

// Inbox gives the first page of the caller's inbox.
func (c *Client) Inbox(ctx context.Context) (Inbox, error) {
	var v Inbox
	return v, c.Do(ctx, http.MethodGet, "/api/v1/inbox", nil, nil, &v)
}

// NewFeed makes an address for the caller's feed.
func (c *Client) NewFeed(ctx context.Context) (Feed, error) {
	var v Feed
	return v, c.Do(ctx, http.MethodPost, "/api/v1/inbox/feed", nil, []byte("{}"), &v)
}
