package intake_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/internal/refs"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
)

// clock is the day after the samples' last.
var clock = time.Date(2026, 11, 24, 12, 0, 0, 0, events.Shanghai)

type fields map[string]any

// with gives a copy of body with other fields; nil takes one out.
func (f fields) with(other fields) fields {
	out := fields{}
	for _, m := range []fields{f, other} {
		for k, v := range m {
			if out[k] = v; v == nil {
				delete(out, k)
			}
		}
	}
	return out
}

// samples is the one copy of the sample files.
const samples = "../songshui/internal/samples/"

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(samples + file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func whole[T any](t testing.TB, file string) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(read(t, file), &out); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return out
}

// goodLines are the 33 sample cases.
func goodLines(t testing.TB) [][]byte {
	t.Helper()
	return bytes.Split(bytes.TrimSpace(read(t, "cases.jsonl")), []byte("\n"))
}

func sample(t testing.TB, i int) fields {
	t.Helper()
	var f fields
	if err := json.Unmarshal(goodLines(t)[i], &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// world is what bodies may name: the outlets of the samples, the eleven offices, any file but missing.jpg.
type world struct{ outlets []events.OutletState }

func newWorld(t testing.TB) world {
	t.Helper()
	return world{whole[[]events.OutletState](t, "outlets.json")}
}

func (w world) outlet(name string) (events.OutletState, bool) {
	for _, o := range w.outlets {
		if string(o.ID) == name || o.Name == name || slices.Contains(o.Aliases, name) {
			return o, true
		}
	}
	return events.OutletState{}, false
}

var offices = []events.OfficeSlug{"changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian", "changbaishan", "meihekou"}

func (w world) resolve(office events.OfficeSlug, ref string, media []intake.MediumBody) intake.Resolved {
	r := intake.Resolved{BackdateAfter: 3, RefKey: refs.Key(ref), Ref: refs.Shown(ref), Outlet: w.outlet, OfficeExists: func(o events.OfficeSlug, on events.Day) bool {
		return slices.Contains(offices, o) || o == "gongzhuling" && on <= "2020-06-18"
	}}
	for i, m := range media {
		if m.File == "missing.jpg" {
			r.Wrong = append(r.Wrong, fault.Field{Field: fault.Index("media", i, "file"), Code: "not_found"})
			continue
		}
		sum := sha256.Sum256([]byte(m.File))
		hash := hex.EncodeToString(sum[:])
		r.Media = append(r.Media, events.CaseMedium{ID: events.MediaIDFor(office, hash, m.File), File: m.File, Caption: m.Caption, Kind: m.Kind, SHA256: hash})
	}
	return r
}

// submit decodes, checks and decides a submission as the server does.
func (w world) submit(a access.Actor, line []byte, now time.Time) (events.CaseSubmittedFact, access.Given, error) {
	var b intake.Body
	var wrong []fault.Field
	if err := strict.Decode(line, &b); fault.Is(err, fault.Invalid) {
		wrong = fault.Of(err).Fields
	} else if err != nil {
		return events.CaseSubmittedFact{}, access.Given{}, err
	}
	return intake.Submit(a, b, w.resolve(a.Office, b.Ref, b.Media), now, wrong)
}

// desk has every duty of an office; withDuty one alone.
func desk(o events.OfficeSlug, account events.AccountID) access.Actor {
	return access.Actor{Account: account, Role: access.Office, Office: o, Duties: access.Duties()}
}

func withDuty(o events.OfficeSlug, d access.Duty) access.Actor {
	return access.Actor{Account: events.AccountID(d), Role: access.Office, Office: o, Duties: []access.Duty{d}}
}

var province = access.Actor{Account: "province", Role: access.Supervisor}

type recorded struct {
	meta events.Meta
	fact events.Fact
}

// record is one case with its facts.
type record struct {
	world
	state events.CaseState
	facts []recorded
	now   time.Time
}

func newRecord(t testing.TB, a access.Actor, body fields, now time.Time) *record {
	t.Helper()
	r := &record{world: newWorld(t), now: now}
	fact, given, err := r.submit(a, encode(body), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.append(a, fact, given); err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(f fields) []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // maps of plain values
	}
	return b
}

func (r *record) append(a access.Actor, fact events.Fact, given access.Given) error {
	id := r.state.ID
	if s, ok := fact.(events.CaseSubmittedFact); ok {
		id = s.ID
	}
	meta := events.Meta{Subject: string(id), Type: fact.EventType(), Time: r.now.UTC(), On: given.On, Backdated: given.Backdated, Actor: a.Event()}
	next, err := intake.Fold(r.state, meta, fact)
	if err == nil {
		r.state, r.facts = next, append(r.facts, recorded{meta, fact})
	}
	return err
}

// give gives a command to the case.
func (r *record) give(a access.Actor, name string, body fields) error {
	req := intake.Request{Command: name, Actor: a, Now: r.now}
	var err error
	if name == "resubmit" {
		err = strict.Decode(encode(body), &req.Resubmission)
		req.Resolved = r.resolve(r.state.Office, req.Resubmission.Ref, req.Resubmission.Media)
	} else {
		err = strict.Decode(encode(body), &req.Body)
		req.Resolved = r.resolve(r.state.Office, req.Body.Ref, req.Body.Media)
	}
	if err != nil {
		return err
	}
	fact, given, err := intake.Decide(req, r.state)
	if err != nil {
		return err
	}
	return r.append(a, fact, given)
}

// must gives a command that has to succeed.
func (r *record) must(t testing.TB, a access.Actor, name string, body fields) {
	t.Helper()
	if err := r.give(a, name, body); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// wrong gives the fields of a refusal, “path code”, sorted.
func wrong(err error) []string {
	if err == nil {
		return nil
	}
	var out []string
	for _, f := range fault.Of(err).Fields {
		out = append(out, strings.TrimSpace(f.Field+" "+f.Code))
	}
	slices.Sort(out)
	return out
}
