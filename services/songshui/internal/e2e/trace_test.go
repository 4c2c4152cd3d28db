package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/services/portal/portalapi"
)

// volatile is what differs between two answers to one question: how long it took, where the log stood, tokens of lists and forms, when a feed was made.
var volatile = regexp.MustCompile(`"took_ms":[0-9.]+|"position":\{[^}]*\}|c\d+-m\d+-r\d+|"(cursor|request_id)":"[^"]*"|cursor=[A-Za-z0-9_.-]+|<updated>[^<]*</updated>|name="key" value="[A-Z0-9]*"|<span class="unseen">.*?</span></span>`)

// TestHiddenLeavesNoTrace: whatever of searches, suggestions, alternatives, exports, pages and feeds another office or a journalist asks for, it answers alike before and after a case that they may not see is
// submitted, listed under embargo and found by its office; no stream of events mentions it.
func TestHiddenLeavesNoTrace(t *testing.T) {
	t.Parallel()
	seen := submit(t, "测〔2026〕痕1", map[string]any{"title": "狻猊化工储罐区违章", "enterprise": map[string]any{"name": "狻猊化工有限公司", "address": "长春市兴隆山镇"}})
	readers := []string{"baicheng-2", "journalist"}
	for _, who := range readers {
		wait(t, who, "狻猊化工", seen.ID)
	}
	word, slip, single := url.QueryEscape("狻猊化工"), url.QueryEscape("狻猊化功储灌区"), url.QueryEscape("狴犴")
	var paths []string
	for _, q := range []string{word, slip, single, url.QueryEscape(`"狻猊" state:submitted|exposed`), url.QueryEscape("企业:狻猊 -储罐")} {
		paths = append(paths, "/api/v1/search?per_page=3&q="+q, "/api/v1/search?cursor=*&per_page=1&q="+q, "/api/v1/suggest?q="+q, "/api/v1/search.csv?q="+q, "/?q="+q)
	}
	feeds := map[string][]string{}
	var streams []<-chan map[string]string
	for _, who := range readers {
		var inbox portalapi.Feed
		call(t, who, http.MethodPost, "/api/v1/inbox/feed", nil).decode(t, &inbox)
		saved, err := client(who).SaveSearch(t.Context(), portalapi.SearchToSave{Name: "狻猊", Query: "q=" + word})
		must(t, err)
		feed, err := client(who).NewSearchFeed(t.Context(), saved.ID)
		must(t, err)
		feeds[who] = []string{strings.TrimSuffix(inbox.Path, ".atom") + "/cases.atom?enterprise=" + word, feed.Path, "/api/v1/searches/" + saved.ID}
		streams = append(streams, listen(t, who))
	}
	answers := func(who string) map[string]string {
		all := map[string]string{}
		for _, path := range append(feeds[who], paths...) {
			as := who
			if strings.HasPrefix(path, "/feeds/") {
				as = ""
			}
			r := call(t, as, http.MethodGet, path, nil)
			must(t, ok(r))
			all[path] = volatile.ReplaceAllString(r.withoutID(), "")
		}
		return all
	}
	before := map[string]map[string]string{}
	for _, who := range readers {
		before[who] = answers(who)
		if !strings.Contains(before[who][paths[0]], seen.ID) {
			t.Fatalf("%s: %s", who, before[who][paths[0]])
		}
	}

	hidden := submit(t, "测〔2026〕痕2", map[string]any{"title": "狻猊化工储罐区狴犴泄漏", "enterprise": map[string]any{"name": "狻猊化工有限公司", "address": "长春市兴隆山镇"}, "exposures": []any{}})
	must(t, ok(command(t, "changchun-2", hidden.ID, "review", `{"opinion":"属实"}`)))
	must(t, ok(command(t, "changchun-1", hidden.ID, "embargo", `{"outlets":["cc-video"],"until":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`)))
	wait(t, "changchun-1", "狴犴", hidden.ID)
	until(t, "the embargo is in the index", func() bool {
		hits := search(t, "changchun-1", "q="+single).Hits
		return len(hits) == 1 && hits[0].State == "embargoed"
	})
	for _, who := range readers {
		for path, now := range answers(who) {
			if now != before[who][path] {
				old := strings.Split(before[who][path], "\n")
				told := slices.DeleteFunc(strings.Split(now, "\n"), func(line string) bool { return slices.Contains(old, line) })
				t.Errorf("%s can tell by %s: %.2000q", who, path, told)
			}
		}
	}
	for i, events := range streams {
		for len(events) > 0 {
			if e := <-events; e["case"] == hidden.ID {
				t.Errorf("%s was told %v", readers[i], e)
			}
		}
	}
}
