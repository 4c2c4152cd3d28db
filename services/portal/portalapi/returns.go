package portalapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"songshui.internal/events"
)

// Return is a monthly return 月报 as it stands, what it is worth today, and what the caller may do now.
type Return struct {
	Office   string `json:"office"`
	Month    string `json:"month"`
	Campaign string `json:"campaign"`
	// State is the record's: running, filed, received, returned, recognised.
	State string `json:"state"`
	Due   string `json:"due"`
	ReturnFlags
	// Held are the cases of the newest filing, Counted those by which the month is met, Published all that the office has published in the month.
	Held                []string             `json:"held,omitempty"`
	Counted             []string             `json:"counted,omitempty"`
	Published           []string             `json:"published,omitempty"`
	Filings             []events.Filing      `json:"filings,omitempty"`
	Recognition         *events.Recognition  `json:"recognition,omitempty"`
	EarlierRecognitions []events.Recognition `json:"earlier_recognitions,omitempty"`
	Reminders           []events.Reminder    `json:"reminders,omitempty"`
	Revision            uint64               `json:"revision"`
	OpenedAt            time.Time            `json:"opened_at"`
	Next                []Next               `json:"next"`
	NotNow              []NotNow             `json:"not_now"`
	// History comes with one return alone.
	History []Step `json:"history,omitempty"`
	// Names are, with one return alone, those of the accounts in signed_by and contact of the filings.
	Names map[string]string `json:"names,omitempty"`
}

// ReturnFlags say what a return is worth today. Shown: running 进行中, awaiting-receipt 待省收, returned 退回待补, met 已完成, met-late 已完成（迟报）, recognised 认定/补录, missed 未完成.
type ReturnFlags struct {
	Shown string `json:"shown"`
	// RecognisedKind is decision 认定 or paper 补录.
	RecognisedKind string `json:"recognised_kind,omitempty"`
	// Overdue: the due day is past and the month neither met nor recognised.
	Overdue    bool `json:"overdue,omitempty"`
	ZeroReturn bool `json:"zero_return,omitempty"`
	// OnlyOtherLevels: published, but at no outlet of municipal level; Unplaced: at outlets that are 待认定.
	OnlyOtherLevels bool `json:"only_other_levels,omitempty"`
	Unplaced        bool `json:"unplaced,omitempty"`
	Supplement      bool `json:"supplement,omitempty"`
	Backdated       bool `json:"backdated,omitempty"`
	// Punctual is in-time, late or outside (补录); empty while nothing counts.
	Punctual string `json:"punctual,omitempty"`
}

// ReturnLine is one return in a list.
type ReturnLine struct {
	Office   string `json:"office"`
	Month    string `json:"month"`
	Campaign string `json:"campaign"`
	State    string `json:"state"`
	Due      string `json:"due"`
	ReturnFlags
	HeldCases      int `json:"held_cases"`
	CountedCases   int `json:"counted_cases"`
	PublishedCases int `json:"published_cases"`
	// FiledOn and FiledAt are of the newest filing: the day given, and the system's time.
	FiledOn string    `json:"filed_on,omitempty"`
	FiledAt time.Time `json:"filed_at,omitzero"`
}

// Returns lists returns by month and then in the campaign's order of offices.
type Returns struct {
	Returns []ReturnLine `json:"returns"`
}

// CommandedReturn answers a command to a return: the return after it.
type CommandedReturn struct {
	State    Return `json:"state"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Warnings refuse nothing: a text looks like a telephone or identity number.
	Warnings []FieldError `json:"warnings,omitempty"`
}

// Return gives the return of an office for a month (2026-06), with its history.
func (c *Client) Return(ctx context.Context, office, month string) (Return, error) {
	var v Return
	return v, c.Do(ctx, http.MethodGet, returnPath(office, month), nil, nil, &v)
}

// Returns lists those that the caller may see; q holds the parameters of GET /api/v1/returns.
func (c *Client) Returns(ctx context.Context, q url.Values) (Returns, error) {
	var v Returns
	return v, c.Do(ctx, http.MethodGet, "/api/v1/returns?"+q.Encode(), nil, nil, &v)
}

// CommandReturn gives a command to a return; key protects it against being sent twice, which a filing that waits is also without one.
func (c *Client) CommandReturn(ctx context.Context, office, month, name, key string, body any) (CommandedReturn, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return CommandedReturn{}, fmt.Errorf("portalapi: %s: %w", name, err)
	}
	h := http.Header{}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	var v CommandedReturn
	return v, c.Do(ctx, http.MethodPost, returnPath(office, month)+"/commands/"+url.PathEscape(name), h, b, &v)
}

func returnPath(office, month string) string {
	return "/api/v1/returns/" + url.PathEscape(office) + "/" + url.PathEscape(month)
}
