package server_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// BenchmarkFirstByte has 200 clients read a cleared copy of an exposed case, each as soon as it has the last one; p99-ms is the 99th percentile of the time to the first byte.
func BenchmarkFirstByte(b *testing.B) {
	const clients = 200
	r := newRig(b)
	s := r.start(server.Config{})
	copyOf := []byte("a small copy")
	id := events.MediaIDFor("jilin", "00", "a.jpg")
	copyOf = append(copyOf, make([]byte, 40<<10)...)
	if _, err := r.store().Put(b.Context(), r.buckets.Renditions(), string(id)+"/1-w320-x", copyOf, objects.Options{}); err != nil {
		b.Fatal(err)
	}
	c := events.CaseState{ID: events.CaseIDFor("jilin", "1"), Office: "jilin", State: events.CaseExposed, ExposedOn: "2026-07-01", Media: []events.CaseMedium{{ID: id}}}
	in := bus.Intent{Name: "test", Actor: events.System("media")}
	for _, f := range []events.Fact{events.MediaSealedFact{ID: id, Office: "jilin", File: "a.jpg", Kind: "image", Type: "image/jpeg"}, events.MediaExaminedFact{},
		events.MediaRenderedFact{Renditions: []events.Rendition{{ID: "w320-1", Name: "w320", Key: string(id) + "/1-w320-x", Type: "image/jpeg", Bytes: int64(len(copyOf)), SHA256: "00"}}},
		events.MediaTakenFact{Case: c.ID}, events.MediaClearedFact{}} {
		_, err := server.Aggregate.Execute(b.Context(), r.bus(), events.MediaSubject("jilin", id), in, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) { return f, nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	r.write(c)
	token := r.reporter()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	var mu sync.Mutex
	var took []time.Duration
	b.SetParallelism(clients / 2) // for each of two processors
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var mine []time.Duration
		one := make([]byte, 1)
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodGet, s.url+mediaapi.RenditionURL(id, "w320-1"), nil)
			req.Header.Set(mediaapi.HeaderActor, token)
			start := time.Now()
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.ReadFull(resp.Body, one); err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("%d, %v", resp.StatusCode, err)
			}
			mine = append(mine, time.Since(start))
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		mu.Lock()
		took = append(took, mine...)
		mu.Unlock()
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
}
