package server_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
	"songshui.internal/services/registry/registryapi"
	"songshui.internal/services/registry/server"
)

func TestBootstrapTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	for range 2 { // replicas at once
		s := w.server()
		wg.Go(func() {
			if err := w.bootstrap(s, file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := w.server()
	accounts, log := w.last("KV_"+events.BucketAccounts), w.last(events.StreamAccess)
	w.mustBootstrap(s, file)
	if a, l := w.last("KV_"+events.BucketAccounts), w.last(events.StreamAccess); a != accounts || l != log {
		t.Errorf("applied again: accounts %d → %d, ACCESS %d → %d", accounts, a, log, l)
	}
	_, text := w.notes()
	for _, secret := range []string{"correct horse", token, "yanbian-desk", "记者甲", "argon2"} {
		if strings.Contains(text, secret) {
			t.Errorf("ACCESS holds %q", secret)
		}
	}
}

func TestBootstrapAppliesChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	w.mustBootstrap(s, file)
	before, err := c.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	log := w.last(events.StreamAccess)
	w.mustBootstrap(s, `accounts: [{name: yanbian-desk, role: supervisor, password: another one, token: yanbian-desk-token-0002}]`)
	if got := w.last(events.StreamAccess); got != log+1 {
		t.Errorf("%d entries for one change", got-log)
	}
	entries, _ := w.notes()
	if e := entries[len(entries)-1]; e.Kind != "account" || e.Detail["account"] != string(before.Actor.Account) || e.Detail["changed"] != "role office duties password tokens" {
		t.Errorf("entry %+v", e)
	}
	_, err = c.Authenticate(t.Context(), token)
	wantCode(t, "the old token", err, fault.Unauthenticated)
	after, err := c.Authenticate(t.Context(), "yanbian-desk-token-0002")
	if err != nil || after.Actor.Account != before.Actor.Account || after.Actor.Role != access.Supervisor || after.Actor.Office != "" {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := c.SignIn(t.Context(), "yanbian-desk", "another one"); err != nil {
		t.Error(err)
	}
	_, err = c.SignIn(t.Context(), "yanbian-desk", "correct horse")
	wantCode(t, "the old password", err, fault.Unauthenticated)
	// Without password and token both stay.
	w.mustBootstrap(s, `accounts: [{name: yanbian-desk, role: supervisor}]`)
	if _, err := c.Authenticate(t.Context(), "yanbian-desk-token-0002"); err != nil {
		t.Error(err)
	}
}

func TestBootstrapRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.server()
	w.mustBootstrap(s, file)
	log := w.last(events.StreamAccess)
	for text, want := range map[string]string{
		`accounts: [{name: a, role: office}]`:                                                                                  `accounts[0] ("a"): office: is missing`,
		`accounts: [{name: a, role: office, office: yanbain}]`:                                                                 `accounts[0] ("a"): office: "yanbain" is no office of the list, or has ended`,
		`accounts: [{name: a, role: office, office: gongzhuling}]`:                                                             `has ended`,
		`accounts: [{name: a, role: king}]`:                                                                                    `accounts[0] ("a"): role: "king" is none of office, overseer`,
		`accounts: [{name: a, role: journalist, outlet: 吉林市安行日报}]`:                                                             `accounts[0] ("a"): outlet: "吉林市安行日报" is no id, name or alias`,
		`accounts: [{name: a, role: admin, token: tooshort}]`:                                                                  `accounts[0] ("a"): token: has 8 characters, at least 20`,
		`accounts: [{name: a, role: admin}, {name: " a", role: admin}]`:                                                        `accounts[1] (" a"): name: is that of accounts[0] ("a") too`,
		`accounts: [{name: a, role: admin, token: 12345678901234567890}, {name: b, role: admin, token: 12345678901234567890}]`: `accounts[1] ("b"): token: is that of accounts[0]`,
		`accounts: [{name: a, role: admin, token: ` + token + `}]`:                                                             `accounts[0] ("a"): token: belongs to another account`,
		"accounts:\n  - {name: a, role: admin, passwort: topsecret}":                                                           `[2:28] unknown field "passwort"`,
		"accounts:\n  - {name: a, role: admin, password: [topsecret]}":                                                         `one value is expected`,
		"accounts: [":                     `[1:11]`,
		"accounts: []\n---\naccounts: []": `more than one document`,
	} {
		err := w.bootstrap(s, text)
		if !errors.Is(err, server.ErrBootstrap) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	if got := w.last(events.StreamAccess); got != log {
		// The one whose token another account holds is refused before it is noted.
		t.Errorf("%d entries for refused files", got-log)
	}
	if err := w.bootstrap(s, ""); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	w.mustBootstrap(s, file)
	desk, err := c.Authenticate(t.Context(), token)
	if err != nil || desk.Name != "yanbian-desk" || desk.Actor.Role != access.Office || desk.Actor.Office != "yanbian" || len(desk.Actor.Duties) != 3 {
		t.Fatalf("%+v, %v", desk, err)
	}
	if got, err := c.Authenticate(t.Context(), "00000000000000000000123"); err != nil || got.Name != "province" {
		t.Errorf("a token of digits: %+v, %v", got, err)
	}
	for _, bad := range []string{"", token + "x", string(desk.Actor.Account), registry.HashSecret(token)} {
		_, err := c.Authenticate(t.Context(), bad)
		wantCode(t, "token "+bad, err, fault.Unauthenticated)
	}
	if got, err := c.Account(t.Context(), string(desk.Actor.Account)); err != nil || got.Name != desk.Name {
		t.Errorf("account: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "nobody", "a b*>"} {
		_, err = c.Account(t.Context(), bad)
		wantCode(t, "account "+bad, err, fault.Unauthenticated)
	}
	me := c
	me.Token = w.sign(desk.Actor)
	if got, err := me.Me(t.Context()); err != nil || got.Name != desk.Name {
		t.Errorf("me: %+v, %v", got, err)
	}
}

func TestDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	w.mustBootstrap(s, file)
	desk, err := c.SignIn(t.Context(), "yanbian-desk", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	const off = `accounts: [{name: yanbian-desk, role: office, office: yanbian, disabled: true}]`
	w.mustBootstrap(s, off)
	_, err = c.Authenticate(t.Context(), token)
	wantCode(t, "token", err, fault.Unauthenticated)
	_, err = c.Account(t.Context(), string(desk.Actor.Account))
	wantCode(t, "session", err, fault.Unauthenticated)
	_, err = c.SignIn(t.Context(), "yanbian-desk", "correct horse")
	wantCode(t, "password", err, fault.Unauthenticated)
	if name, err := c.Name(t.Context(), desk.Actor.Account); err != nil || name != "yanbian-desk" {
		t.Errorf("what it signed is signed by %q, %v", name, err)
	}
	_, err = c.Name(t.Context(), "nobody")
	wantCode(t, "no account", err, fault.NotFound)
	entries, _ := w.notes()
	if e := entries[len(entries)-1]; e.Outcome != "disabled" {
		t.Errorf("entry %+v", e)
	}
	w.mustBootstrap(s, file) // says nothing about it
	_, err = c.Authenticate(t.Context(), token)
	wantCode(t, "still disabled", err, fault.Unauthenticated)
	w.mustBootstrap(s, strings.ReplaceAll(off, "true", "false"))
	if _, err = c.Authenticate(t.Context(), token); err != nil {
		t.Error(err)
	}
}

func TestSignInThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	w.mustBootstrap(s, file)
	if got, err := c.SignIn(t.Context(), " 记者甲 ", "0123456789"); err != nil || got.Actor.Outlet != "yb-daily" || got.Actor.Role != access.Journalist {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, name := range []string{"记者甲", "nobody"} { // an unknown name behaves like a known one
		codes := make([]fault.Code, 15)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() {
				_, err := c.SignIn(t.Context(), name, "wrong")
				codes[i] = fault.Of(err).Code
			})
		}
		wg.Wait()
		refused := map[fault.Code]int{}
		for _, code := range codes {
			refused[code]++
		}
		if refused[fault.Unauthenticated] != 10 || refused[fault.SlowDown] != 5 {
			t.Errorf("%s: 15 attempts at once: %v", name, refused)
		}
	}
	_, err := c.SignIn(t.Context(), "记者甲", "0123456789")
	wantCode(t, "the right password, too late", err, fault.SlowDown)
	if _, err := c.SignIn(t.Context(), "yanbian-desk", "correct horse"); err != nil {
		t.Errorf("another name: %v", err)
	}
	entries, text := w.notes()
	slow := 0
	for _, e := range entries {
		if e.Outcome == "slow-down" {
			slow++
		}
	}
	if slow != 2 || strings.Contains(text, "0123456789") || strings.Contains(text, "nobody") {
		t.Errorf("%d entries of slowing down, want one for each name:\n%s", slow, text)
	}
	w.ahead.Store(int64(time.Hour + time.Minute))
	if _, err := c.SignIn(t.Context(), "记者甲", "0123456789"); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestSuccessIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	w.mustBootstrap(s, file)
	for range 12 {
		if _, err := c.SignIn(t.Context(), "yanbian-desk", "correct horse"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	lost, created, err := s.FirstAdmin(t.Context())
	if err != nil || !created {
		t.Fatal(lost, created, err)
	}
	link, created, err := w.server().FirstAdmin(t.Context()) // killed before the first was read
	if err != nil || !created || link == lost {
		t.Fatal(link, created, err)
	}
	_, err = c.Redeem(t.Context(), link, "short")
	if f := fault.Of(err); f.Code != fault.Invalid || len(f.Fields) != 1 || f.Fields[0] != (fault.Field{Field: "password", Code: "too_short", Arg: "8"}) {
		t.Errorf("a short password: %v", err)
	}
	const n = 8
	results := make([]registryapi.Identity, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i], errs[i] = c.Redeem(t.Context(), link, "long enough") })
	}
	wg.Wait()
	good := 0
	for i, err := range errs {
		if err == nil && results[i].Actor.Role == access.Admin && results[i].Name == "admin" {
			good++
		} else if f := fault.Of(err); f.Code != fault.Unauthenticated || f.Detail != "link" {
			t.Errorf("redeem: %v", err)
		}
	}
	if good != 1 {
		t.Errorf("a link was good %d times", good)
	}
	for _, bad := range []string{link, lost, "", "x", "x.y", "admin." + strings.Repeat("0", 64)} {
		_, err := c.Redeem(t.Context(), bad, "long enough")
		wantCode(t, "link "+bad, err, fault.Unauthenticated)
	}
	if _, err := c.SignIn(t.Context(), "admin", "long enough"); err != nil {
		t.Error(err)
	}
	if link, created, err := s.FirstAdmin(t.Context()); link != "" || created || err != nil {
		t.Errorf("once somebody can sign in: %q, %v, %v", link, created, err)
	}
	_, text := w.notes()
	if strings.Contains(text, link) || strings.Contains(text, "long enough") {
		t.Error("ACCESS holds a secret")
	}
}

func TestLinkExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.run()
	link, _, err := s.FirstAdmin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(registry.LinkAge + time.Second))
	_, err = c.Redeem(t.Context(), link, "long enough")
	wantCode(t, "a day later", err, fault.Unauthenticated)
}

func TestNoFirstAdminAfterBootstrap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.server()
	w.mustBootstrap(s, file)
	if link, created, err := s.FirstAdmin(t.Context()); link != "" || created || err != nil {
		t.Errorf("%q, %v, %v", link, created, err)
	}
}
