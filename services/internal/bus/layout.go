package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
)

// Migrate makes every stream, bucket and durable, or brings it to the wanted settings. It needs an administrator's rights; replicas is 1 or 3.
func Migrate(ctx context.Context, js jetstream.JetStream, replicas int, durables []Durable) error {
	for _, s := range events.Streams() {
		if _, err := js.CreateOrUpdateStream(ctx, streamConfig(s, replicas)); err != nil {
			return unavailable("migrate stream "+s.Name, err)
		}
	}
	for _, k := range events.Buckets() {
		if _, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: k.Name, TTL: k.MaxAge, Replicas: replicas, Storage: jetstream.FileStorage, History: 1}); err != nil {
			return unavailable("migrate bucket "+k.Name, err)
		}
	}
	for _, d := range append([]Durable{deadLettersDurable}, durables...) {
		if _, err := js.CreateOrUpdateConsumer(ctx, d.Stream, d.config()); err != nil {
			return unavailable("migrate consumer "+d.Name, err)
		}
	}
	for name, stream := range retired {
		if err := js.DeleteConsumer(ctx, stream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return unavailable("remove consumer "+name, err)
		}
	}
	return nil
}

// retired are durables of former versions: one that nobody pulls still costs every append.
var retired = map[string]string{"rectification-timers": events.StreamRectification, "intake-timers": events.StreamCases, "oversight-timers": events.StreamReturns}

func streamConfig(s events.Stream, replicas int) jetstream.StreamConfig {
	c := jetstream.StreamConfig{Name: s.Name, Description: s.Doc, Subjects: s.Subjects, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
		MaxAge: s.MaxAge, Replicas: replicas, AllowDirect: true, Discard: jetstream.DiscardOld}
	if s.Record {
		c.Discard, c.DenyDelete, c.DenyPurge = jetstream.DiscardNew, true, true
	}
	if s.Schedules {
		// One schedule and one hint for each record at a time; the server makes roll-ups of schedules itself.
		c.AllowMsgSchedules, c.AllowMsgTTL, c.AllowRollup, c.MaxMsgsPerSubject = true, true, true, 1
	}
	return c
}

// ErrLayout says that a stream, bucket or durable is missing: `songshui migrate` makes it.
var ErrLayout = errors.New("bus: layout not as wanted; run `songshui migrate`")

// Check says whether everything that Migrate makes is there.
func Check(ctx context.Context, js jetstream.JetStream, durables []Durable) error {
	for _, s := range events.Streams() {
		if _, err := js.Stream(ctx, s.Name); err != nil {
			return missing("stream "+s.Name, err, jetstream.ErrStreamNotFound)
		}
	}
	for _, k := range events.Buckets() {
		if _, err := js.KeyValue(ctx, k.Name); err != nil {
			return missing("bucket "+k.Name, err, jetstream.ErrBucketNotFound)
		}
	}
	for _, d := range append([]Durable{deadLettersDurable}, durables...) {
		if _, err := js.Consumer(ctx, d.Stream, d.Name); err != nil {
			return missing("consumer "+d.Name, err, jetstream.ErrConsumerNotFound)
		}
	}
	return nil
}

func missing(what string, err, notFound error) error {
	if errors.Is(err, notFound) {
		return fmt.Errorf("%w: %s is missing", ErrLayout, what)
	}
	return unavailable("check "+what, err)
}
