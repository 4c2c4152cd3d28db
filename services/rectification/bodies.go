package rectification

import (
	"reflect"
	"strings"

	"songshui.internal/events"
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

// The bodies of the commands. The tag ask names a field's type for forms and says whether it is required; "major" is required for a major hazard.
type (
	// ItemBody is one thing to mend; without a day it is due with the whole.
	ItemBody struct {
		Violation *int       `json:"violation"`
		Measure   string     `json:"measure"`
		Due       events.Day `json:"due"`
		// Before are media that show it as it was found.
		Before []MediaRef `json:"before"`
	}
	// ItemDueBody gives an item another due day.
	ItemDueBody struct {
		Item *int       `json:"item"`
		Due  events.Day `json:"due"`
	}
	// StartBody assigns the rectification.
	StartBody struct {
		Dated
		SupervisingUnit   string     `json:"supervising_unit" ask:"line"`
		ResponsibleUnit   string     `json:"responsible_unit" ask:"line"`
		ResponsiblePerson string     `json:"responsible_person" ask:"line,required"`
		FundsYuan         *int64     `json:"funds_yuan" ask:"yuan,major"`
		InterimSafeguards string     `json:"interim_safeguards" ask:"text,major"`
		EmergencyPlan     string     `json:"emergency_plan" ask:"text,major"`
		Due               events.Day `json:"due" ask:"day"`
		Items             []ItemBody `json:"items" ask:"items"`
	}
	// ProgressBody reports progress.
	ProgressBody struct {
		Dated
		Text  string     `json:"text" ask:"text,required"`
		Media []MediaRef `json:"media" ask:"media"`
		// Item is the index of the item that it is about, and that the media show; Done says whether it is mended.
		Item *int  `json:"item" ask:"item"`
		Done *bool `json:"done" ask:"yes-no"`
	}
	// AskExtensionBody asks for a later due day.
	AskExtensionBody struct {
		Dated
		Reason     string        `json:"reason" ask:"text,required"`
		Safeguards string        `json:"safeguards" ask:"text,required"`
		NewDue     events.Day    `json:"new_due" ask:"day,required"`
		Items      []ItemDueBody `json:"items" ask:"item_dues"`
	}
	// OpineBody is the overseer's opinion.
	OpineBody struct {
		Dated
		Text    string     `json:"text" ask:"text,required"`
		PaperOn events.Day `json:"paper_on" ask:"day"`
	}
	// DecideBody grants or refuses an extension.
	DecideBody struct {
		Dated
		Text string `json:"text" ask:"text"`
	}
	// ListBody is a listing.
	ListBody struct {
		Dated
		Grade   *int          `json:"grade" ask:"grade,required"`
		OrderNo string        `json:"order_no" ask:"line,required"`
		Body    string        `json:"body" ask:"line,required"`
		Due     events.Day    `json:"due" ask:"day,required"`
		Items   []ItemDueBody `json:"items" ask:"item_dues"`
	}
	// ReasonBody is a step that needs nothing but its reason.
	ReasonBody struct {
		Dated
		Reason string `json:"reason" ask:"text,required"`
	}
	// ConsentBody is the province's consent.
	ConsentBody struct {
		Dated
		Reason string `json:"reason" ask:"text"`
	}
	// AskAcceptanceBody asks for acceptance.
	AskAcceptanceBody struct {
		Dated
		Text  string     `json:"text" ask:"text,required"`
		Media []MediaRef `json:"media" ask:"media,required"`
	}
	// OfficerBody signs a site record.
	OfficerBody struct {
		Title       string `json:"title"`
		Certificate string `json:"certificate"`
	}
	// AcceptBody is the site record.
	AcceptBody struct {
		Dated
		Officers []OfficerBody `json:"officers" ask:"officers,required"`
		Findings string        `json:"findings" ask:"text,required"`
	}
	// ReturnBody sends the request back; officers and findings come together or not at all.
	ReturnBody struct {
		Dated
		Reason   string        `json:"reason" ask:"text,required"`
		Officers []OfficerBody `json:"officers" ask:"officers"`
		Findings string        `json:"findings" ask:"text"`
	}
	// CloseBody is the published result; its given day is that of the publication where on is missing.
	CloseBody struct {
		Dated
		Outlet            string     `json:"outlet" ask:"outlet,required"`
		Headline          string     `json:"headline" ask:"line,required"`
		URL               string     `json:"url" ask:"url,required"`
		PublishedOn       events.Day `json:"published_on" ask:"day,required"`
		OtherOutletReason string     `json:"other_outlet_reason" ask:"text"`
	}
	// ReopenBody opens it again.
	ReopenBody struct {
		Dated
		By     string        `json:"by" ask:"line"`
		Reason string        `json:"reason" ask:"text,required"`
		NewDue events.Day    `json:"new_due" ask:"day,required"`
		Items  []ItemDueBody `json:"items" ask:"item_dues"`
	}
)

// Body is a command's body: a pointer to one of the structs above.
type Body interface{ dated() *Dated }

func (d *Dated) dated() *Dated { return d }

// Media gives the media that a body names.
func Media(b Body) []MediaRef {
	switch b := b.(type) {
	case *StartBody:
		var all []MediaRef
		for _, i := range b.Items {
			all = append(all, i.Before...)
		}
		return all
	case *ProgressBody:
		return b.Media
	case *AskAcceptanceBody:
		return b.Media
	}
	return nil
}

// Field is a field of a command's body, for forms. Types: day, text, line, yuan, url, outlet, grade, media, item (an index), yes-no, items, item_dues, officers.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// fieldsOf lists a body's fields, those of Dated last.
func fieldsOf(b Body, major bool) []Field {
	t := reflect.TypeOf(b).Elem()
	var own, dated []Field
	for _, f := range reflect.VisibleFields(t) {
		kind, need, _ := strings.Cut(f.Tag.Get("ask"), ",")
		if kind == "" {
			continue
		}
		field := Field{Name: f.Tag.Get("json"), Type: kind, Required: need == "required" || need == "major" && major}
		if len(f.Index) > 1 {
			dated = append(dated, field)
			continue
		}
		own = append(own, field)
	}
	return append(own, dated...)
}
