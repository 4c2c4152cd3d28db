package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// write states a case as intake would.
func (r *rig) write(c events.CaseState) {
	r.t.Helper()
	in := bus.Intent{Name: "restate", Actor: events.System("intake")}
	_, err := cases.Execute(r.t.Context(), r.bus(), events.CaseSubject(c.Office, c.ID), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseRestatedFact{State: c}, nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// rectifications writes rectifications as their service does.
var rectifications = bus.Aggregate[events.RectificationState, *events.RectificationState]{Stream: events.StreamRectification, Schema: events.RectificationSchema,
	Fold: func(_ events.RectificationState, _ events.Meta, f events.Fact) (events.RectificationState, error) {
		return f.(events.RectificationRestatedFact).State, nil
	}}

func (r *rig) writeRectification(s events.RectificationState) {
	r.t.Helper()
	in := bus.Intent{Name: "restate", Actor: events.System("rectification")}
	_, err := rectifications.Execute(r.t.Context(), r.bus(), events.RectificationSubject(s.Office, s.ID), in, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
		return events.RectificationRestatedFact{State: s}, nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) try(token string, id events.MediaID, command, key string, body any) (mediaapi.Commanded, error) {
	r.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.api(token).Command(r.t.Context(), mediaapi.CommandParams{ID: id, Name: command, Key: key}, data)
}

// give gives a command that must be taken.
func (r *rig) give(token string, id events.MediaID, command string, body any) mediaapi.View {
	r.t.Helper()
	got, err := r.try(token, id, command, "", body)
	if err != nil {
		r.t.Fatalf("%s: %v", command, err)
	}
	return got.State
}

func (r *rig) admin() string { return r.token(access.Actor{Account: "root", Role: access.Admin}) }

// exposed uploads a picture and has an exposed case take it.
func exposed(t *testing.T, s *site, file string) (events.MediaID, events.CaseState) {
	t.Helper()
	id := events.MediaID(s.whole(s.office("jilin"), "沟槽 1.jpg", "", sample(t, file)).header.Get("Songshui-Media-Id"))
	c := events.CaseState{ID: events.CaseIDFor("jilin", file), Office: "jilin", State: events.CaseExposed, ExposedOn: "2026-07-01", Media: []events.CaseMedium{{ID: id}}}
	s.write(c)
	eventually(t, "taken and rendered", func() bool {
		m := s.record("jilin", id)
		return m.State == events.MediaRendered && len(m.TakenBy) == 1
	})
	return id, c
}

func (s *site) status(token string, id events.MediaID, rendition string) int {
	s.t.Helper()
	return s.do(http.MethodGet, mediaapi.RenditionURL(id, rendition), token, nil, nil).status
}

// TestClear has a journalist and another office see nothing before a person has cleared a medium, the cleared copies after, and what is masked or withdrawn never again.
func TestClear(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, outside := r.office("jilin"), []string{r.reporter(), r.office("siping")}
	id, c := exposed(t, s, "media/trench.jpg")
	other := r.start(server.Config{}) // a second replica
	sees := func(when string, get error, bare, first, second, held int) {
		t.Helper()
		for _, token := range outside {
			if _, err := r.api(token).Get(t.Context(), id); (get == nil) != (err == nil) || get != nil && fault.Of(err).Code != fault.Of(get).Code {
				t.Errorf("%s: get: %v", when, err)
			}
			l, err := r.api(token).List(t.Context(), mediaapi.ListParams{Office: "jilin", IDs: []events.MediaID{id}})
			if err != nil || l.HeldBack != held || len(l.Media) != 1-held {
				t.Errorf("%s: list: %+v, %v", when, l, err)
			}
			for _, at := range []*site{s, other} {
				if a, b, c := at.status(token, id, "w320"), at.status(token, id, "w320-1"), at.status(token, id, "w320-2"); a != bare || b != first || c != second {
					t.Errorf("%s: %d %d %d, want %d %d %d", when, a, b, c, bare, first, second)
				}
			}
			if got := s.status(token, id, "original?reason=x"); got != http.StatusNotFound {
				t.Errorf("%s: the original: %d", when, got)
			}
		}
	}
	missing, gone := fault.New(fault.NotFound, ""), fault.New(fault.Gone, "")
	sees("before", missing, 404, 404, 404, 1)
	if got := s.do(http.MethodGet, mediaapi.RenditionURL(id, "w320"), me, nil, nil); got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("before clearing: %s", got.header.Get("Cache-Control"))
	}
	if v := r.give(me, id, "clear", map[string]any{}); v.State != events.MediaCleared {
		t.Errorf("%+v", v)
	}
	sees("cleared", nil, 200, 200, 404, 0)
	got := s.do(http.MethodGet, mediaapi.RenditionURL(id, "w320"), outside[0], map[string]string{"Range": "bytes=0-9"}, nil)
	want := `inline; filename="__ 1-w320.jpg"; filename*=UTF-8''%E6%B2%9F%E6%A7%BD%201-w320.jpg`
	if got.status != http.StatusPartialContent || got.header.Get("Cache-Control") != "no-cache" || got.header.Get("Content-Disposition") != want {
		t.Errorf("%d %v", got.status, got.header)
	}
	if again := s.do(http.MethodGet, mediaapi.RenditionURL(id, "w320"), outside[0], map[string]string{"If-None-Match": got.header.Get("ETag")}, nil); again.status != http.StatusNotModified {
		t.Errorf("asked again: %d", again.status)
	}
	v, err := r.api(outside[0]).Get(t.Context(), id)
	if err != nil || v.Examination == nil || v.Examination.Camera != "" || v.Examination.Position != nil || len(v.Examination.Private) != 0 || v.History != nil || v.TakenBy != nil || v.Next != nil {
		t.Errorf("a journalist sees %+v, %v", v, err)
	}

	masked(t, s, me, id)
	sees("masked", missing, 404, 410, 404, 1)
	if got := s.status(me, id, "w320-1"); got != http.StatusGone {
		t.Errorf("the old copy, for its office: %d", got)
	}
	r.give(me, id, "clear", map[string]any{})
	sees("cleared again", nil, 200, 410, 200, 0)
	c.State = events.CaseWithdrawn
	r.write(c)
	sees("withdrawn", gone, 410, 410, 410, 1)
	if got := s.status(me, id, "w320"); got != http.StatusOK {
		t.Errorf("a withdrawn case's copy, for its office: %d", got)
	}
	c.State, c.Media = events.CaseExposed, nil
	r.write(c)
	sees("detached", missing, 404, 404, 404, 1)
}

// masked hides the middle of a picture in all copies; the objects of the old ones are gone.
func masked(t *testing.T, s *site, me string, id events.MediaID) {
	t.Helper()
	e := s.record("jilin", id).Examination
	area := events.Area{X: e.DisplayWidth / 4, Y: e.DisplayHeight / 4, Width: e.DisplayWidth / 2, Height: e.DisplayHeight / 2}
	_, err := s.rig.try(me, id, "mask", "k", map[string]any{"areas": []events.Area{area, {X: -1, Width: e.DisplayWidth, Height: 1}}})
	if want := "areas[1].x outside_picture"; !fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Field+" "+fault.Of(err).Fields[0].Code != want {
		t.Errorf("outside the picture: %v", err)
	}
	s.give(me, id, "mask", map[string]any{"areas": []events.Area{area}})
	eventually(t, "rendered anew", func() bool { return s.record("jilin", id).State == events.MediaRendered })
	m := s.record("jilin", id)
	got := s.do(http.MethodGet, mediaapi.RenditionURL(id, "w320-2"), me, nil, nil)
	pic, err := jpeg.Decode(bytes.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	b := pic.Bounds()
	if red, green, blue, _ := pic.At(b.Dx()/2, b.Dy()/2).RGBA(); red>>8 > 40 || green>>8 > 40 || blue>>8 > 40 {
		t.Errorf("the middle isn't hidden: %d %d %d", red>>8, green>>8, blue>>8)
	}
	eventually(t, "old objects are gone", func() bool { return len(s.keys(s.buckets.Renditions())) == len(m.Renditions) })
}

// TestUncleared has a cleared medium whose case isn't exposed stay with its office, and one of an embargo with the outlet that is named.
func TestUncleared(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	id, c := exposed(t, s, "media/welding.jpg")
	r.give(r.office("jilin"), id, "clear", map[string]any{})
	for state, want := range map[events.CaseStatus]int{events.CaseSubmitted: 404, events.CaseEmbargoed: 200} {
		c.State, c.ExposedOn, c.Embargo = state, "", &events.Embargo{Outlets: []events.OutletID{"cc-tv"}}
		r.write(c)
		got := s.do(http.MethodGet, mediaapi.RenditionURL(id, "w320"), r.reporter(), nil, nil)
		if got.status != want || want == 200 && got.header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %d, %s", state, got.status, got.header.Get("Cache-Control"))
		}
		if got := s.status(r.office("siping"), id, "w320"); got != http.StatusNotFound {
			t.Errorf("%s, another office: %d", state, got)
		}
	}
}

// TestObjection has a document of an objection stay with those who may read objections, cleared and withdrawn too.
func TestObjection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	id, c := exposed(t, s, "media/welding.jpg")
	r.give(r.office("jilin"), id, "clear", map[string]any{})
	unit := r.token(access.Actor{Account: "unit", Role: access.Unit, Cases: []events.CaseID{c.ID}})
	seen := func(when string, outside, party int) {
		t.Helper()
		for token, want := range map[string]int{r.reporter(): outside, r.office("siping"): outside, unit: party, r.office("jilin"): http.StatusOK, r.province(): http.StatusOK} {
			if got := s.status(token, id, "w320"); got != want {
				t.Errorf("%s: %d, want %d", when, got, want)
			}
		}
	}
	seen("a picture of the case", http.StatusOK, http.StatusOK)
	c.Media, c.Objections = nil, []events.Objection{{Text: "不属实", Documents: []events.MediaID{id}}}
	r.write(c)
	seen("a document", http.StatusNotFound, http.StatusOK)
	r.writeRectification(events.RectificationState{ID: c.ID, Office: "jilin", Progress: []events.Progress{{Media: []events.MediaID{id}}}})
	seen("shown after the rectification too", http.StatusOK, http.StatusOK)
	r.writeRectification(events.RectificationState{ID: c.ID, Office: "jilin"})
	c.State = events.CaseWithdrawn
	r.write(c)
	seen("withdrawn", http.StatusNotFound, http.StatusGone)
}

// TestCommands gives commands twice, with another body, by others, and in the wrong state.
func TestCommands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	id, _ := exposed(t, s, "media/locked-exit.jpg")
	first, err := r.try(me, id, "clear", "k", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.try(me, id, "clear", "k", map[string]any{}); err != nil || again.Sequence < first.Sequence || again.State.State != events.MediaCleared {
		t.Errorf("sent twice: %+v, %v", again, err)
	}
	if _, err := r.try(me, id, "mask", "k", map[string]any{"areas": []events.Area{}}); !fault.Is(err, fault.KeyReused) {
		t.Errorf("the key of another request: %v", err)
	}
	if _, err := r.try(me, id, "mask", "", map[string]any{"areas": []events.Area{}, "rendering": 7}); !fault.Is(err, fault.Conflict) || len(fault.Of(err).Current) == 0 {
		t.Errorf("other copies than the present ones: %v", err)
	}
	_, err = r.try(me, id, "clear", "", map[string]any{})
	var current mediaapi.View
	if !fault.Is(err, fault.WrongState) || json.Unmarshal(fault.Of(err).Current, &current) != nil || current.State != events.MediaCleared {
		t.Errorf("cleared twice: %v", err)
	}
	_, err = r.try(me, id, "mask", "", map[string]any{"areas": []any{map[string]any{"x": "left", "width": 1, "height": 1, "depth": 1}}, "reason": "x"})
	var wrong []string
	for _, f := range fault.Of(err).Fields {
		wrong = append(wrong, f.Field+" "+f.Code)
	}
	slices.Sort(wrong)
	if want := []string{"areas[0].depth unknown_field", "areas[0].x type", "reason unknown_field"}; !slices.Equal(wrong, want) {
		t.Errorf("%q, want %q", wrong, want)
	}
	for token, want := range map[string]fault.Code{r.office("siping"): fault.NotFound, r.reporter(): fault.NotFound, r.province(): fault.Forbidden, r.admin(): fault.NotFound} {
		if _, err := r.try(token, id, "retry", "", map[string]any{}); !fault.Is(err, want) {
			t.Errorf("another's retry: %v, want %s", err, want)
		}
	}
	for _, name := range []string{"seal", "render", "release", "x"} {
		if _, err := r.try(me, id, name, "", map[string]any{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestErase takes the administrator and the province; afterwards nothing can be read, and the bytes are gone, although a case holds the medium.
func TestErase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	id, _ := exposed(t, s, "media/tailings.jpg")
	r.give(r.office("jilin"), id, "clear", map[string]any{})
	because := map[string]any{"reason": "法院裁定"}
	if _, err := r.try(r.province(), id, "erase", "", because); !fault.Is(err, fault.WrongState) {
		t.Errorf("nobody has asked: %v", err)
	}
	if _, err := r.try(r.admin(), id, "ask-erasure", "", map[string]any{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if v := r.give(r.admin(), id, "ask-erasure", because); v.File != "" || v.ErasureAsked == nil || v.Examination != nil {
		t.Errorf("the administrator sees %+v", v)
	}
	if b, err := r.api(r.admin()).Browse(t.Context(), mediaapi.BrowseParams{ErasureAsked: true}); err != nil || b.Total != 1 || b.Media[0].ErasureAsked == nil || b.Media[0].File != "" || b.Media[0].SHA256 != "" {
		t.Errorf("the administrator's list: %+v, %v", b, err)
	}
	if _, err := r.api(r.admin()).Browse(t.Context(), mediaapi.BrowseParams{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the administrator browses: %v", err)
	}
	if v := r.give(r.province(), id, "withdraw-erasure", because); v.ErasureAsked != nil || v.State != events.MediaCleared {
		t.Errorf("withdrawn: %+v", v)
	}
	if b, err := r.api(r.province()).Browse(t.Context(), mediaapi.BrowseParams{ErasureAsked: true}); err != nil || b.Total != 0 {
		t.Errorf("the list after it: %+v, %v", b, err)
	}
	r.give(r.admin(), id, "ask-erasure", because)
	for _, token := range []string{r.admin(), r.token(access.Actor{Account: "root", Role: access.Supervisor})} {
		if _, err := r.try(token, id, "erase", "", because); !fault.Is(err, fault.Forbidden) {
			t.Errorf("one person alone: %v", err)
		}
	}
	if v := r.give(r.province(), id, "erase", because); v.State != events.MediaErased || len(v.Renditions) != 0 {
		t.Errorf("%+v", v)
	}
	for token, want := range map[string]int{r.office("jilin"): 404, r.reporter(): 404} {
		for _, name := range []string{"w320", "original?reason=x"} {
			if got := s.status(token, id, name); got != want {
				t.Errorf("%s: %d", name, got)
			}
		}
		if got := s.status(token, id, "w320-1"); got != http.StatusGone {
			t.Errorf("an erased copy: %d", got)
		}
	}
	eventually(t, "no byte of it is left", func() bool {
		return len(r.keys(r.buckets.Originals())) == 0 && len(r.keys(r.buckets.Renditions())) == 0
	})
}

// TestBrowse lists what an office must look at, to itself and the province.
func TestBrowse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	var ids []events.MediaID
	for i := range 3 {
		ids = append(ids, events.MediaID(s.whole(r.office("jilin"), fmt.Sprintf("%d.jpg", i), "", sample(t, "media/trench.jpg")).header.Get("Songshui-Media-Id")))
	}
	s.whole(r.office("siping"), "a.jpg", "", sample(t, "media/trench.jpg"))
	rendered := mediaapi.BrowseParams{State: events.MediaRendered, PerPage: 2}
	eventually(t, "all are rendered", func() bool {
		b, err := r.api(r.province()).Browse(t.Context(), rendered)
		return err == nil && b.Total == 4
	})
	me := r.api(r.office("jilin"))
	b, err := me.Browse(t.Context(), rendered)
	if err != nil || b.Total != 3 || len(b.Media) != 2 || b.Media[0].ID != ids[0] || len(b.Media[0].Next) == 0 {
		t.Errorf("%+v, %v", b, err)
	}
	rendered.Page = 2
	if b, err := me.Browse(t.Context(), rendered); err != nil || len(b.Media) != 1 || b.Media[0].ID != ids[2] {
		t.Errorf("second page: %+v, %v", b, err)
	}
	if b, err := me.Browse(t.Context(), mediaapi.BrowseParams{Office: "siping"}); err != nil || b.Total != 0 {
		t.Errorf("another office's: %+v, %v", b, err)
	}
	if b, err := me.Browse(t.Context(), mediaapi.BrowseParams{State: events.MediaCleared}); err != nil || b.Total != 0 {
		t.Errorf("cleared: %+v, %v", b, err)
	}
	if _, err := r.api(r.reporter()).Browse(t.Context(), mediaapi.BrowseParams{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a journalist: %v", err)
	}
	if _, err := me.Browse(t.Context(), mediaapi.BrowseParams{State: "x", PerPage: 101}); !fault.Is(err, fault.BadParameter) || len(fault.Of(err).Fields) != 2 {
		t.Errorf("wrong parameters: %v", err)
	}
	// The same bytes of another office are told to the province alone.
	count := func(token string) (n int) {
		v, err := r.api(token).Get(t.Context(), ids[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range v.Warnings {
			if w.Code == "same_bytes" {
				n++
			}
		}
		return n
	}
	eventually(t, "the province is told of three others", func() bool { return count(r.province()) == 3 })
	if n := count(r.office("jilin")); n != 2 {
		t.Errorf("the office is told of %d others", n)
	}
}
