package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Budgets, from the outside in: HTTP 15 s > request 10 s > publish 3 s.
const (
	RequestTimeout = 10 * time.Second
	PublishTimeout = 3 * time.Second
	// ReadyTimeout bounds a service's look at its own backings when it is asked for `ready`: portal, which must name one that hangs within 2 s, waits for 1.5 s.
	ReadyTimeout = time.Second
	loadTimeout  = 3 * time.Second
)

// Bus is one service's connection to the log. It is safe for concurrent use.
type Bus struct {
	conn    *nats.Conn
	js      jetstream.JetStream
	service string
	logger  *slog.Logger
	now     func() time.Time
	metrics *metrics
	appends appends
	// known are for Execute, copies for Read.
	known, copies known
}

// Options are a Bus's surroundings; the zero value is the wall clock, the default logger and no metrics.
type Options struct {
	Logger  *slog.Logger
	Now     func() time.Time
	Metrics prometheus.Registerer
}

// New makes the Bus of a service (one of events.Service…).
func New(conn *nats.Conn, service string, o Options) (*Bus, error) {
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(PublishTimeout))
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	return &Bus{conn: conn, js: js, service: service, logger: o.Logger.With("service", service), now: o.Now, metrics: m}, nil
}

// Conn gives the connection.
func (b *Bus) Conn() *nats.Conn { return b.conn }

// JetStream gives the connection's JetStream, for key-value buckets and the like.
func (b *Bus) JetStream() jetstream.JetStream { return b.js }

// Now gives the service's time.
func (b *Bus) Now() time.Time { return b.now() }

// Logger gives the service's logger.
func (b *Bus) Logger() *slog.Logger { return b.logger }

// Message is a stored message, its envelope read but its fact and state not.
type Message struct {
	Stream   string
	Subject  string
	Sequence uint64
	Stored   time.Time
	Header   events.Header
	Data     []byte
	Meta     events.Meta
	Body     events.Body
	// Deliveries is how often a durable was given the message, this time included; 0 for a message that was read otherwise.
	Deliveries uint64
}

// ErrNone says that a subject has no message.
var ErrNone = errors.New("bus: no message")

// decode reads envelope and body. Errors wrap events.ErrMalformed.
func (m *Message) decode() error {
	var err error
	if m.Meta, err = events.ParseMeta(m.Header); err != nil {
		return err
	}
	m.Body, err = events.DecodeBody(m.Data)
	return err
}

// Last gives a subject's last message by a direct get; the subject may hold a wildcard. ErrNone if there is none, fault.Unavailable if the stream doesn't answer, events.ErrMalformed if it can't be read.
func (b *Bus) Last(ctx context.Context, stream, subject string) (Message, error) {
	m, err := b.lastUnread(ctx, stream, subject)
	if err != nil {
		return Message{}, err
	}
	return m, m.decode()
}

// lastUnread is Last without a look into the message.
func (b *Bus) lastUnread(ctx context.Context, stream, subject string) (Message, error) {
	return b.direct(ctx, stream, map[string]any{"last_by_subj": subject})
}

// Next gives the first message of the subject (which may hold a wildcard) at or after a sequence; errors as of Last.
func (b *Bus) Next(ctx context.Context, stream, subject string, sequence uint64) (Message, error) {
	m, err := b.direct(ctx, stream, map[string]any{"seq": sequence, "next_by_subj": subject})
	if err != nil {
		return Message{}, err
	}
	return m, m.decode()
}

func (b *Bus) direct(ctx context.Context, stream string, ask map[string]any) (Message, error) {
	req, err := json.Marshal(ask)
	if err != nil {
		return Message{}, fmt.Errorf("bus: get: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	r, err := b.conn.RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream, req)
	if err != nil {
		return Message{}, unavailable("get from "+stream, err)
	}
	switch status := r.Header.Get("Status"); status {
	case "":
	case "404":
		return Message{}, ErrNone
	default:
		return Message{}, unavailable("get from "+stream, fmt.Errorf("status %s %s", status, r.Header.Get("Description")))
	}
	seq, err := strconv.ParseUint(r.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return Message{}, fmt.Errorf("%w: Nats-Sequence: %w", events.ErrMalformed, err)
	}
	stored, _ := time.Parse(time.RFC3339Nano, r.Header.Get("Nats-Time-Stamp"))
	return Message{Stream: stream, Subject: r.Header.Get("Nats-Subject"), Sequence: seq, Stored: stored, Header: events.Header(r.Header), Data: r.Data}, nil
}

// LastFromLeader gives a subject's last message as the stream's leader knows it; for use after a conflict or an unknown outcome, when a replica may be behind.
func (b *Bus) LastFromLeader(ctx context.Context, stream, subject string) (Message, error) {
	req, err := json.Marshal(map[string]string{"last_by_subj": subject})
	if err != nil {
		return Message{}, fmt.Errorf("bus: get: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	r, err := b.conn.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, req)
	if err != nil {
		return Message{}, unavailable("get from leader of "+stream, err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message *struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(r.Data, &answer); err != nil {
		return Message{}, fmt.Errorf("bus: get from leader of %s: %w", stream, err)
	}
	if answer.Error != nil {
		if answer.Error.Code == 404 {
			return Message{}, ErrNone
		}
		return Message{}, unavailable("get from leader of "+stream, answer.Error)
	}
	h, err := nats.DecodeHeadersMsg(answer.Message.Header)
	if err != nil {
		return Message{}, fmt.Errorf("%w: headers: %w", events.ErrMalformed, err)
	}
	m := Message{Stream: stream, Subject: answer.Message.Subject, Sequence: answer.Message.Sequence, Stored: answer.Message.Time, Header: events.Header(h), Data: answer.Message.Data}
	return m, m.decode()
}

// History gives every message of one record, oldest first, at most limit. Errors as of Last; a record without messages gives none.
func (b *Bus) History(ctx context.Context, stream, subject string, limit int) ([]Message, error) {
	var out []Message
	for next := uint64(1); len(out) < limit; {
		m, err := b.Next(ctx, stream, subject, next)
		if errors.Is(err, ErrNone) {
			break
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			return nil, err
		}
		next = m.Sequence + 1
		if err == nil {
			out = append(out, m)
		}
	}
	return out, nil
}

var (
	errConflict = errors.New("bus: expected another last sequence")
	errUnknown  = errors.New("bus: no answer to a publish")
)

// Error numbers of the JetStream API that Songshui tells apart. 10164 is what three replicas answer to most conflicts.
const (
	codeWrongLastSequence  = 10071
	codeWrongLastSequence3 = 10164
	codeNoRoomMemory       = 10023
	codeNoRoomStorage      = 10047
	codeMaxBytes           = 10077
)

// Overtaken says that a key of a bucket wasn't written, since it isn't at the revision that was expected, on one replica or three.
func Overtaken(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) ||
		errors.As(err, &api) && (api.ErrorCode == codeWrongLastSequence || api.ErrorCode == codeWrongLastSequence3)
}

// publish appends one message, expecting the subject's last sequence. It gives errConflict, errUnknown, or a fault.
func (b *Bus) publish(ctx context.Context, stream, subject string, expected uint64, h events.Header, body []byte) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, PublishTimeout)
	defer cancel()
	ack, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: nats.Header(h), Data: body},
		jetstream.WithExpectStream(stream), jetstream.WithExpectLastSequencePerSubject(expected), jetstream.WithRetryAttempts(0))
	if err == nil {
		return ack.Sequence, nil
	}
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return 0, fmt.Errorf("%w: %w", errUnknown, err)
	}
	switch api.ErrorCode {
	case codeWrongLastSequence, codeWrongLastSequence3:
		return 0, errConflict
	case codeNoRoomMemory, codeNoRoomStorage, codeMaxBytes:
		return 0, fault.Wrap(fault.NoRoom, "append to "+subject, err)
	}
	return 0, unavailable("append to "+subject, err)
}

// Publish appends an entry that is no record (ACCESS, dead letters) and waits until it is durable. id, if given, is the message's id for the deduplication window.
func (b *Bus) Publish(ctx context.Context, subject, id string, h events.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, PublishTimeout)
	defer cancel()
	var opts []jetstream.PublishOpt
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(id))
	}
	if _, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: nats.Header(h), Data: body}, opts...); err != nil {
		return unavailable("publish to "+subject, err)
	}
	return nil
}

// Note writes an entry to ACCESS under the service's own prefix.
func (b *Bus) Note(ctx context.Context, e events.AccessEntry) error {
	e.At = b.now().UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bus: note: %w", err)
	}
	return b.Publish(ctx, events.AccessSubject(b.service, e.Kind), "", nil, body)
}

func unavailable(op string, err error) error {
	f := fault.Wrap(fault.Unavailable, "bus: "+op, err)
	f.Detail = "nats"
	return f
}

// End gives the sequence of a stream's last message; 0 for an empty stream.
func (b *Bus) End(ctx context.Context, stream string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, unavailable("end of "+stream, err)
	}
	return s.CachedInfo().State.LastSeq, nil
}
