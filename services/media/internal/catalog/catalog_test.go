package catalog_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
)

// TestFindWaitsForTheIndex asks before the index has seen anything: the answer comes when it has seen what was there.
func TestFindWaitsForTheIndex(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), js, 1, nil); err != nil {
		t.Fatal(err)
	}
	b, err := bus.New(nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.jpg", "b.jpg"} {
		f := events.MediaSealedFact{ID: events.MediaIDFor("jilin", "00", name), Office: "jilin", File: name, SHA256: "00"}
		in := bus.Intent{Name: "seal", Actor: events.System("media")}
		_, err := catalog.Aggregate.Execute(t.Context(), b, events.MediaSubject("jilin", f.ID), in, func(l bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
			return media.Seal(l.State, f)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c := catalog.New(b)
	type answer struct {
		found []events.MediaState
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		found, err := c.Find(context.Background(), "jilin", catalog.Wanted{SHA256: "00"}, 5)
		got <- answer{found, err}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	if a := <-got; a.err != nil || len(a.found) != 2 {
		t.Errorf("%v, %v", a.found, a.err)
	}
	if found, err := c.Find(t.Context(), "jilin", catalog.Wanted{File: "b.jpg"}, 5); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := c.Find(t.Context(), "siping", catalog.Wanted{File: "b.jpg"}, 5); err != nil || len(found) != 0 {
		t.Errorf("another office: %v, %v", found, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
