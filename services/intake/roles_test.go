package intake_test

import (
	"slices"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

var (
	photo       = fields{"file": "a.jpg", "caption": "现场", "kind": "image"}
	publication = fields{"outlet": "cc-tv", "kind": "tv", "headline": "曝光", "url": "https://example.cn/1", "published_on": "2026-11-24"}
	// bodies are right wherever their command may be given.
	bodies = map[string]fields{
		"review": {}, "embargo": {"outlets": []any{"cc-tv"}, "until": "2026-11-24T12:00:00Z"}, "lift-embargo": {"reason": "撤回约定"}, "publish": publication.with(fields{"headline": "追踪报道"}),
		"amend": {"title": "新标题"}, "correct": {"title": "新标题", "reason": "笔误"}, "renumber": {"ref": "长安委办曝〔2026〕99号"}, "attach": {"media": []any{photo.with(fields{"file": "b.jpg"})}},
		"detach": {"media": []any{fields{"file": "a.jpg"}}}, "object": {"text": "不属实"}, "answer": {"text": "已核实"}, "ask-withdrawal": {"reason": "误报"}, "withdraw": {"reason": "同意"}, "decline-withdrawal": {"reason": "事实清楚"},
	}
)

// unexposed is the first sample without its publications.
func unexposed(t testing.TB) fields {
	return sample(t, 0).with(fields{"exposures": []any{}, "media": []any{photo}})
}

// records gives a case in each state, made by its commands, with an open objection where it is exposed and a withdrawal asked for by another than those who try.
func records(t testing.TB) map[events.CaseStatus]func() *record {
	a, b := desk("changchun", "submitter"), desk("changchun", "other")
	made := func(steps ...string) func() *record {
		return func() *record {
			r := newRecord(t, a, unexposed(t), clock)
			for _, name := range steps {
				who := b
				if name == "withdraw" {
					who = province
				}
				body := bodies[name]
				if name == "publish" {
					body = publication
				}
				r.must(t, who, name, body)
			}
			return r
		}
	}
	return map[events.CaseStatus]func() *record{
		events.CaseSubmitted: made("ask-withdrawal"),
		events.CaseReviewed:  made("review", "ask-withdrawal"),
		events.CaseEmbargoed: made("review", "embargo", "ask-withdrawal"),
		events.CaseExposed:   made("publish", "object", "ask-withdrawal"),
		events.CaseWithdrawn: made("publish", "ask-withdrawal", "withdraw"),
	}
}

// The table of domain.md once more, by hand: who may give which command in which state.
var (
	anyLiving = []events.CaseStatus{events.CaseSubmitted, events.CaseReviewed, events.CaseEmbargoed, events.CaseExposed}
	from      = map[string][]events.CaseStatus{
		"review": {events.CaseSubmitted}, "embargo": {events.CaseReviewed}, "lift-embargo": {events.CaseEmbargoed}, "publish": anyLiving,
		"amend": {events.CaseSubmitted, events.CaseReviewed, events.CaseEmbargoed}, "correct": {events.CaseExposed}, "renumber": anyLiving, "attach": anyLiving, "detach": anyLiving,
		"object": {events.CaseExposed}, "answer": {events.CaseExposed}, "ask-withdrawal": anyLiving, "withdraw": anyLiving, "decline-withdrawal": anyLiving, "resubmit": {events.CaseWithdrawn},
	}
	anyDuty   = []string{"amend", "correct", "attach", "detach", "object", "answer", "resubmit"}
	signersDo = []string{"embargo", "lift-embargo", "publish", "renumber", "ask-withdrawal"}
	every     = append(slices.Clone(anyLiving), events.CaseWithdrawn)
	exposed   = []events.CaseStatus{events.CaseExposed}
)

type person struct {
	name  string
	actor access.Actor
	may   []string
	sees  []events.CaseStatus
}

func people(id events.CaseID) []person {
	return []person{
		{"drafter", withDuty("changchun", access.Drafter), anyDuty, every},
		{"reviewer", withDuty("changchun", access.Reviewer), append(slices.Clone(anyDuty), "review"), every},
		{"signer", withDuty("changchun", access.Signer), append(slices.Clone(anyDuty), signersDo...), every},
		{"submitter with every duty", desk("changchun", "submitter"), append(slices.Clone(anyDuty), signersDo...), every},
		{"another office", desk("jilin", "x"), nil, exposed},
		{"province", province, []string{"review", "withdraw", "decline-withdrawal"}, every},
		{"unit of the case", access.Actor{Account: "u", Role: access.Unit, Cases: []events.CaseID{id}}, []string{"object"}, exposed},
		{"another unit", access.Actor{Account: "u", Role: access.Unit, Cases: []events.CaseID{"x"}}, nil, nil},
		{"overseer of the case", access.Actor{Account: "o", Role: access.Overseer, Cases: []events.CaseID{id}}, nil, exposed},
		{"named journalist", access.Actor{Account: "j", Role: access.Journalist, Outlet: "cc-tv"}, nil, []events.CaseStatus{events.CaseEmbargoed, events.CaseExposed}},
		{"other journalist", access.Actor{Account: "j", Role: access.Journalist, Outlet: "jl-tv"}, nil, exposed},
		{"administrator", access.Actor{Account: "r", Role: access.Admin}, nil, nil},
		{"nobody", access.Actor{}, nil, nil},
	}
}

func TestWhoMayWhatWhen(t *testing.T) {
	t.Parallel()
	for status, make := range records(t) {
		r := make()
		if r.state.State != status {
			t.Fatalf("a record that should be %s is %s", status, r.state.State)
		}
		for _, p := range people(r.state.ID) {
			offered := map[string]bool{}
			if intake.Audience(p.actor, r.state) == nil {
				for _, row := range intake.Next(p.actor, r.state) {
					offered[row.Command] = true
				}
			}
			for command, states := range from {
				want := fault.Code("")
				switch {
				case !slices.Contains(p.sees, status) && status == events.CaseWithdrawn && slices.Contains(p.sees, events.CaseExposed):
					want = fault.Gone
				case !slices.Contains(p.sees, status):
					want = fault.NotFound
				case !slices.Contains(p.may, command) && (command != "review" || p.name != "submitter with every duty"):
					want = fault.Forbidden
				case !slices.Contains(states, status):
					want = fault.WrongState
				case command == "review" && p.name == "submitter with every duty":
					want = fault.Forbidden // two people
				}
				body := bodies[command]
				if command == "resubmit" {
					body = unexposed(t)
				}
				err := make().give(p.actor, command, body)
				if want == "" && err != nil || want != "" && !fault.Is(err, want) {
					t.Errorf("%s, %s on a case that is %s: %v, want %q", p.name, command, status, err, want)
				}
				if offered[command] != (want == "") {
					t.Errorf("%s, %s on a case that is %s: offered %v", p.name, command, status, offered[command])
				}
			}
		}
	}
}

func TestEveryCommandIsInTheTable(t *testing.T) {
	t.Parallel()
	for _, row := range intake.Track() {
		if _, ok := from[row.Command]; !ok {
			t.Errorf("%s isn't tested", row.Command)
		}
		if len(row.Fields) < 2 {
			t.Errorf("%s takes no given day", row.Command)
		}
	}
	if len(intake.Track()) != len(from) {
		t.Errorf("%d commands, tested are %d", len(intake.Track()), len(from))
	}
}

func TestOnlyAnOfficeSubmits(t *testing.T) {
	t.Parallel()
	for _, p := range people("x") {
		_, _, err := newWorld(t).submit(p.actor, goodLines(t)[0], clock)
		if p.actor.Of("changchun") != (err == nil) || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	b := desk("changchun", "b")
	states := records(t)
	for name, c := range map[string]struct {
		state   events.CaseStatus
		who     access.Actor
		command string
		body    fields
		want    []string
	}{
		"embargo without outlets":      {events.CaseReviewed, b, "embargo", fields{"until": "2026-12-01T00:00:00Z"}, []string{"outlets required"}},
		"embargo for an unknown one":   {events.CaseReviewed, b, "embargo", fields{"outlets": []any{"某某网"}, "until": "2026-12-01T00:00:00Z"}, []string{"outlets[0] unknown_value"}},
		"embargo twice for one":        {events.CaseReviewed, b, "embargo", fields{"outlets": []any{"cc-tv", "安行视界"}, "until": "2026-12-01T00:00:00Z"}, []string{"outlets[1] duplicate"}},
		"embargo that has ended":       {events.CaseReviewed, b, "embargo", fields{"outlets": []any{"cc-tv"}, "until": "2026-11-23T00:00:00Z"}, []string{"until in_past"}},
		"lift without a reason":        {events.CaseEmbargoed, b, "lift-embargo", fields{}, []string{"reason required"}},
		"publish before the end":       {events.CaseEmbargoed, b, "publish", publication.with(fields{"published_on": "2026-11-23"}), []string{"published_on before_embargo_end"}},
		"publish without anything":     {events.CaseReviewed, b, "publish", fields{}, []string{"headline required", "kind required", "outlet required", "published_on required", "url required"}},
		"publish twice":                {events.CaseExposed, b, "publish", publication, []string{"headline duplicate"}},
		"amend nothing":                {events.CaseSubmitted, b, "amend", fields{}, []string{"required"}},
		"amend to markup":              {events.CaseSubmitted, b, "amend", fields{"title": "<b>"}, []string{"title markup"}},
		"amend with a wrong type":      {events.CaseSubmitted, b, "amend", fields{"found_on": "2026-12-01"}, []string{"found_on in_future"}},
		"correct without a reason":     {events.CaseExposed, b, "correct", fields{"title": "新"}, []string{"reason required"}},
		"renumber to blanks":           {events.CaseExposed, b, "renumber", fields{"ref": "\u3000"}, []string{"ref empty"}},
		"attach nothing":               {events.CaseExposed, b, "attach", fields{}, []string{"media required"}},
		"attach what is there":         {events.CaseExposed, b, "attach", fields{"media": []any{photo}}, []string{"media[0].file duplicate"}},
		"attach what isn't anywhere":   {events.CaseExposed, b, "attach", fields{"media": []any{photo.with(fields{"file": "missing.jpg"})}}, []string{"media[0].file not_found"}},
		"detach what isn't there":      {events.CaseExposed, b, "detach", fields{"media": []any{fields{"file": "b.jpg"}}}, []string{"media[0].file not_found"}},
		"object without a text":        {events.CaseExposed, b, "object", fields{}, []string{"text required"}},
		"answer what wasn't said":      {events.CaseExposed, b, "answer", fields{"objection": 1, "text": "答复"}, []string{"objection not_found"}},
		"ask withdrawal, no reason":    {events.CaseExposed, b, "ask-withdrawal", fields{}, []string{"reason required"}},
		"consent without a reason":     {events.CaseExposed, province, "withdraw", fields{}, []string{"reason required"}},
		"resubmit another reference":   {events.CaseWithdrawn, b, "resubmit", unexposed(t).with(fields{"ref": "别的号"}), []string{"ref mismatch"}},
		"a day in the future":          {events.CaseSubmitted, b, "review", fields{"on": "2026-11-25"}, []string{"on in_future"}},
		"a day before the last step's": {events.CaseSubmitted, b, "review", fields{"on": "2026-11-23"}, []string{"on before_previous_step"}},
	} {
		if got := wrong(states[c.state]().give(c.who, c.command, c.body)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A field that is wrong in any state is told before the state is; what only doesn't fit the case is told after it.
func TestWrongFieldsBeforeTheState(t *testing.T) {
	t.Parallel()
	b := desk("changchun", "b")
	states := records(t)
	for name, c := range map[string]struct {
		state   events.CaseStatus
		who     access.Actor
		command string
		body    fields
		code    fault.Code
		want    []string
	}{
		"lift without an embargo and a reason": {events.CaseSubmitted, b, "lift-embargo", fields{}, fault.Invalid, []string{"reason required"}},
		"lift without an embargo":              {events.CaseSubmitted, b, "lift-embargo", fields{"reason": "x"}, fault.WrongState, nil},
		"embargo on nothing said":              {events.CaseExposed, b, "embargo", fields{}, fault.Invalid, []string{"outlets required", "until required"}},
		"a day in the future":                  {events.CaseExposed, b, "amend", fields{"title": "新", "on": "2026-11-25"}, fault.Invalid, []string{"on in_future"}},
		"a day before the last step's":         {events.CaseExposed, b, "amend", fields{"title": "新", "on": "2026-11-23"}, fault.WrongState, nil},
		"consent twice":                        {events.CaseWithdrawn, province, "withdraw", fields{"reason": "x"}, fault.WrongState, nil},
		"answer what wasn't said":              {events.CaseWithdrawn, b, "answer", fields{"objection": 7, "text": "x"}, fault.WrongState, nil},
		"detach what isn't there":              {events.CaseWithdrawn, b, "detach", fields{"media": []any{fields{"file": "b.jpg"}}}, fault.WrongState, nil},
		"resubmit what isn't withdrawn":        {events.CaseExposed, b, "resubmit", unexposed(t).with(fields{"title": "<b>"}), fault.Invalid, []string{"title markup"}},
		"the same person, and a wrong field":   {events.CaseSubmitted, desk("changchun", "submitter"), "review", fields{"opinion": " "}, fault.Forbidden, nil},
	} {
		err := states[c.state]().give(c.who, c.command, c.body)
		if !fault.Is(err, c.code) || !slices.Equal(wrong(err), c.want) {
			t.Errorf("%s: %v, want %s %q", name, err, c.code, c.want)
		}
	}
}

// Who could see a case until it was withdrawn is told so; where nobody saw it, it isn't there.
func TestWithdrawnIsGoneForWhoSawIt(t *testing.T) {
	t.Parallel()
	signer := desk("changchun", "b")
	for _, seen := range []bool{true, false} {
		r := newRecord(t, desk("changchun", "a"), unexposed(t), clock)
		if seen {
			if err := r.give(signer, "publish", publication); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range []error{r.give(signer, "ask-withdrawal", fields{"reason": "x"}), r.give(province, "withdraw", fields{"reason": "x"})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range people(r.state.ID) {
			want := fault.NotFound
			switch {
			case slices.Contains(p.sees, events.CaseWithdrawn):
				want = ""
			case seen && slices.Contains(p.sees, events.CaseExposed):
				want = fault.Gone
			}
			if err := intake.Audience(p.actor, r.state); want == "" && err != nil || want != "" && !fault.Is(err, want) {
				t.Errorf("%s, exposed before %v: %v, want %q", p.name, seen, err, want)
			}
		}
	}
}

// Whoever enters an old case needs the duty signer and a word why; it is marked.
func TestGivenDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := encode(unexposed(t).with(fields{"on": "2026-06-10", "backdate_reason": "纸质材料补录"}))
	if _, _, err := w.submit(withDuty("changchun", access.Drafter), old, clock); !slices.Equal(wrong(err), []string{"on signer_required"}) {
		t.Errorf("a drafter: %v", err)
	}
	fact, given, err := w.submit(withDuty("changchun", access.Signer), old, clock)
	if err != nil || !given.Backdated || given.On != "2026-06-10" || fact.BackdateReason != "纸质材料补录" {
		t.Errorf("a signer: %+v, %v", given, err)
	}
}

// An office submits while it exists: 公主岭's did in 2019, and ended in 2020.
func TestOfficeThatEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := encode(unexposed(t).with(fields{"office": "gongzhuling"}))
	for day, want := range map[events.Day]bool{"2019-11-24": false, "2020-06-18": false, "2020-06-19": true, "2026-11-24": true} {
		_, _, err := w.submit(desk("gongzhuling", "a"), body, day.Time().Add(10*time.Hour))
		if got := slices.Contains(wrong(err), "office unknown_value"); got != want {
			t.Errorf("%s: refused %v, want %v: %v", day, got, want, err)
		}
	}
}

func TestWithdrawalNeedsAnotherWhoAsked(t *testing.T) {
	t.Parallel()
	r := newRecord(t, desk("changchun", "a"), unexposed(t), clock)
	if got := wrong(r.give(province, "withdraw", fields{"reason": "同意"})); !slices.Equal(got, []string{"withdrawal_not_asked"}) {
		t.Errorf("consent to what wasn't asked: %q", got)
	}
}
