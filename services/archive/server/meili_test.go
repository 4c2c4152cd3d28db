package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/internal/meili"
)

// real says whether the tests run against a Meilisearch: SONGSHUI_TEST_MEILI_URL, with SONGSHUI_TEST_MEILI_KEY where it wants a key.
func real() bool { return os.Getenv("SONGSHUI_TEST_MEILI_URL") != "" }

// apart gives each test indexes of its own on one Meilisearch: it puts a prefix before their names on the way.
type apart struct{ prefix string }

// liveName is what every index of archive is called, or begins with.
const liveName = "cases"

// RoundTrip is the transport's.
func (a apart) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if r.URL.Path == "/indexes" && r.Method == http.MethodGet {
		out.URL.RawQuery = "limit=1000"
	}
	out.URL.Path = strings.Replace(r.URL.Path, "/indexes/"+liveName, "/indexes/"+a.prefix+liveName, 1)
	switch r.URL.Path {
	case "/indexes", "/swap-indexes", "/multi-search":
		if r.Body == nil {
			break
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.ReplaceAll(body, []byte(`"`+liveName), []byte(`"`+a.prefix+liveName))
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err != nil || r.URL.Path != "/indexes" || r.Method != http.MethodGet {
		return answer, err
	}
	return a.own(answer)
}

// own leaves this test's indexes in a list, by the names that it knows.
func (a apart) own(answer *http.Response) (*http.Response, error) {
	defer answer.Body.Close()
	var list map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return nil, err
	}
	own := []any{}
	all, _ := list["results"].([]any)
	for _, i := range all {
		index, _ := i.(map[string]any)
		if name, ok := strings.CutPrefix(fmt.Sprint(index["uid"]), a.prefix); ok {
			index["uid"] = name
			own = append(own, index)
		}
	}
	list["results"] = own
	body, err := json.Marshal(list)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return answer, err
}

// meilisearchOf gives a client of the Meilisearch that sees indexes of this test alone, and removes them at its end.
func meilisearchOf(t testing.TB) meilisearch.ServiceManager {
	t.Helper()
	a := apart{prefix: "archive-" + strings.ToLower(rand.Text()[:10]) + "-"}
	with := func(transport http.RoundTripper) meilisearch.ServiceManager {
		return meilisearch.New(os.Getenv("SONGSHUI_TEST_MEILI_URL"), meilisearch.WithAPIKey(os.Getenv("SONGSHUI_TEST_MEILI_KEY")), meilisearch.DisableRetries(),
			meilisearch.WithCustomClient(&http.Client{Transport: meili.Transport(transport), Timeout: time.Minute}))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		plain := with(http.DefaultTransport)
		list, err := plain.ListIndexesWithContext(ctx, &meilisearch.IndexesQuery{Limit: 1000})
		check(t, err)
		for _, i := range list.Results {
			if strings.HasPrefix(i.UID, a.prefix) {
				_, _ = plain.DeleteIndexWithContext(ctx, i.UID)
			}
		}
	})
	return with(a)
}
