package access_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
)

var desk = access.Actor{Account: "desk", Role: access.Office, Office: "changchun", Duties: []access.Duty{access.Drafter}, Cases: []events.CaseID{"c"}}

// clock is a time that the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func keys(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func TestToken(t *testing.T) {
	t.Parallel()
	public, private := keys(t)
	c := &clock{time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
	seal, verifier := access.NewSeal(private, c.now), access.NewVerifier(public, c.now)
	token, err := seal.Sign(desk)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, access.Lifetime} {
		c.at = c.at.Add(after)
		if got, err := verifier.Verify(token); err != nil || !reflect.DeepEqual(got, desk) {
			t.Errorf("%s later: %+v, %v", after, got, err)
		}
	}
	c.at = c.at.Add(time.Second)
	if _, err := verifier.Verify(token); !errors.Is(err, access.ErrActor) { // known from before, and still too old
		t.Errorf("too old: %v", err)
	}
	fresh, err := seal.Sign(desk)
	if err != nil || fresh == token {
		t.Errorf("signed anew: %v", err)
	}
	// A token that Sign gives from memory has at least half of its life before it.
	c.at = c.at.Add(access.Lifetime/2 - time.Second)
	if again, err := seal.Sign(desk); err != nil || again != fresh {
		t.Errorf("within half of its life: another token, %v", err)
	}
	c.at = c.at.Add(time.Second)
	if again, err := seal.Sign(desk); err != nil || again == fresh {
		t.Errorf("after half of its life: the same token, %v", err)
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	public, private := keys(t)
	_, stranger := keys(t)
	sign := func(key ed25519.PrivateKey, a access.Actor) string {
		token, err := access.NewSeal(key, time.Now).Sign(a)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(private, desk)
	body, signature, _ := strings.Cut(good, ".")
	boss := desk
	boss.Role = access.Admin
	promoted, _, _ := strings.Cut(sign(stranger, boss), ".")
	flipped := []byte(body)
	flipped[10] ^= 1
	verifier := access.NewVerifier(public, time.Now)
	if _, err := verifier.Verify(good); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"nothing":            "",
		"no signature":       body,
		"empty signature":    body + ".",
		"another's body":     promoted + "." + signature,
		"another's key":      sign(stranger, desk),
		"a byte changed":     string(flipped) + "." + signature,
		"signature twice":    good + "." + signature,
		"not base64":         "*." + signature,
		"signature cut":      good[:len(good)-4],
		"padded":             good + "=",
		"signed, not a JSON": base64.RawURLEncoding.EncodeToString([]byte("{")) + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte("{"))),
	} {
		if a, err := verifier.Verify(token); !errors.Is(err, access.ErrActor) || a.Account != "" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestGivenDay(t *testing.T) {
	t.Parallel()
	// 1 July in Shanghai, still 30 June in UTC.
	now := time.Date(2026, 6, 30, 17, 0, 0, 0, time.UTC)
	signer := access.Actor{Role: access.Office, Duties: []access.Duty{access.Signer}}
	drafter := access.Actor{Role: access.Office, Duties: []access.Duty{access.Drafter}}
	province := access.Actor{Role: access.Supervisor}
	for name, c := range map[string]struct {
		who     access.Actor
		on      events.Day
		reason  string
		follows events.Day
		given   access.Given
		wrong   access.Wrong
	}{
		"not given":                        {who: drafter, follows: "2026-06-20", given: access.Given{On: "2026-07-01"}},
		"not given, step a moment ahead":   {who: drafter, follows: "2026-07-02", given: access.Given{On: "2026-07-02"}},
		"today":                            {who: drafter, on: "2026-07-01", given: access.Given{On: "2026-07-01"}},
		"tomorrow":                         {who: signer, on: "2026-07-02", reason: "x", wrong: access.Wrong{Field: "on", Code: "in_future"}},
		"the day of the step before":       {who: drafter, on: "2026-06-30", follows: "2026-06-30", given: access.Given{On: "2026-06-30"}},
		"before the step before":           {who: signer, on: "2026-06-29", follows: "2026-06-30", reason: "x", wrong: access.Wrong{Field: "on", Code: "before_previous_step"}},
		"three days back":                  {who: drafter, on: "2026-06-28", given: access.Given{On: "2026-06-28"}},
		"a reason that wasn't needed":      {who: drafter, on: "2026-06-28", reason: "x", given: access.Given{On: "2026-06-28"}},
		"four days back without a reason":  {who: signer, on: "2026-06-27", wrong: access.Wrong{Field: "backdate_reason", Code: "required"}},
		"four days back, blanks for one":   {who: signer, on: "2026-06-27", reason: " \t", wrong: access.Wrong{Field: "backdate_reason", Code: "required"}},
		"four days back, no signer":        {who: drafter, on: "2026-06-27", reason: "x", wrong: access.Wrong{Field: "on", Code: "signer_required"}},
		"four days back, a signer":         {who: signer, on: "2026-06-27", reason: "x", given: access.Given{On: "2026-06-27", Backdated: true, Reason: "x"}},
		"four days back, not of an office": {who: province, on: "2026-06-27", reason: "x", given: access.Given{On: "2026-06-27", Backdated: true, Reason: "x"}},
	} {
		given, wrong := c.who.GivenDayAfter(3, c.on, c.reason, now, c.follows)
		if given != c.given || wrong != c.wrong {
			t.Errorf("%s: %+v, %+v; want %+v, %+v", name, given, wrong, c.given, c.wrong)
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	office, own := access.Actor{Role: access.Office, Office: "changchun"}, []string{events.HolderOffice("changchun")}
	other := access.Actor{Role: access.Office, Office: "jilin"}
	unit := access.Actor{Role: access.Unit, Cases: []events.CaseID{"a"}}
	for name, c := range map[string]struct {
		who      access.Actor
		audience []string
		sees     bool
	}{
		"own office":                   {office, own, true},
		"another office":               {other, own, false},
		"signed in":                    {other, []string{events.HolderSignedIn}, true},
		"administrator, not public":    {access.Actor{Role: access.Admin}, []string{events.HolderSignedIn, events.HolderSupervisor, own[0]}, false},
		"administrator, public":        {access.Actor{Role: access.Admin}, []string{events.HolderPublic}, true},
		"unit, its case":               {unit, []string{events.HolderCase("a")}, true},
		"unit, another case":           {unit, []string{events.HolderCase("b"), events.HolderSignedIn}, false},
		"journalist of another outlet": {access.Actor{Role: access.Journalist, Outlet: "x"}, []string{events.HolderOutlet("y")}, false},
		"journalist without an outlet": {access.Actor{Role: access.Journalist}, []string{events.HolderOutlet("")}, false},
		"nobody":                       {office, nil, false},
	} {
		if c.who.Sees(c.audience) != c.sees {
			t.Errorf("%s: sees %v, want %v", name, !c.sees, c.sees)
		}
	}
}
