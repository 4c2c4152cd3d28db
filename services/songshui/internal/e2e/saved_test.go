package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/portalapi"
)

// listen hands the events told of an account's stream to the channel until the test ends.
func listen(t *testing.T, as string) <-chan map[string]string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, system.URL+"/api/v1/events", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+system.accounts[as].Token)
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	t.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("events: %d %v", answer.StatusCode, answer.Header)
	}
	out := make(chan map[string]string, 100)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(answer.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e map[string]string
				if json.Unmarshal([]byte(data), &e) == nil {
					out <- e
				}
			}
		}
	}()
	return out
}

// TestStory6SavedSearch: a journalist's saved search tells once of a new exposure, not before the embargo's end and a publication; a withdrawal takes the case out of search and feeds.
func TestStory6SavedSearch(t *testing.T) {
	t.Parallel()
	ctx, journalist := t.Context(), client("weekly")
	told, others := listen(t, "weekly"), listen(t, "journalist")
	saved, err := journalist.SaveSearch(ctx, portalapi.SearchToSave{Name: "朱雀冷库", Query: "q=" + url.QueryEscape("朱雀冷库|玄武冷库") + "&page=3&sort=newest"})
	must(t, err)
	if saved.ID == "" || saved.Query != "q="+url.QueryEscape("朱雀冷库|玄武冷库")+"&sort=newest" {
		t.Fatalf("saved %+v", saved)
	}
	feed, err := journalist.NewSearchFeed(ctx, saved.ID)
	must(t, err)
	read := func() string { return string(call(t, "", http.MethodGet, feed.Path, nil).body) }

	got := submit(t, "测〔2026〕存1", map[string]any{"title": "朱雀冷库氨气浓度超标", "exposures": []any{}})
	must(t, ok(command(t, "changchun-2", got.ID, "review", `{"opinion":"属实"}`)))
	must(t, ok(command(t, "changchun-1", got.ID, "embargo", `{"outlets":["qg-weekly"],"until":"`+time.Now().Add(-time.Minute).Format(time.RFC3339)+`"}`)))
	wait(t, "weekly", "朱雀冷库", got.ID) // the named outlet's journalist sees it, and is told nothing
	must(t, ok(command(t, "changchun-1", got.ID, "publish", `{"outlet":"长春安行视界电视栏目","kind":"tv","headline":"曝光","url":"https://tv.example.cn/6","published_on":"`+string(events.DayOf(time.Now()))+`"}`)))
	second := submit(t, "测〔2026〕存2", map[string]any{"title": "玄武冷库氨气浓度超标"})
	submit(t, "测〔2026〕存3", map[string]any{"title": "白虎冷库氨气浓度超标"})
	want := map[string]bool{got.ID: true, second.ID: true}
	for range 2 {
		select {
		case e := <-told:
			if e["search"] != saved.ID || !want[e["case"]] {
				t.Errorf("told %v", e)
			}
			delete(want, e["case"])
		case <-time.After(20 * time.Second):
			t.Fatalf("not told of %v", want)
		}
	}
	list, err := journalist.Told(ctx, saved.ID)
	must(t, err)
	if len(list.Cases) != 2 || len(list.Search.Told) != 2 || list.Cases[0].Title == "" {
		t.Errorf("told %+v", list)
	}
	if feed := read(); !strings.Contains(feed, got.ID) || !strings.Contains(feed, "玄武冷库") || strings.Contains(feed, "白虎") || !strings.Contains(feed, "朱雀冷库氨气浓度超标") {
		t.Errorf("feed %s", feed)
	}

	// Nobody else's, and nothing twice: not after a change, nor when the index is built anew.
	call(t, "journalist", http.MethodGet, "/api/v1/searches/"+saved.ID, nil).problem(t, http.StatusNotFound, "not_found")
	call(t, "journalist", http.MethodDelete, "/api/v1/searches/"+saved.ID, nil).problem(t, http.StatusNotFound, "not_found")
	must(t, ok(call(t, "weekly", http.MethodPut, "/api/v1/searches/"+saved.ID, []byte(`{"name":"冷库","query":"q=冷库"}`))))
	if _, err := system.Archive.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	third := submit(t, "测〔2026〕存4", map[string]any{"title": "青龙冷库氨气浓度超标"})
	seen := map[string]int{}
	for seen[third.ID] == 0 {
		select {
		case e := <-told:
			seen[e["case"]]++
		case <-time.After(20 * time.Second):
			t.Fatalf("told %v, not of %s", seen, third.ID)
		}
	}
	if seen[got.ID] > 0 || seen[second.ID] > 0 {
		t.Errorf("told again: %v", seen)
	}

	must(t, ok(command(t, "changchun-1", got.ID, "ask-withdrawal", `{"reason":"事实有误"}`)))
	withdrawn := time.Now()
	must(t, ok(command(t, "supervisor", got.ID, "withdraw", `{"reason":"同意"}`)))
	until(t, "feed, search and exports are without it", func() bool {
		query := "q=" + url.QueryEscape("朱雀冷库")
		return !strings.Contains(read(), got.ID) && !slices.ContainsFunc(search(t, "weekly", query).Hits, func(h portalapi.Hit) bool { return h.ID == got.ID }) &&
			!slices.ContainsFunc(export(t, "weekly", tables.XLSX, query), func(row []string) bool { return row[len(row)-1] == got.ID })
	})
	if took := time.Since(withdrawn); took > 5*time.Second {
		t.Errorf("it was still in feed, search or exports after %v", took)
	}
	if list, err = journalist.Told(ctx, saved.ID); err != nil || len(list.Cases) < 2 || strings.Contains(list.Cases[0].Title+list.Cases[1].Title, "朱雀") {
		t.Errorf("told %+v %v", list.Cases, err)
	}
	select {
	case e := <-others:
		t.Errorf("another was told %v", e)
	default:
	}
	must(t, ok(call(t, "weekly", http.MethodDelete, "/api/v1/searches/"+saved.ID, nil)))
	call(t, "", http.MethodGet, feed.Path, nil).problem(t, http.StatusNotFound, "not_found")
	if all, err := journalist.Searches(ctx); err != nil || len(all.Searches) != 0 {
		t.Errorf("left: %+v %v", all, err)
	}
}

// TestSavedSearchRefused names what is wrong, and bounds how many there are.
func TestSavedSearchRefused(t *testing.T) {
	t.Parallel()
	post := func(body string, headers ...string) reply {
		return call(t, "jilin-1", http.MethodPost, "/api/v1/searches", []byte(body), headers...)
	}
	for body, field := range map[string]string{
		`{"name":"","query":"q=x"}`: "name", `{"name":"` + strings.Repeat("长", 61) + `","query":"q=x"}`: "name", `{"name":"x","query":"%zz"}`: "query",
		`{"name":"x","query":"q=` + strings.Repeat("x", 2001) + `"}`: "query",
	} {
		if p := post(body).problem(t, http.StatusUnprocessableEntity, "invalid"); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%.60s: %+v", body, p.Errors)
		}
	}
	for query, field := range map[string]string{"sector=x": "sector", "q=罚款:很多": "q", "nonsense=1": "nonsense"} {
		if p := post(`{"name":"x","query":"`+query+`"}`).problem(t, http.StatusBadRequest, "bad_parameter"); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
	var first, again portalapi.SavedSearch
	post(`{"name":"x","query":"q=x"}`, "Idempotency-Key", "k1").decode(t, &first)
	post(`{"name":"x","query":"q=x"}`, "Idempotency-Key", "k1").decode(t, &again)
	if first.ID == "" || first.ID != again.ID {
		t.Errorf("sent twice: %+v %+v", first, again)
	}
	for range 49 {
		must(t, ok(post(`{"name":"x","query":""}`)))
	}
	if p := post(`{"name":"x","query":""}`).problem(t, http.StatusUnprocessableEntity, "invalid"); p.Errors[0].Code != "too_many" || !strings.Contains(p.Errors[0].Message, "50") {
		t.Errorf("the 51st: %+v", p.Errors)
	}
	call(t, "", http.MethodGet, "/api/v1/events", nil).problem(t, http.StatusUnauthorized, "unauthenticated")
	call(t, "jilin-1", http.MethodGet, "/api/v1/events", nil, "Last-Event-ID", "x").problem(t, http.StatusBadRequest, "bad_parameter")
}

// TestFeedOfCases: an account's feed of what is exposed, by office, sector and enterprise.
func TestFeedOfCases(t *testing.T) {
	t.Parallel()
	var inbox portalapi.Feed
	call(t, "siping-1", http.MethodPost, "/api/v1/inbox/feed", nil).decode(t, &inbox)
	path := strings.TrimSuffix(inbox.Path, ".atom") + "/cases.atom"
	read := func(query string) string {
		r := call(t, "", http.MethodGet, path+query, nil)
		must(t, ok(r))
		return string(r.body)
	}
	got := submit(t, "测〔2026〕源1", map[string]any{"title": "麒麟氨罐泄漏"})
	hidden := submit(t, "测〔2026〕源2", map[string]any{"title": "麒麟氨罐泄漏之二", "exposures": []any{}})
	wait(t, "siping-1", "麒麟氨罐", got.ID)
	if feed := read("?office=changchun&sector=hazardous-chemicals"); !strings.Contains(feed, got.ID) || strings.Contains(feed, hidden.ID) {
		t.Errorf("feed %s", feed)
	}
	if feed := read("?office=jilin"); strings.Contains(feed, got.ID) || strings.Count(feed, "<entry>") == 0 {
		t.Errorf("another office's: %s", feed)
	}
	call(t, "", http.MethodGet, path+"?q=x", nil).problem(t, http.StatusBadRequest, "bad_parameter")
	call(t, "", http.MethodGet, "/feeds/AAAAAAAAAAAAAAAAAAAAAAAAAA/cases.atom", nil).problem(t, http.StatusNotFound, "not_found")
}
