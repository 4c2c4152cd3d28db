package bus

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nuid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Tries is how often a command is decided anew after conflicts before it is refused with `conflict`.
const Tries = 3

// Record is a state that a stream's subject can hold: its schema version, revision and the marks of past commands.
type Record[S any] interface {
	*S
	Book() (schema *int, revision *uint64, marks *[]events.CommandMark)
}

// Aggregate says how records of one kind are kept.
type Aggregate[S any, P Record[S]] struct {
	Stream string
	// Schema is the version of the state that this code writes; records of a newer one are refused with upgrade_required.
	Schema int
	// Fold gives the state after a fact; it must not change what it was given.
	Fold func(S, events.Meta, events.Fact) (S, error)
	// Remember has Execute try a command on the record as the last one of its Bus left it, before it reads. Whoever is given a Loaded by Execute must then leave what its State refers to as it is: the
	// next command gets it too.
	Remember bool
}

// Intent is a command as it came.
type Intent struct {
	Name  string
	Actor events.Actor
	// Key is the client's Idempotency-Key; empty = not protected against being sent twice.
	Key string
	// Request is the body that Key stands for.
	Request []byte
	Given   access.Given
	// New says that the record most likely doesn't exist yet: the first try spares the load.
	New bool
	// Trace is a W3C traceparent.
	Trace string
}

// Loaded is a record as it stands. A Sequence of 0 says that there is none.
type Loaded[S any] struct {
	Subject  string
	Sequence uint64
	State    S
	Meta     events.Meta
	// Changed says that Execute appended a fact; false when the command was here before or changed nothing.
	Changed bool
}

// Exists says whether the record has a message.
func (l Loaded[S]) Exists() bool { return l.Sequence > 0 }

// Decide is the domain's answer to a command: the fact, or nil for “nothing to do”, or a refusal. It may be asked more than once, each time with what stands then. It may
// change the given day through its pointer when the rule needs the record.
type Decide[S any] func(current Loaded[S], given *access.Given) (events.Fact, error)

// command gives the marks of an intent: short hashes, so that the record holds neither key nor body. Without a key of the client's a random one still tells an unknown outcome apart.
func (in Intent) command() events.Command {
	key := in.Key
	if key == "" {
		key = rand.Text()
	}
	return events.Command{Name: in.Name, Key: short(string(in.Actor.Account) + "\x00" + key), Request: short(in.Name + "\x00" + string(in.Request))}
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// Load gives a record as it stands; one that doesn't exist has sequence 0.
func (a Aggregate[S, P]) Load(ctx context.Context, b *Bus, subject string) (Loaded[S], error) {
	m, err := b.Last(ctx, a.Stream, subject)
	return a.loaded(subject, m, err)
}

func (a Aggregate[S, P]) loadFromLeader(ctx context.Context, b *Bus, subject string) (Loaded[S], error) {
	m, err := b.LastFromLeader(ctx, a.Stream, subject)
	return a.loaded(subject, m, err)
}

func (a Aggregate[S, P]) loaded(subject string, m Message, err error) (Loaded[S], error) {
	if errors.Is(err, ErrNone) {
		return Loaded[S]{Subject: subject}, nil
	}
	if err != nil {
		return Loaded[S]{}, fmt.Errorf("bus: load %s: %w", subject, err)
	}
	s, err := events.DecodeState[S](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return Loaded[S]{}, fmt.Errorf("bus: load %s: %w", subject, err)
	}
	return Loaded[S]{Subject: m.Subject, Sequence: m.Sequence, State: s, Meta: m.Meta}, nil
}

// Execute carries out a command on one record; see the package doc. Refusals of decide come back as they are, with the
// record as `current` where they are conflicts of state; `conflict` after Tries; `unavailable` when the outcome stays unknown.
func (a Aggregate[S, P]) Execute(ctx context.Context, b *Bus, subject string, in Intent, decide Decide[S]) (Loaded[S], error) {
	cmd := in.command()
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(5*time.Millisecond), backoff.WithMaxInterval(100*time.Millisecond))
	current := Loaded[S]{Subject: subject}
	if !in.New {
		var done bool
		var err error
		if current, done, err = a.begin(ctx, b, subject, in, cmd, decide); done || err != nil {
			return current, err
		}
	}
	for try := 1; ; try++ {
		next, err := a.attempt(ctx, b, current, in, cmd, decide)
		if err == nil || !errors.Is(err, errConflict) && !errors.Is(err, errUnknown) {
			return next, err
		}
		b.metrics.conflicts.WithLabelValues(a.Stream).Inc()
		if try == Tries {
			return a.giveUp(ctx, b, subject, cmd, err)
		}
		select {
		case <-ctx.Done():
			return next, unavailable("append to "+subject, ctx.Err())
		case <-time.After(wait.NextBackOff()):
		}
		if current, err = a.loadFromLeader(ctx, b, subject); err != nil {
			return current, err
		}
	}
}

// begin gives the record to decide on. Where it is known it is tried as it was known, which spares a read that waits for all appends before it; done says that the command was appended so. Every other
// answer (a refusal, a command that was here before, nothing to do) might be another today, and is found anew on what the leader has.
func (a Aggregate[S, P]) begin(ctx context.Context, b *Bus, subject string, in Intent, cmd events.Command, decide Decide[S]) (current Loaded[S], done bool, err error) {
	was, ok := a.recall(b, subject)
	if !ok {
		current, err = a.Load(ctx, b, subject)
		return current, false, err
	}
	next, err := a.attempt(ctx, b, was, in, cmd, decide)
	if err == nil && next.Changed {
		return next, true, nil
	}
	if errors.Is(err, errConflict) || errors.Is(err, errUnknown) {
		b.metrics.conflicts.WithLabelValues(a.Stream).Inc()
	}
	current, err = a.loadFromLeader(ctx, b, subject)
	return current, false, err
}

// giveUp answers after the last try: success if the record shows the command after all.
func (a Aggregate[S, P]) giveUp(ctx context.Context, b *Bus, subject string, cmd events.Command, cause error) (Loaded[S], error) {
	current, err := a.loadFromLeader(ctx, b, subject)
	if err != nil {
		return current, err
	}
	if mark, ok := find(P(&current.State), cmd); ok && mark.Request == cmd.Request {
		return current, nil
	}
	if errors.Is(cause, errUnknown) {
		return current, unavailable("append to "+subject, cause)
	}
	f := fault.Wrap(fault.Conflict, "append to "+subject, cause)
	f.Current, _ = json.Marshal(current.State)
	return current, f
}

func (a Aggregate[S, P]) attempt(ctx context.Context, b *Bus, current Loaded[S], in Intent, cmd events.Command, decide Decide[S]) (Loaded[S], error) {
	if current.Exists() {
		schema, _, _ := P(&current.State).Book()
		if *schema > a.Schema {
			return current, fault.Wrap(fault.UpgradeRequired, "append to "+current.Subject, fmt.Errorf("schema %d, known is %d", *schema, a.Schema))
		}
		if mark, ok := find(P(&current.State), cmd); ok {
			if mark.Request != cmd.Request {
				return current, fault.New(fault.KeyReused, "append to "+current.Subject)
			}
			b.appends.tell(a.Stream, current.Subject, current.Meta.Type, current.Sequence, current.State)
			return current, nil
		}
	}
	given := in.Given
	fact, err := decide(current, &given)
	if err != nil || fact == nil {
		return current, err
	}
	meta := events.Meta{ID: nuid.Next(), Source: b.service, Type: fact.EventType(), Time: b.now().UTC().Round(0), On: given.On, Backdated: given.Backdated,
		Trace: in.Trace, Actor: in.Actor, Command: cmd}
	_, _, meta.Subject, err = events.SplitSubject(current.Subject)
	if err != nil {
		return current, err
	}
	next, err := a.Step(current.State, meta, fact)
	if err != nil {
		return current, err
	}
	body, err := events.EncodeBody(fact, next)
	if errors.Is(err, events.ErrTooLarge) {
		return current, fault.Wrap(fault.TooLarge, "append to "+current.Subject, err)
	}
	if err != nil {
		return current, err
	}
	header := meta.Header()
	meta.Chain = events.Seal(current.Meta.Chain, current.Subject, header, body)
	link := b.link()
	seq, err := b.publish(ctx, a.Stream, current.Subject, current.Sequence, header, body)
	if errors.Is(err, errUnknown) {
		// The same message with the same expectation: it can't be stored twice.
		seq, err = b.publish(ctx, a.Stream, current.Subject, current.Sequence, header, body)
	}
	if err != nil {
		return current, err
	}
	b.metrics.appended.WithLabelValues(meta.Type).Inc()
	b.appends.tell(a.Stream, current.Subject, meta.Type, seq, next)
	after := Loaded[S]{Subject: current.Subject, Sequence: seq, State: next, Meta: meta, Changed: true}
	a.remember(b, link, after, len(body))
	return after, nil
}

// Step is the whole fold: the domain's, then revision, schema and the command's mark. Verify folds with it too.
func (a Aggregate[S, P]) Step(s S, meta events.Meta, fact events.Fact) (S, error) {
	next, err := a.Fold(s, meta, fact)
	if err != nil {
		return s, err
	}
	_, _, before := P(&s).Book()
	schema, revision, marks := P(&next).Book()
	*schema = a.Schema
	*revision++
	// A fresh array each time: the state before may still be in use.
	kept := *before
	if len(kept) >= events.MaxCommandMarks {
		kept = kept[len(kept)-events.MaxCommandMarks+1:]
	}
	*marks = append(append(make([]events.CommandMark, 0, len(kept)+1), kept...), events.CommandMark{Key: meta.Command.Key, Request: meta.Command.Request, Revision: *revision})
	return next, nil
}

func find[S any, P Record[S]](p P, cmd events.Command) (events.CommandMark, bool) {
	_, _, marks := p.Book()
	for _, m := range *marks {
		if m.Key == cmd.Key {
			return m, true
		}
	}
	return events.CommandMark{}, false
}
