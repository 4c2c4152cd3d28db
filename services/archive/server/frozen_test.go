package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/server"
	"songshui.internal/services/internal/fault"
)

// TestFrozen: a frozen list is paged to its end as it stood, in every kind of query; what comes later isn't in it, and what may no longer be seen is left out.
func TestFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	for _, q := range []string{"", "安全", "塔吊|安全", "液铵", "80", "-安全 | 单位:长春"} {
		for _, sort := range []string{"", "newest", "penalty"} {
			p := archiveapi.Params{Q: q, Sort: sort, MinSeq: last, PerPage: 100}
			whole := w.search(t, province, p)
			p.PerPage, p.Cursor = 3, archiveapi.CursorStart
			page := w.search(t, province, p)
			if page.Total != whole.Total || page.Position[events.StreamCases] < last || len(page.ReadAs) != len(whole.ReadAs) {
				t.Errorf("%q %s: %d at %v, want %d", q, sort, page.Total, page.Position, whole.Total)
			}
			got := refs(page)
			for page.Cursor != "" {
				page = w.search(t, province, archiveapi.Params{Cursor: page.Cursor, PerPage: 3})
				got = append(got, refs(page)...)
			}
			if !slices.Equal(got, refs(whole)) {
				t.Errorf("%q %s: %v, want %v", q, sort, got, refs(whole))
			}
		}
	}

	page := w.search(t, province, archiveapi.Params{Cursor: archiveapi.CursorStart, Sort: "newest", PerPage: 1})
	other := office("siping")
	seen := w.search(t, other, archiveapi.Params{Cursor: archiveapi.CursorStart, Sort: "newest", PerPage: 1})
	after := w.search(t, province, archiveapi.Params{Sort: "newest", PerPage: 100})
	gone := after.Hits[slices.IndexFunc(after.Hits[3:], func(h archiveapi.Hit) bool { return h.Office != "siping" })+3]
	i := slices.IndexFunc(all, func(c events.CaseState) bool { return c.ID == gone.ID })
	hidden := all[i]
	hidden.State = events.CaseWithdrawn
	w.putCase(t, events.CaseState{ID: events.CaseIDFor("jilin", "new"), Office: "jilin", Ref: "new", State: events.CaseExposed, ExposedOn: "2026-11-20"})
	last = w.putCase(t, hidden)
	w.search(t, province, archiveapi.Params{MinSeq: last})
	_, err := w.ask(t, other, archiveapi.Params{Cursor: page.Cursor})
	if f := refused(t, err, fault.Gone); f.Detail != "cursor" {
		t.Errorf("another's list: %+v", f)
	}
	rest := w.search(t, province, archiveapi.Params{Cursor: page.Cursor, PerPage: 100})
	if got, want := append(refs(page), refs(rest)...), refs(after); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	rest = w.search(t, other, archiveapi.Params{Cursor: seen.Cursor, PerPage: 100})
	if slices.Contains(refs(rest), gone.Ref) {
		t.Errorf("%s is shown", gone.Ref)
	}
	for _, p := range []archiveapi.Params{{Cursor: page.Cursor, Q: "x"}, {Cursor: page.Cursor, Sort: "newest"}, {Cursor: page.Cursor, Page: 2}} {
		_, err := w.ask(t, province, p)
		if f := refused(t, err, fault.BadParameter); f.Fields[0].Field != "cursor" || f.Fields[0].Code != "cursor_only" {
			t.Errorf("%+v: %v", p, err)
		}
	}
	kv, err := w.bus.JetStream().KeyValue(t.Context(), events.BucketCursors)
	check(t, err)
	if status, err := kv.Status(t.Context()); err != nil || status.TTL() != 10*time.Minute {
		t.Errorf("lists end after %v, %v", status, err)
	}
	keys, err := kv.Keys(t.Context())
	check(t, err)
	for _, part := range []bool{true, false} { // what has ended: first the ids alone, then all
		ending := w.search(t, province, archiveapi.Params{Cursor: archiveapi.CursorStart, PerPage: 1})
		now, err := kv.Keys(t.Context())
		check(t, err)
		for _, k := range now {
			if !slices.Contains(keys, k) && (strings.Contains(k, ".") || !part) {
				check(t, kv.Delete(t.Context(), k))
			}
		}
		_, err = w.ask(t, province, archiveapi.Params{Cursor: ending.Cursor})
		refused(t, err, fault.Gone)
	}
	for _, c := range []string{"x", "x.1", strings.Split(page.Cursor, ".")[0] + ".-1", strings.Split(page.Cursor, ".")[0] + ".99999"} {
		_, err := w.ask(t, province, archiveapi.Params{Cursor: c})
		refused(t, err, fault.Gone)
	}
}

// TestFrozenBounds: a list is kept in several parts and paged across them; one that is too long is refused with the bound, whatever it was found by, and one as long as the bound isn't.
func TestFrozenBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	s, err := server.New(server.Deps{Bus: w.bus, Verifier: w.verifier, Search: w.client}, server.Config{})
	check(t, err)
	const parts, some = 4, 33 // 33 samples in entries of 4
	s.BoundLists(some, parts)
	w.run(t, s)
	whole := w.search(t, province, archiveapi.Params{Sort: "newest", MinSeq: last, PerPage: 100})
	if whole.Total != some {
		t.Fatalf("%d samples", whole.Total)
	}
	for perPage := 1; perPage <= 10; perPage++ {
		page := w.search(t, province, archiveapi.Params{Sort: "newest", Cursor: archiveapi.CursorStart, PerPage: perPage})
		got := refs(page)
		for page.Cursor != "" {
			page = w.search(t, province, archiveapi.Params{Cursor: page.Cursor, PerPage: perPage})
			got = append(got, refs(page)...)
		}
		if !slices.Equal(got, refs(whole)) {
			t.Errorf("by %d: %v, want %v", perPage, got, refs(whole))
		}
	}
	w.search(t, province, archiveapi.Params{MinSeq: w.putCase(t, exposedCase(1, "又一例"))})
	for _, q := range []string{"", "-没有的字", "单位:长春|-单位:长春"} {
		_, err := w.ask(t, province, archiveapi.Params{Q: q, Cursor: archiveapi.CursorStart})
		if f := refused(t, err, fault.BadParameter); f.Fields[0].Field != "cursor" || f.Fields[0].Code != "too_many" || f.Fields[0].Arg != "33" {
			t.Errorf("%q: %+v", q, f.Fields)
		}
	}
	w.search(t, province, archiveapi.Params{Q: "-又一例", Cursor: archiveapi.CursorStart})
}
