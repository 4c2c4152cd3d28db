package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

var deadLettersDurable = Durable{Name: "deadletters", Stream: events.StreamDeadLetters, Filters: []string{events.AdvisoryMaxDeliveries, events.AdvisoryTerminated}, AckWait: 10 * time.Second, MaxAckPending: 64}

// DeadLetter is a message that a consumer could not digest, kept with why.
type DeadLetter struct {
	// Sequence is the letter's own, in DEADLETTERS.
	Sequence       uint64              `json:"sequence"`
	At             time.Time           `json:"at"`
	Stream         string              `json:"stream"`
	Consumer       string              `json:"consumer"`
	StreamSequence uint64              `json:"stream_seq"`
	Deliveries     int                 `json:"deliveries"`
	Reason         string              `json:"reason,omitempty"`
	Subject        string              `json:"subject,omitempty"`
	Header         map[string][]string `json:"header,omitempty"`
	// Data is the body as it was.
	Data []byte `json:"data,omitempty"`
}

// CollectDeadLetters keeps, until ctx ends, the message behind each advisory: the server announces only its sequence. Every process runs it; the durable shares the work.
func (b *Bus) CollectDeadLetters(ctx context.Context) error {
	return b.Consume(ctx, deadLettersDurable, 1, func(ctx context.Context, batch []*Message) error {
		for _, m := range batch {
			if err := b.collect(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Bus) collect(ctx context.Context, m *Message) error {
	var l DeadLetter
	if err := json.Unmarshal(m.Data, &l); err != nil {
		return fmt.Errorf("%w: advisory: %w", events.ErrMalformed, err)
	}
	l.At = m.Stored.UTC()
	stored, err := b.stored(ctx, l.Stream, l.StreamSequence)
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	if stored != nil {
		l.Subject, l.Header, l.Data = stored.Subject, stored.Header, stored.Data
	}
	body, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("bus: dead letter: %w", err)
	}
	id := l.Stream + "/" + l.Consumer + "/" + strconv.FormatUint(l.StreamSequence, 10)
	return b.Publish(ctx, "deadletter."+l.Stream+"."+l.Consumer, id, nil, body)
}

func (b *Bus) stored(ctx context.Context, stream string, seq uint64) (*jetstream.RawStreamMsg, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return nil, unavailable("stream "+stream, err)
	}
	raw, err := s.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, unavailable("get from "+stream, err)
	}
	return raw, nil
}

// DeadLetters lists what has been kept, oldest first.
func (b *Bus) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	var out []DeadLetter
	for next := uint64(1); ; {
		m, err := b.Next(ctx, events.StreamDeadLetters, events.SubjectDeadLetters, next)
		if errors.Is(err, ErrNone) {
			return out, nil
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) { // a letter has no envelope
			return nil, err
		}
		var l DeadLetter
		if err := json.Unmarshal(m.Data, &l); err != nil {
			return nil, fmt.Errorf("bus: dead letter %d: %w", m.Sequence, err)
		}
		l.Sequence, next = m.Sequence, m.Sequence+1
		out = append(out, l)
	}
}

func replaySubject(durable string) string { return "rpc.replay." + durable }

// Replay gives a dead letter's message once more to the consumer that could not digest it, after what was wrong has been mended; it comes back when that consumer has
// digested it. The handler's refusal comes back as it is; fault.Unavailable if no process runs the consumer. The letter itself stays.
func (b *Bus) Replay(ctx context.Context, l DeadLetter) error {
	var done struct{}
	return Client{Conn: b.conn}.Ask(ctx, "replay", l.Consumer, nil, []byte(strconv.FormatUint(l.StreamSequence, 10)), &done)
}

// answerReplays takes letters back, as long as the consumer runs.
func (b *Bus) answerReplays(d Durable, handle Handler) (stop func(), err error) {
	sub, err := b.conn.QueueSubscribe(replaySubject(d.Name), d.Name, func(m *nats.Msg) {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), RequestTimeout)
			defer cancel()
			b.reply(m, b.replay(ctx, d, m.Data, handle))
		}()
	})
	if err != nil {
		return nil, unavailable("consumer "+d.Name, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

func (b *Bus) replay(ctx context.Context, d Durable, data []byte, handle Handler) error {
	seq, err := strconv.ParseUint(string(data), 10, 64)
	if err != nil {
		return fmt.Errorf("bus: replay: %w", err)
	}
	raw, err := b.stored(ctx, d.Stream, seq)
	if err != nil {
		return err
	}
	m := &Message{Stream: d.Stream, Subject: raw.Subject, Sequence: raw.Sequence, Stored: raw.Time, Header: events.Header(raw.Header), Data: raw.Data}
	if err := m.decode(); err != nil {
		return err
	}
	return safely(ctx, handle, []*Message{m})
}

// reply answers in the form that Client.Ask reads.
func (b *Bus) reply(m *nats.Msg, err error) {
	answer := nats.NewMsg(m.Reply)
	answer.Data = []byte("{}")
	if err != nil {
		f := fault.Of(err)
		f.Detail = reason(err)
		answer.Header.Set(micro.ErrorCodeHeader, string(f.Code))
		answer.Data, _ = json.Marshal(f)
	}
	if err := m.RespondMsg(answer); err != nil {
		b.logger.Warn("answer not sent", "subject", m.Subject, "error", err)
	}
}
