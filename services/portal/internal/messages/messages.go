// Package messages turns codes into words: Chinese, or English where asked for. It holds the only table of texts for refusals; pages have their own.
package messages

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"songshui.internal/services/internal/fault"
)

// Language is one of the two that the portal speaks.
type Language int

// The languages; Chinese is the default.
const (
	Chinese Language = iota
	English
)

// Say gives the words in the language.
func (l Language) Say(zh, en string) string {
	if l == English {
		return en
	}
	return zh
}

var matcher = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// Of picks the language by an Accept-Language header.
func Of(accept string) Language {
	if accept == "" {
		return Chinese
	}
	_, i := language.MatchStrings(matcher, accept)
	return Language(i)
}

// Tag gives the BCP 47 tag.
func (l Language) Tag() string {
	if l == English {
		return "en"
	}
	return "zh-CN"
}

type text struct{ zh, en string }

func (t text) in(l Language) string {
	if l == English {
		return t.en
	}
	return t.zh
}

// Title gives the words for a refusal.
func Title(c fault.Code, l Language) string {
	t, ok := titles[c]
	if !ok {
		t = titles[fault.Internal]
	}
	return t.in(l)
}

// Detail gives more words on a refusal, "" if there are none.
func Detail(e *fault.Error, l Language) string {
	if t, ok := details[e.Detail]; ok {
		return t.in(l)
	}
	if limit, err := strconv.ParseInt(e.Detail, 10, 64); e.Code == fault.BodyTooLarge && err == nil {
		return atMost(limit, l)
	}
	if e.Code == fault.WrongState && e.Detail != "" {
		return inState(e.Detail, l)
	}
	if t, ok := advice[e.Code]; ok {
		return t.in(l)
	}
	return ""
}

// atMost says how large a file of its kind may be.
func atMost(bytes int64, l Language) string {
	size := strconv.FormatInt(bytes>>20, 10) + " MB"
	if bytes >= 1<<30 {
		size = strconv.FormatInt(bytes>>30, 10) + " GB"
	}
	if l == English {
		return "At most " + size + " for this kind of file."
	}
	return "此类文件上限为 " + size + "。"
}

// inState says in which state a record is that doesn't allow a command.
func inState(state string, l Language) string {
	word := state
	for _, kind := range []string{"state", "rectification_state", "media_state", "return_state"} {
		if word = Term(kind, state, l); word != state {
			break
		}
	}
	if l == English {
		return "It is in the state: " + word + "."
	}
	return "当前状态：" + word + "。"
}

// Field gives the words for one wrong field: its label and what is wrong.
func Field(f fault.Field, l Language) string {
	t, ok := reasons[f.Code]
	if !ok {
		t = text{"填写有误", "is wrong"}
	}
	if own, ok := ofField[f.Field+" "+f.Code]; ok {
		t = own
	}
	if f.Field == "file" && ofFile[f.Code] { // an upload's own
		t = ends[f.Code]
	}
	say := strings.ReplaceAll(t.in(l), "{arg}", f.Arg)
	label := Label(f.Field, l)
	if from, to, ok := Place(f); ok {
		label = placed(from, to, l)
	}
	if label == "" {
		return say
	}
	if l == English {
		return label + " " + say
	}
	return label + "：" + say
}

var indexed = regexp.MustCompile(`^([a-z0-9_]+)\[(\d+)\]$`)

// Label gives the words for a path such as exposures[0].published_on: 第1条曝光的刊播日期.
func Label(path string, l Language) string {
	if path == "" {
		return ""
	}
	var parts []string
	for _, p := range strings.Split(path, ".") {
		name, nth := p, ""
		if m := indexed.FindStringSubmatch(p); m != nil {
			n, _ := strconv.Atoi(m[2])
			name, nth = m[1], strconv.Itoa(n+1)
		}
		t, ok := labels[name]
		if !ok {
			t = text{"“" + name + "”", "“" + name + "”"}
		}
		word := t.in(l)
		switch {
		case nth != "" && l == English:
			word += " " + nth
		case nth != "":
			word = "第" + nth + "项" + word
		}
		parts = append(parts, word)
	}
	if l == English {
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, "的")
}
