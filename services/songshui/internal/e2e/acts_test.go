package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"songshui.internal/events"
	"time"
)

// TestCaseByForms: an office takes a case from submission to 销号 on its page, with forms that work without script: each command that may be given has one, a refusal stands beside its field and loses nothing, a list
// grows by a line, what looks like a telephone number is asked about once, and the province's decision is there for it.
func TestCaseByForms(t *testing.T) {
	t.Parallel()
	id := submit(t, "测〔2026〕表单", map[string]any{"exposures": []any{}, "title": "貔貅仓库违规动火"}).ID
	first, second, province := signedIn(t, "changchun-1"), signedIn(t, "changchun-2"), signedIn(t, "supervisor")
	path := "/cases/" + id
	give := func(v *visitor, name string, fields url.Values) reply {
		t.Helper()
		return v.form(t, path+"/commands/"+name, fields)
	}
	done := func(v *visitor, name string, fields url.Values) {
		t.Helper()
		r := give(v, name, fields)
		if r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), path) {
			t.Fatalf("%s: %d %s", name, r.status, regexp.MustCompile(`(?s)role="alert".*?</div>`).FindString(string(r.body)))
		}
	}

	if page := string(first.get(t, path).body); strings.Contains(page, `id="do-review"`) || !strings.Contains(page, "审核：") {
		t.Error("who submitted reviews, or isn't told why not")
	}
	shows(t, second.get(t, path), http.StatusOK, `id="do-review"`, "现在可以办理")
	done(second, "review", url.Values{"key": {"f1"}, "opinion": {"属实"}})
	done(second, "review", url.Values{"key": {"f1"}, "opinion": {"属实"}}) // sent twice is once
	shows(t, give(second, "review", url.Values{"key": {"f2"}}), http.StatusConflict, `role="alert"`)

	shows(t, give(first, "amend", url.Values{"more": {"violations"}, "violations[0].text": {"动火无人监护"}, "summary": {"改过的摘要"}}), http.StatusOK, `name="violations[1].text"`, "动火无人监护", "改过的摘要")
	shows(t, give(first, "amend", url.Values{"summary": {"联系 13800138000"}}), http.StatusUnprocessableEntity, "疑似", `name="sure"`, "联系 13800138000")
	done(first, "amend", url.Values{"summary": {"联系 13800138000"}, "sure": {"yes"}, "reason": {"补充"}})
	r := give(first, "publish", url.Values{"outlet": {"长春安行视界电视栏目"}, "headline": {"曝光<b>"}, "url": {"javascript:1"}, "kind": {"tv"}})
	shows(t, r, http.StatusUnprocessableEntity, "曝光&lt;b&gt;", "刊播日期：必填", `href="#publish-url"`, `aria-describedby="publish-url-wrong"`, `<option value="tv" selected>`)
	done(first, "publish", url.Values{"outlet": {"长春安行视界电视栏目"}, "headline": {"曝光"}, "url": {"https://tv.example.cn/f"}, "kind": {"tv"}, "published_on": {string(events.DayOf(time.Now()))}})
	opened(t, id)

	plan := strings.Repeat("停止作业，专人值守，", 5)
	done(first, "start", url.Values{"responsible_person": {"主要负责人"}, "funds_yuan": {"10000"}, "interim_safeguards": {plan}, "emergency_plan": {plan}, "items[0].measure": {"更换法兰垫片"}, "items[0].violation": {"0"}, "items[3].measure": {"培训"}, "items[3].violation": {"0"}})
	done(first, "progress", url.Values{"text": {"已更换"}, "item": {"0"}, "done": {"true"}})
	done(province, "list", url.Values{"grade": {"2"}, "order_no": {"吉安委督〔2026〕1号"}, "body": {"省安委办"}, "due": {string(events.DayOf(time.Now()).Add(20))}})
	done(province, "delist", url.Values{"reason": {"已整改"}})
	done(first, "ask-not-applicable", url.Values{"reason": {"已关停"}})
	shows(t, province.get(t, path), http.StatusOK, `id="do-decline-ending"`, "不同意移送或不适用")
	done(province, "decline-ending", url.Values{"reason": {"仍在生产"}})

	medium := upload(t, "changchun-1", "整改后.jpg", append(sample(t, "ammonia-valves.jpg"), 0)).header.Get("Songshui-Media-Id")
	shows(t, first.get(t, path), http.StatusOK, `value="`+medium+`"`, "整改后.jpg")
	shows(t, give(first, "ask-acceptance", url.Values{"text": {"已全部整改"}}), http.StatusUnprocessableEntity, "已全部整改", "影像：至少需要一张整改后的照片或视频")
	done(first, "ask-acceptance", url.Values{"text": {"已全部整改"}, "media": {medium}})
	done(second, "accept", url.Values{"officers[0].title": {"执法一队队长"}, "officers[0].certificate": {"220100001"}, "officers[1].title": {"执法员"}, "officers[1].certificate": {"220100002"}, "findings": {"现场核查属实"}})
	done(first, "close", url.Values{"outlet": {"长春安行视界电视栏目"}, "headline": {"回访"}, "url": {"https://tv.example.cn/g"}, "published_on": {string(events.DayOf(time.Now()))}})
	shows(t, first.get(t, path), http.StatusOK, "已销号")

	journalist := signedIn(t, "journalist")
	if page := string(journalist.get(t, path).body); strings.Contains(page, "现在可以办理") {
		t.Error("a journalist is offered commands")
	}
	if r := give(journalist, "withdraw", url.Values{"reason": {"x"}}); r.status != http.StatusForbidden {
		t.Errorf("a journalist withdraws: %d", r.status)
	}
}
