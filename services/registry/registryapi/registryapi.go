// Package registryapi is what other services and portal may ask of registry: request and reply types, a small client, and the
// Directory of offices and outlets. It owns and writes nothing; the Directory reads the stream REGISTRY. Refusals are
// *fault.Error; a service that doesn't answer is fault.Unavailable.
package registryapi

import (
	"context"
	"encoding/json"
	"fmt"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
)

// Endpoints of rpc.registry. Those of the first group take no actor.
const (
	EndpointAuthenticate = "authenticate"
	EndpointSignIn       = "sign-in"
	EndpointRedeem       = "redeem"
	EndpointAccount      = "account"
	EndpointName         = "name"
	EndpointReady        = "ready"

	EndpointMe      = "me"
	EndpointOffices = "offices"
	EndpointOutlets = "outlets"
)

// Identity is an account as it stands: who acts, and the name that people see.
type Identity struct {
	Actor access.Actor `json:"actor"`
	Name  string       `json:"name"`
}

// AuthenticateRequest carries an API token as it is. It travels in the body, which nothing logs.
type AuthenticateRequest struct {
	Token string `json:"token"`
}

// SignInRequest is a name and a password.
type SignInRequest struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// RedeemRequest sets a password by a one-time link.
type RedeemRequest struct {
	Link     string `json:"link"`
	Password string `json:"password"`
}

// AccountRequest names an account.
type AccountRequest struct {
	ID events.AccountID `json:"id"`
}

// OfficesReply lists every office, those that have ended too.
type OfficesReply struct {
	Offices []events.OfficeState `json:"offices"`
}

// OutletsReply lists every outlet.
type OutletsReply struct {
	Outlets []events.OutletState `json:"outlets"`
}

// Client asks registry; Me, Offices and Outlets in the name of an actor, the rest of none.
type Client struct{ bus.Client }

func (c Client) ask(ctx context.Context, endpoint string, request, reply any) error {
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return fmt.Errorf("registryapi: ask %s: %w", endpoint, err)
		}
	}
	return c.Ask(ctx, events.ServiceRegistry, endpoint, nil, body, reply)
}

// Authenticate gives the account of an API token; fault.Unauthenticated if there is none or it is disabled.
func (c Client) Authenticate(ctx context.Context, token string) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointAuthenticate, AuthenticateRequest{token}, &id)
	return id, err
}

// SignIn gives the account of a name and password. fault.Unauthenticated for a wrong name, a wrong password and a disabled account alike;
// fault.SlowDown after 10 failed attempts on the name within an hour.
func (c Client) SignIn(ctx context.Context, name, password string) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointSignIn, SignInRequest{name, password}, &id)
	return id, err
}

// Redeem sets an account's password by a one-time link (valid for 24 hours, once) and gives the account. fault.Unauthenticated with the detail
// “link” if the link isn't or is no longer good; fault.Invalid with the field password (too_short, too_long).
func (c Client) Redeem(ctx context.Context, link, password string) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointRedeem, RedeemRequest{link, password}, &id)
	return id, err
}

// Account gives an account as it stands now, for a session that goes on; fault.Unauthenticated if it is gone or disabled.
func (c Client) Account(ctx context.Context, id string) (Identity, error) {
	var got Identity
	err := c.ask(ctx, EndpointAccount, AccountRequest{events.AccountID(id)}, &got)
	return got, err
}

// NameReply is the name that an account has.
type NameReply struct {
	Name string `json:"name"`
}

// Name gives an account's name, for what it signed while it was in use; a disabled one has it still. fault.NotFound if the account is gone.
func (c Client) Name(ctx context.Context, id events.AccountID) (string, error) {
	var got NameReply
	err := c.ask(ctx, EndpointName, AccountRequest{id}, &got)
	return got.Name, err
}

// Ready says how registry's backings are, {"nats":"ok"}; it answers once the lists of offices and outlets are in the log.
func (c Client) Ready(ctx context.Context) (map[string]string, error) {
	var m map[string]string
	err := c.ask(ctx, EndpointReady, nil, &m)
	return m, err
}

// Me gives the actor's own account.
func (c Client) Me(ctx context.Context) (Identity, error) {
	var id Identity
	err := c.ask(ctx, EndpointMe, nil, &id)
	return id, err
}

// Offices lists every office.
func (c Client) Offices(ctx context.Context) ([]events.OfficeState, error) {
	var r OfficesReply
	err := c.ask(ctx, EndpointOffices, nil, &r)
	return r.Offices, err
}

// Outlets lists every outlet.
func (c Client) Outlets(ctx context.Context) ([]events.OutletState, error) {
	var r OutletsReply
	err := c.ask(ctx, EndpointOutlets, nil, &r)
	return r.Outlets, err
}
