package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

const (
	detailLink   = "link"
	detailCode   = "code"
	detailShut   = "shut"
	detailClosed = "closed"
)

// All gives every account that the actor may manage, in the order of their names.
func (s *Store) All(ctx context.Context, by access.Actor) ([]registry.Account, error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return nil, err
	}
	list := []registry.Account{}
	for _, id := range ids {
		a, _, err := s.ByID(ctx, id)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if registry.MayManage(by, a) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b registry.Account) int {
		return strings.Compare(a.Name+"\x00"+string(a.ID), b.Name+"\x00"+string(b.ID))
	})
	return list, nil
}

// Create makes an account and invites its person: the link is good for registry.LinkAge and sets a password. fault.Duplicate if the name is taken.
func (s *Store) Create(ctx context.Context, c registry.Change, by access.Actor, lists Lists) (a registry.Account, link string, err error) {
	const op = "registry: create account"
	if by.Role == access.Office {
		role, office := access.Office, by.Office
		if c.Role == nil {
			c.Role = &role
		}
		if c.Office == nil {
			c.Office = &office
		}
	}
	draft := registry.Account{}
	if err := c.Apply(&draft, by); err != nil {
		return a, "", err
	}
	if draft.Role == access.Office && c.Duties == nil {
		draft.Duties = access.Duties()
	}
	if err := s.checked(draft, lists, op); err != nil {
		return a, "", err
	}
	if !registry.MayManage(by, draft) {
		return a, "", fault.New(fault.Forbidden, op)
	}
	id, err := s.free(ctx, draft.Name)
	if err != nil {
		return a, "", err
	}
	a, _, err = s.Change(ctx, id, by.Event(), "created", func(now *registry.Account) error {
		if now.Name != "" {
			f := &fault.Error{Code: fault.Duplicate, Op: op, Fields: []fault.Field{{Field: "name", Code: "taken"}}}
			return f
		}
		made := now.CreatedAt
		*now = draft
		now.ID, now.CreatedAt = id, made
		link = now.AddLink(s.bus.Now())
		return nil
	})
	return a, link, err
}

// free gives the id that a name stands for; a new one where its account has given the name up.
func (s *Store) free(ctx context.Context, name string) (events.AccountID, error) {
	id, err := s.Named(ctx, name)
	if err != nil {
		return "", err
	}
	a, _, err := s.ByID(ctx, id)
	switch {
	case errors.Is(err, ErrNone), err == nil && registry.NameKey(a.Name) == registry.NameKey(name):
		return id, nil
	case err != nil:
		return "", err
	}
	fresh := registry.NewAccountID()
	return fresh, s.rename(ctx, name, id, fresh)
}

func (s *Store) checked(a registry.Account, lists Lists, op string) error {
	wrong := a.Check(func(o events.OfficeSlug) bool {
		office, ok := lists.Office(o)
		return ok && registry.OfficeExists(office, events.DayOf(s.bus.Now()))
	})
	if a.Outlet != "" {
		if o, ok := lists.Outlet(string(a.Outlet)); !ok || o.ID != a.Outlet {
			wrong.Add("outlet", "unknown_value")
		}
	}
	return wrong.Err(op)
}

// managed changes an account that the actor may manage; fault.NotFound for any other.
func (s *Store) managed(ctx context.Context, id events.AccountID, by access.Actor, source string, change func(*registry.Account) error) (registry.Account, error) {
	a, _, err := s.Change(ctx, id, by.Event(), source, func(a *registry.Account) error {
		if a.Name == "" || !registry.MayManage(by, *a) {
			return fault.New(fault.NotFound, "registry: account")
		}
		return change(a)
	})
	return a, err
}

// Alter changes an account. A new name is taken first, so that two accounts never bear one.
func (s *Store) Alter(ctx context.Context, id events.AccountID, c registry.Change, by access.Actor, lists Lists) (registry.Account, error) {
	const op = "registry: change account"
	if c.Name != nil {
		owner, err := s.Named(ctx, *c.Name)
		if err != nil {
			return registry.Account{}, err
		}
		if owner != id {
			other, _, err := s.ByID(ctx, owner)
			if err != nil && !errors.Is(err, ErrNone) {
				return registry.Account{}, err
			}
			if err == nil && registry.NameKey(other.Name) == registry.NameKey(*c.Name) {
				return registry.Account{}, &fault.Error{Code: fault.Duplicate, Op: op, Fields: []fault.Field{{Field: "name", Code: "taken"}}}
			}
			if err := s.rename(ctx, *c.Name, owner, id); err != nil {
				return registry.Account{}, err
			}
		}
	}
	return s.managed(ctx, id, by, "changed", func(a *registry.Account) error {
		if err := c.Apply(a, by); err != nil {
			return err
		}
		if a.Disabled {
			a.Links = nil
		}
		if !registry.MayManage(by, *a) {
			return fault.New(fault.Forbidden, op)
		}
		return s.checked(*a, lists, op)
	})
}

// rename leads a name to another account, if it still leads to the one that doesn't bear it.
func (s *Store) rename(ctx context.Context, name string, from, to events.AccountID) error {
	return again(ctx, "rename", func() error {
		b, rev, err := s.get(ctx, prefixName+nameHash(name))
		if err != nil {
			return err
		}
		if events.AccountID(b) != from {
			return fault.New(fault.Conflict, "registry: rename")
		}
		return s.put(ctx, prefixName+nameHash(name), []byte(to), rev)
	})
}

// Invite gives another one-time link that sets a password.
func (s *Store) Invite(ctx context.Context, id events.AccountID, by access.Actor) (link string, err error) {
	_, err = s.managed(ctx, id, by, "invited", func(a *registry.Account) error {
		if a.Disabled || a.Personal != nil {
			return &fault.Error{Code: fault.WrongState, Op: "registry: invite", Detail: "disabled"}
		}
		link = a.AddLink(s.bus.Now())
		return nil
	})
	return link, err
}

// NewToken gives an account a fresh API token in the place of all others.
func (s *Store) NewToken(ctx context.Context, id events.AccountID, by access.Actor) (token string, err error) {
	token = registry.NewSecret()
	give := func(a *registry.Account) error {
		if a.Disabled || a.Personal != nil {
			return &fault.Error{Code: fault.WrongState, Op: "registry: token", Detail: "disabled"}
		}
		a.Tokens, a.BootstrapToken = []string{registry.HashSecret(token)}, ""
		return nil
	}
	if id == by.Account {
		_, _, err = s.Change(ctx, id, by.Event(), "token", give)
		return token, err
	}
	_, err = s.managed(ctx, id, by, "token", give)
	return token, err
}

// officeOf gives the office of a case that the actor's office has; fault.NotFound otherwise.
func (s *Store) ownCase(ctx context.Context, c events.CaseID, by access.Actor) error {
	none := fault.New(fault.NotFound, "registry: people of a case")
	if _, err := events.ParseCaseID(string(c)); err != nil || by.Role != access.Office || by.Office == "" {
		return none
	}
	_, err := s.bus.Last(ctx, events.StreamCases, events.CaseSubject(by.Office, c))
	if errors.Is(err, bus.ErrNone) {
		return none
	}
	return err
}

// rectification gives where a case's rectification stands; "" without one.
func (s *Store) rectification(ctx context.Context, c events.CaseID) (events.RectificationStatus, error) {
	m, err := s.bus.Last(ctx, events.StreamRectification, events.AnyOffice("rectification", string(c)))
	if errors.Is(err, bus.ErrNone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	at, err := events.DecodeState[struct {
		State events.RectificationStatus `json:"state"`
	}](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return "", fmt.Errorf("accounts: rectification of %s: %w", c, err)
	}
	return at.State, nil
}

// People gives the personal accounts of a case of the actor's office, the oldest first.
func (s *Store) People(ctx context.Context, c events.CaseID, by access.Actor) ([]registry.Account, error) {
	if err := s.ownCase(ctx, c, by); err != nil {
		return nil, err
	}
	ids, err := s.IDs(ctx)
	if err != nil {
		return nil, err
	}
	list := []registry.Account{}
	for _, id := range ids {
		a, _, err := s.ByID(ctx, id)
		if err != nil && !errors.Is(err, ErrNone) {
			return nil, err
		}
		if err == nil && a.Personal != nil && a.Personal.Case == c && a.Office == by.Office {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b registry.Account) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list, nil
}

// Introduce makes a personal account for one rectification of the actor's office, with its link and code.
func (s *Store) Introduce(ctx context.Context, c events.CaseID, role access.Role, name string, by access.Actor) (a registry.Account, link, code string, err error) {
	const op = "registry: introduce"
	people, err := s.People(ctx, c, by)
	if err != nil {
		return a, "", "", err
	}
	var wrong fault.Fields
	if role != access.Unit && role != access.Overseer {
		wrong.AddArg("role", "unknown_value", string(access.Unit)+", "+string(access.Overseer))
	}
	draft := registry.Account{Name: name, Role: access.Unit, Office: by.Office, Cases: []events.CaseID{c}}
	wrong = append(wrong, draft.Check(func(events.OfficeSlug) bool { return true })...)
	if err := wrong.Err(op); err != nil {
		return a, "", "", err
	}
	if len(people) >= registry.MaxPeople {
		wrong.AddArg("name", "too_many", fmt.Sprint(registry.MaxPeople))
		return a, "", "", wrong.Err(op)
	}
	if err := s.stillOpen(ctx, c, op); err != nil {
		return a, "", "", err
	}
	draft.Role = role
	id := registry.NewAccountID()
	a, _, err = s.Change(ctx, id, by.Event(), "introduced", func(now *registry.Account) error {
		made := now.CreatedAt
		*now = draft
		now.ID, now.CreatedAt = id, made
		now.Personal, link, code = registry.NewPersonal(id, c, by.Account, s.bus.Now())
		return nil
	})
	return a, link, code, err
}

func (s *Store) stillOpen(ctx context.Context, c events.CaseID, op string) error {
	at, err := s.rectification(ctx, c)
	if err == nil && !registry.Open(at) {
		return &fault.Error{Code: fault.WrongState, Op: op, Detail: detailClosed}
	}
	return err
}

// Renew gives a personal account a new link and code; the old ones are void.
func (s *Store) Renew(ctx context.Context, c events.CaseID, id events.AccountID, by access.Actor) (link, code string, err error) {
	if err := s.ownCase(ctx, c, by); err != nil {
		return "", "", err
	}
	if err := s.stillOpen(ctx, c, "registry: renew"); err != nil {
		return "", "", err
	}
	_, _, err = s.Change(ctx, id, by.Event(), "renewed", func(a *registry.Account) error {
		if err := personalOf(*a, c, by); err != nil {
			return err
		}
		a.Disabled = false
		a.Personal, link, code = registry.NewPersonal(id, c, by.Account, s.bus.Now())
		return nil
	})
	return link, code, err
}

func personalOf(a registry.Account, c events.CaseID, by access.Actor) error {
	if a.Personal == nil || a.Personal.Case != c || a.Office != by.Office {
		return fault.New(fault.NotFound, "registry: people of a case")
	}
	return nil
}

// Revoke shuts a personal account at once.
func (s *Store) Revoke(ctx context.Context, c events.CaseID, id events.AccountID, by access.Actor) error {
	if err := s.ownCase(ctx, c, by); err != nil {
		return err
	}
	_, _, err := s.Change(ctx, id, by.Event(), "revoked", func(a *registry.Account) error {
		if err := personalOf(*a, c, by); err != nil {
			return err
		}
		a.Disabled = true
		return nil
	})
	return err
}

// Enter takes a personal link and its code. fault.Unauthenticated with the detail “link” (none, or revoked), “closed” (its rectification has ended), “shut” (too many wrong codes) or “code”.
// Only somebody who has the link can use up its attempts.
func (s *Store) Enter(ctx context.Context, link, code string) (registry.Account, error) {
	id, secret, ok := registry.SplitLink(link)
	if !ok {
		return registry.Account{}, refusedEntry(detailLink)
	}
	a, _, err := s.ByID(ctx, id)
	if err != nil && !errors.Is(err, ErrNone) {
		return registry.Account{}, err
	}
	if err != nil || a.Disabled || !a.Personal.HasSecret(secret) {
		return registry.Account{}, refusedEntry(detailLink)
	}
	at, err := s.rectification(ctx, a.Personal.Case)
	if err != nil {
		return registry.Account{}, err
	}
	if !registry.Open(at) {
		return registry.Account{}, refusedEntry(detailClosed)
	}
	code = strings.TrimSpace(code)
	outcome := ""
	after, _, err := s.Change(ctx, id, a.Actor().Event(), "entered", func(a *registry.Account) error {
		outcome = ""
		switch {
		case a.Disabled || !a.Personal.HasSecret(secret):
			return refusedEntry(detailLink)
		case a.Personal.Shut():
			return refusedEntry(detailShut)
		case !a.Personal.HasCode(secret, code):
			a.Personal.Wrong++
			outcome = detailCode
			if a.Personal.Shut() {
				outcome = detailShut
			}
		default:
			a.Personal.Wrong, a.Personal.EnteredAt = 0, s.bus.Now().UTC()
		}
		return nil
	})
	if err == nil {
		said := "ok"
		if outcome != "" {
			said, err = outcome, refusedEntry(outcome)
		}
		if noted := s.bus.Note(ctx, events.AccessEntry{Actor: a.Actor().Event(), Kind: "enter", Outcome: said, Detail: map[string]string{"account": string(id), "case": string(a.Personal.Case)}}); noted != nil {
			return registry.Account{}, noted
		}
	}
	return after, err
}

func refusedEntry(detail string) error {
	return &fault.Error{Code: fault.Unauthenticated, Detail: detail, Op: "accounts: enter"}
}

// NewFeed gives the account an address for its feed in the place of an earlier one: <account id>.<secret>.
func (s *Store) NewFeed(ctx context.Context, by access.Actor) (link string, err error) {
	secret := registry.NewSecret()
	_, _, err = s.Change(ctx, by.Account, by.Event(), "feed", func(a *registry.Account) error {
		if a.Name == "" || a.Disabled {
			return fault.New(fault.NotFound, "registry: feed")
		}
		a.Feed = registry.HashSecret(secret)
		return nil
	})
	return string(by.Account) + "." + secret, err
}

// EndFeed voids the address of the account's feed.
func (s *Store) EndFeed(ctx context.Context, by access.Actor) error {
	_, _, err := s.Change(ctx, by.Account, by.Event(), "feed", func(a *registry.Account) error {
		a.Feed = ""
		return nil
	})
	return err
}

// ByFeed gives the account of a feed's address; fault.NotFound for any that isn't good, since the address is all that a reader of feeds has.
func (s *Store) ByFeed(ctx context.Context, link string) (registry.Account, error) {
	none := fault.New(fault.NotFound, "accounts: feed")
	id, secret, ok := registry.SplitLink(link)
	if !ok {
		return registry.Account{}, none
	}
	a, err := s.Current(ctx, id)
	if fault.Is(err, fault.Unauthenticated) || err == nil && !a.HasFeed(secret) {
		return registry.Account{}, none
	}
	return a, err
}
