package media_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

var (
	desk     = access.Actor{Account: "desk", Role: access.Office, Office: "jilin"}
	stranger = access.Actor{Account: "other", Role: access.Office, Office: "siping"}
	province = access.Actor{Account: "province", Role: access.Supervisor}
	admin    = access.Actor{Account: "root", Role: access.Admin}
	reporter = access.Actor{Account: "pen", Role: access.Journalist, Outlet: "cc-tv"}
	everyone = []access.Actor{desk, stranger, province, admin, reporter}
)

// machine walks a medium through its states by random commands.
type machine struct {
	state events.MediaState
	at    time.Time
	// public are the ids that were public at any time.
	public map[string]bool
}

func (m *machine) step(t *rapid.T, actor events.Actor, fact events.Fact) {
	before, _ := json.Marshal(m.state)
	m.at = m.at.Add(time.Second)
	next, err := media.Fold(m.state, events.Meta{Time: m.at, Actor: actor}, fact)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(m.state); string(before) != string(after) {
		t.Fatal("folding changed what it was given")
	}
	m.state = next
	if next.State == events.MediaCleared {
		for _, r := range next.Renditions {
			m.public[media.ID(r)] = true
		}
	}
}

// own gives the fact of a command that the service gives by itself.
func (m *machine) own(t *rapid.T, c media.Command) (events.Fact, error) {
	s := m.state
	number := media.Number(s) - rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "late")
	switch c {
	case media.CommandSeal:
		return media.Seal(s, events.MediaSealedFact{ID: "m", Office: "jilin", File: "a.jpg", Kind: rapid.SampledFrom([]string{"image", "video", "audio"}).Draw(t, "kind")})
	case media.CommandExamine:
		return media.Examine(s, events.Examination{DisplayWidth: 100, DisplayHeight: 50, DurationMS: 1000})
	case media.CommandCompare:
		return media.Compare(s, []events.Finding{{Code: "same_bytes", Media: rapid.SampledFrom([]events.MediaID{"x", "y"}).Draw(t, "other")}})
	case media.CommandRender:
		f, err := media.Render(s, number, []events.Rendition{{ID: "w320-" + string(rune('0'+media.Number(s)%10)), Name: "w320"}})
		if number != media.Number(s) && f != nil {
			t.Fatal("copies of an older rendering were taken")
		}
		return f, err
	case media.CommandWait:
		return media.Wait(s, number, "ffmpeg")
	case media.CommandFail:
		return media.Fail(s, number, "render", "damaged")
	case media.CommandRenew:
		return media.Renew(s, m.at.Add(rapid.SampledFrom([]time.Duration{0, 2 * time.Hour}).Draw(t, "later")))
	case media.CommandTake:
		return media.Take(s, rapid.SampledFrom([]events.CaseID{"c", "d"}).Draw(t, "case"))
	}
	return media.Release(s, "untaken")
}

func request(t *rapid.T, c media.Command, a access.Actor) media.Request {
	r := media.Request{Command: c, Actor: a, Reason: rapid.SampledFrom([]string{"", "court order"}).Draw(t, "reason")}
	if areas := rapid.SampledFrom([]*[]events.Area{nil, {}, {{Width: 10, Height: 10}}, {{X: 95, Width: 10, Height: 10}}}).Draw(t, "areas"); areas != nil {
		r.Areas = areas
	}
	return r
}

// TestMachine walks at random: nothing gets past the table, what is offered is what may be given, and the promises about copies hold in every state.
func TestMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{at: time.Unix(1, 0).UTC(), public: map[string]bool{}}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			row := rapid.SampledFrom(media.Transitions()).Draw(t, "row")
			before, actor := m.state, rapid.SampledFrom(everyone).Draw(t, "actor")
			by := events.System("media")
			var fact events.Fact
			var err error
			if len(row.Who) > 0 {
				by = actor.Event()
				fact, err = media.Decide(request(t, row.Command, actor), m.state)
				m.offered(t, actor, row, fact, err)
			} else {
				fact, err = m.own(t, row.Command)
			}
			if fact == nil {
				continue
			}
			if err != nil || !slices.Contains(row.From, before.State) && fact.EventType() != (events.MediaMaskedFact{}).EventType() {
				t.Fatalf("%s in %q was let through, %v", row.Command, before.State, err)
			}
			m.step(t, by, fact)
			m.holds(t, before, fact)
			own, err := media.ClearRendered(m.state)
			if err != nil {
				t.Fatal(err)
			}
			if own != nil {
				by := m.state.ClearedBy
				m.step(t, events.System("media"), own)
				if m.state.State != events.MediaCleared || m.state.ClearedBy != by || by == "" {
					t.Fatalf("cleared by %q, asked by %q", m.state.ClearedBy, by)
				}
			}
		}
	})
}

// offered compares a decision with the list of what may be given.
func (m *machine) offered(t *rapid.T, a access.Actor, row media.Transition, fact events.Fact, err error) {
	listed := slices.ContainsFunc(media.Next(a, m.state), func(r media.Transition) bool { return r.Command == row.Command })
	masks := fact != nil && fact.EventType() == (events.MediaMaskedFact{}).EventType()
	switch {
	case fact != nil && !listed && !masks:
		t.Fatalf("%s by %s in %q isn't offered", row.Command, a.Role, m.state.State)
	case listed && err != nil && !fault.Is(err, fault.Invalid):
		t.Fatalf("%s by %s in %q is offered and refused: %v", row.Command, a.Role, m.state.State, err)
	case fact != nil && a.Role == access.Office && a.Office != "jilin", fact != nil && a.Role == access.Journalist:
		t.Fatalf("a stranger's %s", row.Command)
	}
}

func (m *machine) holds(t *rapid.T, before events.MediaState, fact events.Fact) {
	s := m.state
	row := media.Transitions()[slices.IndexFunc(media.Transitions(), func(r media.Transition) bool { return r.Fact == fact.EventType() })]
	want := row.To
	if want == media.None {
		want = before.State
	}
	if s.State != want {
		t.Fatalf("%s: %q, want %q", row.Command, s.State, want)
	}
	if has := s.State == events.MediaRendered || s.State == events.MediaCleared; has != (len(s.Renditions) > 0) {
		t.Fatalf("%q with %d copies", s.State, len(s.Renditions))
	}
	for id := range m.public {
		now := slices.ContainsFunc(s.Renditions, func(r events.Rendition) bool { return media.ID(r) == id })
		if !now && !slices.Contains(s.Replaced, id) {
			t.Fatalf("%s was public and is forgotten: %+v", id, s)
		}
		if now && slices.Contains(s.Replaced, id) {
			t.Fatalf("%s is replaced and there: %+v", id, s)
		}
	}
	if (s.ClearedBy != "" && s.State != events.MediaCleared && !s.ClearWhenRendered) || s.State == events.MediaCleared && s.ClearedBy == "" {
		t.Fatalf("%q cleared by %q", s.State, s.ClearedBy)
	}
	data, _ := json.Marshal(s)
	var back events.MediaState
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Fatalf("not the same after writing: %+v, %+v", s, back)
	}
}

// way folds facts from nothing.
func way(t *testing.T, facts ...events.Fact) events.MediaState {
	t.Helper()
	var s events.MediaState
	for _, f := range facts {
		var err error
		if s, err = media.Fold(s, events.Meta{Time: time.Unix(1, 0), Actor: desk.Event()}, f); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var sealed = events.MediaSealedFact{ID: "m", Office: "jilin", Kind: media.KindImage}

func TestAreas(t *testing.T) {
	t.Parallel()
	image := way(t, sealed, events.MediaExaminedFact{Examination: events.Examination{DisplayWidth: 100, DisplayHeight: 50}}, events.MediaRenderedFact{})
	clip := image
	clip.Kind = media.KindVideo
	clip.Examination = &events.Examination{DisplayWidth: 100, DisplayHeight: 50, DurationMS: 1000}
	sound := image
	sound.Kind, sound.Examination = media.KindAudio, &events.Examination{DurationMS: 1000}
	for name, c := range map[string]struct {
		of    events.MediaState
		areas []events.Area
		want  []fault.Field
	}{
		"whole picture":  {image, []events.Area{{Width: 100, Height: 50, Style: "mosaic", Why: "plate"}}, nil},
		"part of a clip": {clip, []events.Area{{X: 10, Y: 10, Width: 1, Height: 1, UntilMS: 1000}}, nil},
		"none":           {image, []events.Area{}, nil},
		"everything wrong": {image, []events.Area{{Width: 1, Height: 1}, {X: -1, Y: 50, Width: 0, Height: 1, Style: "blur", Why: "nose", UntilMS: 5}}, []fault.Field{
			{Field: "areas[1].x", Code: "outside_picture", Arg: "100"}, {Field: "areas[1].width", Code: "outside_picture", Arg: "100"},
			{Field: "areas[1].y", Code: "outside_picture", Arg: "50"}, {Field: "areas[1].style", Code: "unknown_value"}, {Field: "areas[1].why", Code: "unknown_value"},
			{Field: "areas[1].from_ms", Code: "only_in_clips"}}},
		"too wide":        {image, []events.Area{{X: 1, Width: 100, Height: 50}}, []fault.Field{{Field: "areas[0].width", Code: "outside_picture", Arg: "100"}}},
		"as wide as ints": {image, []events.Area{{X: 1, Width: int(^uint(0) >> 1), Height: 50}}, []fault.Field{{Field: "areas[0].width", Code: "outside_picture", Arg: "100"}}},
		"too long": {clip, []events.Area{{Width: 1, Height: 1, FromMS: 1000, UntilMS: 1001}}, []fault.Field{
			{Field: "areas[0].from_ms", Code: "outside_clip", Arg: "1000"}, {Field: "areas[0].until_ms", Code: "outside_clip", Arg: "1000"}}},
		"backwards": {clip, []events.Area{{Width: 1, Height: 1, FromMS: 10, UntilMS: 10}}, []fault.Field{{Field: "areas[0].until_ms", Code: "outside_clip", Arg: "1000"}}},
		"a sound":   {sound, []events.Area{{Width: 1, Height: 1}}, []fault.Field{{Field: "areas", Code: "no_picture"}}},
		"too many":  {image, make([]events.Area, 101), []fault.Field{{Field: "areas", Code: "too_many", Arg: "100"}}},
	} {
		if got := media.CheckAreas(c.areas, c.of); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := media.Decide(media.Request{Command: media.CommandMask, Actor: desk}, image); !fault.Is(err, fault.Invalid) {
		t.Errorf("mask without areas: %v", err)
	}
}

// TestClearWithAreas has a person name areas while clearing: the old copies are gone at once, the new ones are public when made.
func TestClearWithAreas(t *testing.T) {
	t.Parallel()
	s := way(t, sealed, events.MediaExaminedFact{Examination: events.Examination{DisplayWidth: 100, DisplayHeight: 50}}, events.MediaRenderedFact{Renditions: []events.Rendition{{ID: "w320-1", Name: "w320"}}},
		events.MediaClearedFact{})
	areas := []events.Area{{Width: 10, Height: 10}}
	fact, err := media.Decide(media.Request{Command: media.CommandClear, Actor: desk, Areas: &areas}, s)
	if err != nil {
		t.Fatal(err)
	}
	s, _ = media.Fold(s, events.Meta{Actor: desk.Event()}, fact)
	if s.State != events.MediaExamined || len(s.Renditions) != 0 || !slices.Equal(s.Replaced, []string{"w320-1"}) || !s.ClearWhenRendered || media.Number(s) != 2 {
		t.Errorf("%+v", s)
	}
	first, second := 1, 2
	rendered, _ := media.Fold(s, events.Meta{}, events.MediaRenderedFact{})
	for _, c := range []media.Command{media.CommandClear, media.CommandMask} {
		if _, err := media.Decide(media.Request{Command: c, Actor: desk, Areas: &[]events.Area{}, Rendering: &first}, s); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s by whom hasn't seen that areas were named: %v", c, err)
		}
	}
	if _, err := media.Decide(media.Request{Command: media.CommandMask, Actor: desk, Areas: &[]events.Area{}, Rendering: &second}, rendered); err != nil {
		t.Errorf("by whom has seen them: %v", err)
	}
	if f, err := media.Render(s, 1, nil); f != nil || err != nil {
		t.Errorf("copies without the areas: %v, %v", f, err)
	}
	if f, _ := media.ClearRendered(s); f != nil {
		t.Error("cleared before it was rendered")
	}
}

// TestErasureWithdrawn has either of the two end an ask, with a reason, and nobody else.
func TestErasureWithdrawn(t *testing.T) {
	t.Parallel()
	s := way(t, sealed)
	offered := func(a access.Actor, s events.MediaState) bool {
		return slices.ContainsFunc(media.Next(a, s), func(n media.Transition) bool { return n.Command == media.CommandWithdrawErasure })
	}
	if _, err := media.WithdrawErasure(s, admin, "no"); !fault.Is(err, fault.WrongState) || offered(admin, s) {
		t.Errorf("nobody has asked: %v", err)
	}
	f, err := media.AskErasure(s, admin, "order")
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := media.Fold(s, events.Meta{Actor: admin.Event()}, f)
	for name, c := range map[string]struct {
		actor access.Actor
		want  fault.Code
	}{"an office": {desk, fault.Forbidden}, "a stranger": {stranger, fault.NotFound}} {
		if _, err := media.WithdrawErasure(asked, c.actor, "no"); !fault.Is(err, c.want) || offered(c.actor, asked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, a := range []access.Actor{admin, province} {
		if _, err := media.WithdrawErasure(asked, a, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s without a reason: %v", a.Role, err)
		}
		f, err := media.WithdrawErasure(asked, a, "no")
		if err != nil || !offered(a, asked) {
			t.Fatalf("%s: %v", a.Role, err)
		}
		after, _ := media.Fold(asked, events.Meta{}, f)
		if after.ErasureAsked != nil || !media.HasBytes(after) || offered(a, after) {
			t.Errorf("%+v", after)
		}
		if _, err := media.Erase(after, province, "order"); !fault.Is(err, fault.WrongState) {
			t.Errorf("erased although it was withdrawn: %v", err)
		}
	}
}

// TestErasure takes two roles and two people.
func TestErasure(t *testing.T) {
	t.Parallel()
	s := way(t, sealed, events.MediaTakenFact{Case: "c"})
	if _, err := media.Erase(s, province, "order"); !fault.Is(err, fault.WrongState) {
		t.Errorf("nobody has asked: %v", err)
	}
	f, err := media.AskErasure(s, admin, "order")
	if err != nil {
		t.Fatal(err)
	}
	s, _ = media.Fold(s, events.Meta{Actor: admin.Event()}, f)
	both := admin
	both.Role = access.Supervisor
	for name, c := range map[string]struct {
		actor  access.Actor
		reason string
		want   fault.Code
	}{"the same": {admin, "order", fault.Forbidden}, "the same person in another role": {both, "order", fault.Forbidden}, "no reason": {province, " ", fault.Invalid},
		"an office": {desk, "order", fault.Forbidden}, "a stranger": {stranger, "order", fault.NotFound}} {
		if _, err := media.Erase(s, c.actor, c.reason); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err = media.Erase(s, province, "order"); err != nil {
		t.Fatal(err)
	}
	if s, _ = media.Fold(s, events.Meta{}, f); s.State != events.MediaErased || media.HasBytes(s) {
		t.Errorf("%+v", s)
	}
	if _, err := media.Seal(s, sealed); !fault.Is(err, fault.WrongState) {
		t.Errorf("sealed after an erasure: %v", err)
	}
}
