package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
	"songshui.internal/services/registry/registryapi"
	"songshui.internal/services/registry/server"
)

var (
	admin   = access.Actor{Account: "admin", Role: access.Admin}
	signer  = access.Actor{Account: "yb-signer", Role: access.Office, Office: "yanbian", Duties: access.Duties()}
	drafter = access.Actor{Account: "yb-desk", Role: access.Office, Office: "yanbian", Duties: []access.Duty{access.Drafter}}
	jilin   = access.Actor{Account: "jl-signer", Role: access.Office, Office: "jilin", Duties: access.Duties()}
	theCase = events.CaseIDFor("yanbian", "延州安曝1号")
)

func (w *world) as(a access.Actor) registryapi.Client {
	return registryapi.Client{Client: bus.Client{Conn: w.nc, Token: w.sign(a)}}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, open := w.run()
	name, role, office := "延边签发", access.Office, events.OfficeSlug("yanbian")
	got, err := w.as(admin).CreateAccount(t.Context(), asJSON(t, registryapi.Change{Name: &name, Role: &role, Office: &office}))
	if err != nil || !got.Account.Invited || len(got.Account.Duties) != 3 {
		t.Fatal(got, err)
	}
	if _, err := w.as(admin).CreateAccount(t.Context(), asJSON(t, registryapi.Change{Name: &name, Role: &role, Office: &office})); !fault.Is(err, fault.Duplicate) || fault.Of(err).Fields[0].Field != "name" {
		t.Errorf("the name again: %v", err)
	}
	id, err := open.Redeem(t.Context(), got.Link, "long enough")
	if err != nil || id.Actor.Office != "yanbian" {
		t.Fatal(id, err)
	}
	// An office's signer stays within the office.
	colleague, boss := "延边经办", access.Supervisor
	duties := []access.Duty{access.Drafter}
	_, err = w.as(id.Actor).CreateAccount(t.Context(), asJSON(t, registryapi.Change{Name: &colleague, Role: &boss}))
	if f := fault.Of(err); f.Code != fault.Invalid || f.Fields[0] != (fault.Field{Field: "role", Code: "not_yours_to_give"}) {
		t.Errorf("a supervisor made by an office: %v", err)
	}
	second, err := w.as(id.Actor).CreateAccount(t.Context(), asJSON(t, registryapi.Change{Name: &colleague, Duties: &duties}))
	if err != nil || second.Account.Office != "yanbian" {
		t.Fatal(second, err)
	}
	for who, a := range map[string]access.Actor{"another office": jilin} {
		if _, err := w.as(a).ChangeAccount(t.Context(), second.Account.ID, asJSON(t, registryapi.Change{Duties: &duties})); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
	for who, a := range map[string]access.Actor{"a drafter": drafter, "the province": {Account: "p", Role: access.Supervisor}} {
		if _, err := w.as(a).Accounts(t.Context()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	// Disabled at once: link and token are void.
	token, err := w.as(id.Actor).NewToken(t.Context(), second.Account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	told, err := w.nc.SubscribeSync(events.NoticeAccount)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	if _, err := w.as(id.Actor).ChangeAccount(t.Context(), second.Account.ID, asJSON(t, registryapi.Change{Disabled: &yes})); err != nil {
		t.Fatal(err)
	}
	_, err = open.Authenticate(t.Context(), token)
	wantCode(t, "a disabled account's token", err, fault.Unauthenticated)
	_, err = open.Redeem(t.Context(), second.Link, "long enough")
	wantCode(t, "a disabled account's link", err, fault.Unauthenticated)
	if m, err := told.NextMsgWithContext(t.Context()); err != nil || string(m.Data) != string(second.Account.ID) {
		t.Errorf("portals weren't told: %v", err)
	}
	if _, err := w.as(id.Actor).ChangeAccount(t.Context(), id.Actor.Account, asJSON(t, registryapi.Change{Disabled: &yes})); fault.Of(err).Code != fault.Invalid {
		t.Errorf("shut oneself out: %v", err)
	}
	// A new name is free once only, and the old one can be had by nobody until it is given up.
	if _, err := w.as(admin).ChangeAccount(t.Context(), second.Account.ID, asJSON(t, registryapi.Change{Name: &name})); !fault.Is(err, fault.Duplicate) {
		t.Errorf("a colleague's name: %v", err)
	}
	other := "延边经办二"
	if a, err := w.as(admin).ChangeAccount(t.Context(), second.Account.ID, asJSON(t, registryapi.Change{Name: &other})); err != nil || a.Name != other {
		t.Error(a, err)
	}
	if a, err := w.as(admin).CreateAccount(t.Context(), asJSON(t, registryapi.Change{Name: &colleague, Role: &role, Office: &office})); err != nil || a.Account.ID == second.Account.ID {
		t.Errorf("a name that was given up: %v", err)
	}
}

func (w *world) outlet(id string) (events.OutletState, error) {
	l, err := server.OutletAggregate.Load(w.t.Context(), w.bus, events.RegistrySubject(events.RegistryOutlet, id))
	return l.State, err
}

// record appends a case of yanbian and its rectification as they would stand in their streams.
func (w *world) record(at events.RectificationStatus) {
	w.t.Helper()
	put := func(service, stream, subject string, fact events.Fact, state any) {
		b, err := bus.New(w.nc, service, bus.Options{})
		if err != nil {
			w.t.Fatal(err)
		}
		switch s := state.(type) {
		case events.CaseState:
			_, err = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: stream, Schema: 1, Fold: func(events.CaseState, events.Meta, events.Fact) (events.CaseState, error) { return s, nil }}.
				Execute(w.t.Context(), b, subject, bus.Intent{Name: "x"}, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) { return fact, nil })
		case events.RectificationState:
			_, err = bus.Aggregate[events.RectificationState, *events.RectificationState]{Stream: stream, Schema: 1, Fold: func(events.RectificationState, events.Meta, events.Fact) (events.RectificationState, error) {
				return s, nil
			}}.
				Execute(w.t.Context(), b, subject, bus.Intent{Name: "x"}, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) { return fact, nil })
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	put(events.ServiceIntake, events.StreamCases, events.CaseSubject("yanbian", theCase), events.CaseSubmittedFact{}, events.CaseState{ID: theCase, Office: "yanbian", State: events.CaseExposed})
	put(events.ServiceRectification, events.StreamRectification, events.RectificationSubject("yanbian", theCase), events.RectificationOpenedFact{}, events.RectificationState{ID: theCase, Office: "yanbian", State: at})
}

func TestPersonalLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, open := w.run()
	if _, err := w.as(drafter).Introduce(t.Context(), theCase, asJSON(t, registryapi.Introduction{Role: access.Unit, Name: "厂长"})); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such case: %v", err)
	}
	w.record(events.RectificationInProgress)
	_, err := w.as(drafter).Introduce(t.Context(), theCase, asJSON(t, registryapi.Introduction{Role: access.Journalist, Name: " "}))
	if f := fault.Of(err); f.Code != fault.Invalid || len(f.Fields) != 2 {
		t.Errorf("role and name: %v", err)
	}
	got, err := w.as(drafter).Introduce(t.Context(), theCase, asJSON(t, registryapi.Introduction{Role: access.Unit, Name: "厂长"}))
	if err != nil || len(got.Code) != registry.CodeDigits {
		t.Fatal(got, err)
	}
	for range 2 { // good any number of times
		id, err := open.Enter(t.Context(), got.Link, got.Code)
		if err != nil || id.Actor.Role != access.Unit || !id.Actor.OnCase(theCase) || id.Name != "厂长" {
			t.Fatal(id, err)
		}
	}
	for _, a := range []access.Actor{jilin, admin, {Account: "p", Role: access.Supervisor}} {
		if _, err := w.as(a).People(t.Context(), theCase); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s sees the people: %v", a.Account, err)
		}
		if err := w.as(a).Revoke(t.Context(), theCase, got.Account.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s revokes: %v", a.Account, err)
		}
	}
	wrong := func(link, code, detail string) {
		t.Helper()
		if _, err := open.Enter(t.Context(), link, code); fault.Of(err).Code != fault.Unauthenticated || fault.Of(err).Detail != detail {
			t.Errorf("want %s: %v", detail, err)
		}
	}
	bad := "000000"
	if got.Code == bad {
		bad = "000001"
	}
	for range registry.MaxWrongCodes - 1 {
		wrong(got.Link, bad, "code")
	}
	wrong(got.Link, bad, "shut")
	wrong(got.Link, got.Code, "shut")
	wrong(string(got.Account.ID)+"."+strings.Repeat("0", 64), got.Code, "link") // who hasn't the link can't shut it
	renewed, err := w.as(drafter).Renew(t.Context(), theCase, got.Account.ID)
	if err != nil {
		t.Fatal(err)
	}
	wrong(got.Link, got.Code, "link")
	if _, err := open.Enter(t.Context(), renewed.Link, " "+renewed.Code+" "); err != nil {
		t.Error(err)
	}
	if people, err := w.as(signer).People(t.Context(), theCase); err != nil || len(people) != 1 || people[0].EnteredAt.IsZero() {
		t.Errorf("%+v, %v", people, err)
	}
	// An ended rectification shuts it, also for who is in; reopened it is good again.
	w.record(events.RectificationClosed)
	wrong(renewed.Link, renewed.Code, "closed")
	_, err = open.Account(t.Context(), string(got.Account.ID))
	wantCode(t, "in a session, after 销号", err, fault.Unauthenticated)
	if _, err := w.as(drafter).Renew(t.Context(), theCase, got.Account.ID); fault.Of(err).Detail != "closed" {
		t.Errorf("renewed after 销号: %v", err)
	}
	w.record(events.RectificationInProgress)
	if _, err := open.Account(t.Context(), string(got.Account.ID)); err != nil {
		t.Error(err)
	}
	if err := w.as(drafter).Revoke(t.Context(), theCase, got.Account.ID); err != nil {
		t.Fatal(err)
	}
	wrong(renewed.Link, renewed.Code, "link")
	_, text := w.notes()
	for _, secret := range []string{got.Link, renewed.Link, `"` + renewed.Code + `"`} {
		if strings.Contains(text, secret) {
			t.Error("ACCESS holds a secret")
		}
	}
}

func TestPlaceOutlet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running, _ := w.run()
	province := access.Actor{Account: "p", Role: access.Supervisor}
	place := func(a access.Actor, id events.OutletID, p registry.Place) error {
		_, err := w.as(a).PlaceOutlet(t.Context(), id, "", asJSON(t, p))
		return err
	}
	good := registry.Place{Name: "珲春安行台", Aliases: []string{"珲春台"}, Level: "county", Kinds: []string{"tv"}, Office: "yanbian"}
	wantCode(t, "an office places", place(signer, "hc-tv", good), fault.Forbidden)
	f := fault.Of(place(province, "HC", registry.Place{Name: " ", Aliases: []string{"延边安行日讯"}, Level: "village", Office: "gongzhuling"}))
	fields := map[string]string{}
	for _, x := range f.Fields {
		fields[x.Field] = x.Code
	}
	for field, code := range map[string]string{"id": "format", "name": "required", "aliases[0]": "duplicate", "level": "unknown_value", "kinds": "required", "office": "unknown_value"} {
		if fields[field] != code {
			t.Errorf("%s: %q, want %s", field, fields[field], code)
		}
	}
	if err := place(province, "hc-tv", good); err != nil {
		t.Fatal(err)
	}
	good.Level = "municipal"
	if err := place(province, "hc-tv", good); err != nil {
		t.Fatal(err)
	}
	if err := place(province, "yb-daily", registry.Place{Name: "延边安行日讯", Level: "county", Kinds: []string{"newspaper"}}); err != nil {
		t.Fatal(err)
	}
	// A restart doesn't take back what the province has placed.
	if err := running.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, level := range map[string]string{"hc-tv": "municipal", "yb-daily": "county"} {
		l, err := w.outlet(id)
		if err != nil || l.Level != level {
			t.Errorf("%s: %+v, %v", id, l, err)
		}
	}
}

// A feed's address shows who it belongs to and opens nothing else; a new one voids the old.
func TestFeedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, open := w.run()
	w.mustBootstrap(s, file)
	id, err := open.SignIn(t.Context(), "yanbian-desk", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	mine := w.as(id.Actor)
	first, err := mine.NewFeed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := open.Feed(t.Context(), first); err != nil || got.Actor.Account != id.Actor.Account {
		t.Error(got, err)
	}
	second, err := mine.NewFeed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = open.Redeem(t.Context(), second, "long enough")
	wantCode(t, "as an invitation", err, fault.Unauthenticated)
	if err := mine.EndFeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{first, second, "", "x", string(id.Actor.Account) + ".", string(id.Actor.Account) + "." + strings.Repeat("0", 64)} {
		_, err := open.Feed(t.Context(), link)
		wantCode(t, "feed "+link, err, fault.NotFound)
	}
}
