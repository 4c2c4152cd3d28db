package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

func (r *rig) province() string {
	return r.token(access.Actor{Account: "province", Role: access.Supervisor})
}

func (r *rig) reporter() string {
	return r.token(access.Actor{Account: "reporter", Role: access.Journalist, Outlet: "cc-tv"})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	one, two := sample(t, "media/trench.jpg"), sample(t, "media/welding.jpg")
	id := events.MediaID(s.whole(me, "타워.jpg", "", one).header.Get("Songshui-Media-Id"))
	s.whole(me, "同名.jpg", "", one)
	s.whole(me, "同名.jpg", "", two)
	res := mediaapi.NewResolver(r.bus())
	for _, c := range []struct {
		ref  mediaapi.MediaRef
		want events.MediaID
		err  error
	}{
		{mediaapi.MediaRef{ID: id}, id, nil},
		{mediaapi.MediaRef{File: "dir/타워.jpg "}, id, nil},
		{mediaapi.MediaRef{File: "\u1110\u1161\u110b\u116f.jpg"}, id, nil}, // the same name as macOS writes it
		{mediaapi.MediaRef{File: "타워.jpg", SHA256: strings.ToUpper(hashOf(one))}, id, nil},
		{mediaapi.MediaRef{File: "同名.jpg", SHA256: hashOf(two)}, events.MediaIDFor("jilin", hashOf(two), "同名.jpg"), nil},
		{mediaapi.MediaRef{SHA256: hashOf(two)}, events.MediaIDFor("jilin", hashOf(two), "同名.jpg"), nil},
		{mediaapi.MediaRef{File: "同名.jpg"}, "", mediaapi.ErrAmbiguous},
		{mediaapi.MediaRef{File: "nothing.jpg"}, "", mediaapi.ErrNotFound},
		{mediaapi.MediaRef{File: "타워.jpg", SHA256: hashOf(two)}, "", mediaapi.ErrNotFound},
		{mediaapi.MediaRef{ID: "x.>"}, "", mediaapi.ErrNotFound},
		{mediaapi.MediaRef{}, "", mediaapi.ErrNotFound},
	} {
		m, err := res.Resolve(t.Context(), me, "jilin", c.ref)
		if m.ID != c.want || !errors.Is(err, c.err) {
			t.Errorf("%+v: %s, %v", c.ref, m.ID, err)
		}
	}
	// Another office resolves none of them, whatever it claims to be.
	for _, ref := range []mediaapi.MediaRef{{ID: id}, {File: "타워.jpg"}} {
		if _, err := res.Resolve(t.Context(), r.office("siping"), "siping", ref); !errors.Is(err, mediaapi.ErrNotFound) {
			t.Errorf("another office: %v", err)
		}
	}
	if found, err := r.api(r.office("siping")).Find(t.Context(), mediaapi.FindParams{Office: "jilin", File: "타워.jpg"}); len(found) != 0 || err != nil {
		t.Errorf("another office finds %v, %v", found, err)
	}
}

// TestFindReadsOwnWrites asks by name right after each upload.
func TestFindReadsOwnWrites(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	for i := range 30 {
		name := fmt.Sprintf("%d.jpg", i)
		id := s.whole(me, name, "", sample(t, "media/trench.jpg")).header.Get("Songshui-Media-Id")
		found, err := r.api(me).Find(t.Context(), mediaapi.FindParams{File: name})
		if err != nil || len(found) != 1 || string(found[0].ID) != id {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
	}
}

func TestListGetByHash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	mine := events.MediaID(s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	other := events.MediaID(s.whole(r.office("siping"), "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	none := events.MediaIDFor("jilin", "", "")
	for _, c := range []struct {
		token string
		seen  []events.MediaID
		held  int
	}{{me, []events.MediaID{mine}, 1}, {r.province(), []events.MediaID{other, mine}, 0}, {r.reporter(), nil, 2}} {
		l, err := r.api(c.token).List(t.Context(), mediaapi.ListParams{IDs: []events.MediaID{other, none, "x", mine}})
		if err != nil {
			t.Fatal(err)
		}
		var seen []events.MediaID
		for _, v := range l.Media {
			seen = append(seen, v.ID)
		}
		if !slices.Equal(seen, c.seen) || l.HeldBack != c.held {
			t.Errorf("%v, held back %d", seen, l.HeldBack)
		}
	}
	v, err := r.api(me).Get(t.Context(), mine)
	if err != nil || v.SHA256 != hashOf(photo) || len(v.History) == 0 || v.History[0].Type != "songshui.media.sealed.v1" || v.History[0].Actor.Office != "jilin" {
		t.Errorf("%+v, %v", v, err)
	}
	for _, id := range []events.MediaID{other, none, "x"} {
		if _, err := r.api(me).Get(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	for token, n := range map[string]int{me: 1, r.office("tonghua"): 0, r.reporter(): 0} {
		if got, err := r.api(token).ByHash(t.Context(), hashOf(photo)); err != nil || len(got) != n {
			t.Errorf("by hash: %v, %v", got, err)
		}
	}
	if ready, err := r.api("").Ready(t.Context()); err != nil || ready["s3"] != "ok" {
		t.Errorf("ready: %v, %v", ready, err)
	}
}

func TestOriginal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	id := s.whole(me, "沟槽 \"1\".jpg", "", photo).header.Get("Songshui-Media-Id")
	at := mediaapi.RenditionURL(events.MediaID(id), "original")
	reason := "?reason=" + url.QueryEscape("核对原件")
	if got := s.do(http.MethodGet, at, me, nil, nil); got.status != http.StatusUnprocessableEntity || got.fault(t).Fields[0] != (fault.Field{Field: "reason", Code: "required"}) {
		t.Errorf("without a reason: %d %s", got.status, got.body)
	}
	for q, want := range map[string]fault.Field{"?reason=" + strings.Repeat("x", 501): {Field: "reason", Code: "too_long", Arg: "500"}, "?reason=%ff": {Field: "reason", Code: "encoding"}} {
		if got := s.do(http.MethodGet, at+q, me, nil, nil); got.status != http.StatusUnprocessableEntity || got.fault(t).Fields[0] != want {
			t.Errorf("%.20s: %d %s", q, got.status, got.body)
		}
	}
	missing := s.do(http.MethodGet, mediaapi.RenditionURL(events.MediaIDFor("x", "", ""), "original"), me, nil, nil)
	for _, token := range []string{r.office("siping"), r.reporter()} {
		for _, q := range []string{"", reason} {
			if got := s.do(http.MethodGet, at+q, token, nil, nil); got.status != http.StatusNotFound || !bytes.Equal(got.body, missing.body) {
				t.Errorf("a stranger: %d %s", got.status, got.body)
			}
		}
	}
	if got := s.do(http.MethodGet, at+reason, "", nil, nil); got.status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", got.status)
	}
	if got := s.do(http.MethodGet, at+reason, me, map[string]string{"Sec-Fetch-Site": "cross-site"}, nil); got.status != http.StatusForbidden {
		t.Errorf("by another site's link: %d", got.status)
	}
	if n := r.messages(events.StreamAccess, "access.media.original-read"); n != 0 {
		t.Errorf("%d looks noted", n)
	}
	whole := s.do(http.MethodGet, at+reason, me, nil, nil)
	if whole.status != http.StatusOK || !bytes.Equal(whole.body, photo) {
		t.Fatalf("%d, %d bytes", whole.status, len(whole.body))
	}
	for k, v := range map[string]string{
		"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"ETag": `"` + hashOf(photo) + `"`, "Cache-Control": "private, no-store",
		"Content-Disposition": `attachment; filename="__ _1_.jpg"; filename*=UTF-8''%E6%B2%9F%E6%A7%BD%20%221%22.jpg`,
	} {
		if got := whole.header.Get(k); got != v {
			t.Errorf("%s: %s", k, got)
		}
	}
	for header, want := range map[string][2]int{"bytes=0-99": {0, 100}, "bytes=600-1700": {600, 1701}, "bytes=-10": {len(photo) - 10, len(photo)}, "bytes=500-": {500, len(photo)}} {
		got := s.do(http.MethodGet, at+reason, r.province(), map[string]string{"Range": header}, nil)
		if got.status != http.StatusPartialContent || !bytes.Equal(got.body, photo[want[0]:want[1]]) {
			t.Errorf("%s: %d, %d bytes", header, got.status, len(got.body))
		}
	}
	if got := s.do(http.MethodGet, at+reason, me, map[string]string{"If-None-Match": `"` + hashOf(photo) + `"`}, nil); got.status != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", got.status)
	}
	if got := s.do(http.MethodHead, at+reason, me, nil, nil); got.status != http.StatusOK || len(got.body) != 0 || got.header.Get("Content-Length") != strconv.Itoa(len(photo)) {
		t.Errorf("HEAD: %d %v", got.status, got.header)
	}
	if n := r.messages(events.StreamAccess, "access.media.original-read"); n != 7 {
		t.Errorf("%d looks noted", n)
	}
}

// cases writes case records as intake does.
var cases = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema,
	Fold: func(s events.CaseState, _ events.Meta, f events.Fact) (events.CaseState, error) {
		return f.(events.CaseRestatedFact).State, nil
	}}

func TestTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	id := events.MediaID(s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	first, second := events.CaseIDFor("jilin", "1"), events.CaseIDFor("jilin", "2")
	for _, c := range []events.CaseID{first, second, first} {
		state := events.CaseState{ID: c, Office: "jilin", State: events.CaseSubmitted, Media: []events.CaseMedium{{ID: id}}}
		in := bus.Intent{Name: "submit", Actor: events.System("intake")}
		_, err := cases.Execute(t.Context(), r.bus(), events.CaseSubject("jilin", c), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
			return events.CaseRestatedFact{State: state}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both cases hold it", func() bool { return len(r.record("jilin", id).TakenBy) == 2 })
	m := r.record("jilin", id)
	if m.TakenBy[0] != first || m.TakenBy[1] != second {
		t.Errorf("taken by %v", m.TakenBy)
	}
	held, err := r.store().Held(t.Context(), r.buckets.Originals(), m.Object)
	if err != nil || !held {
		t.Errorf("legal hold: %v, %v", held, err)
	}
	eventually(t, "all is settled", func() bool { return r.settled(events.StreamCases, "media-taken") })
	if got := r.record("jilin", id).TakenBy; len(got) != 2 {
		t.Errorf("taken twice: %v", got)
	}
}
