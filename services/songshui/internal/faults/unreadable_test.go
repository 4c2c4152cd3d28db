package faults_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"songshui.internal/events"
	archive "songshui.internal/services/archive/server"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/stack"
)

const patience = 20 * time.Second

// newerSchema is one that no version of ours writes.
const newerSchema = 999

// intruder publishes to streams what no service would.
type intruder struct {
	*rig
	bus *bus.Bus
	// unreadable are the sequences of what can't be read at all, by stream; cases the subjects of those of cases, and of the case whose state isn't one.
	unreadable map[string][]uint64
	cases      []string
}

// publish appends a message to the stream.
func (i *intruder) publish(stream, subject string, h events.Header, body []byte) uint64 {
	i.t.Helper()
	ack, err := i.bus.JetStream().PublishMsg(i.t.Context(), &natsgo.Msg{Subject: subject, Header: natsgo.Header(h), Data: body}, jetstream.WithExpectStream(stream))
	if err != nil {
		i.t.Fatal(err)
	}
	return ack.Sequence
}

// meta is an envelope as a newer version of a service might write it.
func meta(stream, eventType, id string) events.Meta {
	return events.Meta{ID: nuid.Next(), Source: "newer", Type: eventType, Subject: id, Time: time.Now().UTC(), On: events.DayOf(time.Now()), Actor: events.System("newer"),
		Command: events.Command{Name: "foretell", Key: nuid.Next()[:12], Request: nuid.Next()[:12]}}
}

// scatter appends messages that can't be read to subjects of their own.
func (i *intruder) scatter(stream, noun, eventType string) {
	for n, m := range []struct {
		header events.Header
		body   string
	}{
		{meta(stream, eventType, "x").Header(), `{"fact":{`},
		{meta(stream, eventType, "x").Header(), ``},
		{meta(stream, eventType, "x").Header(), `{"fact":{}}`},
		{nil, `{"fact":{},"state":{}}`},
		{events.Header{"ce-id": {"1"}, "ce-type": {eventType}}, `{"fact":{},"state":{}}`},
	} {
		subject := noun + ".changchun." + string(events.CaseIDFor("changchun", fmt.Sprint(stream, n)))
		i.unreadable[stream] = append(i.unreadable[stream], i.publish(stream, subject, m.header, []byte(m.body)))
		i.note(stream, subject)
	}
	i.note(stream, i.list(stream, noun))
	// The envelope is fine, the state is not one.
	i.publish(stream, i.list(stream, noun), meta(stream, eventType, "x").Header(), []byte(`{"fact":{},"state":[1]}`))
}

func (i *intruder) note(stream, subject string) {
	if stream == events.StreamCases {
		i.cases = append(i.cases, subject)
		slices.Sort(i.cases)
	}
}

// list is the subject of a record whose state is a list.
func (i *intruder) list(stream, noun string) string {
	return noun + ".changchun." + string(events.CaseIDFor("changchun", stream+"-list"))
}

// foretell appends a fact of an unknown type to a record, whose state stays valid; with newer, of a newer schema.
func (i *intruder) foretell(stream, subject string, newer bool) {
	i.t.Helper()
	last, err := i.bus.Last(i.t.Context(), stream, subject)
	if err != nil {
		i.t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(last.Body.State, &state); err != nil {
		i.t.Fatal(err)
	}
	state["revision"] = state["revision"].(float64) + 1
	if newer {
		state["schema"] = newerSchema
		state["foretold"] = map[string]any{"on": "2031-01-01"}
	}
	body, err := json.Marshal(map[string]any{"fact": map[string]string{"said": "soon"}, "state": state})
	if err != nil {
		i.t.Fatal(err)
	}
	h := meta(stream, "songshui.future.foretold.v9", last.Meta.Subject).Header()
	events.Seal(last.Meta.Chain, subject, h, body)
	i.publish(stream, subject, h, body)
}

// TestUnreadable appends messages that nobody can read to every stream of records that services consume.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	i := &intruder{rig: r, bus: r.bus(events.ServiceBus), unreadable: map[string][]uint64{}}
	before := r.submitAll("yanbian")
	r.exposed(before[0].ID)

	i.scatter(events.StreamCases, "case", "songshui.case.submitted.v1")
	i.scatter(events.StreamMedia, "media", "songshui.media.sealed.v1")
	i.scatter(events.StreamRectification, "rectification", "songshui.rectification.opened.v1")
	known, newer := before[0], before[1]
	i.foretell(events.StreamCases, events.CaseSubject("yanbian", events.CaseID(known.ID)), false)
	i.foretell(events.StreamRectification, events.RectificationSubject("yanbian", events.CaseID(known.ID)), false)
	i.foretell(events.StreamMedia, events.MediaSubject("yanbian", events.MediaID(known.Media[0])), false)
	i.foretell(events.StreamCases, events.CaseSubject("yanbian", events.CaseID(newer.ID)), true)

	after := r.submitAll("jilin")
	all := append(slices.Clone(before), after...)
	r.found(all)
	i.buried()
	i.refused(newer)

	rebuilt, err := r.services.Archive.Rebuild(t.Context())
	slices.Sort(rebuilt.PassedOver)
	if err != nil || rebuilt.Cases != len(all) || !slices.Equal(rebuilt.PassedOver, i.cases) {
		t.Errorf("rebuild: %+v, %v; want %d cases and %v passed over", rebuilt, err, len(all), i.cases)
	}
	r.found(all)
	i.verified()
	r.ready(backWithin)
}

// submitAll submits an office's sample cases and waits until their media are at their end.
func (r *rig) submitAll(office string) []bulk.Line {
	r.t.Helper()
	byOffice, _ := lines(r.t)
	c := r.client(office+"-1", patience)
	s := &bulk.Submitter{Client: c, Media: folder(r.t)}
	var out []bulk.Line
	for n, line := range byOffice[office] {
		l, err := s.Submit(r.t.Context(), n+1, line)
		if err != nil || l.Status != bulk.Accepted {
			r.t.Fatalf("%+v, %v", l, err)
		}
		for _, id := range l.Media {
			eventually(r.t, patience, "media", func() error {
				m, err := c.Medium(r.t.Context(), id)
				if err == nil {
					err = done(m)
				}
				return err
			})
		}
		out = append(out, l)
	}
	return out
}

// exposed waits until the case has its rectification.
func (r *rig) exposed(id string) {
	r.t.Helper()
	eventually(r.t, patience, "rectification", func() error {
		v, err := r.client("yanbian-1", patience).Case(r.t.Context(), id, 0)
		if err == nil && (len(v.Rectification) == 0 || string(v.Rectification) == "null") {
			err = errWaiting
		}
		return err
	})
}

// found wants every case by its address and in the search.
func (r *rig) found(all []bulk.Line) {
	r.t.Helper()
	c := r.client("supervisor", patience)
	for _, l := range all {
		if _, err := c.Case(r.t.Context(), l.ID, 0); err != nil {
			r.t.Errorf("%s: %v", l.Ref, err)
		}
		eventually(r.t, patience, "search", func() error {
			got, err := c.Search(r.t.Context(), url.Values{"q": {`"` + l.Ref + `"`}})
			if err == nil && !slices.ContainsFunc(got.Hits, func(h portalapi.Hit) bool { return h.ID == l.ID }) {
				err = fmt.Errorf("%w: %s", errWaiting, l.Ref)
			}
			return err
		})
	}
}

// buried wants a dead letter of each consumer for each message that can't be read.
func (i *intruder) buried() {
	i.t.Helper()
	eventually(i.t, patience, "dead letters", func() error {
		letters, err := i.bus.DeadLetters(i.t.Context())
		if err != nil {
			return err
		}
		for _, d := range stack.Durables() {
			for _, seq := range i.unreadable[d.Stream] {
				at := slices.IndexFunc(letters, func(l bus.DeadLetter) bool {
					return l.Stream == d.Stream && l.Consumer == d.Name && l.StreamSequence == seq
				})
				if at < 0 {
					return fmt.Errorf("%w: none of %s for %s #%d", errWaiting, d.Name, d.Stream, seq)
				}
				if letters[at].Reason == "" || letters[at].Subject == "" {
					return fmt.Errorf("letter without reason or subject: %+v", letters[at])
				}
			}
		}
		return nil
	})
}

// refused wants the writer to leave a record alone that a newer version has written.
func (i *intruder) refused(newer bulk.Line) {
	i.t.Helper()
	byOffice, _ := lines(i.t)
	c := i.client("yanbian-1", -1)
	_, err := c.Submit(i.t.Context(), renamed(i.t, byOffice["yanbian"][0], newer.Ref, ""))
	i.upgrade("submit", err)
	_, err = c.Command(i.t.Context(), newer.ID, "amend", "", map[string]any{"summary": "另有说明", "reason": "更正"})
	i.upgrade("amend", err)
}

func (i *intruder) upgrade(what string, err error) {
	i.t.Helper()
	var p *portalapi.Problem
	if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || p.Code != "upgrade_required" || p.RetryAfter < 1 {
		i.t.Errorf("%s over a newer schema: %v", what, err)
	}
}

// verified wants verify to name what can't be read and nothing else that is wrong.
func (i *intruder) verified() {
	i.t.Helper()
	report, err := ops.Verify(i.t.Context(), i.bus, i.services.Archive)
	if err != nil {
		i.t.Fatal(err)
	}
	if report.Unknown != 4 {
		i.t.Errorf("unknown facts %d, want 4", report.Unknown)
	}
	differences, err := i.services.Archive.VerifyIndex(i.t.Context())
	var want []archive.Difference
	for _, subject := range i.cases {
		want = append(want, archive.Difference{Subject: subject, Kind: "unreadable"})
	}
	slices.SortFunc(differences, func(a, b archive.Difference) int { return strings.Compare(a.Subject, b.Subject) })
	if err != nil || !slices.Equal(differences, want) || report.Index != len(want) {
		i.t.Errorf("differences of the index: %+v, %v; want %+v", differences, err, want)
	}
	for stream, sequences := range i.unreadable {
		for _, seq := range sequences {
			if !slices.ContainsFunc(report.Findings, func(f ops.Finding) bool { return f.Stream == stream && f.Sequence == seq && f.Kind == "unreadable" }) {
				i.t.Errorf("%s #%d isn't among the findings", stream, seq)
			}
		}
	}
}
