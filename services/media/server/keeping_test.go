package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media/server"
)

const day = 24 * time.Hour

// TestUntaken lets go, after thirty days, of bytes that no case took, once the last medium that names them is due; they may come again.
func TestUntaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	s := r.start(server.Config{})
	first := events.MediaID(s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	eventually(t, "the first is rendered", func() bool { return r.record("jilin", first).State == events.MediaRendered })
	s.stop()
	s = r.startLater(server.Config{}, 20*day)
	second := events.MediaID(s.do(http.MethodPost, "/files", me, creation("b.jpg", hashOf(photo), len(photo)), nil).header.Get("Songshui-Media-Id"))
	if second == "" || r.record("jilin", second).Object != r.record("jilin", first).Object {
		t.Fatal("the second has bytes of its own")
	}
	s.stop()
	for _, later := range []struct {
		days      time.Duration
		id        events.MediaID
		originals int
	}{{31, first, 1}, {51, second, 0}} {
		s := r.startLater(server.Config{}, later.days*day)
		eventually(t, "it is released", func() bool { return r.record("jilin", later.id).State == events.MediaReleased })
		s.stop()
		s = r.startLater(server.Config{}, later.days*day+time.Hour)
		eventually(t, "its bytes are gone", func() bool {
			for _, k := range r.keys(r.buckets.Renditions()) {
				if strings.HasPrefix(k, string(later.id)) {
					return false
				}
			}
			return len(r.keys(r.buckets.Originals())) == later.originals
		})
		s.stop()
	}
	s = r.start(server.Config{})
	if id := s.whole(me, "a.jpg", hashOf(photo), photo).header.Get("Songshui-Media-Id"); events.MediaID(id) != first {
		t.Errorf("again: %s", id)
	}
	if m := r.record("jilin", first); m.State == events.MediaReleased || hashOf(r.original(m)) != hashOf(photo) {
		t.Errorf("it didn't come again: %s", m.State)
	}
}

// TestKnownBytesOnTheirWayOut has an upload of known bytes while their last medium is being erased: the bytes are taken anew.
func TestKnownBytesOnTheirWayOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	stuck, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := r.start(server.Config{Fault: func(place string) {
		if place == "claimed" {
			once.Do(func() { close(stuck); <-goOn })
		}
	}})
	first := events.MediaID(s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	late := make(chan reply, 1)
	go func() { late <- s.whole(me, "b.jpg", hashOf(photo), photo) }()
	<-stuck
	r.erase(first)
	close(goOn)
	got := <-late
	second := events.MediaID(got.header.Get("Songshui-Media-Id"))
	if m := r.record("jilin", second); got.status != http.StatusCreated || hashOf(r.original(m)) != hashOf(photo) {
		t.Errorf("%d %s", got.status, got.body)
	}
	// What was erased doesn't come back under its name, neither with bytes nor without.
	for _, sha := range []string{hashOf(photo), ""} {
		if got := s.whole(me, "a.jpg", sha, photo); got.status != http.StatusConflict {
			t.Errorf("erased, again: %d %s", got.status, got.body)
		}
	}
	eventually(t, "one object is left", func() bool {
		keys := r.keys(r.buckets.Originals())
		return len(keys) == 1 && keys[0] == r.record("jilin", second).Object
	})
}

// erase states what administrator and supervisor together do.
func (r *rig) erase(id events.MediaID) {
	r.t.Helper()
	in := bus.Intent{Name: "erase", Actor: events.System(events.ServiceMedia), Given: access.Given{On: events.DayOf(time.Now())}}
	_, err := server.Aggregate.Execute(r.t.Context(), r.bus(), events.MediaSubject("jilin", id), in,
		func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) {
			return events.MediaErasedFact{Reason: "court"}, nil
		})
	if err != nil {
		r.t.Fatal(err)
	}
}
