package server

import (
	"context"
	"errors"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/registry"
	"songshui.internal/services/registry/internal/accounts"
	"songshui.internal/services/registry/registryapi"
)

// people are the endpoints about accounts and the people of a case.
type people struct {
	store     *accounts.Store
	directory *registryapi.Directory
}

func (p people) signed() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{
		registryapi.EndpointAccounts:      p.accounts,
		registryapi.EndpointCreateAccount: p.create,
		registryapi.EndpointChangeAccount: p.change,
		registryapi.EndpointInvite:        p.invite,
		registryapi.EndpointToken:         p.token,
		registryapi.EndpointPeople:        p.people,
		registryapi.EndpointIntroduce:     p.introduce,
		registryapi.EndpointRenew:         p.renew,
		registryapi.EndpointRevoke:        p.revoke,
		registryapi.EndpointNewFeed: func(ctx context.Context, r bus.Request) (any, error) {
			link, err := p.store.NewFeed(ctx, r.Actor)
			return registryapi.FeedLink{Link: link}, err
		},
		registryapi.EndpointEndFeed: func(ctx context.Context, r bus.Request) (any, error) {
			return map[string]string{}, p.store.EndFeed(ctx, r.Actor)
		},
	}
}

func (p people) enter(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.EnterRequest
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return identity(p.store.Enter(ctx, q.Link, q.Code))
}

func (p people) feed(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.FeedLink
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return identity(p.store.ByFeed(ctx, q.Link))
}

// manager refuses those who manage nobody.
func manager(a access.Actor) error {
	if a.Role == access.Admin || a.Role == access.Office && a.Has(access.Signer) {
		return nil
	}
	f := fault.New(fault.Forbidden, "registry: accounts")
	if a.Role == access.Office {
		f.Detail = "duty"
	}
	return f
}

func list(all []registry.Account) registryapi.AccountsReply {
	r := registryapi.AccountsReply{Accounts: make([]registryapi.Account, len(all))}
	for i, a := range all {
		r.Accounts[i] = registryapi.AccountOf(a)
	}
	return r
}

func (p people) accounts(ctx context.Context, r bus.Request) (any, error) {
	if err := manager(r.Actor); err != nil {
		return nil, err
	}
	all, err := p.store.All(ctx, r.Actor)
	return list(all), err
}

func (p people) create(ctx context.Context, r bus.Request) (any, error) {
	if err := manager(r.Actor); err != nil {
		return nil, err
	}
	var change registryapi.Change
	if err := strict.Decode(r.Body, &change); err != nil {
		return nil, err
	}
	a, link, err := p.store.Create(ctx, change, r.Actor, p.directory)
	return registryapi.Invited{Account: registryapi.AccountOf(a), Link: link}, err
}

func (p people) change(ctx context.Context, r bus.Request) (any, error) {
	if err := manager(r.Actor); err != nil {
		return nil, err
	}
	var q registryapi.AccountParams
	var change registryapi.Change
	if err := errors.Join(r.Decode(&q), strict.Decode(r.Body, &change)); err != nil {
		return nil, err
	}
	a, err := p.store.Alter(ctx, q.ID, change, r.Actor, p.directory)
	return registryapi.AccountOf(a), err
}

func (p people) invite(ctx context.Context, r bus.Request) (any, error) {
	if err := manager(r.Actor); err != nil {
		return nil, err
	}
	var q registryapi.AccountParams
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	link, err := p.store.Invite(ctx, q.ID, r.Actor)
	return registryapi.Invited{Account: registryapi.Account{ID: q.ID}, Link: link}, err
}

func (p people) token(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.AccountParams
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	token, err := p.store.NewToken(ctx, q.ID, r.Actor)
	return registryapi.TokenReply{Token: token}, err
}

func (p people) people(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.PeopleParams
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	all, err := p.store.People(ctx, q.Case, r.Actor)
	return list(all), err
}

func (p people) introduce(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.PeopleParams
	var who registryapi.Introduction
	if err := errors.Join(r.Decode(&q), strict.Decode(r.Body, &who)); err != nil {
		return nil, err
	}
	a, link, code, err := p.store.Introduce(ctx, q.Case, who.Role, who.Name, r.Actor)
	return registryapi.Invited{Account: registryapi.AccountOf(a), Link: link, Code: code}, err
}

func (p people) renew(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.PeopleParams
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	link, code, err := p.store.Renew(ctx, q.Case, q.Account, r.Actor)
	return registryapi.Invited{Account: registryapi.Account{ID: q.Account}, Link: link, Code: code}, err
}

func (p people) revoke(ctx context.Context, r bus.Request) (any, error) {
	var q registryapi.PeopleParams
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return map[string]string{}, p.store.Revoke(ctx, q.Case, q.Account, r.Actor)
}
