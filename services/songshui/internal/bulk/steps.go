package bulk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"songshui.internal/services/portal/portalapi"
)

// Followup is one line of a follow-ups file: what became of a case, as samples/followups.jsonl has it.
type Followup struct {
	Ref               string       `json:"ref"`
	StartedOn         string       `json:"started_on"`
	SupervisingUnit   string       `json:"supervising_unit"`
	ResponsiblePerson string       `json:"responsible_person"`
	FundsYuan         *int64       `json:"funds_yuan"`
	InterimSafeguards *string      `json:"interim_safeguards"`
	EmergencyPlan     *string      `json:"emergency_plan"`
	Items             []item       `json:"items"`
	Progress          []progress   `json:"progress"`
	Extensions        []extension  `json:"extensions"`
	Listed            *listing     `json:"listed"`
	Acceptances       []acceptance `json:"acceptances"`
	Closing           *closing     `json:"closing"`
	Reopened          *reopening   `json:"reopened"`
	ClosingAgain      *closing     `json:"closing_again"`
}

type item struct {
	Violation int    `json:"violation"`
	Measure   string `json:"measure"`
	Due       string `json:"due"`
}

type progress struct {
	On    string   `json:"on"`
	Text  string   `json:"text"`
	Media []string `json:"media"`
}

type extension struct {
	AskedOn      string  `json:"asked_on"`
	Reason       string  `json:"reason"`
	Safeguards   string  `json:"safeguards"`
	NewDue       string  `json:"new_due"`
	Opinion      *string `json:"opinion"`
	DecidedOn    *string `json:"decided_on"`
	Decision     *string `json:"decision"`
	DecisionText *string `json:"decision_text"`
}

type listing struct {
	Grade   int    `json:"grade"`
	OrderNo string `json:"order_no"`
	Body    string `json:"body"`
	On      string `json:"on"`
	Due     string `json:"due"`
}

type officer struct {
	Title       string `json:"title"`
	Certificate string `json:"certificate"`
}

type siteRecord struct {
	On       string    `json:"on"`
	Officers []officer `json:"officers"`
	Findings string    `json:"findings"`
}

type acceptance struct {
	AskedOn    string      `json:"asked_on"`
	Text       string      `json:"text"`
	Media      []string    `json:"media"`
	Result     *string     `json:"result"`
	Reason     *string     `json:"reason"`
	SiteRecord *siteRecord `json:"site_record"`
}

type closing struct {
	Outlet            string  `json:"outlet"`
	Headline          string  `json:"headline"`
	URL               string  `json:"url"`
	PublishedOn       string  `json:"published_on"`
	OtherOutletReason *string `json:"other_outlet_reason"`
}

type reopening struct {
	On     string `json:"on"`
	By     string `json:"by"`
	Reason string `json:"reason"`
	NewDue string `json:"new_due"`
}

// step is one command of a follow-up.
type step struct {
	command string
	// fact is the type that the history shows once the command was given.
	fact string
	on   string
	// after is the latest day of this step and those it follows: the steps are given in its order.
	after string
	body  map[string]any
	media []string
	// prefix and rename turn a path of the command's body into one of the line.
	prefix string
	rename map[string]string
	// province says that the step is rather the supervisor's.
	province bool
}

// steps gives the commands of a line in the order of their days; a step never comes before the one it follows.
func (f Followup) steps() []step {
	start := step{command: "start", fact: "started", on: f.StartedOn, after: f.StartedOn, rename: map[string]string{"on": "started_on"}, body: map[string]any{
		"supervising_unit": f.SupervisingUnit, "responsible_person": f.ResponsiblePerson, "funds_yuan": f.FundsYuan,
		"interim_safeguards": f.InterimSafeguards, "emergency_plan": f.EmergencyPlan, "items": f.Items}}
	var rest []step
	for i, p := range f.Progress {
		rest = append(rest, step{command: "progress", fact: "progressed", on: p.On, after: p.On, prefix: fmt.Sprintf("progress[%d].", i), media: p.Media, body: map[string]any{"text": p.Text}})
	}
	if l := f.Listed; l != nil {
		rest = append(rest, step{command: "list", fact: "listed", on: l.On, after: l.On, prefix: "listed.", province: l.Grade == 1 || l.Grade == 2,
			body: map[string]any{"grade": l.Grade, "order_no": l.OrderNo, "body": l.Body, "due": l.Due}})
	}
	for i, x := range f.Extensions {
		rest = append(rest, x.steps(i)...)
	}
	rest = append(rest, f.rounds()...)
	slices.SortStableFunc(rest, func(a, b step) int { return cmp.Compare(a.after, b.after) })
	return append([]step{start}, rest...)
}

func (x extension) steps(i int) []step {
	prefix := fmt.Sprintf("extensions[%d].", i)
	steps := []step{{command: "ask-extension", fact: "extension-asked", on: x.AskedOn, after: x.AskedOn, prefix: prefix, rename: map[string]string{"on": "asked_on"},
		body: map[string]any{"reason": x.Reason, "safeguards": x.Safeguards, "new_due": x.NewDue}}}
	decided, after := "", x.AskedOn
	if x.DecidedOn != nil {
		decided, after = *x.DecidedOn, max(x.AskedOn, *x.DecidedOn)
	}
	if x.Opinion != nil {
		steps = append(steps, step{command: "opine", fact: "extension-opined", on: decided, after: after, prefix: prefix, rename: map[string]string{"on": "decided_on", "text": "opinion"},
			body: map[string]any{"text": *x.Opinion}})
	}
	if x.Decision == nil {
		return steps
	}
	command := "grant-extension"
	if *x.Decision == "refused" {
		command = "refuse-extension"
	}
	return append(steps, step{command: command, fact: "extension-" + *x.Decision, on: decided, after: after, prefix: prefix, rename: map[string]string{"on": "decided_on", "text": "decision_text"},
		body: map[string]any{"text": x.DecisionText}})
}

// rounds gives the acceptances, closings and the reopening, each after the one it follows.
func (f Followup) rounds() []step {
	var steps []step
	after, closed := "", false
	reopen := func() {
		r := f.Reopened
		after = max(after, r.On)
		steps = append(steps, step{command: "reopen", fact: "reopened", on: r.On, after: after, prefix: "reopened.", province: true,
			body: map[string]any{"by": r.By, "reason": r.Reason, "new_due": r.NewDue}})
	}
	shut := func(c *closing, prefix string) {
		if c == nil {
			return
		}
		after = max(after, c.PublishedOn)
		steps = append(steps, step{command: "close", fact: "closed", on: c.PublishedOn, after: after, prefix: prefix, rename: map[string]string{"on": "published_on"},
			body: map[string]any{"outlet": c.Outlet, "headline": c.Headline, "url": c.URL, "published_on": c.PublishedOn, "other_outlet_reason": c.OtherOutletReason}})
	}
	for i, a := range f.Acceptances {
		if f.Reopened != nil && !closed && a.AskedOn > f.Reopened.On {
			shut(f.Closing, "closing.")
			reopen()
			closed = true
		}
		after = max(after, a.AskedOn)
		prefix := fmt.Sprintf("acceptances[%d].", i)
		steps = append(steps, step{command: "ask-acceptance", fact: "acceptance-asked", on: a.AskedOn, after: after, prefix: prefix, rename: map[string]string{"on": "asked_on"}, media: a.Media,
			body: map[string]any{"text": a.Text}})
		if a.Result == nil {
			continue
		}
		s := a.decision(prefix)
		after = max(after, s.on)
		s.after = after
		steps = append(steps, s)
	}
	if closed {
		shut(f.ClosingAgain, "closing_again.")
		return steps
	}
	shut(f.Closing, "closing.")
	if f.Reopened != nil {
		reopen()
		shut(f.ClosingAgain, "closing_again.")
	}
	return steps
}

func (a acceptance) decision(prefix string) step {
	s := step{command: "accept", fact: "accepted", prefix: prefix, body: map[string]any{}, rename: map[string]string{"on": "site_record.on", "officers": "site_record.officers", "findings": "site_record.findings"}}
	if *a.Result == "returned" {
		s.command, s.fact = "return", "acceptance-returned"
		s.body["reason"] = a.Reason
	}
	if r := a.SiteRecord; r != nil {
		s.on, s.body["officers"], s.body["findings"] = r.On, r.Officers, r.Findings
	}
	return s
}

// path turns a path of the command's body into one of the line.
func (s step) path(field string) string {
	head, tail := field, ""
	if i := strings.IndexAny(field, ".["); i >= 0 {
		head, tail = field[:i], field[i:]
	}
	if to, ok := s.rename[head]; ok {
		head = to
	}
	if field == "" {
		return strings.TrimSuffix(s.prefix, ".")
	}
	return s.prefix + head + tail
}

func (s step) errors(p *portalapi.Problem) []portalapi.FieldError {
	if len(p.Errors) == 0 {
		return []portalapi.FieldError{{Field: s.path("on"), Code: p.Code, Message: p.Title}}
	}
	out := make([]portalapi.FieldError, len(p.Errors))
	for i, e := range p.Errors {
		out[i] = portalapi.FieldError{Field: s.path(e.Field), Code: e.Code, Message: e.Message}
	}
	return out
}
