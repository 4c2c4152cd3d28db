package stories_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"songshui.internal/services/portal/portalapi"
)

// Story 8: ten working days before its due day is late for a listed rectification, and in time for an ordinary one.
func TestStory8LateExtension(t *testing.T) {
	at(t, "2026-07-10 09:00")
	listed := exposed(t, "jilin", "吉安委办〔2026〕故事8乙", "2026-07-10", nil)
	const due = "2026-08-14" // a Friday
	assign(t, "jilin", listed, "")
	give(t, "jilin-1", listed, "list", map[string]any{"grade": 3, "order_no": "吉督〔2026〕1号", "body": "吉林市安委办", "due": due})
	at(t, "2026-07-31 09:00") // ten working days before 14 August
	give(t, "jilin-1", listed, "ask-extension", map[string]any{"reason": "设备未到货", "safeguards": "停产", "new_due": "2026-09-30"})
	l, _ := rectification(t, listed)
	if !l.Listed || len(l.LateExtensions) != 1 || !l.LateExtensions[0].Late || l.LateExtensions[0].Left != 10 {
		t.Errorf("listed: %+v", l)
	}
	other := exposed(t, "jilin", "吉安委办〔2026〕故事8甲", "2026-07-31", map[string]any{"rectification": map[string]any{"responsible_unit": "某厂", "measures": "整改", "deadline": due}})
	assign(t, "jilin", other, "")
	give(t, "jilin-1", other, "ask-extension", map[string]any{"reason": "设备未到货", "safeguards": "停产", "new_due": "2026-09-30"})
	o, _ := rectification(t, other)
	if o.Due != due || len(o.LateExtensions) != 1 || o.LateExtensions[0].Late || o.LateExtensions[0].Left != 10 {
		t.Errorf("ordinary: %+v", o)
	}
}

// Reminders come by themselves, each once, and move with the due day.
func TestRemindersMoveWithTheDueDay(t *testing.T) {
	at(t, "2026-08-03 08:00")
	id := exposed(t, "jilin", "吉安委办〔2026〕提醒1号", "2026-08-03", map[string]any{"hazard_level": "general", "rectification": map[string]any{"responsible_unit": "某厂", "measures": "整改", "deadline": "2026-08-20"}})
	assign(t, "jilin", id, "")
	reminded := func(want ...string) {
		t.Helper()
		var got []string
		until(t, "reminders", func() bool {
			r, _ := rectification(t, id)
			got = nil
			for _, x := range r.Reminders {
				got = append(got, x.Kind+" "+string(x.For))
			}
			return len(got) >= len(want)
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", now().UTC(), got, want)
		}
	}
	at(t, "2026-08-10 09:00") // ten days before
	restart(t)
	reminded("due-first 2026-08-20")
	give(t, "jilin-1", id, "ask-extension", map[string]any{"reason": "设备未到货", "safeguards": "停产", "new_due": "2026-08-31"})
	give(t, "jilin-2", id, "grant-extension", map[string]any{"text": "同意"})
	at(t, "2026-08-20 09:00") // the old due day, eleven days before the new one
	restart(t)
	reminded("due-first 2026-08-20")
	at(t, "2026-08-31 09:00") // after an outage over two of them
	restart(t)
	reminded("due-first 2026-08-20", "due-first 2026-08-31", "due-second 2026-08-31", "due-today 2026-08-31")
}

// Story 9: the one who asked can't accept; 销号 waits for the notice in the same outlet, or a reason; a reopened case counts as open again, with its history.
func TestStory9AcceptanceAndClosing(t *testing.T) {
	at(t, "2026-09-01 09:00")
	id := exposed(t, "changchun", "长安委办〔2026〕故事9号", "2026-09-01", nil)
	assign(t, "changchun", id, "")
	after := picture(t, "changchun", "整改后.jpg")
	give(t, "changchun-1", id, "ask-acceptance", map[string]any{"text": "已整改", "media": []string{after}})
	record := map[string]any{"officers": []any{map[string]any{"title": "科长", "certificate": "样1"}, map[string]any{"title": "执法员", "certificate": "样2"}}, "findings": "合格"}
	_, err := client("changchun-1").Command(t.Context(), id, "accept", "", record)
	if p := problem(t, err); p.Status != http.StatusForbidden || p.Detail == "" {
		t.Errorf("the one who asked accepts: %+v", p)
	}
	_, v := rectification(t, id)
	if !blocked(asOffice(t, "changchun-1", id), "accept", "forbidden") {
		t.Errorf("the page doesn't say why not: %+v", v.NotNow)
	}
	at(t, "2026-09-03 09:00")
	give(t, "changchun-2", id, "accept", record)
	closing := map[string]any{"outlet": "jl-tv", "headline": "整改到位", "url": "https://example.cn/back", "published_on": "2026-09-03"}
	_, err = client("changchun-1").Command(t.Context(), id, "close", "", closing)
	if p := problem(t, err); p.Status != http.StatusUnprocessableEntity || p.Errors[0].Code != "required_for_other_outlet" {
		t.Errorf("closed in another outlet without a reason: %+v", p)
	}
	closing["outlet"] = "cc-tv"
	give(t, "changchun-1", id, "close", closing)
	at(t, "2026-09-10 09:00")
	give(t, "supervisor", id, "reopen", map[string]any{"reason": "回访发现反弹", "new_due": "2026-10-15"})
	r, v := rectification(t, id)
	if r.State != "in-progress" || r.Due != "2026-10-15" {
		t.Errorf("reopened: %+v", r)
	}
	var types []string
	for _, s := range v.History {
		types = append(types, s.Type)
	}
	for _, want := range []string{"accepted", "closed", "reopened"} {
		if !slices.Contains(types, want) {
			t.Errorf("the history %q lacks %s", types, want)
		}
	}
	// One that closes elsewhere says why.
	other := exposed(t, "changchun", "长安委办〔2026〕故事9号乙", "2026-09-10", nil)
	assign(t, "changchun", other, "")
	give(t, "changchun-1", other, "ask-acceptance", map[string]any{"text": "已整改", "media": []string{after}})
	give(t, "changchun-2", other, "accept", record)
	closing["outlet"], closing["other_outlet_reason"], closing["published_on"] = "jl-tv", "原媒体停刊", "2026-09-10"
	give(t, "changchun-1", other, "close", closing)
}

func asOffice(t *testing.T, who, id string) portalapi.CaseView {
	t.Helper()
	v, err := client(who).Case(t.Context(), id, 0)
	must(t, err)
	return v
}

func blocked(v portalapi.CaseView, command, code string) bool {
	return slices.ContainsFunc(v.NotNow, func(n portalapi.NotNow) bool {
		return n.Command == command && n.Code == code && n.Message != ""
	})
}

// patience is how long a story waits for what comes by itself.
const patience = 15 * time.Second

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-end:
			t.Errorf("%s: not within %s", what, patience)
			return
		case <-tick.C:
		}
	}
}
