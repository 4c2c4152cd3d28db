package oversight

import (
	"slices"
	"strconv"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// inMonth says whether a case was published on a day of the month, whatever the outlet.
func inMonth(c events.CaseState, m events.Month) bool {
	return slices.ContainsFunc(c.Exposures, func(p events.Publication) bool { return events.MonthOf(p.PublishedOn) == m })
}

// published lists the office's exposed cases with a publication in the month.
func (k *returnWork) published() []CaseFile {
	var out []CaseFile
	for _, c := range k.Cases {
		if c.State.State == events.CaseExposed && inMonth(c.State, k.s.Month) {
			out = append(out, c)
		}
	}
	return out
}

// named finds the cases that a body names, each once; those that a return can't hold are wrong.
func (k *returnWork) named(ids []events.CaseID) []CaseFile {
	if len(ids) > maxCases {
		k.wrong.AddArg("cases", codeTooMany, strconv.Itoa(maxCases))
		return nil
	}
	byID := make(map[events.CaseID]CaseFile, len(k.Cases))
	for _, c := range k.Cases {
		byID[c.State.ID] = c
	}
	var out []CaseFile
	seen := map[events.CaseID]bool{}
	for i, id := range ids {
		c, ok := byID[id]
		switch field := fault.Index("cases", i, ""); {
		case !ok || c.State.State == events.CaseReserved:
			k.wrong.Add(field, codeUnknownCase)
		case c.State.State != events.CaseExposed:
			k.wrong.Add(field, codeNotExposed)
		case !inMonth(c.State, k.s.Month):
			k.wrong.Add(field, codeNotInMonth)
		case !seen[id]:
			seen[id] = true
			out = append(out, c)
		}
	}
	return out
}

// hold puts cases into a filing, with what it relies on.
func hold(c *events.ReturnContent, files []CaseFile) {
	for _, f := range files {
		c.Cases = append(c.Cases, f.State.ID)
		c.RelyOn = append(c.RelyOn, f.RelyOn)
	}
}

func decideFile(k *returnWork) events.Fact {
	b := k.body.(*FileBody)
	c := k.paper(b.Paper)
	files := k.named(b.Cases)
	if b.Cases == nil && b.ZeroReason == "" {
		if files = k.published(); len(files) > maxCases {
			k.wrong.AddArg("cases", codeTooMany, strconv.Itoa(maxCases))
		}
	}
	hold(&c, files)
	switch {
	case b.ZeroReason != "" && len(b.Cases) > 0:
		k.wrong.Add("zero_reason", codeZeroWithCases)
	case b.ZeroReason == "" && len(files) == 0 && len(b.Cases) == 0:
		k.wrong.Add("zero_reason", codeRequiredForZero)
	default:
		k.text("zero_reason", b.ZeroReason, "")
	}
	c.ZeroReason = b.ZeroReason
	return events.ReturnFiledFact{ReturnContent: c}
}

func decideSupplement(k *returnWork) events.Fact {
	b := k.body.(*SupplementBody)
	c := k.paper(b.Paper)
	if len(b.Cases) == 0 {
		k.wrong.Add("cases", codeRequired)
	}
	if f := last(k.s); f != nil && k.s.State == received {
		c.Cases = slices.Clone(f.Cases)
	}
	for i, id := range b.Cases {
		if slices.Contains(c.Cases, id) {
			k.wrong.Add(fault.Index("cases", i, ""), codeHeldAlready)
		}
	}
	added := k.named(b.Cases)
	if len(c.Cases)+len(added) > maxCases {
		k.wrong.AddArg("cases", codeTooMany, strconv.Itoa(maxCases))
	}
	hold(&c, added)
	return events.ReturnSupplementedFact{ReturnContent: c}
}

func decideScan(k *returnWork) events.Fact {
	b := k.body.(*ScanBody)
	return events.ReturnScanAddedFact{Scan: k.scan(b.Scan, codeRequired), BackdateReason: b.BackdateReason}
}

func decideReceive(k *returnWork) events.Fact {
	return events.ReturnReceivedFact{BackdateReason: k.body.dated().BackdateReason}
}

func decideSendBack(k *returnWork) events.Fact {
	b := k.body.(*SendBackBody)
	k.text("reason", b.Reason, codeRequired)
	if len(b.Cases) > maxCases {
		k.wrong.AddArg("cases", codeTooMany, strconv.Itoa(maxCases))
		return nil
	}
	f := last(k.s)
	var reasons []events.CaseReason
	for i, r := range b.Cases {
		if k.s.State == filed && f != nil && !slices.Contains(f.Cases, r.Case) {
			k.wrong.Add(fault.Index("cases", i, "case"), codeNotHeld)
		}
		k.text(fault.Index("cases", i, "reason"), r.Reason, codeRequired)
		reasons = append(reasons, events.CaseReason(r))
	}
	return events.ReturnReturnedFact{Reason: b.Reason, Cases: reasons, BackdateReason: b.BackdateReason}
}

func decideRecognise(k *returnWork) events.Fact {
	b := k.body.(*RecogniseBody)
	switch b.Kind {
	case events.RecognisedByDecision, events.RecognisedFromPaper:
	case "":
		k.wrong.Add("kind", codeRequired)
	default:
		k.wrong.Add("kind", codeUnknownValue)
	}
	k.text("reason", b.Reason, codeRequired)
	return events.ReturnRecognisedFact{Kind: b.Kind, Reason: b.Reason, BackdateReason: b.BackdateReason}
}
