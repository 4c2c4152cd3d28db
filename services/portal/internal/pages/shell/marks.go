package shell

import (
	"html/template"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/portal/internal/messages"
)

// given writes a day that a person gave; recorded a moment that the system recorded. Which of the two it is stands in the title, and behind the day in print. A day that was given late 补录 is marked always.
func given(day string, backdated bool, l messages.Language) template.HTML {
	if _, err := events.ParseDay(day); err != nil {
		return ""
	}
	return marked("given", day, Day(day, l), pick("人员填报", "given by a person", l)) + backdatedMark(backdated, l)
}

func recorded(at string, l messages.Language) template.HTML {
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		return ""
	}
	return marked("recorded", at, Time(at, l), pick("系统记录", "recorded by the system", l))
}

// told writes the day of a step that was recorded at a moment (RFC 3339; empty where the day was reckoned): the system's own where the system acted or nobody gave another than the day of recording, else given.
func told(day, at, role string, backdated bool, l messages.Language) template.HTML {
	if _, err := events.ParseDay(day); err != nil {
		return ""
	}
	moment, err := time.Parse(time.RFC3339Nano, at)
	if !backdated && (role == "system" || err == nil && string(events.DayOf(moment)) == day) {
		return marked("recorded", day, Day(day, l), pick("系统记录", "recorded by the system", l))
	}
	return given(day, backdated, l)
}

func marked(class, machine, words, who string) template.HTML {
	return template.HTML(`<time class="` + class + `" datetime="` + template.HTMLEscapeString(machine) + `" title="` + who + `" data-who="` + who + `">` + words + `</time>`)
}

func backdatedMark(is bool, l messages.Language) template.HTML {
	if !is {
		return ""
	}
	return template.HTML(` <span class="tag warn backdated" title="` + pick("事后补录，不计时限", "entered later; outside the figures of punctuality", l) + `">` + pick("补录", "entered late", l) + `</span>`)
}

// worth writes what a month of an office is worth, as a tag.
func worth(shown, kind string, l messages.Language) template.HTML {
	word, class := messages.Term("return_shown", shown, l), map[string]string{"met": " good", "recognised": " good", "met-late": " warn", "awaiting-receipt": " warn", "returned": " warn", "missed": " bad"}[shown]
	if shown == "recognised" && kind != "" {
		word = messages.Term("recognition", kind, l)
	}
	return template.HTML(`<span class="tag` + class + `">` + template.HTMLEscapeString(word) + `</span>`)
}

func pick(zh, en string, l messages.Language) string {
	if l == messages.English {
		return en
	}
	return zh
}
