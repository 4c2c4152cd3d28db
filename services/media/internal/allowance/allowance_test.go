package allowance_test

import (
	"context"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/allowance"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	kept := int64(60)
	a := allowance.New(allowance.Limits{Quota: 100}, time.Now, func(_ context.Context, o events.OfficeSlug) int64 {
		if o == "jilin" {
			return kept
		}
		return 0
	})
	for _, c := range []struct {
		office  events.OfficeSlug
		id      string
		bytes   int64
		refused bool
	}{{"jilin", "a", 41, true}, {"jilin", "a", 30, false}, {"jilin", "b", 11, true}, {"siping", "c", 100, false}, {"siping", "d", 1, true}, {"jilin", "b", 10, false}} {
		if err := a.Reserve(t.Context(), c.office, c.id, c.bytes); fault.Is(err, fault.Quota) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
	a.Free("a")
	kept += 30
	if a.Reserve(t.Context(), "jilin", "e", 1) == nil {
		t.Error("what became a medium isn't counted")
	}
	a.Only(nil, time.Now().Add(-time.Minute)) // all are young
	if a.Reserve(t.Context(), "jilin", "e", 1) == nil {
		t.Error("young ones are forgotten")
	}
	a.Only(map[string]bool{"c": true}, time.Now().Add(time.Minute))
	a.Running("jilin", "elsewhere", 9)
	if err := a.Reserve(t.Context(), "jilin", "e", 1); err != nil {
		t.Error(err)
	}
	if a.Reserve(t.Context(), "jilin", "f", 1) == nil {
		t.Error("what another process has begun isn't counted")
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := allowance.New(allowance.Limits{Begun: 2, BegunBurst: 3, Bytes: 100, BytesBurst: 1000}, func() time.Time { return now }, nil)
	for i := range 3 {
		if wait := a.Begin("jilin"); wait != 0 {
			t.Errorf("%d: %v", i, wait)
		}
	}
	if wait := a.Begin("jilin"); wait != time.Second/2 {
		t.Errorf("the fourth waits %v", wait)
	}
	if wait := a.Begin("siping"); wait != 0 {
		t.Errorf("another office waits %v", wait)
	}
	now = now.Add(time.Second / 2)
	if wait := a.Begin("jilin"); wait != 0 {
		t.Errorf("after its wait: %v", wait)
	}
	a.Send("jilin") // fills up
	a.Sent("jilin", 1000)
	if wait := a.Send("jilin"); wait != 0 {
		t.Errorf("all at once: %v", wait)
	}
	a.Sent("jilin", 200)
	if wait := a.Send("jilin"); wait != 2*time.Second {
		t.Errorf("in debt: %v", wait)
	}
	now = now.Add(2 * time.Second)
	if wait := a.Send("jilin"); wait != 0 {
		t.Errorf("after its wait: %v", wait)
	}
}

// TestDefaults are wide enough for what offices do: thousands of small files at once, and several of the largest clips.
func TestDefaults(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := allowance.New(allowance.Limits{}, func() time.Time { return now }, func(context.Context, events.OfficeSlug) int64 { return 0 })
	for i := range 5000 {
		if a.Begin("jilin") != 0 || a.Send("jilin") != 0 {
			t.Fatalf("upload %d waits", i)
		}
		a.Sent("jilin", 2<<20)
	}
	if a.Begin("jilin") == 0 {
		t.Error("a loop isn't slowed")
	}
	if a.Reserve(t.Context(), "jilin", "clips", 40*4<<30) != nil || a.Reserve(t.Context(), "jilin", "more", 50<<30) == nil {
		t.Error("the quota isn't 200 GiB")
	}
}
