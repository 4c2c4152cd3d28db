package archive

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Limits of what a query's language may ask.
const (
	// MaxTerms is how many words, phrases and conditions of a query count, as in the embedded engine; the rest is left out.
	MaxTerms = 64
	// MaxAlternatives bounds the ways in which a query with | can be fulfilled: each is a question to the engine.
	MaxAlternatives = 16
)

// Term is a text that must be found, or mustn't; a Phrase was quoted and is meant as it is.
type Term struct {
	Text   string
	Phrase bool
}

// Condition bounds one attribute: one of Values, or from From to To, or from Min to Max, all included.
type Condition struct {
	Field    Field
	Values   []string
	From, To events.Day
	Min, Max *int64
	// Not wants what the condition doesn't hold for.
	Not bool
}

// Alternative is one way to fulfil a query: everything in it holds.
type Alternative struct {
	Terms, Not []Term
	Conditions []Condition
}

// parse reads a query of people: a blank joins by and, | (OR, 或) by or and binds tighter, quotes hold a phrase together, - (－) excludes, 字段:值 and field:value are conditions (words.go). What is
// no language is text, whatever it looks like; only a known field's value that can't be read is wrong, and too many alternatives are. Places are in characters, “from-to”. The result is in
// disjunctive form and has at least one alternative.
func parse(text string) ([]Alternative, fault.Fields) {
	p := parser{s: []rune(text)}
	p.clauses()
	out := []Alternative{{}}
	for _, c := range p.read {
		if len(out)*len(c) > MaxAlternatives {
			p.wrong.AddArg("q", "too_many_alternatives", strconv.Itoa(MaxAlternatives))
			return []Alternative{{}}, p.wrong
		}
		var more []Alternative
		for _, a := range out {
			for _, u := range c {
				more = append(more, a.with(u))
			}
		}
		out = more
	}
	return out, p.wrong
}

// unit is a term of a query, or conditions that hold together.
type unit struct {
	term       Term
	conditions []Condition
	not        bool
}

func (a Alternative) with(u unit) Alternative {
	switch {
	case len(u.conditions) > 0:
		a.Conditions = append(slices.Clip(a.Conditions), u.conditions...)
	case u.not:
		a.Not = append(slices.Clip(a.Not), u.term)
	default:
		a.Terms = append(slices.Clip(a.Terms), u.term)
	}
	return a
}

type parser struct {
	s     []rune
	i     int
	count int
	// read are the clauses, each the units of which one must hold.
	read  [][]unit
	wrong fault.Fields
}

func (p *parser) clauses() {
	var open bool // an or stands before what comes
	for p.count < MaxTerms {
		p.blanks()
		switch {
		case p.i >= len(p.s):
			return
		case p.bar(), p.word("OR"), p.word("或"):
			open = len(p.read) > 0
			continue
		case p.word("AND"):
			open = false
			continue
		}
		units := p.unit()
		if len(units) == 0 {
			continue
		}
		p.count++
		if last := len(p.read) - 1; open {
			p.read[last] = append(p.read[last], units...)
		} else {
			p.read = append(p.read, units)
		}
		open = false
	}
}

func isBar(r rune) bool  { return r == '|' || r == '｜' }
func isDash(r rune) bool { return r == '-' || r == '－' }

// isBlank is what parts words; a character that isn't seen does so too.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

var closing = map[rune]rune{'"': '"', '＂': '＂', '“': '”', '「': '」', '『': '』'}

func (p *parser) blanks() {
	for p.i < len(p.s) && isBlank(p.s[p.i]) {
		p.i++
	}
}

func (p *parser) bar() bool {
	if p.i < len(p.s) && isBar(p.s[p.i]) {
		p.i++
		return true
	}
	return false
}

// word takes a word that stands alone.
func (p *parser) word(w string) bool {
	end := p.i + utf8.RuneCountInString(w)
	if end > len(p.s) || string(p.s[p.i:end]) != w || end < len(p.s) && !isBlank(p.s[end]) || p.i > 0 && !isBlank(p.s[p.i-1]) {
		return false
	}
	p.i = end
	return true
}

// unit reads one term, or a condition, whose values may lie in several attributes: any of the units will do. None for a sign without a word.
func (p *parser) unit() []unit {
	not := false
	for p.i < len(p.s) && isDash(p.s[p.i]) {
		not = true
		p.i++
	}
	if p.i >= len(p.s) || isBlank(p.s[p.i]) || isBar(p.s[p.i]) {
		return nil
	}
	if quoted, ok := p.quoted(); ok {
		if strings.TrimSpace(quoted) == "" {
			return nil
		}
		return []unit{{term: Term{quoted, true}, not: not}}
	}
	if f, ok := p.field(); ok {
		return p.conditions(f, not)
	}
	start := p.i
	p.i++ // whatever it is, a quote that nothing closes as well
	for p.i < len(p.s) && !isBlank(p.s[p.i]) && !isBar(p.s[p.i]) && !p.opens() {
		p.i++
	}
	text := string(p.s[start:p.i])
	if strings.TrimFunc(text, func(r rune) bool { return closing[r] != 0 }) == "" {
		return nil
	}
	return []unit{{term: Term{Text: text}, not: not}}
}

// opens says whether a quote begins here that is closed later.
func (p *parser) opens() bool {
	end := closing[p.s[p.i]]
	return end != 0 && slices.Contains(p.s[p.i+1:], end)
}

func (p *parser) quoted() (string, bool) {
	if !p.opens() {
		return "", false
	}
	start := p.i + 1
	end := start + slices.Index(p.s[start:], closing[p.s[p.i]])
	p.i = end + 1
	return string(p.s[start:end]), true
}

// field takes a known field's name and the colon after it, if a value follows.
func (p *parser) field() (fieldReader, bool) {
	at := p.i
	for at < len(p.s) && at-p.i <= maxFieldName && (unicode.IsLetter(p.s[at]) || p.s[at] == '_') {
		at++
	}
	if at >= len(p.s) || p.s[at] != ':' && p.s[at] != '：' {
		return nil, false
	}
	f, ok := fields[strings.ToLower(string(p.s[p.i:at]))]
	if !ok {
		return nil, false
	}
	for at++; at < len(p.s) && isBlank(p.s[at]); at++ {
	}
	if at >= len(p.s) || isBar(p.s[at]) {
		return nil, false
	}
	p.i = at
	return f, true
}

// conditions reads the values after a field's name: those joined by | without blanks belong together.
func (p *parser) conditions(f fieldReader, not bool) []unit {
	var all []Condition
	for {
		start := p.i
		value, ok := p.quoted()
		if !ok {
			for p.i < len(p.s) && !isBlank(p.s[p.i]) && !isBar(p.s[p.i]) {
				p.i++
			}
			value = string(p.s[start:p.i])
		}
		c, code := f(strings.TrimSpace(narrow(value)))
		if code != "" {
			p.wrong.AddArg("q", code, strconv.Itoa(start)+"-"+strconv.Itoa(p.i))
		}
		all = joined(all, c)
		if !p.another() {
			break
		}
	}
	return units(all, not)
}

// another takes the | before a further value of the same field.
func (p *parser) another() bool {
	if p.i+1 >= len(p.s) || !isBar(p.s[p.i]) || isBlank(p.s[p.i+1]) || isBar(p.s[p.i+1]) {
		return false
	}
	before := p.i
	p.i++
	if _, other := p.field(); other || isDash(p.s[p.i]) {
		p.i = before
		return false
	}
	return true
}

// joined adds a condition to others of which one must hold: single values of one attribute stand together.
func joined(all []Condition, c Condition) []Condition {
	for i := range all {
		if all[i].Field == c.Field && len(all[i].Values) > 0 && len(c.Values) > 0 {
			all[i].Values = append(all[i].Values, c.Values...)
			return all
		}
	}
	return append(all, c)
}

// units makes a unit of each condition, since any will do; what is excluded must not hold for any, which is one unit.
func units(all []Condition, not bool) (out []unit) {
	for i := range all {
		all[i].Not = not
		if !not {
			out = append(out, unit{conditions: all[i : i+1 : i+1]})
		}
	}
	if not {
		return []unit{{conditions: all}}
	}
	return out
}

// narrow writes the full-width forms of ASCII as ASCII.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, s)
}
