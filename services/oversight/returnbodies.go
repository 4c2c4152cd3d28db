package oversight

import (
	"reflect"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
)

// MediaRef names a medium of the office: by id, or by file name (with the hash of its bytes, where several have the name). In JSON it may also be one string, either of both.
type MediaRef struct {
	ID     string `json:"id"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// FromText reads the short form.
func (r *MediaRef) FromText(s string) {
	if _, err := events.ParseMediaID(s); err == nil {
		r.ID = s
		return
	}
	r.File = s
}

// Given says whether anything is named.
func (r MediaRef) Given() bool { return r != MediaRef{} }

func (r MediaRef) name() string {
	if r.File != "" {
		return r.File
	}
	return r.ID
}

// Dated is what every command's body has: the given day, and why it is given late.
type Dated struct {
	On             events.Day `json:"on" ask:"day"`
	BackdateReason string     `json:"backdate_reason" ask:"text"`
}

// Paper is what both kinds of filing say besides their cases.
type Paper struct {
	DocumentNo string `json:"document_no" ask:"line,required"`
	// SignedBy and Contact are accounts of the office, by default the caller's.
	SignedBy events.AccountID `json:"signed_by" ask:"account"`
	Contact  events.AccountID `json:"contact" ask:"account"`
	Scan     MediaRef         `json:"scan" ask:"medium"`
}

// The bodies of the commands. The tag ask names a field's type for forms and says whether it is required.
type (
	// FileBody 报送. Without cases it holds all of the office published in the month; with a zero reason and without cases it is a zero return 零报告.
	FileBody struct {
		Cases      []events.CaseID `json:"cases" ask:"cases"`
		ZeroReason string          `json:"zero_reason" ask:"text"`
		Paper
		Dated
	}
	// SupplementBody 补报 names the cases that are added.
	SupplementBody struct {
		Cases []events.CaseID `json:"cases" ask:"cases,required"`
		Paper
		Dated
	}
	// ScanBody names the sealed scan of the last filing.
	ScanBody struct {
		Scan MediaRef `json:"scan" ask:"medium,required"`
		Dated
	}
	// ReceiveBody 省级已收.
	ReceiveBody struct {
		Dated
	}
	// CaseReasonBody is a reason for one case.
	CaseReasonBody struct {
		Case   events.CaseID `json:"case"`
		Reason string        `json:"reason"`
	}
	// SendBackBody 退回待补, with a reason for the whole and, where it is about single cases, for each.
	SendBackBody struct {
		Reason string           `json:"reason" ask:"text,required"`
		Cases  []CaseReasonBody `json:"cases" ask:"case-reasons"`
		Dated
	}
	// RecogniseBody 认定 (decision) or 补录 (paper).
	RecogniseBody struct {
		Kind   string `json:"kind" ask:"recognition,required"`
		Reason string `json:"reason" ask:"text,required"`
		Dated
	}
)

// ReturnBody is a command's body: a pointer to one of the structs above.
type ReturnBody interface{ dated() *Dated }

func (d *Dated) dated() *Dated { return d }

// ReturnScan gives the scan that a body names; nothing is Given where it names none.
func ReturnScan(b ReturnBody) MediaRef {
	switch b := b.(type) {
	case *FileBody:
		return b.Scan
	case *SupplementBody:
		return b.Scan
	case *ScanBody:
		return b.Scan
	}
	return MediaRef{}
}

// ReturnPeople gives the accounts that a body names.
func ReturnPeople(b ReturnBody) []events.AccountID {
	p := paperOf(b)
	if p == nil {
		return nil
	}
	var out []events.AccountID
	for _, id := range []events.AccountID{p.SignedBy, p.Contact} {
		if id != "" {
			out = append(out, id)
		}
	}
	return out
}

// ReturnWarnings are what the texts of a body should be looked at for; they refuse nothing.
func ReturnWarnings(b ReturnBody) []fault.Field {
	var w fault.Fields
	look := func(field, text string) {
		if personal.In(text) {
			w.Add(field, codePersonalData)
		}
	}
	switch b := b.(type) {
	case *FileBody:
		look("zero_reason", b.ZeroReason)
	case *SendBackBody:
		look("reason", b.Reason)
		for i, c := range b.Cases {
			look(fault.Index("cases", i, "reason"), c.Reason)
		}
	case *RecogniseBody:
		look("reason", b.Reason)
	}
	if p := paperOf(b); p != nil {
		look("document_no", p.DocumentNo)
	}
	look("backdate_reason", b.dated().BackdateReason)
	return w
}

func paperOf(b ReturnBody) *Paper {
	switch b := b.(type) {
	case *FileBody:
		return &b.Paper
	case *SupplementBody:
		return &b.Paper
	}
	return nil
}

// Field is a field of a command's body, for forms. Types: day, text, line, cases, case-reasons, account, medium, recognition.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

func fieldsOf(b ReturnBody) []Field {
	var out []Field
	for _, f := range reflect.VisibleFields(reflect.TypeOf(b).Elem()) {
		if kind, need, _ := strings.Cut(f.Tag.Get("ask"), ","); kind != "" {
			out = append(out, Field{Name: f.Tag.Get("json"), Type: kind, Required: need == "required"})
		}
	}
	return out
}
