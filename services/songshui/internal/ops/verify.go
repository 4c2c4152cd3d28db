// Package ops is what an administrator runs beside the services: verifying the log, rebuilding the index, dead letters. It reads
// streams that are public contract and asks archive for its index; it writes nothing but what archive's rebuild does.
package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"songshui.internal/events"
	archive "songshui.internal/services/archive/server"
	intake "songshui.internal/services/intake/server"
	"songshui.internal/services/internal/bus"
	media "songshui.internal/services/media/server"
	oversight "songshui.internal/services/oversight/server"
	rectification "songshui.internal/services/rectification/server"
	registry "songshui.internal/services/registry/server"
)

// Report is what verify found.
type Report struct {
	Records  int `json:"records"`
	Messages int `json:"messages"`
	// Unknown counts facts of types that this version doesn't know: their states are used, their records not folded.
	Unknown  int       `json:"unknown_facts"`
	Findings []Finding `json:"findings"`
	// Index counts the documents whose index and log differ; -1 = not asked.
	Index int `json:"index_differences"`
}

// OK says that nothing was found.
func (r Report) OK() bool { return len(r.Findings) == 0 && r.Index <= 0 }

// Finding is one thing that is wrong.
type Finding struct {
	Stream   string `json:"stream"`
	Subject  string `json:"subject"`
	Sequence uint64 `json:"sequence"`
	// Kind is chain, fold or unreadable.
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// folder folds one record and says whether a message's state is what comes out.
type folder interface {
	add(m bus.Message) (kind, detail string)
}

type record[S any, P bus.Record[S]] struct {
	aggregate bus.Aggregate[S, P]
	state     S
	chain     events.ChainValue
	unknown   *int
	lost      bool
}

func (r *record[S, P]) add(m bus.Message) (kind, detail string) {
	want := events.Chain(r.chain, m.Subject, m.Header, m.Data)
	r.chain = m.Meta.Chain
	if want != m.Meta.Chain {
		return "chain", "computed " + want.String()
	}
	fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
	if err != nil {
		return "unreadable", err.Error()
	}
	if fact == nil {
		*r.unknown++
		r.lost = true
	}
	if r.lost {
		return "", ""
	}
	if r.state, err = r.aggregate.Step(r.state, m.Meta, fact); err != nil {
		return "fold", err.Error()
	}
	got, err := json.Marshal(r.state)
	if err != nil {
		return "fold", err.Error()
	}
	older, err := r.older(m.Body.State)
	switch {
	case err != nil:
		return "fold", err.Error()
	case older && within(m.Body.State, got):
		// What is folded next was folded onto this.
		var state S
		if err := json.Unmarshal(m.Body.State, &state); err != nil {
			return "fold", err.Error()
		}
		r.state = state
	case older || !bytes.Equal(got, m.Body.State):
		return "fold", "state isn't what the facts give"
	}
	return "", ""
}

// older says whether a state was written by an older version, which knew fewer members.
func (r *record[S, P]) older(state json.RawMessage) (bool, error) {
	var written struct {
		Schema int `json:"schema"`
	}
	err := json.Unmarshal(state, &written)
	return written.Schema < r.aggregate.Schema, err
}

// within says whether everything in a stored state but its schema is in another one, too; an older version left out what it didn't know.
func within(stored, whole json.RawMessage) bool {
	var a, b any
	if json.Unmarshal(stored, &a) != nil || json.Unmarshal(whole, &b) != nil {
		return false
	}
	if top, ok := a.(map[string]any); ok {
		delete(top, "schema")
	}
	return contained(a, b)
}

func contained(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		whole, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range a {
			other, has := whole[k]
			if !has || !contained(v, other) {
				return false
			}
		}
		return true
	case []any:
		whole, ok := b.([]any)
		if !ok || len(whole) != len(a) {
			return false
		}
		for i := range a {
			if !contained(a[i], whole[i]) {
				return false
			}
		}
		return true
	}
	return a == b
}

func newFolder(stream, subject string, unknown *int) folder {
	switch {
	case stream == events.StreamCases:
		return &record[events.CaseState, *events.CaseState]{aggregate: intake.Aggregate, unknown: unknown}
	case stream == events.StreamMedia:
		return &record[events.MediaState, *events.MediaState]{aggregate: media.Aggregate, unknown: unknown}
	case stream == events.StreamRectification:
		return &record[events.RectificationState, *events.RectificationState]{aggregate: rectification.Aggregate, unknown: unknown}
	case stream == events.StreamReturns && strings.HasPrefix(subject, "table."):
		return &record[events.TableState, *events.TableState]{aggregate: oversight.TableAggregate, unknown: unknown}
	case stream == events.StreamReturns:
		return &record[events.ReturnState, *events.ReturnState]{aggregate: oversight.ReturnAggregate, unknown: unknown}
	case stream == events.StreamSearches:
		return &record[events.SearchState, *events.SearchState]{aggregate: archive.SearchAggregate, unknown: unknown}
	case strings.HasPrefix(subject, events.RegistrySubject(events.RegistryCampaign, "")):
		return &record[events.CampaignState, *events.CampaignState]{aggregate: registry.CampaignAggregate, unknown: unknown}
	case strings.HasPrefix(subject, events.RegistrySubject(events.RegistryRule, "")):
		return &record[events.RuleState, *events.RuleState]{aggregate: registry.RuleAggregate, unknown: unknown}
	case strings.HasPrefix(subject, events.RegistrySubject(events.RegistryCalendar, "")):
		return &record[events.CalendarState, *events.CalendarState]{aggregate: registry.CalendarAggregate, unknown: unknown}
	case strings.HasPrefix(subject, events.RegistrySubject(events.RegistryOffice, "")):
		return &record[events.OfficeState, *events.OfficeState]{aggregate: registry.OfficeAggregate, unknown: unknown}
	}
	return &record[events.OutletState, *events.OutletState]{aggregate: registry.OutletAggregate, unknown: unknown}
}

// maxFindings ends the list of a log that is wrong throughout; the counts go on.
const maxFindings = 1000

// Verify checks every message of every record's stream: the chain, and that folding all facts gives each state. With an archive it compares the index with the log too.
func Verify(ctx context.Context, b *bus.Bus, a *archive.Server) (Report, error) {
	r := Report{Findings: []Finding{}, Index: -1}
	for _, s := range events.Streams() {
		if !s.Record {
			continue
		}
		for _, subjects := range s.Subjects {
			if err := r.records(ctx, b, s.Name, subjects); err != nil {
				return r, err
			}
		}
	}
	if a == nil {
		return r, nil
	}
	differences, err := a.VerifyIndex(ctx)
	if err != nil {
		return r, err
	}
	r.Index = len(differences)
	return r, nil
}

func (r *Report) records(ctx context.Context, b *bus.Bus, stream, subjects string) error {
	folders := map[string]folder{}
	for next := uint64(1); ; {
		m, err := b.Next(ctx, stream, subjects, next)
		if errors.Is(err, bus.ErrNone) {
			break
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			return fmt.Errorf("ops: verify %s: %w", stream, err)
		}
		next = m.Sequence + 1
		r.Messages++
		if err != nil {
			r.found(m, "unreadable", err.Error())
			continue
		}
		f, ok := folders[m.Subject]
		if !ok {
			f = newFolder(stream, m.Subject, &r.Unknown)
			folders[m.Subject] = f
		}
		if kind, detail := f.add(m); kind != "" {
			r.found(m, kind, detail)
		}
	}
	r.Records += len(folders)
	return nil
}

func (r *Report) found(m bus.Message, kind, detail string) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, Finding{Stream: m.Stream, Subject: m.Subject, Sequence: m.Sequence, Kind: kind, Detail: detail})
	}
}
