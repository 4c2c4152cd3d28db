// Package ways takes media along after they were sealed: examination and public copies, and the hold that a case or a return puts on what it has taken.
//
// It consumes MEDIA (media-way), CASES (media-taken), RECTIFICATION (media-taken-after) and RETURNS (media-taken-for-return), reads originals, writes renditions, legal holds and MEDIA. Every effect can be
// repeated: copies have keys of their own, holds are set again, facts are decided from the record and name the rendering that they belong to, so that copies made before areas were
// named are never taken. A copy or hold is durable before its fact; objects that no record names are deleted by the next rendering. While S3 is away the consumers wait; bytes that can't be
// rendered end as `failed` with a reason after Tries, never as a dead letter; what needs a program that isn't here waits, and goes on at a start of the service that finds it.
package ways

import (
	"context"
	"errors"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/compare"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

// The durables.
var (
	Way = bus.Durable{Name: "media-way", Stream: events.StreamMedia, Filters: []string{"media.>"}, AckWait: 20 * time.Second, MaxAckPending: 16}
	// TakenAfter does the same for what a rectification shows: after-pictures are evidence too.
	TakenAfter = bus.Durable{Name: "media-taken-after", Stream: events.StreamRectification, Filters: []string{"rectification.>"}, AckWait: 10 * time.Second, MaxAckPending: 256}
	// TakenForReturn does it for the scans of monthly returns.
	TakenForReturn = bus.Durable{Name: "media-taken-for-return", Stream: events.StreamReturns, Filters: []string{"return.>"}, AckWait: 10 * time.Second, MaxAckPending: 256}
	Taken          = bus.Durable{Name: "media-taken", Stream: events.StreamCases, Filters: []string{"case.>"}, AckWait: 10 * time.Second, MaxAckPending: 256}
)

// Ways are the consumers.
type Ways struct {
	bus     *bus.Bus
	objects *objects.Store
	buckets objects.Buckets
	catalog *catalog.Catalog
	compare *compare.Comparer
	kinds   map[sniff.Type]kinds.Kind

	mu sync.Mutex
	// tries are how often the step that a message asks for has failed in this process, by the message's sequence.
	tries map[uint64]int
}

// New makes Ways; found compares anew what a changed case holds, of says who examines and renders each type.
func New(b *bus.Bus, o *objects.Store, buckets objects.Buckets, c *catalog.Catalog, found *compare.Comparer, of map[sniff.Type]kinds.Kind) *Ways {
	return &Ways{bus: b, objects: o, buckets: buckets, catalog: c, compare: found, kinds: of, tries: map[uint64]int{}}
}

// append writes a fact that the service states by itself.
func (w *Ways) append(ctx context.Context, subject string, c media.Command, decide func(events.MediaState) (events.Fact, error)) error {
	in := bus.Intent{Name: string(c), Actor: events.System(events.ServiceMedia), Given: access.Given{On: events.DayOf(w.bus.Now())}}
	_, err := catalog.Aggregate.Execute(ctx, w.bus, subject, in, func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		return decide(current.State)
	})
	return err
}

// away gives errors of S3 the code by which a consumer waits.
func away(err error) error {
	if errors.Is(err, objects.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		f := fault.Wrap(fault.Unavailable, "media: way", err)
		f.Detail = "s3"
		return f
	}
	return err
}
