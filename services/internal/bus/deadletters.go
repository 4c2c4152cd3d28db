package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
)

var deadLettersDurable = Durable{Name: "deadletters", Stream: events.StreamDeadLetters, Filters: []string{events.AdvisoryMaxDeliveries, events.AdvisoryTerminated}, AckWait: 30 * time.Second, MaxAckPending: 64}

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
