// Package meili connects to a Meilisearch outside this process. It owns and writes nothing.
package meili

import (
	"bytes"
	"io"
	"net/http"

	"github.com/meilisearch/meilisearch-go"
)

// Connect makes a client of the Meilisearch at a URL, with its key, empty for none. It retries nothing but what the server says not to have read.
func Connect(url, key string) meilisearch.ServiceManager {
	options := []meilisearch.Option{meilisearch.DisableRetries(), meilisearch.WithCustomClient(&http.Client{Transport: Transport(http.DefaultTransport)})}
	if key != "" {
		options = append(options, meilisearch.WithAPIKey(key))
	}
	return meilisearch.New(url, options...)
}

// Transport repeats requests that are answered 408, a few times: a Meilisearch gives that, five seconds after it was opened, on a connection on which it has read no request, and one may be
// on its way just then.
func Transport(under http.RoundTripper) http.RoundTripper { return unread{under} }

type unread struct{ under http.RoundTripper }

// attempts bounds the repetitions; each takes another connection.
const attempts = 4

func (u unread) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	for i := 1; ; i++ {
		r = r.Clone(r.Context())
		if body != nil {
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
			r.Body, _ = r.GetBody()
		}
		answer, err := u.under.RoundTrip(r)
		if err != nil || answer.StatusCode != http.StatusRequestTimeout || i == attempts {
			return answer, err
		}
		_ = answer.Body.Close()
	}
}

// bodyOf reads a request's body, which the client can't give twice; nil for none.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}
