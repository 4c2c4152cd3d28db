package e2e_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var (
	unshown = regexp.MustCompile(`(?s)<(script|style|datalist)[^>]*>.*?</(script|style|datalist)>|<[^>]+>`)
	// unspoken is what no person reads on a Chinese page: slugs, codes, times of machines.
	// ofData are lines of data: addresses, and files as the offices have called them.
	ofData   = regexp.MustCompile(`://|\.(?:jpe?g|png|webp|heic|mp4|mov|mkv|m4a|mp3|pdf|gif)\b`)
	unspoken = regexp.MustCompile(`\b[a-z]{3,}(?:[-_][a-z]+)+\b|\d{4}-\d\d-\d\dT\d\d|%!|<nil>|map\[`)
)

// TestPagesSpeakChinese: on every page that an office, a journalist, the province and an administrator have, and on the pages of cases in every state, no slug, code or machine's time is shown.
func TestPagesSpeakChinese(t *testing.T) {
	t.Parallel()
	common := []string{"/", "/?q=%E5%AE%89%E5%85%A8&show=pictures", "/?q=zzzzzz", "/?office=nowhere", "/searches", "/outlets", "/accounts", "/help", "/nothing-here", "/cases/none"}
	oversee := []string{"/board", "/returns", "/returns/jilin/2026-10", "/inbox"}
	pages := map[string][]string{
		"jilin-1":    append([]string{"/desk", "/drafts", "/drafts/AAAAAAAAAAAAAAAAAAAAAAAAAA", "/upload", "/look", "/import"}, oversee...),
		"supervisor": append([]string{"/look"}, oversee...),
		"journalist": {"/desk"},
		"admin":      {"/look"},
	}
	for who, own := range pages {
		v := signedIn(t, who)
		paths := append(own, common...)
		for _, id := range system.cases {
			if len(paths) < 60 {
				paths = append(paths, "/cases/"+id)
			}
		}
		for _, path := range paths {
			r := v.get(t, path)
			if r.status == http.StatusSeeOther {
				r = v.get(t, r.header.Get("Location"))
			}
			if r.status >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d", who, path, r.status)
			}
			text := html.UnescapeString(unshown.ReplaceAllString(string(r.body), "\n"))
			for _, line := range strings.Split(text, "\n") {
				if found := unspoken.FindString(line); found != "" && !ofData.MatchString(line) {
					t.Errorf("%s reads %q on %s: %s", who, found, path, strings.TrimSpace(line))
				}
			}
		}
	}
}
