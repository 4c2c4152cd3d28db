package rectification

import (
	"net/url"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
)

// Opened makes the fact that opens a rectification for an exposed case; its given day is the case's first day of publication. A case without a deadline gets the rule's due-days after it.
func Opened(c events.CaseState, relyOn events.Reliance, n Numbers) events.RectificationOpenedFact {
	due := c.Plan.Deadline
	if due == "" {
		due = c.ExposedOn.Add(n.Rules.On(rules.DueDays, c.ExposedOn))
	}
	return events.RectificationOpenedFact{ID: c.ID, Office: c.Office, HazardLevel: c.HazardLevel, OpenedOn: c.ExposedOn, Due: due, ResponsibleUnit: c.Plan.ResponsibleUnit,
		RelyOn: []events.Reliance{relyOn}}
}

func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}

func decideStart(k *work) events.Fact {
	b := k.body.(*StartBody)
	major := ""
	if k.Case.HazardLevel == hazardMajor {
		major = codeRequiredForMajor
	}
	supervising, responsible := or(b.SupervisingUnit, k.OfficeName), or(b.ResponsibleUnit, k.s.ResponsibleUnit)
	// What stands in for a missing name was checked where it came from.
	k.line("supervising_unit", b.SupervisingUnit, maxName, "")
	k.line("responsible_unit", b.ResponsibleUnit, maxName, "")
	k.line("responsible_person", b.ResponsiblePerson, maxName, codeRequired)
	switch {
	case b.FundsYuan == nil && major != "":
		k.wrong.Add("funds_yuan", major)
	case b.FundsYuan != nil && (*b.FundsYuan < 0 || *b.FundsYuan > maxFunds):
		k.wrong.Add("funds_yuan", codeOutOfRange)
	}
	k.text("interim_safeguards", b.InterimSafeguards, maxText, major)
	k.text("emergency_plan", b.EmergencyPlan, maxText, major)
	due := k.startDue(b.Due)
	return events.RectificationStartedFact{ResponsibleUnit: responsible, ResponsiblePerson: b.ResponsiblePerson, SupervisingUnit: supervising, FundsYuan: b.FundsYuan,
		InterimSafeguards: b.InterimSafeguards, EmergencyPlan: b.EmergencyPlan, Due: due, Items: k.items(b.Items, events.Day(or(string(due), string(dueInForce(k.s))))),
		BackdateReason: b.BackdateReason, RelyOn: []events.Reliance{k.RelyOn}}
}

// startDue gives the due day that starting sets, "" where it stays. The office may shorten the case's deadline, but a later day is an extension's to set; where the case names none, the office sets it.
func (k *work) startDue(due events.Day) events.Day {
	if !k.date("due", due, "") || due == dueInForce(k.s) {
		return ""
	}
	switch {
	case due < k.on, k.Case.Plan.Deadline != "" && due > dueInForce(k.s):
		k.wrong.Add("due", codeOutOfRange)
	case k.on != "" && due > k.on.AddYears(k.Numbers.rule(rules.ListingYears, k.s)):
		k.wrong.Add("due", codeMoreThanOneYear)
	}
	return due
}

// items gives what is to be mended: as given, or one for each violation of the case.
func (k *work) items(given []ItemBody, due events.Day) []events.Item {
	if len(given) > maxItems {
		k.wrong.AddArg("items", codeTooMany, strconv.Itoa(maxItems))
		return nil
	}
	if len(given) == 0 {
		out := make([]events.Item, len(k.Case.Violations))
		for i := range out {
			out[i] = events.Item{Violation: i, Measure: k.Case.Plan.Measures, Due: due}
		}
		return out
	}
	out := make([]events.Item, len(given))
	for i, item := range given {
		out[i] = events.Item{Measure: item.Measure, Due: due}
		switch field := fault.Index("items", i, "violation"); {
		case item.Violation == nil:
			k.wrong.Add(field, codeRequired)
		case *item.Violation < 0 || *item.Violation >= len(k.Case.Violations):
			k.wrong.Add(field, codeUnknownViolation)
		default:
			out[i].Violation = *item.Violation
		}
		k.text(fault.Index("items", i, "measure"), item.Measure, maxText, codeRequired)
		if k.date(fault.Index("items", i, "due"), item.Due, "") {
			out[i].Due = item.Due
		}
		out[i].Before, _ = k.media(fault.Index("items", i, "before"), item.Before)
	}
	return out
}

// itemDues gives the other days that a command names for items; those that it doesn't name keep theirs.
func (k *work) itemDues(given []ItemDueBody) []events.ItemDue {
	if len(given) > len(k.s.Items) {
		k.wrong.AddArg("items", codeTooMany, strconv.Itoa(len(k.s.Items)))
		return nil
	}
	var out []events.ItemDue
	for i, item := range given {
		at := k.item(fault.Index("items", i, "item"), item.Item, codeRequired)
		if k.date(fault.Index("items", i, "due"), item.Due, codeRequired) && k.on != "" && item.Due < k.on {
			k.wrong.Add(fault.Index("items", i, "due"), codeOutOfRange)
		}
		out = append(out, events.ItemDue{Item: at, Due: item.Due})
	}
	return out
}

// item checks the index of an item; 0 where it is missing or wrong.
func (k *work) item(field string, at *int, need string) int {
	switch {
	case at == nil && need != "":
		k.wrong.Add(field, need)
	case at == nil:
	case *at < 0 || *at >= len(k.s.Items):
		k.wrong.Add(field, codeUnknownItem)
	default:
		return *at
	}
	return 0
}

func decideProgress(k *work) events.Fact {
	b := k.body.(*ProgressBody)
	k.text("text", b.Text, maxText, codeRequired)
	ids, _ := k.media("media", b.Media)
	need := ""
	if b.Done != nil {
		need = codeRequiredWithDone
	}
	k.item("item", b.Item, need)
	return events.RectificationProgressedFact{Text: b.Text, Media: ids, Item: b.Item, Done: b.Done, BackdateReason: b.BackdateReason, RelyOn: []events.Reliance{k.RelyOn}}
}

func decideAskExtension(k *work) events.Fact {
	b := k.body.(*AskExtensionBody)
	k.text("reason", b.Reason, maxReason, codeRequired)
	k.text("safeguards", b.Safeguards, maxReason, codeRequired)
	if k.date("new_due", b.NewDue, codeRequired) && b.NewDue <= dueInForce(k.s) {
		k.wrong.Add("new_due", codeNotLater)
	}
	return events.ExtensionAskedFact{Reason: b.Reason, Safeguards: b.Safeguards, NewDue: b.NewDue, Items: k.itemDues(b.Items), BackdateReason: b.BackdateReason}
}

func decideOpine(k *work) events.Fact {
	b := k.body.(*OpineBody)
	k.text("text", b.Text, maxReason, codeRequired)
	if k.date("paper_on", b.PaperOn, "") && b.PaperOn > events.DayOf(k.Now) {
		k.wrong.Add("paper_on", codeInFuture)
	}
	return events.ExtensionOpinedFact{Text: b.Text, PaperOn: b.PaperOn, BackdateReason: b.BackdateReason}
}

func decideGrant(k *work) events.Fact {
	b := k.body.(*DecideBody)
	k.text("text", b.Text, maxReason, "")
	return events.ExtensionGrantedFact{Text: b.Text, BackdateReason: b.BackdateReason}
}

func decideRefuse(k *work) events.Fact {
	b := k.body.(*DecideBody)
	k.text("text", b.Text, maxReason, "")
	return events.ExtensionRefusedFact{Text: b.Text, BackdateReason: b.BackdateReason}
}

func decideList(k *work) events.Fact {
	b := k.body.(*ListBody)
	grade := 0
	switch {
	case b.Grade == nil:
		k.wrong.Add("grade", codeRequired)
	case *b.Grade < gradeFirst || *b.Grade > gradeLast:
		k.wrong.Add("grade", codeUnknownValue)
	case (*b.Grade <= gradeProvince) != (k.Actor.Role == supervisor):
		k.wrong.Add("grade", codeGradeNotAllowed)
	default:
		grade = *b.Grade
	}
	k.line("order_no", b.OrderNo, maxNumber, codeRequired)
	k.line("body", b.Body, maxName, codeRequired)
	if k.date("due", b.Due, codeRequired) && k.on != "" {
		switch {
		case b.Due > k.on.AddYears(k.Numbers.rule(rules.ListingYears, k.s)):
			k.wrong.Add("due", codeMoreThanOneYear)
		case b.Due < k.on:
			k.wrong.Add("due", codeOutOfRange)
		}
	}
	return events.RectificationListedFact{Grade: grade, OrderNo: b.OrderNo, Body: b.Body, Due: b.Due, Items: k.itemDues(b.Items), BackdateReason: b.BackdateReason}
}

func (k *work) reason() events.EndingAsked {
	b := k.body.(*ReasonBody)
	k.text("reason", b.Reason, maxReason, codeRequired)
	return events.EndingAsked{Reason: b.Reason, BackdateReason: b.BackdateReason}
}

func (k *work) consent() events.EndingConsented {
	b := k.body.(*ConsentBody)
	k.text("reason", b.Reason, maxReason, "")
	return events.EndingConsented{Reason: b.Reason, BackdateReason: b.BackdateReason}
}

func decideDelist(k *work) events.Fact {
	return events.RectificationDelistedFact(k.reason())
}

func decideDeclineListing(k *work) events.Fact {
	return events.ListingDeclinedFact(k.reason())
}

func decideDeclineEnding(k *work) events.Fact {
	return events.EndingDeclinedFact(k.reason())
}

func decideAskTransfer(k *work) events.Fact { return events.TransferAskedFact{EndingAsked: k.reason()} }

func decideAskNotApplicable(k *work) events.Fact {
	return events.NotApplicableAskedFact{EndingAsked: k.reason()}
}

func decideTransfer(k *work) events.Fact {
	return events.RectificationTransferredFact{EndingConsented: k.consent()}
}

func decideNotApplicable(k *work) events.Fact {
	return events.RectificationNotApplicableFact{EndingConsented: k.consent()}
}

func decideAskAcceptance(k *work) events.Fact {
	b := k.body.(*AskAcceptanceBody)
	k.text("text", b.Text, maxText, codeRequired)
	before := len(k.wrong)
	ids, pictures := k.media("media", b.Media)
	if pictures == 0 && len(k.wrong) == before {
		k.wrong.Add("media", codeAfterMediaMissing)
	}
	return events.AcceptanceAskedFact{Text: b.Text, Media: ids, BackdateReason: b.BackdateReason, RelyOn: []events.Reliance{k.RelyOn}}
}

func decideAccept(k *work) events.Fact {
	b := k.body.(*AcceptBody)
	officers := k.officers(b.Officers)
	k.text("findings", b.Findings, maxText, codeRequired)
	return events.RectificationAcceptedFact{SiteRecord: events.SiteRecord{On: k.on, Officers: officers, Findings: b.Findings}, BackdateReason: b.BackdateReason}
}

func decideReturn(k *work) events.Fact {
	b := k.body.(*ReturnBody)
	k.text("reason", b.Reason, maxReason, codeRequiredForReturned)
	fact := events.AcceptanceReturnedFact{Reason: b.Reason, BackdateReason: b.BackdateReason}
	if len(b.Officers) > 0 || b.Findings != "" {
		officers := k.officers(b.Officers)
		k.text("findings", b.Findings, maxText, codeRequired)
		fact.SiteRecord = &events.SiteRecord{On: k.on, Officers: officers, Findings: b.Findings}
	}
	return fact
}

func decideClose(k *work) events.Fact {
	b := k.body.(*CloseBody)
	outlet, _ := k.Outlet(b.Outlet)
	k.line("outlet", b.Outlet, maxName, codeRequired)
	k.line("headline", b.Headline, maxHeadline, codeRequired)
	k.address("url", b.URL)
	if b.PublishedOn == "" {
		k.wrong.Add(fieldPublishedOn, codeRequired)
	} else if k.onField != fieldPublishedOn && k.isDay(fieldPublishedOn, b.PublishedOn) && b.PublishedOn > events.DayOf(k.Now) {
		k.wrong.Add(fieldPublishedOn, codeInFuture)
	}
	if k.s.State == awaiting && b.PublishedOn != "" && !k.onWrong {
		// A result published while the site check is still to come is the mistake, more than the state.
		k.wrong.Add(fieldPublishedOn, codeBeforeAcceptance)
	}
	need := ""
	if b.Outlet != "" && !k.exposedBy(b.Outlet, outlet.ID) {
		need = codeRequiredForOther
	}
	k.text("other_outlet_reason", b.OtherOutletReason, maxReason, need)
	return events.RectificationClosedFact{Outlet: b.Outlet, OutletID: outlet.ID, Headline: b.Headline, URL: b.URL, PublishedOn: b.PublishedOn, OtherOutletReason: b.OtherOutletReason,
		BackdateReason: b.BackdateReason, RelyOn: []events.Reliance{k.RelyOn}}
}

// exposedBy says whether the outlet exposed the case: the same of the list, or the same name where the list has none yet.
func (k *work) exposedBy(name string, id events.OutletID) bool {
	for _, p := range k.Case.Exposures {
		if id != "" && p.OutletID == id || strings.TrimSpace(p.Outlet) == strings.TrimSpace(name) {
			return true
		}
		if listed, ok := k.Outlet(p.Outlet); ok && listed.ID == id {
			return true
		}
	}
	return false
}

// address checks a link. No other scheme is ever shown as one.
func (k *work) address(field, link string) {
	before := len(k.wrong)
	k.line(field, link, maxURL, codeRequired)
	if len(k.wrong) > before {
		return
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		k.wrong.Add(field, codeScheme)
	}
}

func decideReopen(k *work) events.Fact {
	b := k.body.(*ReopenBody)
	k.line("by", b.By, maxName, "")
	k.text("reason", b.Reason, maxReason, codeRequired)
	if k.date("new_due", b.NewDue, codeRequired) && b.NewDue <= k.on {
		k.wrong.Add("new_due", codeNotLater)
	}
	return events.RectificationReopenedFact{By: b.By, Reason: b.Reason, NewDue: b.NewDue, Items: k.itemDues(b.Items), BackdateReason: b.BackdateReason}
}
