package oversightapi

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/oversight"
)

// Endpoints of rpc.oversight about the board and the inbox.
const (
	EndpointBoard      = "board"
	EndpointBoardList  = "board-list"
	EndpointFix        = "board-fix"
	EndpointEditions   = "board-editions"
	EndpointDifference = "board-difference"
	EndpointEarlier    = "earlier-cases"
	EndpointInbox      = "inbox"
	EndpointInboxSeen  = "inbox-seen"
)

// What the board is made of; see package oversight.
type (
	Query          = oversight.Query
	Figure         = oversight.Figure
	Cell           = oversight.Cell
	Board          = oversight.Board
	OfficeLine     = oversight.OfficeLine
	SectorLine     = oversight.SectorLine
	MonthCell      = oversight.MonthCell
	Row            = oversight.Row
	List           = oversight.List
	EnterpriseCase = oversight.EnterpriseCase
)

// MaxPerPage bounds a page of a list.
const MaxPerPage = oversight.MaxPerPage

// Figures names every figure in the order of the table.
func Figures() []string {
	var out []string
	for _, d := range oversight.Figures() {
		out = append(out, string(d.Figure))
	}
	return out
}

// ParseQuery reads a figure's query; see oversight.ParseQuery.
func ParseQuery(s string) (Query, error) { return oversight.ParseQuery(s) }

// ListParams choose a page of what is behind a figure; pages count from 1, PerPage is at most MaxPerPage (default 50).
type ListParams struct {
	Query
	Page    int `json:"page,omitempty"`
	PerPage int `json:"per_page,omitempty"`
}

// FixParams fix a month's table; Key is the client's Idempotency-Key.
type FixParams struct {
	Month events.Month `json:"month"`
	Key   string       `json:"key"`
}

// FixBody is the body of fixing a table: what stood at the end of Day, default today. Note is at most 1,000 characters.
type FixBody struct {
	Day  events.Day `json:"day"`
	Note string     `json:"note"`
}

// Province is the office of the row of the whole province in an edition.
const Province = "province"

// Edition is a month's table as it was told; Number counts from 1.
type Edition struct {
	Number int `json:"number"`
	events.Edition
}

// Fixed answers a fix: the edition, and where its fact is.
type Fixed struct {
	Edition  Edition `json:"edition"`
	Stream   string  `json:"stream"`
	Sequence uint64  `json:"sequence"`
}

// Editions are a month's, the oldest first. An office's account gets its own row of each.
type Editions struct {
	Month    events.Month `json:"month"`
	Editions []Edition    `json:"editions"`
}

// DifferenceParams compare an edition (Number, from 1) with what stands now at the end of Day, default today.
type DifferenceParams struct {
	Month  events.Month `json:"month"`
	Number int          `json:"number"`
	Day    events.Day   `json:"day,omitempty"`
}

// Difference is what has changed since an edition, and the facts that explain it.
type Difference struct {
	Month   events.Month `json:"month"`
	Number  int          `json:"number"`
	Day     events.Day   `json:"day"`
	Changes []Change     `json:"changes"`
	// Facts are those after the edition's sequences of the records behind the changes, at most MaxFacts, by stream and sequence; More says that there are others.
	Facts []ChangeFact `json:"facts"`
	More  bool         `json:"more,omitempty"`
}

// MaxFacts bounds the facts of a difference.
const MaxFacts = 300

// Change is one figure of one office, or of the province, that isn't what was told. A figure without a value is 0. Came and Went are the records whose rows are new or gone: a case's id, or office/month;
// at most 200 each. ByTime says that no fact explains it: a day passed.
type Change struct {
	Office events.OfficeSlug `json:"office"`
	Figure string            `json:"figure"`
	Then   int               `json:"then"`
	Now    int               `json:"now"`
	Came   []string          `json:"came,omitempty"`
	Went   []string          `json:"went,omitempty"`
	ByTime bool              `json:"by_time,omitempty"`
}

// ChangeFact is a fact that explains a change; Type is whole, e.g. songshui.rectification.closed.v1. Record is the case's id or office/month, empty for the registry's lists.
type ChangeFact struct {
	Stream    string     `json:"stream"`
	Sequence  uint64     `json:"sequence"`
	Type      string     `json:"type"`
	On        events.Day `json:"on"`
	At        time.Time  `json:"at"`
	Backdated bool       `json:"backdated,omitempty"`
	Record    string     `json:"record,omitempty"`
	// Actor is whose fact it is, without the account.
	Actor StepActor `json:"actor"`
}

// EarlierParams name a case.
type EarlierParams struct {
	ID events.CaseID `json:"id"`
}

// Earlier lists the earlier exposed cases of a case's enterprise that the caller may see, the newest first.
type Earlier struct {
	Cases []EnterpriseCase `json:"cases"`
}

// InboxParams choose a page of the inbox; PerPage is at most MaxPerPage (default 50). Unseen leaves out what was seen.
type InboxParams struct {
	Unseen  bool `json:"unseen,omitempty"`
	Page    int  `json:"page,omitempty"`
	PerPage int  `json:"per_page,omitempty"`
}

// InboxEntry is one thing that a person should know of. Its id never changes. At is the system's time where the record has it, else the first moment of the given day. Args are what its text needs: ref,
// title, enterprise, office, month, due, for, reason, before. Link is the page's path.
type InboxEntry struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
	// On is the given day that stands in for the system's time; empty where At is that.
	On     events.Day        `json:"on,omitempty"`
	Office events.OfficeSlug `json:"office"`
	Case   events.CaseID     `json:"case,omitempty"`
	Month  events.Month      `json:"month,omitempty"`
	Args   map[string]string `json:"args"`
	Link   string            `json:"link"`
	Seen   bool              `json:"seen"`
}

// Inbox is a page of entries, the newest first; Total and UnseenTotal are of the whole inbox, which holds the last 90 days and at most 500 entries.
type Inbox struct {
	Entries     []InboxEntry `json:"entries"`
	Total       int          `json:"total"`
	UnseenTotal int          `json:"unseen_total"`
	Page        int          `json:"page"`
	PerPage     int          `json:"per_page"`
}

// SeenParams mark entries as seen; none marks all that are there now.
type SeenParams struct {
	IDs []string `json:"ids,omitempty"`
}

// BoardClient asks about the board in the name of an actor. All but Earlier and the inbox are for supervisors and offices; an office gets its own figures and lists alone, fault.Forbidden for another's and for
// other roles. fault.BadParameter names what can't be read in Detail; fault.Unavailable until the log was read, and while NATS is away.
type BoardClient struct{ bus.Client }

// Board gives the table.
func (c BoardClient) Board(ctx context.Context, q Query) (Board, error) {
	return ask[Board](ctx, c.Client, EndpointBoard, q, nil)
}

// List gives a page of what is behind a figure.
func (c BoardClient) List(ctx context.Context, p ListParams) (List, error) {
	return ask[List](ctx, c.Client, EndpointBoardList, p, nil)
}

// Fix keeps a month's table as it stands 定版; supervisors alone. body is a FixBody. fault.Invalid for a wrong field; fault.TooLarge after some twenty editions of one month.
func (c BoardClient) Fix(ctx context.Context, p FixParams, body []byte) (Fixed, error) {
	return ask[Fixed](ctx, c.Client, EndpointFix, p, body)
}

// Editions gives a month's editions.
func (c BoardClient) Editions(ctx context.Context, m events.Month) (Editions, error) {
	return ask[Editions](ctx, c.Client, EndpointEditions, FixParams{Month: m}, nil)
}

// Difference compares an edition with today; supervisors alone. fault.NotFound if there is no such edition.
func (c BoardClient) Difference(ctx context.Context, p DifferenceParams) (Difference, error) {
	return ask[Difference](ctx, c.Client, EndpointDifference, p, nil)
}

// Earlier gives a case's earlier ones; fault.NotFound if the case isn't there or not for the actor's eyes.
func (c BoardClient) Earlier(ctx context.Context, id events.CaseID) (Earlier, error) {
	return ask[Earlier](ctx, c.Client, EndpointEarlier, EarlierParams{id}, nil)
}

// Inbox gives a page of the actor's inbox; that of journalists and administrators is empty.
func (c BoardClient) Inbox(ctx context.Context, p InboxParams) (Inbox, error) {
	return ask[Inbox](ctx, c.Client, EndpointInbox, p, nil)
}

// Seen marks entries of the actor's inbox as seen and gives its first page.
func (c BoardClient) Seen(ctx context.Context, p SeenParams) (Inbox, error) {
	return ask[Inbox](ctx, c.Client, EndpointInboxSeen, p, nil)
}

func ask[R any](ctx context.Context, c bus.Client, endpoint string, params any, body []byte) (R, error) {
	var got R
	err := c.Ask(ctx, events.ServiceOversight, endpoint, params, body, &got)
	return got, err
}
