package returns

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

func sent(command string, v url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/returns/jilin/2026-06/"+command, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetPathValue("command", command)
	return r
}

// What a form sends is the command's body: nothing of what was left empty, and no cases where none is ticked, which is not the same as all.
func TestBodies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command string
		form    url.Values
		body    string
	}{
		"file":        {"file", url.Values{"case": {"a", "b"}, "document_no": {" 号 "}, "zero_reason": {""}, "signed_by": {"me"}}, `{"cases":["a","b"],"document_no":"号","signed_by":"me"}`},
		"zero return": {"file", url.Values{"zero_reason": {"没有\r\n曝光"}, "document_no": {"号"}}, `{"cases":[],"document_no":"号","zero_reason":"没有\n曝光"}`},
		"supplement":  {"supplement", url.Values{"case": {"c"}, "document_no": {"号"}}, `{"cases":["c"],"document_no":"号"}`},
		"receive":     {"receive", url.Values{"key": {"k"}}, `{}`},
		"return":      {"return", url.Values{"reason": {"缺页"}, "reason-b": {"不清"}, "reason-a": {"不对"}, "reason-c": {" "}}, `{"cases":[{"case":"a","reason":"不对"},{"case":"b","reason":"不清"}],"reason":"缺页"}`},
		"recognise":   {"recognise", url.Values{"kind": {"paper"}, "reason": {"x"}, "on": {"2026-07-01"}}, `{"kind":"paper","on":"2026-07-01","reason":"x"}`},
	} {
		f, body, err := read(sent(c.command, c.form))
		if err != nil || string(body) != c.body || f.Key != c.form.Get("key") {
			t.Errorf("%s: %s %v", name, body, err)
		}
	}
}

func page2(t *testing.T, d data) string {
	t.Helper()
	w := httptest.NewRecorder()
	shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "", d)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func open(commands ...string) oversightapi.Return {
	r := oversightapi.Return{ReturnState: events.ReturnState{Office: "jilin", Month: "2026-06", Due: "2026-07-06"}}
	r.Shown, r.Published = "missed", []events.CaseID{"aaaaaaaa-1", "bbbbbbbb-2"}
	list := `[{"command":"` + strings.Join(commands, `"},{"command":"`) + `"}]`
	if err := json.Unmarshal([]byte(list), &r.Next); err != nil {
		panic(err)
	}
	return r
}

// A refused filing comes back with every word beside its field, and nothing of what was entered lost.
func TestRefusedFiling(t *testing.T) {
	t.Parallel()
	f, _, err := read(sent("file", url.Values{"case": {"bbbbbbbb-2"}, "document_no": {"吉市号"}, "scan": {"签发.pdf"}, "on": {"2026-09-09"}}))
	if err != nil {
		t.Fatal(err)
	}
	f.refused = &fault.Error{Code: fault.Invalid, Fields: []fault.Field{{Field: "cases[0]", Code: "not_in_month"}, {Field: "scan", Code: "unknown_file", Arg: "签发.pdf"}, {Field: "on", Code: "in_future"}}}
	d := data{L: messages.Chinese, Return: open("file"), form: f, Wrong: unplaced(f, messages.Chinese)}
	body := page2(t, d)
	for _, s := range []string{`value="aaaaaaaa-1"><span>`, `value="bbbbbbbb-2" checked>`, "该案例在本月没有刊播", `value="吉市号"`, `value="签发.pdf" maxlength="120" autocomplete="off" aria-invalid="true"`, `value="2026-09-09" aria-invalid="true"`} {
		if !strings.Contains(body, s) {
			t.Errorf("no %s", s)
		}
	}
	if n := strings.Count(body, `<p class="wrong">`); n != 3 {
		t.Errorf("%d words beside fields", n)
	}
	for _, w := range d.Wrong {
		if strings.Contains(w, "刊播") {
			t.Errorf("said twice: %s", w)
		}
	}
}

// What looks like a telephone number is warned of beside its field before it is sent, once: the form that comes back sends it.
func TestWarnedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	v := url.Values{"reason": {"缺页，请打13904340001"}, "reason-b": {"0434-3612345"}, "reason-a": {"不清"}}
	f, _, err := read(sent("return", v))
	if err != nil {
		t.Fatal(err)
	}
	if f.refused = f.private(); f.refused == nil {
		t.Fatal("nobody is warned")
	}
	r := open("return")
	r.Held = []events.CaseID{"a", "b"}
	body := page2(t, data{L: messages.Chinese, Return: r, form: f, Wrong: unplaced(f, messages.Chinese)})
	for _, s := range []string{"尚未提交", `name="sure" value="yes"`, "缺页，请打13904340001</textarea>", `value="0434-3612345"`} {
		if !strings.Contains(body, s) {
			t.Errorf("no %s", s)
		}
	}
	if n := strings.Count(body, "疑似含有电话或身份证号码，请核对"); n != 2 {
		t.Errorf("said beside %d fields", n)
	}
	v.Set("sure", "yes")
	if f, _, err = read(sent("return", v)); err != nil || f.private() != nil {
		t.Errorf("warned again: %v", err)
	}
	if f, _, err = read(sent("file", url.Values{"document_no": {"四安委办〔2026〕6号"}})); err != nil || f.private() != nil {
		t.Errorf("warned of nothing: %v", err)
	}
}

// Only what may be given has a form; what can't is told with its reason. A form holds a key of its own.
func TestForms(t *testing.T) {
	t.Parallel()
	r := open("receive", "return", "recognise")
	r.Held = r.Published
	if err := json.Unmarshal([]byte(`[{"command":"file","code":"wrong_state","detail":"filed"}]`), &r.NotNow); err != nil {
		t.Fatal(err)
	}
	body := page2(t, data{L: messages.Chinese, Return: r, Supervisor: true})
	for _, s := range []string{`action="/returns/jilin/2026-06/receive"`, `action="/returns/jilin/2026-06/return"`, `name="reason-aaaaaaaa-1"`, `action="/returns/jilin/2026-06/recognise"`, "当前状态：待省收。", `title="系统记录"`} {
		if !strings.Contains(body, s) {
			t.Errorf("no %s", s)
		}
	}
	for _, s := range []string{`/2026-06/file"`, `/2026-06/supplement"`, `name="key" value=""`} {
		if strings.Contains(body, s) {
			t.Errorf("%s is there", s)
		}
	}
	if body := page2(t, data{L: messages.English, Return: open("file")}); !strings.Contains(body, `value="aaaaaaaa-1" checked`) || !strings.Contains(body, `value="bbbbbbbb-2" checked`) {
		t.Error("cases aren't ticked by default")
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	pages := http.NewServeMux()
	Handler{Now: time.Now}.Routes(pages, http.NewServeMux())
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/returns/jilin/2026-06/file", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Freturns%2Fjilin%2F2026-06" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
