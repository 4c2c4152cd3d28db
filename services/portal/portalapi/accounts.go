package portalapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"songshui.internal/events"
	"songshui.internal/services/registry/registryapi"
)

// Invited is what somebody needs to come in: an address of this portal, and for a personal link the code that is told by telephone. Neither can be had again.
type Invited struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	// Path begins with a slash; the portal's own address goes before it.
	Path string `json:"path"`
	Code string `json:"code,omitempty"`
}

// Rules lists every rule.
type Rules struct {
	Rules []Rule `json:"rules"`
}

// Rule is one number with its history; the value in force is the last whose from is not after the day on which what is judged began.
type Rule struct {
	Name    string             `json:"name"`
	Title   string             `json:"title"`
	TitleEN string             `json:"title_en"`
	Unit    string             `json:"unit"`
	Values  []events.RuleValue `json:"values"`
}

// Outlets lists the province's outlets.
type Outlets struct {
	Outlets []registryapi.Outlet `json:"outlets"`
}

// Campaigns lists the campaigns.
type Campaigns struct {
	Campaigns []Campaign `json:"campaigns"`
}

// Campaign is one year's 专题行.
type Campaign struct {
	ID      string              `json:"id"`
	Name    string              `json:"name"`
	From    events.Month        `json:"from"`
	To      events.Month        `json:"to"`
	Offices []events.OfficeSlug `json:"offices"`
	Sectors []string            `json:"sectors"`
}

// Calendar is a year's days off.
type Calendar struct {
	Year   int                                   `json:"year"`
	Known  bool                                  `json:"known"`
	Basis  string                                `json:"basis,omitempty"`
	Off    []events.DayOff                       `json:"off"`
	Worked []events.Day                          `json:"worked"`
	Local  map[events.OfficeSlug][]events.DayOff `json:"local,omitempty"`
}

// Introduce makes a personal link to a case's rectification for somebody of its unit (role unit) or an overseer.
func (c *Client) Introduce(ctx context.Context, id, role, name string) (Invited, error) {
	b, err := json.Marshal(map[string]string{"role": role, "name": name})
	if err != nil {
		return Invited{}, fmt.Errorf("portalapi: introduce: %w", err)
	}
	var v Invited
	return v, c.Do(ctx, http.MethodPost, "/api/v1/cases/"+url.PathEscape(id)+"/people", nil, b, &v)
}

// Revoke shuts a personal link.
func (c *Client) Revoke(ctx context.Context, id, account string) error {
	return c.Do(ctx, http.MethodDelete, "/api/v1/cases/"+url.PathEscape(id)+"/people/"+url.PathEscape(account), nil, nil, new(struct{}))
}

// CreateAccount makes an account; the fields are those of POST /api/v1/accounts.
func (c *Client) CreateAccount(ctx context.Context, fields map[string]any) (Invited, error) {
	b, err := json.Marshal(fields)
	if err != nil {
		return Invited{}, fmt.Errorf("portalapi: create account: %w", err)
	}
	var v Invited
	return v, c.Do(ctx, http.MethodPost, "/api/v1/accounts", nil, b, &v)
}

// ChangeAccount alters an account.
func (c *Client) ChangeAccount(ctx context.Context, id string, fields map[string]any) error {
	b, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("portalapi: change account: %w", err)
	}
	return c.Do(ctx, http.MethodPatch, "/api/v1/accounts/"+url.PathEscape(id), nil, b, new(struct{}))
}
