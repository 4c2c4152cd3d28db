package e2e_test

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/samples"
)

// visitor is a browser without scripts: cookies, forms, no redirects by itself.
type visitor struct{ c http.Client }

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &visitor{http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (v *visitor) ask(t *testing.T, method, path, kind, body string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, system.URL+path, strings.NewReader(body))
	must(t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := v.c.Do(r)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	return reply{resp.StatusCode, resp.Header, data}
}

func (v *visitor) get(t *testing.T, path string) reply {
	t.Helper()
	return v.ask(t, http.MethodGet, path, "", "")
}

func (v *visitor) form(t *testing.T, path string, fields url.Values) reply {
	t.Helper()
	return v.ask(t, http.MethodPost, path, "application/x-www-form-urlencoded", fields.Encode())
}

func (v *visitor) command(t *testing.T, id, name, body string) reply {
	t.Helper()
	return v.ask(t, http.MethodPost, "/api/v1/cases/"+id+"/commands/"+name, "application/json", body)
}

func signedIn(t *testing.T, name string) *visitor {
	t.Helper()
	v := newVisitor(t)
	if r := v.form(t, "/sign-in", url.Values{"name": {name}, "password": {system.accounts[name].Password}}); r.status != http.StatusSeeOther {
		t.Fatalf("%s doesn't sign in: %d", name, r.status)
	}
	return v
}

var (
	linkOf = regexp.MustCompile(`id="link" readonly value="([^"]+)"`)
	codeOf = regexp.MustCompile(`class="code">([0-9]{6})<`)
)

// given reads the page that shows once what lets somebody in.
func given(t *testing.T, r reply) (path, code string) {
	t.Helper()
	m := linkOf.FindSubmatch(r.body)
	if r.status != http.StatusOK || m == nil {
		t.Fatalf("no link: %d %s", r.status, r.body)
	}
	path, ok := strings.CutPrefix(html.UnescapeString(string(m[1])), system.URL)
	if !ok {
		t.Errorf("the link %s isn't this portal's", m[1])
	}
	if m := codeOf.FindSubmatch(r.body); m != nil {
		code = string(m[1])
	}
	return path, code
}

// introduced has the office introduce somebody on the page of the case.
func introduced(t *testing.T, office *visitor, id, role, name string) (path, code string) {
	t.Helper()
	path, code = given(t, office.form(t, "/cases/"+id+"/people", url.Values{"role": {role}, "name": {name}}))
	if code == "" {
		t.Fatal("no code")
	}
	return path, code
}

func entered(t *testing.T, id, path, code string) *visitor {
	t.Helper()
	v := newVisitor(t)
	if r := v.form(t, path, url.Values{"code": {code}}); r.status != http.StatusSeeOther || r.header.Get("Location") != "/cases/"+id {
		t.Fatalf("enter: %d %s %s", r.status, r.header.Get("Location"), r.body)
	}
	return v
}

// outWithin is how soon somebody is out whose way in was shut.
const outWithin = 2 * time.Second

// out wants that a request which begins later than outWithin is refused.
func out(t *testing.T, what string, ask func() int) {
	t.Helper()
	since := time.Now()
	until(t, what, func() bool {
		began := time.Since(since)
		status := ask()
		if status != http.StatusUnauthorized && began > outWithin {
			t.Fatalf("%s: still in after %s: %d", what, began, status)
		}
		return status == http.StatusUnauthorized
	})
}

// wrongOf gives a code that isn't the right one.
func wrongOf(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestPeopleOfACase(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕联系人", map[string]any{"hazard_level": "general"})
	hidden := submit(t, "测〔2026〕联系人未曝光", map[string]any{"exposures": []any{}})
	opened(t, got.ID)
	office := signedIn(t, "changchun-1")
	page := "/cases/" + got.ID
	if r := office.get(t, page); !bytes.Contains(r.body, []byte("责任单位与督办单位联系人")) {
		t.Error("the office's page of the case lacks the people")
	}
	if r := office.get(t, "/cases/"+hidden.ID); r.status != http.StatusOK || bytes.Contains(r.body, []byte("责任单位与督办单位联系人")) {
		t.Errorf("people of an unexposed case: %d", r.status)
	}
	if r := signedIn(t, "jilin-1").get(t, page); r.status != http.StatusOK || bytes.Contains(r.body, []byte("责任单位与督办单位联系人")) {
		t.Errorf("people for another office: %d", r.status)
	}
	if r := office.form(t, page+"/people", url.Values{"role": {"admin"}, "name": {" "}}); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte("角色：")) || !bytes.Contains(r.body, []byte("名称：")) {
		t.Errorf("wrong fields: %d %s", r.status, r.body)
	}
	link, code := introduced(t, office, got.ID, "unit", "启衡化工 王某")
	if r := office.get(t, page); bytes.Contains(r.body, []byte(code)) || bytes.Contains(r.body, []byte(link)) || !bytes.Contains(r.body, []byte("启衡化工 王某")) {
		t.Error("the page of the case shows link or code, or not the person")
	}
	// A chat's preview and a mail scanner look at the link; nothing is used up, no session is made.
	preview := newVisitor(t)
	for range 8 {
		r := preview.get(t, link)
		if r.status != http.StatusOK || r.header.Get("Set-Cookie") != "" {
			t.Fatalf("preview: %d %v", r.status, r.header)
		}
		// A stricter policy has browsers on plain http say Origin: null.
		if got := r.header.Get("Referrer-Policy"); got != "same-origin" {
			t.Errorf("referrer policy %q", got)
		}
	}
	if r := preview.form(t, link, url.Values{"code": {wrongOf(code)}}); r.status != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", r.status)
	}
	unit := entered(t, got.ID, link, code)
	if r := unit.get(t, page); r.status != http.StatusOK || bytes.Contains(r.body, []byte("新增联系人")) {
		t.Errorf("the unit's own page: %d", r.status)
	}
	seesOneCase(t, unit, hidden.ID)
	if r := command(t, "changchun-1", got.ID, "start", `{"responsible_person":"主要负责人"}`); r.status != http.StatusOK {
		t.Fatalf("start: %d %s", r.status, r.body)
	}
	works(t, unit, got.ID)
	overseerLink, overseerCode := introduced(t, office, got.ID, "overseer", "市督查室 李某")
	overseer := entered(t, got.ID, overseerLink, overseerCode)
	if r := overseer.get(t, page); r.status != http.StatusOK {
		t.Errorf("the overseer's page: %d", r.status)
	}
	// Revoked: out at once, and the link is void.
	account := accountOf(t, got.ID, "启衡化工 王某")
	if r := office.form(t, page+"/people/"+account+"/revocation", nil); r.status != http.StatusSeeOther {
		t.Fatalf("revoke: %d %s", r.status, r.body)
	}
	out(t, "a revoked person's session", func() int { return unit.get(t, "/api/v1/cases/"+got.ID).status })
	if r := newVisitor(t).form(t, link, url.Values{"code": {code}}); r.status != http.StatusUnauthorized {
		t.Errorf("a revoked link: %d", r.status)
	}
	if r := office.get(t, page); !bytes.Contains(r.body, []byte("已撤销")) || !bytes.Contains(r.body, []byte("最近进入：")) {
		t.Error("the page doesn't say that the person was revoked and came in")
	}
	closes(t, got.ID)
	out(t, "a closed case's session", func() int { return overseer.get(t, "/api/v1/cases/"+got.ID).status })
	if r := newVisitor(t).form(t, overseerLink, url.Values{"code": {overseerCode}}); r.status != http.StatusUnauthorized || !bytes.Contains(r.body, []byte("整改已办结")) {
		t.Errorf("a closed case's link: %d", r.status)
	}
	if r := office.form(t, page+"/people", url.Values{"role": {"unit"}, "name": {"晚到"}}); r.status != http.StatusConflict {
		t.Errorf("introduced to a closed case: %d", r.status)
	}
}

// seesOneCase wants that nothing but the own case is there for a person: neither an unexposed case nor another's.
func seesOneCase(t *testing.T, v *visitor, hidden string) {
	t.Helper()
	none := v.get(t, "/api/v1"+missing)
	none.problem(t, http.StatusNotFound, "not_found")
	for _, other := range []string{hidden, system.cases["长安委办曝〔2026〕1号"]} {
		if r := v.get(t, "/api/v1/cases/"+other); r.status != http.StatusNotFound || r.withoutID() != none.withoutID() {
			t.Errorf("another case: %d %s", r.status, r.body)
		}
		if r := v.get(t, "/cases/"+other); r.status != http.StatusNotFound {
			t.Errorf("another case's page: %d", r.status)
		}
	}
	if r := v.get(t, "/api/v1/search?q="+url.QueryEscape("联系人未曝光")); bytes.Contains(r.body, []byte(hidden)) {
		t.Errorf("the search gives an unexposed case: %s", r.body)
	}
	v.get(t, "/api/v1/cases/"+hidden+"/people").problem(t, http.StatusNotFound, "not_found")
	v.get(t, "/api/v1/accounts").problem(t, http.StatusForbidden, "forbidden")
}

// works takes a unit's person through what is theirs to do.
func works(t *testing.T, v *visitor, id string) {
	t.Helper()
	shot, err := fs.ReadFile(samples.Files, "followup-media/ammonia-after.jpg")
	must(t, err)
	picture, err := client("changchun-1").Upload(t.Context(), portalapi.File{Name: "联系人整改后.jpg", Size: int64(len(shot)), Data: bytes.NewReader(shot)})
	must(t, err)
	for _, c := range [][2]string{
		{"progress", `{"text":"已停用违规储罐"}`},
		{"ask-extension", `{"reason":"设备未到货","safeguards":"停产并专人值守","new_due":"2027-03-31"}`},
		{"object", `{"text":"罚款依据有误，请复核"}`},
		{"ask-acceptance", `{"text":"已整改","media":["` + picture + `"]}`},
	} {
		if r := v.command(t, id, c[0], c[1]); r.status != http.StatusOK {
			t.Errorf("the unit's %s: %d %s", c[0], r.status, r.body)
		}
	}
	v.command(t, id, "accept", `{}`).problem(t, http.StatusForbidden, "forbidden")
}

func closes(t *testing.T, id string) {
	t.Helper()
	if r := command(t, "changchun-2", id, "accept", `{"officers":[{"title":"科长","certificate":"样1"},{"title":"执法员","certificate":"样2"}],"findings":"合格"}`); r.status != http.StatusOK {
		t.Fatalf("accept: %d %s", r.status, r.body)
	}
	if r := command(t, "changchun-1", id, "close", fmt.Sprintf(`{"outlet":"cc-tv","headline":"整改到位","url":"https://example.cn/back","published_on":%q,"other_outlet_reason":"同一集团"}`, time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly))); r.status != http.StatusOK {
		t.Fatalf("close: %d %s", r.status, r.body)
	}
}

// accountOf finds a person of a case by name.
func accountOf(t *testing.T, id, name string) string {
	t.Helper()
	var all struct {
		Accounts []struct{ ID, Name string }
	}
	call(t, "changchun-1", http.MethodGet, "/api/v1/cases/"+id+"/people", nil).decode(t, &all)
	for _, a := range all.Accounts {
		if a.Name == name {
			return a.ID
		}
	}
	t.Fatalf("nobody is called %s", name)
	return ""
}

func TestFiveWrongCodesShutALink(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕联系人锁定", nil)
	opened(t, got.ID)
	office := signedIn(t, "changchun-1")
	link, code := introduced(t, office, got.ID, "unit", "锁定某")
	v := newVisitor(t)
	for i := range 5 {
		r := v.form(t, link, url.Values{"code": {wrongOf(code)}})
		if r.status != http.StatusUnauthorized || bytes.Contains(r.body, []byte("已锁定")) != (i == 4) {
			t.Errorf("wrong code %d: %d %s", i+1, r.status, r.body)
		}
	}
	if r := v.form(t, link, url.Values{"code": {code}}); r.status != http.StatusUnauthorized || r.header.Get("Set-Cookie") != "" {
		t.Errorf("the right code after five wrong ones: %d", r.status)
	}
	if r := office.get(t, "/cases/"+got.ID); !bytes.Contains(r.body, []byte("已锁定")) {
		t.Error("the office isn't told that the link is shut")
	}
	fresh, digits := given(t, office.form(t, "/cases/"+got.ID+"/people/"+accountOf(t, got.ID, "锁定某")+"/renewal", nil))
	if r := v.form(t, link, url.Values{"code": {code}}); r.status != http.StatusUnauthorized {
		t.Errorf("the old link after a renewal: %d", r.status)
	}
	entered(t, got.ID, fresh, digits)
}

func TestPeopleAreTheOfficesAlone(t *testing.T) {
	t.Parallel()
	id := system.cases["长安委办曝〔2026〕1号"]
	for _, as := range []string{"journalist", "jilin-1", "supervisor", "admin"} {
		for _, body := range []string{"", `{"role":"unit","name":"某人"}`} {
			method := http.MethodGet
			if body != "" {
				method = http.MethodPost
			}
			r, none := call(t, as, method, "/api/v1/cases/"+id+"/people", []byte(body)), call(t, as, method, "/api/v1"+missing+"/people", []byte(body))
			r.problem(t, http.StatusNotFound, "not_found")
			if r.withoutID() != none.withoutID() {
				t.Errorf("%s %s: %s, of a missing case %s", as, method, r.body, none.body)
			}
		}
		if r := signedIn(t, as).form(t, "/cases/"+id+"/people", url.Values{"role": {"unit"}, "name": {"某人"}}); r.status != http.StatusNotFound {
			t.Errorf("%s introduces: %d", as, r.status)
		}
	}
	if r := newVisitor(t).form(t, "/cases/"+id+"/people", url.Values{"role": {"unit"}}); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/sign-in") {
		t.Errorf("nobody introduces: %d", r.status)
	}
	// Another site's page can't ask in the office's name.
	office := signedIn(t, "changchun-1")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, system.URL+"/cases/"+id+"/people", strings.NewReader("role=unit&name=x"))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://elsewhere.example")
	resp, err := office.c.Do(r)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", resp.StatusCode)
	}
}

func TestAccountsPage(t *testing.T) {
	t.Parallel()
	admin := signedIn(t, "admin")
	if r := admin.form(t, "/accounts", url.Values{"role": {"journalist"}, "name": {" "}}); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte("名称：")) || !bytes.Contains(r.body, []byte("媒体：")) {
		t.Errorf("wrong fields: %d %s", r.status, r.body)
	}
	if r := admin.form(t, "/accounts", url.Values{"role": {"office"}, "office": {"baishan"}, "name": {"无职责"}}); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte("职责：")) {
		t.Errorf("no duty: %d", r.status)
	}
	link, _ := given(t, admin.form(t, "/accounts", url.Values{"role": {"office"}, "office": {"baishan"}, "name": {"baishan-test"}, "duties": {"drafter"}}))
	if r := newVisitor(t).get(t, link); r.status != http.StatusOK {
		t.Errorf("the invitation: %d", r.status)
	}
	if r := admin.form(t, "/accounts", url.Values{"role": {"supervisor"}, "name": {"baishan-test"}}); r.status != http.StatusConflict || !bytes.Contains(r.body, []byte("名称：已被其他账号使用")) {
		t.Errorf("a taken name: %d %s", r.status, r.body)
	}
	id := managed(t, "admin", "baishan-test")
	var token struct{ Token string }
	call(t, "admin", http.MethodPost, "/api/v1/accounts/"+id+"/token", nil).decode(t, &token)
	program := portalapi.Client{Base: system.URL, Token: token.Token, Patience: -1}
	_, err := program.Me(t.Context())
	must(t, err)
	// The office's signer changes duties and disables; another office's sees nothing of it.
	signer := signedIn(t, "baishan-1")
	if r := signer.form(t, "/accounts/"+id+"/duties", url.Values{"duties": {"drafter", "reviewer"}}); r.status != http.StatusSeeOther {
		t.Errorf("duties: %d %s", r.status, r.body)
	}
	if r := signedIn(t, "jilin-1").form(t, "/accounts/"+id+"/disabling", nil); r.status != http.StatusNotFound {
		t.Errorf("another office disables: %d", r.status)
	}
	if r := signedIn(t, "jilin-1").get(t, "/accounts"); r.status != http.StatusOK || bytes.Contains(r.body, []byte("baishan-test")) {
		t.Errorf("another office's list: %d", r.status)
	}
	if r := signedIn(t, "journalist").get(t, "/accounts"); r.status != http.StatusOK || bytes.Contains(r.body, []byte("全部账号")) || !bytes.Contains(r.body, []byte("我的接口令牌")) {
		t.Errorf("a journalist's page: %d", r.status)
	}
	if r := signer.form(t, "/accounts/"+managed(t, "admin", "baishan-1")+"/disabling", nil); r.status != http.StatusUnprocessableEntity {
		t.Errorf("disables the own account: %d", r.status)
	}
	if r := signer.form(t, "/accounts/"+id+"/disabling", nil); r.status != http.StatusSeeOther {
		t.Fatalf("disable: %d %s", r.status, r.body)
	}
	out(t, "a disabled account's token", func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.URL+"/api/v1/me", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token.Token)
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		resp.Body.Close()
		return resp.StatusCode
	})
	if r := signer.get(t, "/accounts"); !bytes.Contains(r.body, []byte("已停用")) || !bytes.Contains(r.body, []byte("经办、审核")) {
		t.Errorf("the list doesn't tell of duties and disabling: %s", r.body)
	}
	if r := signer.form(t, "/accounts/"+id+"/enabling", nil); r.status != http.StatusSeeOther {
		t.Errorf("enable: %d", r.status)
	}
}

// managed finds an account by name in what somebody manages.
func managed(t *testing.T, as, name string) string {
	t.Helper()
	var all struct {
		Accounts []struct{ ID, Name string }
	}
	call(t, as, http.MethodGet, "/api/v1/accounts", nil).decode(t, &all)
	for _, a := range all.Accounts {
		if a.Name == name {
			return a.ID
		}
	}
	t.Fatalf("no account %s", name)
	return ""
}

func TestOutletsPage(t *testing.T) {
	t.Parallel()
	province := signedIn(t, "supervisor")
	fields := url.Values{"id": {"test-weekly"}, "name": {"测试安行周报"}, "level": {"municipal"}, "kinds": {"newspaper"}, "aliases": {"测安周报\n\n 测周 "}}
	if r := signedIn(t, "journalist").form(t, "/outlets", fields); r.status != http.StatusForbidden {
		t.Errorf("a journalist places: %d", r.status)
	}
	if r := province.form(t, "/outlets", url.Values{"id": {"Bad"}, "name": {""}}); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte("名称：")) || !bytes.Contains(r.body, []byte("编号：")) || !bytes.Contains(r.body, []byte("类型：")) {
		t.Errorf("wrong fields: %d", r.status)
	}
	if r := province.form(t, "/outlets", url.Values{"id": {"cc-tv"}, "name": {"另一家"}, "level": {"county"}, "kinds": {"tv"}}); r.status != http.StatusUnprocessableEntity || !bytes.Contains(r.body, []byte("编号：")) {
		t.Errorf("an id that is there: %d", r.status)
	}
	if r := province.form(t, "/outlets", fields); r.status != http.StatusSeeOther {
		t.Fatalf("place: %d %s", r.status, r.body)
	}
	fields.Set("level", "provincial")
	if r := province.form(t, "/outlets/test-weekly", fields); r.status != http.StatusSeeOther {
		t.Fatalf("move: %d %s", r.status, r.body)
	}
	r := signedIn(t, "jilin-1").get(t, "/outlets?q="+url.QueryEscape("测 周"))
	if !bytes.Contains(r.body, []byte("测试安行周报")) || !bytes.Contains(r.body, []byte("省级媒体")) || bytes.Contains(r.body, []byte("长春安行视界")) || bytes.Contains(r.body, []byte("登记新的媒体")) {
		t.Errorf("an office reads: %s", r.body)
	}
	if r := newVisitor(t).get(t, "/outlets"); r.status != http.StatusSeeOther {
		t.Errorf("nobody reads: %d", r.status)
	}
}

func TestPeopleInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	got := submit(t, "测〔2026〕联系人页面", nil)
	opened(t, got.ID)
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+got.ID))
	chromium.Do(t, ctx, signIn("changchun-1", system.accounts["changchun-1"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("#people"), chromium.Set("#person-name", "页面某"), chromium.Click("#people > form button"), chromium.Visible(".given .code"))
	code := strings.TrimSpace(chromium.Text(t, ctx, ".given .code"))
	link := chromium.Run(t, ctx, chromedp.Evaluate[string](`document.querySelector("#link").value`))
	chromium.Fits(t, ctx, "given")
	chromium.Do(t, ctx, chromium.Click("[data-copy=link]"))
	until(t, "the button says that it copied", func() bool {
		return strings.TrimSpace(chromium.Text(t, ctx, "[data-copy=link]")) == "已复制"
	})
	chromium.Do(t, ctx, chromium.Click(".given a"), chromium.Visible("#people .rows strong"))
	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#people details").forEach(d => { d.open = true })`))
	chromium.Fits(t, ctx, "people")
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/accounts"), chromium.Visible("#name"))
	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".rows li:first-child details").forEach(d => { d.open = true })`))
	chromium.Fits(t, ctx, "accounts")
	chromium.Do(t, ctx, chromium.Click(`form[action="/sign-out"] button`), chromium.Visible("#password"))
	chromium.Do(t, ctx, chromedp.Navigate(link), chromium.Visible("#code"))
	chromium.Fits(t, ctx, "enter")
	chromium.Do(t, ctx, chromium.Set("#code", code), chromium.Click("main button"), chromium.Visible("article"))
	chromium.Fits(t, ctx, "unit")
	chromium.Do(t, ctx, chromium.Click(`form[action="/sign-out"] button`), chromium.Visible("#password"))
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/outlets"))
	chromium.Do(t, ctx, signIn("supervisor", system.accounts["supervisor"].Password)...)
	chromium.Do(t, ctx, chromium.Visible(".searchbox"), chromedp.Evaluate[chromedp.Void](`document.querySelector("details").open = true`))
	chromium.Fits(t, ctx, "outlets")
	chromium.Do(t, ctx, chromium.Click(`form[action="/sign-out"] button`), chromium.Visible("#password"), chromedp.Navigate(system.URL+"/accounts"))
	chromium.Do(t, ctx, signIn("admin", system.accounts["admin"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("#outlet"))
	chromium.Fits(t, ctx, "accounts-admin")
}
