package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/songshui/internal/stack"
)

func acceptPlain(ctx context.Context, c Config) ([]Row, error) { return accept(ctx, c, "accept", 0) }

func acceptPublished(ctx context.Context, c Config) ([]Row, error) {
	return accept(ctx, c, "accept-published", 1)
}

// accept alternates rounds of publishing stored messages' bytes raw with rounds of submitting cases, both by as many clients that wait for each answer. What is compared is the whole system, whose
// index is written meanwhile on the same cores; rounds at the end, for the note, are with the index at rest.
func accept(ctx context.Context, c Config, name string, publications int) ([]Row, error) {
	cases, err := templates(publications)
	if err != nil {
		return nil, err
	}
	var ours, raw, alone []float64
	err = with(ctx, c.Dir, func(s *system) error {
		var n atomic.Int64
		stored, err := s.stored(ctx, cases, &n)
		if err != nil {
			return err
		}
		peer, err := s.rawPublisher(ctx, stored)
		if err != nil {
			return err
		}
		submit := s.submitter(cases, &n)
		for range c.Rounds {
			for _, round := range []struct {
				do  func(context.Context, int) error
				out *[]float64
			}{{peer, &raw}, {submit, &ours}} {
				if err := s.drained(ctx, stack.Durables()); err != nil {
					return err
				}
				rate, err := together(ctx, c.Round, round.do)
				if err != nil {
					return err
				}
				*round.out = append(*round.out, rate)
			}
		}
		if err := errors.Join(s.drained(ctx, stack.Durables()), s.rest(ctx, stack.Durables())); err != nil {
			return err
		}
		for range c.Rounds {
			rate, err := together(ctx, c.Round, submit)
			if err != nil {
				return err
			}
			alone = append(alone, rate)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []Row{row(name, median(ours), median(raw),
		fmt.Sprintf("with the index at rest %s 1/s, %s; ours %s, raw %s, at rest %s", number(median(alone)), number(median(alone)/median(raw)), rounds(ours), rounds(raw), rounds(alone)))}, nil
}

// restFor outlasts every run.
const restFor = time.Hour

// rest stops consumers for the rest of the system's life.
func (s *system) rest(ctx context.Context, all []bus.Durable) error {
	for _, d := range all {
		if _, err := s.Bus.JetStream().PauseConsumer(ctx, d.Stream, d.Name, time.Now().Add(restFor)); err != nil {
			return fmt.Errorf("bench: pause %s: %w", d.Name, err)
		}
	}
	return nil
}

// together has all clients do one thing after another for a while and gives how many were done in a second.
func together(ctx context.Context, length time.Duration, do func(ctx context.Context, client int) error) (perSecond float64, err error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	began := time.Now()
	for i := range clients {
		group.Go(func() {
			for time.Since(began) < length && failed.Load() == nil {
				if err := do(ctx, i); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	if e := failed.Load(); e != nil {
		return 0, *e
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}

// submitter submits the templates in turn, each time with another reference.
func (s *system) submitter(cases []template, n *atomic.Int64) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		i := n.Add(1)
		t := cases[i%int64(len(cases))]
		got, err := s.client(t.account()).Submit(ctx, t.with(ref(i)))
		if err == nil && got.Status != "accepted" {
			err = fmt.Errorf("bench: %s is %s", got.Ref, got.Status)
		}
		return err
	}
}

// stored submits each template once and gives what CASES holds of it.
func (s *system) stored(ctx context.Context, cases []template, n *atomic.Int64) ([]bus.Message, error) {
	out := make([]bus.Message, len(cases))
	for i, t := range cases {
		got, err := s.client(t.account()).Submit(ctx, t.with(ref(n.Add(1))))
		if err != nil {
			return nil, fmt.Errorf("bench: submit: %w", err)
		}
		if out[i], err = s.Bus.Last(ctx, events.StreamCases, events.CaseSubject(events.OfficeSlug(t.office), events.CaseID(got.ID))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const (
	rawStream  = "BENCH"
	rawSubject = "bench."
)

// rawPublisher publishes the bytes of stored messages, headers included, on a stream with the settings of CASES and a connection of its own, each to a new subject.
func (s *system) rawPublisher(ctx context.Context, stored []bus.Message) (func(context.Context, int) error, error) {
	cases, err := s.Bus.JetStream().Stream(ctx, events.StreamCases)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	conn, err := s.Backings().Connect("bench")
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(bus.PublishTimeout))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	config := cases.CachedInfo().Config
	config.Name, config.Subjects = rawStream, []string{rawSubject + ">"}
	if _, err := js.CreateStream(ctx, config); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var n atomic.Int64
	return func(ctx context.Context, _ int) error {
		i := n.Add(1)
		m := stored[i%int64(len(stored))]
		h := nats.Header{}
		for k, v := range m.Header {
			if !strings.HasPrefix(k, "Nats-") {
				h[k] = v
			}
		}
		_, err := js.PublishMsg(ctx, &nats.Msg{Subject: fmt.Sprint(rawSubject, i), Header: h, Data: m.Data})
		return err
	}, nil
}
