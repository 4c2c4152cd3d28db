package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/services/portal/portalapi"
)

const (
	// awayFor is how long a backing is away: as long as the longest budget of a request inside, so that some run out and some are just held.
	awayFor = 10 * time.Second
	// told is how soon /readyz must name what is away.
	told = 10 * time.Second
	// backWithin is how soon everything must go on by itself: longer than the longest AckWait, after which what was delivered to a broken connection comes again.
	backWithin = 75 * time.Second
	// atOnce is how many submit at the same time.
	atOnce = 4
)

// TestBackingAway takes each backing away while offices submit: stopped, so that connections are refused, or silent, so that nothing answers.
func TestBackingAway(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"nats stopped", "s3 stopped", "search stopped", "nats silent", "s3 silent", "search silent"} {
		name, _, _ := strings.Cut(how, " ")
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			load := r.load()
			load.reach(1)
			began := time.Now()
			r.backings[how].away(t)
			r.names(name, began)
			r.hold(awayFor - time.Since(began))
			r.backings[how].back(t)
			returned := time.Now()
			r.ready(backWithin)
			load.reach(load.count() + 2*atOnce)
			load.end()
			load.kept()
			t.Logf("whole %s after the backing came back", time.Since(returned).Round(100*time.Millisecond))
		})
	}
}

// state asks /readyz.
func (r *rig) state() (int, map[string]string, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/readyz", nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var all map[string]string
	return resp.StatusCode, all, json.NewDecoder(resp.Body).Decode(&all)
}

// ready waits until /readyz says that everything is well.
func (r *rig) ready(within time.Duration) {
	r.t.Helper()
	eventually(r.t, within, "ready", func() error {
		status, all, err := r.state()
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %v", status, all)
		}
		return err
	})
}

// names wants /readyz to name the backing in time.
func (r *rig) names(name string, began time.Time) {
	r.t.Helper()
	eventually(r.t, told, "/readyz", func() error {
		status, all, err := r.state()
		if err == nil && (status != http.StatusServiceUnavailable || all[name] != "away") {
			err = fmt.Errorf("%d %v", status, all)
		}
		return err
	})
	if d := time.Since(began); d > told {
		r.t.Errorf("/readyz named %s after %s", name, d)
	}
}

func (r *rig) hold(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.t.Context().Done():
	}
}

// load submits cases, each with a new medium, until it is ended.
type load struct {
	*rig
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	accepted map[string]bool
	media    map[string]bool
	away     int
	slowest  time.Duration
}

func (r *rig) load() *load {
	r.t.Helper()
	byOffice, _ := lines(r.t)
	line := byOffice["changchun"][0]
	ctx, stop := context.WithCancel(r.t.Context())
	l := &load{rig: r, stop: stop, accepted: map[string]bool{}, media: map[string]bool{}}
	for w := range atOnce {
		l.wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.one(ctx, line, w, n)
			}
		})
	}
	return l
}

// one sends one medium and one case without patience, until both are accepted: every refusal must be the clear one.
func (l *load) one(ctx context.Context, line []byte, w, n int) {
	c := l.client("changchun-1", -1)
	name, data := picture(w, n)
	var medium string
	l.insist(ctx, func() (err error) {
		medium, err = c.Upload(context.WithoutCancel(ctx), portalapi.File{Name: name, Size: int64(len(data)), Data: bytes.NewReader(data)})
		return err
	})
	if medium == "" {
		return
	}
	l.mu.Lock()
	l.media[medium] = true
	l.mu.Unlock()
	body := renamed(l.t, line, fmt.Sprintf("断电〔2026〕%d-%d号", w, n), medium)
	l.insist(ctx, func() error {
		got, err := c.Submit(context.WithoutCancel(ctx), body)
		if err == nil {
			l.mu.Lock()
			l.accepted[got.ID] = true
			l.mu.Unlock()
		}
		return err
	})
}

// insist sends until it is accepted or the load ends.
func (l *load) insist(ctx context.Context, send func() error) {
	for ctx.Err() == nil {
		began := time.Now()
		err := send()
		l.mu.Lock()
		l.slowest = max(l.slowest, time.Since(began))
		l.mu.Unlock()
		if err == nil {
			return
		}
		l.judge(err)
		l.hold(100 * time.Millisecond)
	}
}

// judge wants a refusal to be a 503 that says when to come again.
func (l *load) judge(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away++
	var p *portalapi.Problem
	if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || p.Code != "unavailable" || p.RetryAfter < 1 || p.Title == "" {
		l.t.Errorf("refusal isn't a clear 503: %v (%+v)", err, p)
	}
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// reach waits until so many cases are accepted.
func (l *load) reach(n int) {
	l.t.Helper()
	eventually(l.t, backWithin, "submissions", func() error {
		if got := l.count(); got < n {
			return fmt.Errorf("%w: %d of %d", errWaiting, got, n)
		}
		return nil
	})
}

func (l *load) end() {
	l.stop()
	l.wg.Wait()
	l.t.Logf("accepted %d cases and %d media, refused %d times, slowest answer %s", len(l.accepted), len(l.media), l.away, l.slowest.Round(time.Millisecond))
}

// kept wants everything that was acknowledged: each case by its address and in the search, each medium at the end of its way.
func (l *load) kept() {
	l.t.Helper()
	c := l.client("changchun-1", backWithin)
	for id := range l.accepted {
		if _, err := c.Case(l.t.Context(), id, 0); err != nil {
			l.t.Errorf("case %s: %v", id, err)
		}
	}
	for id := range l.media {
		eventually(l.t, backWithin, "media", func() error {
			m, err := c.Medium(l.t.Context(), id)
			if err == nil {
				err = done(m)
			}
			return err
		})
	}
	eventually(l.t, backWithin, "search", func() error {
		missing := maps.Clone(l.accepted)
		for page := 1; ; page++ {
			found, err := c.Search(l.t.Context(), url.Values{"per_page": {"100"}, "page": {fmt.Sprint(page)}})
			if err != nil {
				return err
			}
			for _, h := range found.Hits {
				delete(missing, h.ID)
			}
			if len(found.Hits) == 0 || page*100 >= found.Total {
				break
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("%w: %d not found, %v", errWaiting, len(missing), slices.Collect(maps.Keys(missing))[0])
		}
		return nil
	})
	letters, err := l.bus("registry").DeadLetters(l.t.Context())
	if err != nil || len(letters) > 0 {
		l.t.Errorf("dead letters: %v, %v", letters, err)
	}
}

// renamed gives a line another reference and one medium.
func renamed(t *testing.T, line []byte, ref, medium string) []byte {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(line, &top); err != nil {
		t.Fatal(err)
	}
	top["ref"] = ref
	delete(top, "media")
	if medium != "" {
		top["media"] = []map[string]string{{"id": medium}}
	}
	out, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// picture gives a PNG unlike any other.
func picture(w, n int) (name string, data []byte) {
	r := rand.New(rand.NewPCG(uint64(w), uint64(n)))
	m := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 16 * 16 {
		m.Set(i%16, i/16, color.NRGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m) // a Buffer takes everything
	return fmt.Sprintf("%d-%d.png", w, n), b.Bytes()
}
