package portalapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// DefaultPatience is how long a Client goes on trying while the server is away (no connection, 429, 502–504, 507).
const DefaultPatience = 2 * time.Minute

// maxAnswer bounds what a Client reads of an answer.
const maxAnswer = 8 << 20

// Client speaks to a portal with one account's token. It is safe for concurrent use.
type Client struct {
	// Base is the portal's address without a trailing slash, e.g. http://127.0.0.1:8080.
	Base  string
	Token string
	// Language is sent as Accept-Language; empty = Chinese.
	Language string
	// HTTP defaults to http.DefaultClient.
	HTTP *http.Client
	// Patience: 0 = DefaultPatience, negative = no second try.
	Patience time.Duration
	// Places is an own directory for the addresses of unfinished uploads, made when needed, so that a later process goes on with them; empty = none are kept.
	Places string
}

// Me gives the account of the token.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var me Me
	return me, c.Do(ctx, http.MethodGet, "/api/v1/me", nil, nil, &me)
}

// Submit sends a case, one line of cases.jsonl. A refusal is a *Problem. Sending again is safe.
func (c *Client) Submit(ctx context.Context, line []byte) (Submitted, error) {
	var s Submitted
	return s, c.Do(ctx, http.MethodPost, "/api/v1/cases", nil, line, &s)
}

// Case gives a case; minSeq, if not 0, is the sequence of an own write on the case's stream that must be in.
func (c *Client) Case(ctx context.Context, id string, minSeq uint64) (CaseView, error) {
	path := "/api/v1/cases/" + url.PathEscape(id)
	if minSeq > 0 {
		path += "?min_seq=" + strconv.FormatUint(minSeq, 10)
	}
	var v CaseView
	return v, c.Do(ctx, http.MethodGet, path, nil, nil, &v)
}

// ByRef looks cases up by reference; office may be empty.
func (c *Client) ByRef(ctx context.Context, ref, office string) (Cases, error) {
	q := url.Values{"ref": {ref}}
	if office != "" {
		q.Set("office", office)
	}
	var v Cases
	return v, c.Do(ctx, http.MethodGet, "/api/v1/cases?"+q.Encode(), nil, nil, &v)
}

// Command gives a command to a case or its rectification; key protects it against being sent twice.
func (c *Client) Command(ctx context.Context, id, name, key string, body any) (Commanded, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return Commanded{}, fmt.Errorf("portalapi: %s: %w", name, err)
	}
	h := http.Header{}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	var v Commanded
	return v, c.Do(ctx, http.MethodPost, "/api/v1/cases/"+url.PathEscape(id)+"/commands/"+url.PathEscape(name), h, b, &v)
}

// Search finds cases; q holds the parameters of GET /api/v1/search.
func (c *Client) Search(ctx context.Context, q url.Values) (Found, error) {
	var v Found
	return v, c.Do(ctx, http.MethodGet, "/api/v1/search?"+q.Encode(), nil, nil, &v)
}

// Medium gives one medium.
func (c *Client) Medium(ctx context.Context, id string) (Medium, error) {
	var v Medium
	return v, c.Do(ctx, http.MethodGet, "/api/v1/media/"+url.PathEscape(id), nil, nil, &v)
}

// MediaByHash gives the own office's media with these bytes.
func (c *Client) MediaByHash(ctx context.Context, sha256hex string) ([]Medium, error) {
	var v struct {
		Media []Medium `json:"media"`
	}
	err := c.Do(ctx, http.MethodGet, "/api/v1/media?sha256="+url.QueryEscape(sha256hex), nil, nil, &v)
	return v.Media, err
}

// MediaInState gives a page of the media of the caller's office in a state; of the province's caller, of an office or of all.
func (c *Client) MediaInState(ctx context.Context, state, office string, page, perPage int) (Media, error) {
	q := url.Values{"state": {state}, "page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(perPage)}}
	if office != "" {
		q.Set("office", office)
	}
	var v Media
	return v, c.Do(ctx, http.MethodGet, "/api/v1/media?"+q.Encode(), nil, nil, &v)
}

// CommandMedium gives a command to a medium; key protects it against being sent twice.
func (c *Client) CommandMedium(ctx context.Context, id, name, key string, body any) (CommandedMedium, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return CommandedMedium{}, fmt.Errorf("portalapi: %s: %w", name, err)
	}
	h := http.Header{}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	var v CommandedMedium
	return v, c.Do(ctx, http.MethodPost, "/api/v1/media/"+url.PathEscape(id)+"/commands/"+url.PathEscape(name), h, b, &v)
}

// Do sends a request and decodes a 2xx answer into out. It tries again, as long as Patience lasts, while the server is away; everything else that isn't 2xx is a *Problem.
func (c *Client) Do(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	return c.patiently(ctx, func() error {
		r, err := c.request(ctx, method, path, header, bytes.NewReader(body))
		if err != nil {
			return backoff.Permanent(err)
		}
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		resp, err := c.http().Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return err
		}
		if resp.StatusCode/100 != 2 {
			return refusal(resp, data)
		}
		if err := json.Unmarshal(data, out); err != nil {
			return backoff.Permanent(fmt.Errorf("portalapi: %s %s: %w", method, path, err))
		}
		return nil
	})
}

func (c *Client) request(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return nil, fmt.Errorf("portalapi: %s %s: %w", method, path, err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Language != "" {
		r.Header.Set("Accept-Language", c.Language)
	}
	return r, nil
}

func (c *Client) http() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

func refusal(resp *http.Response, data []byte) error {
	p := &Problem{}
	if err := json.Unmarshal(data, p); err != nil || p.Code == "" {
		p = &Problem{Status: resp.StatusCode, Code: "status_" + strconv.Itoa(resp.StatusCode), Title: http.StatusText(resp.StatusCode)}
	}
	p.Status = resp.StatusCode
	p.RetryAfter, _ = strconv.Atoi(resp.Header.Get("Retry-After"))
	return p
}

// Away says that an error is of the kind that passes: no connection, or a status that tells to come again.
func Away(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var p *Problem
	if !errors.As(err, &p) {
		return true
	}
	if p.Code == "quota" { // waiting doesn't help
		return false
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInsufficientStorage:
		return true
	}
	return false
}

// patiently tries again, with growing pauses, while the server is away.
func (c *Client) patiently(ctx context.Context, try func() error) error {
	patience := c.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	if patience < 0 {
		err := try()
		var permanent *backoff.PermanentError
		if errors.As(err, &permanent) {
			return permanent.Err
		}
		return err
	}
	policy := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(3*time.Second), backoff.WithMaxElapsedTime(patience))
	return backoff.Retry(func() error {
		err := try()
		if err != nil && !Away(err) {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(policy, ctx))
}
