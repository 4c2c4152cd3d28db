package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/internal/embedded/search"
	"songshui.internal/services/internal/meili"
)

// Variables that name a Meilisearch to measure on in place of the embedded engine; every index of it whose name begins with “cases” or is “bench” is removed.
const (
	meiliURL = "SONGSHUI_TEST_MEILI_URL"
	meiliKey = "SONGSHUI_TEST_MEILI_KEY"
)

// searchEngine is a search engine with an ear on the queries that go to it.
type searchEngine struct {
	*tap
	client   meilisearch.ServiceManager
	embedded *search.Server // nil: a Meilisearch
	dir      string
}

// openEngine starts the embedded engine below dir, or clears the Meilisearch that is named.
func openEngine(ctx context.Context, dir string) (*searchEngine, error) {
	e := &searchEngine{tap: &tap{inner: meili.Transport(http.DefaultTransport)}, dir: filepath.Join(dir, "search")}
	url, key := os.Getenv(meiliURL), os.Getenv(meiliKey)
	if url == "" {
		if err := e.start(ctx); err != nil {
			return nil, err
		}
		url = "http://search.in-process"
	}
	options := []meilisearch.Option{meilisearch.WithCustomClient(&http.Client{Transport: e.tap}), meilisearch.DisableRetries()}
	if key != "" {
		options = append(options, meilisearch.WithAPIKey(key))
	}
	e.client = meilisearch.New(url, options...)
	if err := e.clear(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// outsideEngine is a client of the Meilisearch that is named, cleared; nil if none is.
func outsideEngine(ctx context.Context) (meilisearch.ServiceManager, error) {
	if os.Getenv(meiliURL) == "" {
		return nil, nil
	}
	e, err := openEngine(ctx, "")
	if err != nil {
		return nil, err
	}
	return e.client, nil
}

func (e *searchEngine) start(ctx context.Context) (err error) {
	if e.embedded, err = search.Start(context.WithoutCancel(ctx), search.Config{Dir: e.dir}); err != nil {
		return fmt.Errorf("bench: search: %w", err)
	}
	e.setInner(e.embedded.Transport())
	return nil
}

func (e *searchEngine) clear(ctx context.Context) error {
	list, err := e.client.ListIndexesWithContext(ctx, &meilisearch.IndexesQuery{Limit: 1000})
	if err != nil {
		return fmt.Errorf("bench: search: %w", err)
	}
	for _, i := range list.Results {
		if strings.HasPrefix(i.UID, liveIndex) || i.UID == rawIndex {
			info, err := e.client.DeleteIndexWithContext(ctx, i.UID)
			if err := (engine{e.client}).wait(ctx, info, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *searchEngine) close() error {
	if e.embedded == nil {
		return nil
	}
	return e.embedded.Close()
}

// tap carries requests on and, while it listens, keeps those that search.
type tap struct {
	mu        sync.Mutex
	inner     http.RoundTripper
	listening bool
	heard     []heard
}

// heard is a request as it was sent.
type heard struct {
	request *http.Request
	body    []byte
}

func (t *tap) setInner(inner http.RoundTripper) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inner = inner
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	inner, listening := t.inner, t.listening && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "search")
	t.mu.Unlock()
	if !listening {
		return inner.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.heard = append(t.heard, heard{r.Clone(context.WithoutCancel(r.Context())), body})
	t.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return inner.RoundTrip(r)
}

// listen gives the searches that go to the engine during do.
func (t *tap) listen(do func() error) ([]heard, error) {
	t.mu.Lock()
	t.listening, t.heard = true, nil
	t.mu.Unlock()
	err := do()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listening = false
	return t.heard, err
}

// again sends searches once more, one after the other, and gives how long the engine took until its answers were read.
func (t *tap) again(all []heard) (time.Duration, error) {
	return timed(func() error {
		for _, h := range all {
			r := h.request.Clone(context.Background())
			r.Body = io.NopCloser(bytes.NewReader(h.body))
			answer, err := t.inner.RoundTrip(r)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK {
				return fmt.Errorf("bench: a search that is asked again: %s, %w", answer.Status, err)
			}
		}
		return nil
	})
}
