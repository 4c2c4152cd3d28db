package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
)

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request as an account ("" = nobody); headers come in pairs.
func call(t *testing.T, as, method, path string, body []byte, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, system.URL+path, bytes.NewReader(body))
	must(t, err)
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+system.accounts[as].Token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	// Redirects are part of the answer.
	resp, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	return reply{resp.StatusCode, resp.Header, data}
}

func (r reply) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
}

// problem wants a refusal with a status and a code, in words.
func (r reply) problem(t *testing.T, status int, code string) portalapi.Problem {
	t.Helper()
	var p portalapi.Problem
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q of %s", got, r.body)
	}
	r.decode(t, &p)
	if r.status != status || p.Status != status || p.Code != code {
		t.Errorf("status %d: %s; want %d %s", r.status, r.body, status, code)
	}
	if p.Title == "" || p.Type == "" || p.RequestID == "" || p.RequestID != r.header.Get("X-Request-Id") {
		t.Errorf("problem lacks title, type or request id: %s", r.body)
	}
	return p
}

func han(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

var requestID = regexp.MustCompile(`"request_id":"[0-9a-f]+"`)

func (r reply) withoutID() string { return string(requestID.ReplaceAll(r.body, nil)) }

// variant gives the n-th sample case (from 0) with some top-level fields changed; nil takes one out.
func variant(t *testing.T, n int, fields map[string]any) []byte {
	t.Helper()
	lines, err := sampleLines("cases.jsonl")
	must(t, err)
	var c map[string]any
	must(t, json.Unmarshal(lines[n], &c))
	c["media"] = []any{}
	for k, v := range fields {
		c[k] = v
		if v == nil {
			delete(c, k)
		}
	}
	b, err := json.Marshal(c)
	must(t, err)
	return b
}

// submit submits a variant of the first sample, of changchun, and gives its id.
func submit(t *testing.T, ref string, fields map[string]any) portalapi.Submitted {
	t.Helper()
	all := map[string]any{"ref": ref}
	for k, v := range fields {
		all[k] = v
	}
	r := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", variant(t, 0, all))
	var got portalapi.Submitted
	r.decode(t, &got)
	if r.status != http.StatusCreated || got.Status != "accepted" || got.Stream != "CASES" || got.Sequence == 0 {
		t.Fatalf("submit: %d %s", r.status, r.body)
	}
	return got
}

func command(t *testing.T, as, id, name, body string, headers ...string) reply {
	t.Helper()
	return call(t, as, http.MethodPost, "/api/v1/cases/"+id+"/commands/"+name, []byte(body), headers...)
}

type badLine struct {
	Line              int
	Name, Field, Code string
}

func badLines(t *testing.T, name string) ([]badLine, [][]byte) {
	t.Helper()
	var expected []badLine
	b, err := os.ReadFile(filepath.Join(system.bad, name+".expected.json"))
	must(t, err)
	must(t, json.Unmarshal(b, &expected))
	data, err := os.ReadFile(filepath.Join(system.bad, name+".jsonl"))
	must(t, err)
	return expected, bulk.Lines(data)
}

func named(errors []portalapi.FieldError, field, code string) *portalapi.FieldError {
	if i := slices.IndexFunc(errors, func(e portalapi.FieldError) bool { return e.Field == field && e.Code == code }); i >= 0 {
		return &errors[i]
	}
	return nil
}

// shows wants a page with a status and texts; what the page complains of is told where it isn't.
func shows(t *testing.T, r reply, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("%d, want %d: %s", r.status, status, alerted.Find(r.body))
	}
	for _, s := range texts {
		if !strings.Contains(string(r.body), s) {
			t.Errorf("no %q in %s", s, r.body)
		}
	}
}

var alerted = regexp.MustCompile(`(?s)role="alert".*?</div>`)
