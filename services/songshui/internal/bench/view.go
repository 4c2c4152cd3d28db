package bench

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

const (
	// viewers ask for a public copy, each once in viewEvery, or each as soon as it has the last answer.
	viewers   = 200
	viewEvery = time.Second
)

// ask gives the time until the first byte of a body is there; it reads the whole.
type ask func(context.Context) (time.Duration, error)

// seen is what a crowd saw: times in milliseconds, and how many were answered in a second.
type seen struct {
	times []float64
	rates []float64
}

func (s seen) String() string {
	return fmt.Sprintf("%s 1/s, p50 %s ms, p99 %s ms", number(median(s.rates)), number(median(s.times)), number(percentile(s.times, 99)))
}

// firstByte measures how long a journalist waits for the first byte of a cleared picture: while everybody asks once a second, and while everybody asks without a pause. The latter alternates
// with the same clients at a peer that knows nothing: the same bytes from a plain server behind a plain proxy.
func firstByte(ctx context.Context, c Config) ([]Row, error) {
	var paced []float64
	var ours, raw seen
	var size int
	err := with(ctx, c.Dir, func(s *system) error {
		address, err := s.publicCopy(ctx)
		if err != nil {
			return err
		}
		if err := s.drained(ctx, stack.Durables()); err != nil {
			return err
		}
		crowd := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: viewers, DisableCompression: true}}
		defer crowd.CloseIdleConnections()
		mine := asker(crowd, s.URL+address, s.accounts.Token("journalist"))
		body, err := read(ctx, crowd, s.URL+address, s.accounts.Token("journalist"))
		if err != nil {
			return err
		}
		size = len(body)
		peer, end, err := plainCopy(body)
		if err != nil {
			return err
		}
		defer end()
		theirs := asker(crowd, peer, "")
		for _, ask := range []ask{mine, theirs} { // everybody has a connection
			if _, err := views(ctx, 0, viewEvery, ask); err != nil {
				return err
			}
		}
		if paced, err = views(ctx, time.Duration(c.Rounds)*c.Round, viewEvery, mine); err != nil {
			return err
		}
		for range c.Rounds {
			for _, round := range []struct {
				ask ask
				out *seen
			}{{theirs, &raw}, {mine, &ours}} {
				began := time.Now()
				times, err := views(ctx, c.Round, 0, round.ask)
				if err != nil {
					return err
				}
				round.out.times = append(round.out.times, times...)
				round.out.rates = append(round.out.rates, float64(len(times))/time.Since(began).Seconds())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%d bytes; ours %s; the raw peer %s; %s of its requests a second", size, ours, raw, number(median(ours.rates)/median(raw.rates)))
	return []Row{row("first-byte", percentile(paced, 99), 0, fmt.Sprintf("p50 %s ms, %d requests", number(median(paced)), len(paced))),
		row("first-byte-saturated", percentile(ours.times, 99), percentile(raw.times, 99), note)}, nil
}

// plainCopy serves a body from memory behind a proxy, both on TCP, with nothing else in the way.
func plainCopy(body []byte) (address string, end func(), err error) {
	var servers []*http.Server
	end = func() {
		for _, s := range servers {
			_ = s.Close()
		}
	}
	serve := func(h http.Handler) (*url.URL, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		servers = append(servers, s)
		go func() { _ = s.Serve(l) }()
		return &url.URL{Scheme: "http", Host: l.Addr().String()}, nil
	}
	origin, err := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	if err != nil {
		return "", end, err
	}
	proxy := httputil.NewSingleHostReverseProxy(origin)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: viewers, DisableCompression: true}
	front, err := serve(proxy)
	if err != nil {
		end()
		return "", nil, err
	}
	return front.String(), end, nil
}

// publicCopy has an office submit a case with media and clear a picture, and gives the address of its copy.
func (s *system) publicCopy(ctx context.Context) (string, error) {
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	folder, err := fs.Sub(samples.Files, "media")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	office := s.client("changchun-1")
	line, err := (&bulk.Submitter{Client: office, Media: folder}).Submit(ctx, 1, bulk.Lines(data)[0])
	if err != nil {
		return "", err
	}
	if line.Status != bulk.Accepted || len(line.Media) < 2 {
		return "", fmt.Errorf("bench: %+v", line)
	}
	id := line.Media[0]
	var m portalapi.Medium
	for _, of := range []string{line.Media[len(line.Media)-1], id} {
		err := until(ctx, drainPoll, func() (_ bool, err error) {
			m, err = office.Medium(ctx, of)
			return m.State != "sealed" && m.State != "examined", err
		})
		if err != nil {
			return "", err
		}
	}
	if _, err := office.CommandMedium(ctx, id, "clear", "", map[string]any{}); err != nil {
		return "", err
	}
	if len(m.Renditions) == 0 {
		return "", fmt.Errorf("bench: %s is %s", m.File, m.State)
	}
	return m.Renditions[min(1, len(m.Renditions)-1)].URL, nil
}

// request asks for an address, by a token if there is one.
func request(ctx context.Context, address, token string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r, nil
}

// read gives a body.
func read(ctx context.Context, client *http.Client, address, token string) ([]byte, error) {
	r, err := request(ctx, address, token)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func asker(client *http.Client, address, token string) ask {
	return func(ctx context.Context) (time.Duration, error) {
		r, err := request(ctx, address, token)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		resp, err := client.Do(r)
		if err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
		defer resp.Body.Close()
		var first [1]byte
		if _, err := io.ReadFull(resp.Body, first[:]); err != nil || resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("bench: first byte: %d, %w", resp.StatusCode, err)
		}
		took := time.Since(began)
		_, err = io.Copy(io.Discard, resp.Body)
		return took, err
	}
}

// views has all viewers ask for a while, at least once, each once in every or, where that is 0, without a pause, and gives the times in milliseconds. They begin evenly over every.
func views(ctx context.Context, length, every time.Duration, ask ask) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	times := make([][]float64, viewers)
	var group sync.WaitGroup
	began := time.Now()
	for i := range viewers {
		group.Go(func() {
			for next := began.Add(every * time.Duration(i) / viewers); len(times[i]) == 0 || time.Since(began) < length; next = next.Add(every) {
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Until(next)):
				}
				took, err := ask(ctx)
				if err != nil {
					cancel(err)
					return
				}
				times[i] = append(times[i], milliseconds(took))
			}
		})
	}
	group.Wait()
	var all []float64
	for _, t := range times {
		all = append(all, t...)
	}
	return all, context.Cause(ctx)
}
