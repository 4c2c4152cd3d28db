package messages

import "strings"

// Entry gives the words for an entry of the inbox; args are the entry's (ref, title, enterprise, month, due, for, reason, decision, before_ref, document_no). An unknown kind comes back with the reference.
func Entry(kind string, args map[string]string, l Language) string {
	t, ok := entries[kind]
	if !ok {
		return kind + " " + args["ref"]
	}
	words := t.in(l)
	if decision, ok := decisions[args["decision"]]; ok {
		words = strings.ReplaceAll(words, "{decision}", decision.in(l))
	}
	var pairs []string
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(words)
}

var decisions = map[string]text{"granted": {"同意", "granted"}, "refused": {"不同意", "refused"}, "lapsed": {"因验收失效", "lapsed"}}

// entries are the inbox's: reminders by the system, what was asked and what was decided.
var entries = map[string]text{
	"due-first":            {"{ref} 整改期限 {for}，请抓紧", "{ref} is due on {for}"},
	"due-second":           {"{ref} 整改期限 {for}，仅剩三天左右", "{ref} is due on {for}, in a few days"},
	"due-today":            {"{ref} 今日到期", "{ref} is due today"},
	"overdue-talk":         {"{ref} 已逾期（期限 {for}），建议约谈责任单位", "{ref} is overdue since {for}: summon the unit"},
	"overdue-again":        {"{ref} 逾期已久（期限 {for}）", "{ref} has long been overdue (due on {for})"},
	"listing-question":     {"{ref} 系重大隐患，请答复是否挂牌督办", "{ref} is a major hazard: say whether it is listed, or why not"},
	"return-first":         {"{month} 月报：请安排本月典型案例曝光并按期报送（{due} 截止）", "return of {month}: expose a case and file by {due}"},
	"return-second":        {"{month} 月报：本月将结束，请准备报送（{due} 截止）", "return of {month}: the month ends soon; file by {due}"},
	"return-before":        {"{month} 月报：{due} 截止，尚未报送", "return of {month} is due on {due} and not filed"},
	"embargo-ended":        {"{ref} 待刊发时间已到，尚未登记刊播；系统不会自动公开", "{ref}: the embargo has ended without a publication; nothing is shown by itself"},
	"objection-waits":      {"{ref} 的陈述申辩今日应答复", "{ref}: the objection is to be answered today"},
	"extension-asked":      {"{ref} 申请延期至 {due}", "{ref}: an extension to {due} is asked for"},
	"extension-decided":    {"{ref} 延期申请：{decision}", "{ref}: the extension is {decision}"},
	"acceptance-asked":     {"{ref} 申请验收，请在十日内现场核查", "{ref}: acceptance is asked for; check the site within ten days"},
	"acceptance-returned":  {"{ref} 验收未通过，退回整改", "{ref} was returned"},
	"accepted":             {"{ref} 验收合格，待媒体回访", "{ref} was accepted; the media report next"},
	"transfer-asked":       {"{ref} 申请移送，请审批", "{ref}: a transfer is asked for"},
	"not-applicable-asked": {"{ref} 申请不适用，请审批", "{ref}: “not applicable” is asked for"},
	"ending-decided":       {"{ref} 移送或不适用的申请已有答复", "{ref}: the request was answered"},
	"objection":            {"{ref} 收到陈述申辩", "{ref}: an objection came in"},
	"objection-answered":   {"{ref} 的陈述申辩已答复", "{ref}: your objection was answered"},
	"withdrawal-asked":     {"{ref} 申请撤回，请审批", "{ref}: a withdrawal is asked for"},
	"return-filed":         {"{month} 月报已报送（{document_no}），待签收", "the return of {month} was filed ({document_no})"},
	"return-received":      {"{month} 月报省级已签收", "the return of {month} was received"},
	"return-returned":      {"{month} 月报被退回：{reason}", "the return of {month} was sent back: {reason}"},
	"another-case":         {"{enterprise} 一年内再次被曝光：{ref}（此前 {before_ref}）", "{enterprise} was exposed again within a year: {ref} (before: {before_ref})"},
}
