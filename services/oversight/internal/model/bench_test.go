package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/oversight"
)

// many makes n cases and their rectifications out of the samples, with texts as long as theirs.
func many(t testing.TB, n int) (cases []events.CaseState, rects []events.RectificationState) {
	t.Helper()
	follow := map[string]*followup{}
	for _, f := range lines1[followup](t, "followups.jsonl") {
		follow[f.Ref] = &f
	}
	base := slices.DeleteFunc(sampleCases(t), func(c events.CaseState) bool { return c.State != events.CaseExposed })
	for i := range n {
		c := base[i%len(base)]
		r := rectificationOf(c, follow[c.Ref])
		c.Exposures = slices.Clone(c.Exposures)
		for k := range c.Exposures {
			c.Exposures[k].Level = cmp.Or(c.Exposures[k].ClaimedLevel, "municipal")
		}
		c.Ref = fmt.Sprintf("%s-%d", c.Ref, i)
		c.ID = events.CaseIDFor(c.Office, c.Ref)
		r.ID = c.ID
		r.Items = []events.Item{{Measure: strings.Repeat("整改措施", 100)}}
		cases, rects = append(cases, c), append(rects, r)
	}
	return cases, rects
}

// BenchmarkLoad loads 100,000 records, the last message of each, from a log on disk.
func BenchmarkLoad(b *testing.B) {
	nc := natstest.New(b)
	bs, err := bus.New(nc, events.ServiceOversight, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := bus.Migrate(b.Context(), bs.JetStream(), 1, nil); err != nil {
		b.Fatal(err)
	}
	cases, rects := many(b, 50_000)
	bytes := 0
	put := func(subject, eventType string, state any) {
		data, err := json.Marshal(state)
		if err != nil {
			b.Fatal(err)
		}
		body := append(append(append(append([]byte(`{"fact":`), data...), `,"state":`...), data...), '}')
		bytes += len(body)
		if _, err := bs.JetStream().PublishMsgAsync(&nats.Msg{Subject: subject, Data: body, Header: nats.Header{events.HeaderType: {eventType}}}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range cases {
		put(events.CaseSubject(cases[i].Office, cases[i].ID), "songshui.case.submitted.v1", cases[i])
		put(events.RectificationSubject(rects[i].Office, rects[i].ID), "songshui.rectification.opened.v1", rects[i])
		if i%1000 == 0 {
			<-bs.JetStream().PublishAsyncComplete()
		}
	}
	<-bs.JetStream().PublishAsyncComplete()
	cases, rects = nil, nil
	lists := newLists(b)
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		m := New(bs, lists)
		ctx := b.Context()
		go func() { _ = m.Run(ctx) }()
		<-m.Loaded()
		b.ReportMetric(time.Since(begin).Seconds(), "s/load")
		s, err := m.Now()
		if err != nil || len(s.table) != 50_000 {
			b.Fatalf("%d entries, %v", len(s.table), err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		b.ReportMetric(float64(bytes)/(1<<20), "MiB-log")
		runtime.KeepAlive(m)
	}
}

// BenchmarkBoard asks for the board of 20,000 cases while one changes before each time.
func BenchmarkBoard(b *testing.B) {
	m := newModel(b)
	cases, rects := many(b, 20_000)
	for i := range cases {
		m.put("", 0, []*decoded{{stamp: stamp{sequence: 1}, c: newCase(cases[i], stamp{sequence: 1})}, {stamp: stamp{sequence: 1}, r: &Rectification{stamp{sequence: 1}, rects[i]}}})
	}
	first := time.Now()
	s, _ := m.Now()
	s.Board(oversight.Query{Day: asOf})
	b.ReportMetric(float64(time.Since(first).Microseconds())/1000, "ms-first")
	var took []time.Duration
	seq := uint64(1)
	for b.Loop() {
		seq++
		i := int(seq) % len(rects)
		m.put("", 0, []*decoded{{stamp: stamp{sequence: seq}, r: &Rectification{stamp{sequence: seq}, rects[i]}}})
		begin := time.Now()
		s, err := m.Now()
		if err != nil {
			b.Fatal(err)
		}
		s.Board(oversight.Query{Day: asOf})
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}
