package server_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/strict"
)

// BenchmarkSubmit is one submission without publications or media, from request to reply, 64 at once (on two cores).
func BenchmarkSubmit(b *testing.B) {
	r := newRig(b)
	body := change(b, line(b, 0), map[string]any{"exposures": []any{}})
	c := r.client(office("changchun", "a"))
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mine := bytes.Replace(body, []byte("1号"), fmt.Appendf(nil, "%d号", n.Add(1)+1000), 1)
			if _, err := c.Submit(context.Background(), intakeapi.SubmitParams{}, mine); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkRawPublish is the peer: a message as large as the one that a submission leaves, 64 publishers, each waiting for the acknowledgement.
func BenchmarkRawPublish(b *testing.B) {
	r := newRig(b)
	id := r.unexposed("changchun").ID
	ctx := context.Background()
	m, err := r.bus.Last(ctx, events.StreamCases, events.CaseSubject("changchun", id))
	must(b, err)
	js, err := jetstream.New(r.conn)
	must(b, err)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			subject := events.CaseSubject("changchun", events.CaseIDFor("changchun", fmt.Sprint(n.Add(1))))
			if _, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: nats.Header(m.Header), Data: m.Data}); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkDecide is what a submission costs intake apart from the network: decoding, rules, digest, fold, encoding.
func BenchmarkDecide(b *testing.B) {
	r := newRig(b)
	id := r.unexposed("changchun").ID
	subject := events.CaseSubject("changchun", id)
	first, err := r.bus.Last(context.Background(), events.StreamCases, subject)
	must(b, err)
	fact, err := events.Default.DecodeFact(first.Meta.Type, first.Body)
	must(b, err)
	submitted := fact.(events.CaseSubmittedFact)
	line := change(b, line(b, 0), map[string]any{"exposures": []any{}})
	resolved := intake.Resolved{RefKey: submitted.RefKey, Ref: submitted.Ref, OfficeExists: func(events.OfficeSlug, events.Day) bool { return true }}
	a := office("changchun", "a")
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		var body intake.Body
		if err := strict.Decode(line, &body); err != nil {
			b.Fatal(err)
		}
		fact, given, err := intake.Submit(a, body, resolved, r.bus.Now(), nil)
		if err != nil {
			b.Fatal(err)
		}
		next, err := intake.Fold(events.CaseState{}, events.Meta{Subject: string(id), On: given.On, Actor: a.Event()}, fact)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := events.EncodeBody(fact, next); err != nil {
			b.Fatal(err)
		}
	}
}
