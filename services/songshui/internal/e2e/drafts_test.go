package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

var revisionOf = regexp.MustCompile(`name="revision" value="(\d+)"`)

// draft begins one and gives its address.
func (v *visitor) draft(t *testing.T) string {
	t.Helper()
	path := v.get(t, "/drafts/new").header.Get("Location")
	if !strings.HasPrefix(path, "/drafts/") {
		t.Fatalf("a new draft is at %q", path)
	}
	return path
}

// TestDraft: a case is written without script: a line is enough to save it, two windows don't write over each other, only its writer sees it, and what is wrong is said beside the field when it is submitted; then the case
// is there and the draft is gone.
func TestDraft(t *testing.T) {
	t.Parallel()
	office := signedIn(t, "tonghua-1")
	path := office.draft(t)
	save := func(v *visitor, fields url.Values) reply {
		t.Helper()
		return v.form(t, path, fields)
	}
	revision := func(r reply) string {
		t.Helper()
		m := revisionOf.FindSubmatch(r.body)
		if m == nil {
			t.Fatalf("no revision in %d %s", r.status, r.body)
		}
		return string(m[1])
	}
	if r := save(office, url.Values{"title": {"白泽冷库<b>"}, "revision": {"0"}}); r.status != http.StatusSeeOther || r.header.Get("Location") != path+"?saved" {
		t.Fatalf("saved: %d %s", r.status, r.body)
	}
	r := office.get(t, path)
	shows(t, r, http.StatusOK, "白泽冷库&lt;b&gt;")
	first := revision(r)
	shows(t, office.get(t, "/drafts"), http.StatusOK, "白泽冷库&lt;b&gt;", path)
	shows(t, save(office, url.Values{"title": {"另一窗口"}, "revision": {"0"}}), http.StatusConflict, "另一窗口", "已在另一个窗口保存过")
	if r := save(office, url.Values{"title": {"另一窗口"}, "revision": {"0"}, "do": {"auto"}}); r.status != http.StatusConflict {
		t.Errorf("saved by itself over a newer one: %d", r.status)
	}
	shows(t, office.get(t, path), http.StatusOK, "白泽冷库")

	if page := string(signedIn(t, "tonghua-2").get(t, path).body); strings.Contains(page, "白泽") {
		t.Error("a colleague reads it")
	}
	if r := signedIn(t, "journalist").get(t, path); r.status != http.StatusForbidden {
		t.Errorf("a journalist: %d", r.status)
	}
	if r := office.get(t, "/drafts/x"); r.status != http.StatusNotFound {
		t.Errorf("no such name: %d", r.status)
	}

	r = save(office, url.Values{"title": {"白泽冷库"}, "violations[0].text": {"无证动火"}, "more": {"violations"}, "revision": {first}})
	shows(t, r, http.StatusOK, `name="violations[1].text"`, "无证动火")
	fields := url.Values{"title": {"白泽冷库氨气超标"}, "violations[0].text": {"无证动火"}, "do": {"submit"}, "revision": {revision(r)}, "enterprise.uscc": {"91220101MA0Y1A2B3X"}, "penalty_yuan": {"四万八"}}
	r = save(office, fields)
	shows(t, r, http.StatusUnprocessableEntity, `href="#ref"`, "文号：必填", "案情摘要：必填", `id="enterprise.uscc-wrong"`, "无证动火", "四万八", `id="penalty_yuan-wrong"`)
	for name, v := range map[string]string{"ref": "通测〔2026〕草1", "sector": "construction", "category": "prominent-problem", "hazard_level": "general", "found_on": "2026-11-20", "summary": "联系人 13800138000",
		"enterprise.name": "通化白泽冷链有限公司", "enterprise.uscc": "", "enterprise.address": "通化市东昌区", "penalty_yuan": "48000", "rectification.responsible_unit": "通化白泽冷链有限公司",
		"rectification.measures": "停用并检测", "tags": "冷库、氨", "location.lat": "41.73", "location.lon": "125.94"} {
		fields.Set(name, v)
	}
	fields.Set("revision", revision(r))
	fields.Set("do", "preview")
	r = save(office, fields)
	if r.status != http.StatusSeeOther {
		t.Fatalf("preview: %d %s", r.status, r.body)
	}
	shows(t, office.get(t, r.header.Get("Location")), http.StatusOK, "白泽冷库氨气超标", "还没有上报", "4.8万元", `href="`+path+`"`)
	fields.Set("do", "submit")
	fields.Set("revision", revision(office.get(t, path)))
	r = save(office, fields)
	shows(t, r, http.StatusUnprocessableEntity, "疑似", `name="sure"`)
	fields.Set("sure", "yes")
	fields.Set("revision", revision(r))
	r = save(office, fields)
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/cases/") {
		t.Fatalf("submitted: %d %s", r.status, r.body)
	}
	shows(t, office.get(t, r.header.Get("Location")), http.StatusOK, "白泽冷库氨气超标", "通测〔2026〕草1")
	if page := string(office.get(t, path).body); strings.Contains(page, "白泽") {
		t.Error("the draft is still there")
	}
	again := office.draft(t)
	if r := office.form(t, again, fields); r.status != http.StatusConflict { // a draft of that revision was never there
		t.Errorf("over nothing: %d", r.status)
	}
	fields.Set("revision", "0")
	if r := office.form(t, again, fields); r.status != http.StatusSeeOther { // the same case handed in twice is one
		t.Errorf("again: %d %s", r.status, r.body)
	}
	wait(t, "tonghua-2", "白泽冷库", strings.TrimPrefix(r.header.Get("Location"), "/cases/"))
}

// TestDraftInTheBrowser: what is typed is kept by itself, also over a reload, and is handed in from a phone.
func TestDraftInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium.New(t, chromium.Excuse(func(text, _ string) bool { return strings.Contains(text, "422") }))
	chromium.Do(t, ctx, append([]chromedp.Action[chromedp.Void]{chromedp.Navigate(system.URL + "/drafts/new")}, signIn("songyuan-1", "password of songyuan-1")...)...)
	chromium.Do(t, ctx, chromium.Visible("#title"), chromedp.SendKeys(chromedp.CSS("#title"), "腾蛇矿井违章"))
	chromium.Until[bool](t, ctx, `document.getElementById("state").textContent.startsWith("已自动保存")`)
	chromium.Fits(t, ctx, "draft")
	chromium.Do(t, ctx, chromedp.Reload(), chromium.Visible("#title"))
	if got := chromium.Run(t, ctx, chromedp.Evaluate[string](`document.getElementById("title").value`)); got != "腾蛇矿井违章" {
		t.Errorf("after a reload %q", got)
	}
	chromium.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#title"), "之二"), chromium.Click(`.send button[value=submit]`), chromium.Visible("#wrong"))
	if got := chromium.Run(t, ctx, chromedp.Evaluate[string](`document.activeElement.id + document.getElementById("title").value`)); got != "wrong之二腾蛇矿井违章" {
		t.Errorf("refused, with %q", got)
	}
}
