package search_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/internal/embedded/search"
)

type doc map[string]any

func start(t testing.TB, dir string) *search.Server {
	t.Helper()
	s, err := search.Start(context.Background(), search.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func wait(t testing.TB, m meilisearch.ServiceManager, info *meilisearch.TaskInfo, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	task, err := m.WaitForTask(info.TaskUID, 200*time.Microsecond)
	if err != nil || task.Status != meilisearch.TaskStatusSucceeded {
		t.Fatalf("task: %+v %v", task, err)
	}
}

func total(t testing.TB, ix meilisearch.IndexManager, q string, filter any) int64 {
	t.Helper()
	res, err := ix.Search(q, &meilisearch.SearchRequest{Filter: filter, MatchingStrategy: meilisearch.All})
	if err != nil {
		t.Fatal(err)
	}
	return res.EstimatedTotalHits
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	m := s.Client()
	info, err := m.Index("cases").UpdateSettings(&meilisearch.Settings{FilterableAttributes: []string{"office"}})
	wait(t, m, info, err)
	info, err = m.Index("cases").AddDocuments([]doc{{"id": "1", "title": "有限空间", "office": "changchun"}, {"id": "2", "office": "jilin"}}, nil)
	wait(t, m, info, err)
	last := info.TaskUID
	if _, err := search.Start(t.Context(), search.Config{Dir: dir}); err == nil {
		t.Fatal("a second server took the directory")
	}
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("closing took %v", d)
	}
	if _, err := m.Health(); err == nil {
		t.Error("a closed server answers")
	}

	s = start(t, dir)
	m = s.Client()
	if n := total(t, m.Index("cases"), "限空", "office = changchun"); n != 1 {
		t.Errorf("%d hits after restart", n)
	}
	if info, err = m.Index("cases").DeleteDocument("2", nil); err != nil || info.TaskUID <= last {
		t.Errorf("task %d after %d: %v", info.TaskUID, last, err)
	}
	wait(t, m, info, err)
}

func TestKey(t *testing.T) {
	t.Parallel()
	s, err := search.Start(t.Context(), search.Config{Dir: t.TempDir(), Key: "right"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"": 401, "Bearer wrong": 403, "Bearer right": 200} {
		r := httptest.NewRequest(http.MethodGet, "/indexes", nil)
		r.Header.Set("Authorization", key)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", key, w.Code, want)
		}
	}
}

// TestUnsupported: what this engine doesn't do is refused, never passed over.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	m := s.Client()
	info, err := m.Index("x").AddDocuments([]doc{{"id": "1"}}, nil)
	wait(t, m, info, err)
	for _, c := range []struct{ method, path, body, code string }{
		{"GET", "/keys", ``, "not_supported"},
		{"POST", "/indexes/x/search", `{"showRankingScore":true}`, "not_supported"},
		{"POST", "/indexes/x/search", `{"vector":[1]}`, "not_supported"},
		{"POST", "/indexes/x/search", `{"distinct":"a"}`, "not_supported"},
		{"POST", "/indexes/x/search", `{"luck":1}`, "bad_request"},
		{"POST", "/indexes/x/search", `{"limit":-1}`, "invalid_search_limit"},
		{"POST", "/indexes/x/search", `{"q":5}`, "invalid_search_q"},
		{"POST", "/indexes/x/search", `{`, "malformed_payload"},
		{"POST", "/indexes/x/search", `{"filter":"a CONTAINS b"}`, "feature_not_enabled"},
		{"POST", "/multi-search", `{"federation":{},"queries":[]}`, "not_supported"},
		{"PATCH", "/indexes/x/settings", `{"distinctAttribute":"a"}`, "not_supported"},
		{"PATCH", "/indexes/x/settings", `{"nonSeparatorTokens":["#"]}`, "not_supported"},
		{"PATCH", "/indexes/x/settings", `{"separatorTokens":["a"]}`, "not_supported"},
		{"PATCH", "/indexes/x/settings", `{"embedders":{"e":{}}}`, "not_supported"},
		{"PATCH", "/indexes/x/settings", `{"filterableAttributes":[{"attributePatterns":["a"]}]}`, "not_supported"},
		{"PUT", "/indexes/x/documents", `[]`, "not_supported"},
		{"POST", "/dumps", ``, "not_supported"},
		{"POST", "/indexes/x/documents?csvDelimiter=a", `[]`, "not_supported"},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) {
			t.Errorf("%s %s %s: %d %s, want %s", c.method, c.path, c.body, w.Code, w.Body, c.code)
		}
	}
}

// TestContiguous: what the suite for both engines can't ask for.
func TestContiguous(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir()).Client()
	info, err := m.Index("x").AddDocuments([]doc{{"id": "1", "t": "某厂有限空间作业,Ｘ1号罐 有限公司", "k": "타워크레인 설치"}, {"id": "2", "t": "有限。空间"}, {"id": "3", "t": "有限 限空 空间 旋转 转窑 窑尾"}}, nil)
	wait(t, m, info, err)
	for q, want := range map[string]string{
		"有限空间":    "某厂<em>有限空间</em>作业,Ｘ1号罐 有限公司",
		"有限 空间":   "某厂<em>有限空间</em>作业,Ｘ1号罐 <em>有限</em>公司",
		"罐":       "某厂有限空间作业,Ｘ1号<em>罐</em> 有限公司",
		"旋转窑尾":    "",
		"1号":      "",
		"타워크래인":   "某厂有限空间作业,Ｘ1号罐 有限公司",
		"厂有限空间作业": "某<em>厂有限空间作业</em>,Ｘ1号罐 有限公司",
	} {
		res, err := m.Index("x").Search(q, &meilisearch.SearchRequest{AttributesToHighlight: []string{"*"}, MatchingStrategy: meilisearch.All, Filter: nil})
		if err != nil {
			t.Fatal(err)
		}
		var hits []struct {
			F struct{ T string } `json:"_formatted"`
		}
		if err := res.Hits.DecodeInto(&hits); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(hits) > 0 {
			got = hits[0].F.T
		}
		if got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
}

// TestKilled: a process that is killed while it writes leaves every task up to some number, whole, and none after it.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("SONGSHUI_TEST_SEARCH_VICTIM"); dir != "" {
		victim(dir)
	}
	t.Parallel()
	dir := t.TempDir()
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "SONGSHUI_TEST_SEARCH_VICTIM="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		confirmed := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "done %d", &confirmed); err == nil && confirmed > 40+30*round {
				break
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		inspect(t, dir, confirmed)
	}
}

// victim writes until it is killed: task n replaces document "a" and adds document "n".
func victim(dir string) {
	s, err := search.Start(context.Background(), search.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	m := s.Client()
	ix := m.Index("x")
	info, err := ix.UpdateSettings(&meilisearch.Settings{FilterableAttributes: []string{"n", "id"}})
	must(m, info, err)
	var a struct{ N int }
	if err := ix.GetDocument("a", nil, &a); err == nil {
		a.N++
	}
	for n := a.N; ; n++ {
		info, err := ix.AddDocuments([]doc{{"id": "a", "n": n, "title": fmt.Sprintf("round%d end", n)}, {"id": fmt.Sprint(n), "title": fmt.Sprintf("word%d end", n)}}, nil)
		must(m, info, err)
		fmt.Println("done", n)
	}
}

func must(m meilisearch.ServiceManager, info *meilisearch.TaskInfo, err error) {
	if err == nil {
		var t *meilisearch.Task
		if t, err = m.WaitForTask(info.TaskUID, 100*time.Microsecond); err == nil && t.Status != meilisearch.TaskStatusSucceeded {
			err = errors.New(t.Error.Message)
		}
	}
	if err != nil {
		panic(err)
	}
}

func inspect(t *testing.T, dir string, confirmed int) {
	t.Helper()
	s := start(t, dir)
	defer s.Close()
	ix := s.Client().Index("x")
	var a struct{ N int }
	if err := ix.GetDocument("a", nil, &a); err != nil {
		t.Fatal(err)
	}
	if a.N < confirmed {
		t.Errorf("task %d was confirmed, the last there is %d", confirmed, a.N)
	}
	for n := range a.N + 1 {
		if got := total(t, ix, fmt.Sprintf("\"word%d\"", n), fmt.Sprintf("id = %d", n)); got != 1 {
			t.Errorf("document %d: %d hits", n, got)
		}
	}
	if got := total(t, ix, fmt.Sprintf("\"round%d\"", a.N), fmt.Sprintf("n = %d", a.N)); got != 1 {
		t.Errorf("the last round: %d hits", got)
	}
	if got, want := total(t, ix, "\"end\"", nil), int64(a.N+2); got != want {
		t.Errorf("%d documents, want %d", got, want)
	}
}

// TestOneMoment: the queries of a multi-search are answered of one moment, which a Meilisearch doesn't promise.
func TestOneMoment(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir()).Client()
	ix := m.Index("x")
	info, err := ix.UpdateSettings(&meilisearch.Settings{FilterableAttributes: []string{"round"}})
	wait(t, m, info, err)
	var queries []*meilisearch.SearchRequest
	for range 8 {
		queries = append(queries, &meilisearch.SearchRequest{IndexUID: "x", Query: "word", Facets: []string{"round"}})
	}
	done := make(chan error, 1)
	go func() {
		var err error
		for round := 0; round < 60 && err == nil; round++ {
			info, err = ix.AddDocuments([]doc{{"id": "1", "title": "word", "round": round}}, nil)
		}
		done <- err
	}()
	for over := false; !over; {
		select {
		case err := <-done:
			if over = true; err != nil {
				t.Fatal(err)
			}
		default:
		}
		res, err := m.MultiSearch(&meilisearch.MultiSearchRequest{Queries: queries})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range res.Results[1:] {
			if a, b := string(res.Results[0].FacetDistribution), string(r.FacetDistribution); a != b {
				t.Fatalf("%s and %s in one answer", a, b)
			}
		}
	}
}
