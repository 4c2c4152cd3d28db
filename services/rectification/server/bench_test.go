package server_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/rectification/rectificationapi"
	"songshui.internal/services/rectification/server"
)

const inFlight = 64

// atOnce does n things, 64 at once, and gives how many a second.
func atOnce(b *testing.B, n int, do func(i int) error) float64 {
	b.Helper()
	began := time.Now()
	work := make(chan int)
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for i := range work {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	return float64(n) / time.Since(began).Seconds()
}

// connect gives a connection of its own, as every service has.
func connect(b *testing.B, s *nats.Server) *natsgo.Conn {
	b.Helper()
	nc, err := s.Connect(b.Name())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	return nc
}

// BenchmarkCommands measures commands on distinct records, asked for over requests, against a raw publish of the same bytes to a stream of the same settings: 64 in flight, turn by turn on one
// server. The target is a ratio of 0.6. execute-ratio is what the appending alone reaches, without request, case and reply.
func BenchmarkCommands(b *testing.B) {
	const records, rounds = 1000, 5
	s, err := nats.Start(nats.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	w := newWorldOn(b, connect(b, s), time.Now)
	w.c.Plan.Deadline = events.DayOf(time.Now()).Add(60)
	w.run()
	client := bus.Client{Conn: connect(b, s), Token: w.as(desk).Token}
	peer, err := jetstream.New(connect(b, s))
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]events.CaseState, records)
	for i := range ids {
		ids[i] = w.c
		ids[i].Ref = fmt.Sprintf("%s-%d", w.c.Ref, i)
		ids[i].ID = events.CaseIDFor(w.c.Office, ids[i].Ref)
	}
	atOnce(b, records, func(i int) error { w.write(ids[i]); return nil })
	command := func(name, body string) func(i int) error {
		return func(i int) error {
			_, err := rectificationapi.Command(b.Context(), client, ids[i].ID, name, fmt.Sprint(name, b.N, i), []byte(body))
			return err
		}
	}
	atOnce(b, records, command("start", `{"on":"2026-06-12","backdate_reason":"x","responsible_person":"总经理","funds_yuan":1,"interim_safeguards":"停用","emergency_plan":"撤离"}`))
	if _, err := w.bus.JetStream().CreateStream(b.Context(), jetstream.StreamConfig{Name: "RAW", Subjects: []string{"raw.>"}, Storage: jetstream.FileStorage, AllowDirect: true, DenyDelete: true, DenyPurge: true, Discard: jetstream.DiscardNew}); err != nil {
		b.Fatal(err)
	}
	var commands, execute, raw float64
	b.ResetTimer()
	for range b.N {
		for round := range rounds {
			text := fmt.Sprintf(`{"text":"第%d次进展：已更换阀门，正在调试。"}`, round)
			key := fmt.Sprint("progress", round)
			commands += atOnce(b, records, func(i int) error {
				_, err := rectificationapi.Command(b.Context(), client, ids[i].ID, "progress", key, []byte(text))
				return err
			})
			report := events.RectificationProgressedFact{Text: "已更换阀门，正在调试。"}
			execute += atOnce(b, records, func(i int) error {
				in := bus.Intent{Name: "progress", Actor: desk.Event(), Given: access.Given{On: events.DayOf(time.Now())}}
				_, err := server.Aggregate.Execute(b.Context(), w.bus, events.RectificationSubject(ids[i].Office, ids[i].ID), in, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
					return report, nil
				})
				return err
			})
			same := make([]*natsgo.Msg, records)
			for i := range same {
				m, err := w.bus.Last(b.Context(), events.StreamRectification, events.RectificationSubject(ids[i].Office, ids[i].ID))
				if err != nil {
					b.Fatal(err)
				}
				same[i] = &natsgo.Msg{Subject: fmt.Sprint("raw.", ids[i].ID), Header: natsgo.Header(m.Header), Data: m.Data}
				maps.DeleteFunc(same[i].Header, func(name string, _ []string) bool { return strings.HasPrefix(name, "Nats-") })
			}
			raw += atOnce(b, records, func(i int) error {
				_, err := peer.PublishMsg(b.Context(), same[i])
				return err
			})
		}
	}
	n := float64(b.N * rounds)
	b.ReportMetric(commands/n, "commands/s")
	b.ReportMetric(execute/raw, "execute-ratio")
	b.ReportMetric(raw/n, "raw/s")
	b.ReportMetric(commands/raw, "ratio")
	b.ReportMetric(0, "ns/op")
}
