package registryapi

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/registry"
)

// Endpoints about accounts and the people of a case; all but enter in the name of an actor.
const (
	EndpointEnter         = "enter"
	EndpointAccounts      = "accounts"
	EndpointCreateAccount = "create-account"
	EndpointChangeAccount = "change-account"
	EndpointInvite        = "invite"
	EndpointToken         = "token"
	EndpointPeople        = "people"
	EndpointIntroduce     = "introduce"
	EndpointRenew         = "renew"
	EndpointRevoke        = "revoke"
	EndpointFeed          = "feed"
	EndpointNewFeed       = "new-feed"
	EndpointEndFeed       = "end-feed"
)

// Change is what may be changed of an account; nil = as it is.
type Change = registry.Change

// Account is an account as those see it who may manage it: no secrets.
type Account struct {
	ID     events.AccountID  `json:"id"`
	Name   string            `json:"name"`
	Role   access.Role       `json:"role"`
	Office events.OfficeSlug `json:"office,omitempty"`
	Outlet events.OutletID   `json:"outlet,omitempty"`
	Duties []access.Duty     `json:"duties,omitempty"`
	Cases  []events.CaseID   `json:"cases,omitempty"`
	// Invited says that nobody has signed in with it yet; Personal that it has a personal link in the place of a password, Shut that too many wrong codes were tried.
	Invited   bool      `json:"invited"`
	Disabled  bool      `json:"disabled"`
	Personal  bool      `json:"personal"`
	Shut      bool      `json:"shut,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	EnteredAt time.Time `json:"entered_at,omitzero"`
}

// AccountOf leaves the secrets out.
func AccountOf(a registry.Account) Account {
	out := Account{ID: a.ID, Name: a.Name, Role: a.Role, Office: a.Office, Outlet: a.Outlet, Duties: a.Duties, Cases: a.Cases, Disabled: a.Disabled, CreatedAt: a.CreatedAt,
		Invited: !a.Disabled && a.Personal == nil && a.PasswordHash == "" && len(a.Tokens) == 0}
	if p := a.Personal; p != nil {
		out.Personal, out.Shut, out.EnteredAt = true, p.Shut(), p.EnteredAt
	}
	return out
}

// AccountsReply lists accounts.
type AccountsReply struct {
	Accounts []Account `json:"accounts"`
}

// Invited is an account with what its person needs to come in; neither link nor code can be had again.
type Invited struct {
	Account Account `json:"account"`
	Link    string  `json:"link"`
	// Code is told by telephone; of personal links alone.
	Code string `json:"code,omitempty"`
}

// TokenReply is a fresh API token; it can't be had again.
type TokenReply struct {
	Token string `json:"token"`
}

// AccountParams name an account.
type AccountParams struct {
	ID events.AccountID `json:"id"`
}

// PeopleParams name a case and, where it is about one of its people, the account.
type PeopleParams struct {
	Case    events.CaseID    `json:"case"`
	Account events.AccountID `json:"account,omitempty"`
}

// Introduction is the body that introduces somebody to a case.
type Introduction struct {
	Role access.Role `json:"role"`
	Name string      `json:"name"`
}

// EnterRequest is a personal link and its code.
type EnterRequest struct {
	Link string `json:"link"`
	Code string `json:"code"`
}

// Enter gives the account of a personal link and its code; see accounts.Enter for the refusals.
func (c Client) Enter(ctx context.Context, link, code string) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointEnter, EnterRequest{link, code}, &id)
	return id, err
}

// Accounts lists those that the actor may manage: an administrator all, an office's signer those of the office. fault.Forbidden for anybody else.
func (c Client) Accounts(ctx context.Context) ([]Account, error) {
	var r AccountsReply
	err := c.ask(ctx, EndpointAccounts, nil, &r)
	return r.Accounts, err
}

// CreateAccount makes an account and its invitation; the body is a Change as JSON. fault.Duplicate with the field name, fault.Invalid with every wrong field.
func (c Client) CreateAccount(ctx context.Context, body []byte) (Invited, error) {
	var got Invited
	err := c.Ask(ctx, events.ServiceRegistry, EndpointCreateAccount, nil, body, &got)
	return got, err
}

// ChangeAccount alters an account; the body is a Change as JSON. disabled takes effect at once. fault.NotFound for one that the actor may not manage.
func (c Client) ChangeAccount(ctx context.Context, id events.AccountID, body []byte) (Account, error) {
	var got Account
	err := c.Ask(ctx, events.ServiceRegistry, EndpointChangeAccount, AccountParams{id}, body, &got)
	return got, err
}

// Invite gives another one-time link, good for 24 hours.
func (c Client) Invite(ctx context.Context, id events.AccountID) (Invited, error) {
	var got Invited
	err := c.Ask(ctx, events.ServiceRegistry, EndpointInvite, AccountParams{id}, nil, &got)
	return got, err
}

// NewToken gives an account a fresh API token in the place of its others: one's own, or of an account that the actor may manage.
func (c Client) NewToken(ctx context.Context, id events.AccountID) (string, error) {
	var got TokenReply
	err := c.Ask(ctx, events.ServiceRegistry, EndpointToken, AccountParams{id}, nil, &got)
	return got.Token, err
}

// People lists the personal accounts of a case of the actor's office.
func (c Client) People(ctx context.Context, id events.CaseID) ([]Account, error) {
	var r AccountsReply
	err := c.Ask(ctx, events.ServiceRegistry, EndpointPeople, PeopleParams{Case: id}, nil, &r)
	return r.Accounts, err
}

// Introduce makes a personal account of the unit or an overseer for one rectification; the body is an Introduction as JSON. fault.WrongState with the detail closed once it has ended.
func (c Client) Introduce(ctx context.Context, id events.CaseID, body []byte) (Invited, error) {
	var got Invited
	err := c.Ask(ctx, events.ServiceRegistry, EndpointIntroduce, PeopleParams{Case: id}, body, &got)
	return got, err
}

// Renew gives a personal account a new link and code; the old ones are void.
func (c Client) Renew(ctx context.Context, id events.CaseID, account events.AccountID) (Invited, error) {
	var got Invited
	err := c.Ask(ctx, events.ServiceRegistry, EndpointRenew, PeopleParams{id, account}, nil, &got)
	return got, err
}

// Revoke shuts a personal account at once.
func (c Client) Revoke(ctx context.Context, id events.CaseID, account events.AccountID) error {
	var got map[string]string
	return c.Ask(ctx, events.ServiceRegistry, EndpointRevoke, PeopleParams{id, account}, nil, &got)
}

// FeedLink is the secret part of a feed's address.
type FeedLink struct {
	Link string `json:"link"`
}

// Feed gives the account of a feed's address, in nobody's name; fault.NotFound for any that isn't good.
func (c Client) Feed(ctx context.Context, link string) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointFeed, FeedLink{link}, &id)
	return id, err
}

// NewFeed gives the actor's account an address for its feed in the place of an earlier one.
func (c Client) NewFeed(ctx context.Context) (string, error) {
	var got FeedLink
	err := c.ask(ctx, EndpointNewFeed, nil, &got)
	return got.Link, err
}

// EndFeed voids it.
func (c Client) EndFeed(ctx context.Context) error {
	var got map[string]string
	return c.ask(ctx, EndpointEndFeed, nil, &got)
}
