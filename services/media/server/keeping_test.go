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

// TestSentAgain has the thirty days begin anew for a medium whose bytes are sent again, with and without its hash; asking of an upload that is over doesn't do that.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, photo, film := r.office("jilin"), sample(t, "media/trench.jpg"), clip(t, 9*mib)
	s := r.start(server.Config{})
	sent := func(s *site, name, sha string, data []byte) (events.MediaID, string) {
		got := s.whole(me, name, sha, data)
		return events.MediaID(got.header.Get("Songshui-Media-Id")), got.header.Get("Location")
	}
	known, _ := sent(s, "a.jpg", "", photo)
	unknown, _ := sent(s, "b.mp4", "", film)
	old, asked := sent(s, "c.jpg", "", sample(t, "media/welding.jpg"))
	s.stop()
	s = r.startLater(server.Config{}, 5*day)
	if _, id := s.head(me, asked); id != old {
		t.Errorf("HEAD: %s", id)
	}
	s.stop()
	s = r.startLater(server.Config{}, 29*day)
	for range 2 {
		again, _ := sent(s, "a.jpg", hashOf(photo), photo)
		large, _ := sent(s, "b.mp4", "", film)
		if again != known || large != unknown {
			t.Fatalf("again: %s, %s", again, large)
		}
	}
	if n := len(r.keys(r.buckets.Originals())); n != 3 {
		t.Errorf("%d originals", n)
	}
	s.stop()
	s = r.startLater(server.Config{}, 31*day)
	eventually(t, "what wasn't sent again is released", func() bool { return r.record("jilin", old).State == events.MediaReleased })
	for _, id := range []events.MediaID{known, unknown} {
		m := r.record("jilin", id)
		if m.State == events.MediaReleased || m.RenewedAt.Sub(m.SealedAt).Round(day) != 29*day {
			t.Errorf("%s: %s, renewed at %s", m.File, m.State, m.RenewedAt)
		}
		facts := 0
		history, err := r.bus().History(t.Context(), events.StreamMedia, events.MediaSubject("jilin", id), 100)
		for _, f := range history {
			if f.Meta.Type == (events.MediaRenewedFact{}).EventType() {
				facts++
			}
		}
		if err != nil || facts != 1 {
			t.Errorf("%s: %d times, %v", m.File, facts, err)
		}
	}
	s.stop()
	r.startLater(server.Config{}, 60*day)
	eventually(t, "they are released too", func() bool {
		return r.record("jilin", known).State == events.MediaReleased && r.record("jilin", unknown).State == events.MediaReleased
	})
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
