package engine

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a filter. The length leaves room for a list of 100,000 ids.
const (
	maxFilterDepth = 200
	maxFilterBytes = 8 << 20
)

type op uint8

const (
	opAnd op = iota // children
	opOr            // children
	opNot           // children[0]
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opBetween // values[0] TO values[1], both included
	opIn
	opExists
	opNull
	opEmpty
	opStartsWith
	opGeoRadius // values: latitude, longitude, metres
	opGeoBox    // values: top, right, bottom, left
)

// node is a filter as a tree. The zero node, an AND of nothing, lets every document pass.
type node struct {
	op       op
	attr     string
	values   []string
	children []*node
}

// parseFilter reads a filter: a string, or an array whose elements are joined by AND and may be arrays of strings joined by
// OR. nil and empty let everything pass.
func parseFilter(v any) (*node, error) {
	switch v := v.(type) {
	case nil:
		return &node{}, nil
	case string:
		return parseExpression(v)
	case []any:
		return parseGroups(v)
	}
	return nil, filterError("Invalid syntax for the filter parameter: `expected String, Array, found: %T`.", v)
}

func parseGroups(groups []any) (*node, error) {
	and := &node{}
	for _, g := range groups {
		switch g := g.(type) {
		case string:
			n, err := parseExpression(g)
			if err != nil {
				return nil, err
			}
			and.children = append(and.children, n)
		case []any:
			or := &node{op: opOr}
			for _, e := range g {
				s, ok := e.(string)
				if !ok {
					return nil, filterError("Invalid syntax for the filter parameter: `expected String, found: %v`.", e)
				}
				n, err := parseExpression(s)
				if err != nil {
					return nil, err
				}
				or.children = append(or.children, n)
			}
			and.children = append(and.children, or)
		default:
			return nil, filterError("Invalid syntax for the filter parameter: `expected String, Array, found: %v`.", g)
		}
	}
	return and, nil
}

func filterError(format string, args ...any) *Error {
	return Errorf("invalid_search_filter", format, args...)
}

func parseExpression(s string) (*node, error) {
	if len(s) > maxFilterBytes {
		return nil, filterError("The filter is longer than %d bytes.", maxFilterBytes)
	}
	p := &filterParser{s: s}
	if p.space(); p.i == len(p.s) {
		return &node{}, nil
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.i < len(p.s) {
		return nil, p.errorf("Found unexpected characters at the end of the filter: `%s`. You probably forgot an `OR` or an `AND` rule.", clip([]byte(p.s[p.i:])))
	}
	return n, nil
}

type filterParser struct {
	s string
	i int
}

func (p *filterParser) errorf(format string, args ...any) error {
	e := filterError(format, args...)
	at := utf8.RuneCountInString(p.s[:p.i]) + 1
	e.Message += "\n" + strconv.Itoa(at) + ":" + strconv.Itoa(utf8.RuneCountInString(p.s)+1) + " " + clip([]byte(p.s))
	return e
}

func (p *filterParser) space() {
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !unicode.IsSpace(r) {
			return
		}
		p.i += n
	}
}

func (p *filterParser) or(depth int) (*node, error) { return p.list(depth, "OR", opOr, p.and) }

func (p *filterParser) and(depth int) (*node, error) { return p.list(depth, "AND", opAnd, p.not) }

func (p *filterParser) list(depth int, keyword string, o op, item func(int) (*node, error)) (*node, error) {
	first, err := item(depth)
	if err != nil || !p.keyword(keyword) {
		return first, err
	}
	out := &node{op: o, children: []*node{first}}
	for {
		next, err := item(depth)
		if err != nil {
			return nil, err
		}
		out.children = append(out.children, next)
		if !p.keyword(keyword) {
			return out, nil
		}
	}
}

func (p *filterParser) not(depth int) (*node, error) {
	if depth > maxFilterDepth {
		return nil, p.errorf("The filter exceeded the maximum depth limit. Try rewriting the filter so that it contains fewer nested conditions.")
	}
	if p.keyword("NOT") {
		n, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return &node{op: opNot, children: []*node{n}}, nil
	}
	if !p.take("(") {
		return p.condition()
	}
	n, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.errorf("Expression `%s` is missing the following closing delimiter: `)`.", clip([]byte(p.s)))
	}
	return n, nil
}

// keyword takes a word in capitals that is followed by something else than a word.
func (p *filterParser) keyword(w string) bool {
	p.space()
	rest := p.s[p.i:]
	if !strings.HasPrefix(rest, w) {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest[len(w):]); len(rest) > len(w) && isBare(r) {
		return false
	}
	p.i += len(w)
	return true
}

func (p *filterParser) take(w string) bool {
	p.space()
	if !strings.HasPrefix(p.s[p.i:], w) {
		return false
	}
	p.i += len(w)
	return true
}

func (p *filterParser) condition() (*node, error) {
	for name, o := range map[string]op{"_geoRadius": opGeoRadius, "_geoBoundingBox": opGeoBox} {
		if p.keyword(name) {
			return p.geo(name, o)
		}
	}
	attr, err := p.value()
	if err != nil {
		return nil, err
	}
	for _, c := range []struct {
		sign string
		op   op
	}{{"!=", opNotEqual}, {">=", opGreaterEqual}, {"<=", opLessEqual}, {"=", opEqual}, {">", opGreater}, {"<", opLess}} {
		if p.take(c.sign) {
			v, err := p.value()
			return &node{op: c.op, attr: attr, values: []string{v}}, err
		}
	}
	if p.keyword("NOT") {
		n, err := p.worded(attr)
		return &node{op: opNot, children: []*node{n}}, err
	}
	return p.worded(attr)
}

// worded reads the rest of a condition whose operator is a word.
func (p *filterParser) worded(attr string) (*node, error) {
	switch {
	case p.keyword("EXISTS"):
		return &node{op: opExists, attr: attr}, nil
	case p.keyword("IS"):
		return p.is(attr)
	case p.keyword("IN"):
		vs, err := p.values()
		return &node{op: opIn, attr: attr, values: vs}, err
	case p.keyword("STARTS"):
		if !p.keyword("WITH") {
			return nil, p.errorf("Was expecting `STARTS WITH`.")
		}
		v, err := p.value()
		return &node{op: opStartsWith, attr: attr, values: []string{v}}, err
	case p.keyword("CONTAINS"):
		e := p.errorf("Using `CONTAINS` in a filter requires enabling the `contains filter` experimental feature.").(*Error)
		e.Code = "feature_not_enabled"
		return nil, e
	}
	from, err := p.value()
	if err == nil && p.keyword("TO") {
		to, err := p.value()
		return &node{op: opBetween, attr: attr, values: []string{from, to}}, err
	}
	return nil, p.errorf("Was expecting an operation `=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, `IS NULL`, `IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `STARTS WITH`, `NOT STARTS WITH`, `_geoRadius`, or `_geoBoundingBox` at `%s`.", clip([]byte(p.s)))
}

func (p *filterParser) is(attr string) (*node, error) {
	negated := p.keyword("NOT")
	n := &node{attr: attr}
	switch {
	case p.keyword("NULL"):
		n.op = opNull
	case p.keyword("EMPTY"):
		n.op = opEmpty
	default:
		return nil, p.errorf("Was expecting `NULL` or `EMPTY` after `IS`.")
	}
	if negated {
		return &node{op: opNot, children: []*node{n}}, nil
	}
	return n, nil
}

func (p *filterParser) values() ([]string, error) {
	if !p.take("[") {
		return nil, p.errorf("Expected `[` after `IN` keyword.")
	}
	out := []string{}
	for !p.take("]") {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.take(",") {
			if !p.take("]") {
				return nil, p.errorf("Expected only comma-separated field names inside `IN[..]`.")
			}
			break
		}
	}
	return out, nil
}

// isBare says which characters a word without quotes may have.
func isBare(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || strings.ContainsRune("_-/.+", r)
}

func isReserved(w string) bool {
	switch w {
	case "AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH", "_geoRadius", "_geoBoundingBox", "_geo", "_geoPoint":
		return true
	}
	return false
}

// value reads a name or value: in single or double quotes with \ before a quote, or a bare word that is no keyword.
func (p *filterParser) value() (string, error) {
	p.space()
	if p.i < len(p.s) && (p.s[p.i] == '"' || p.s[p.i] == '\'') {
		return p.quoted(p.s[p.i])
	}
	start := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !isBare(r) {
			break
		}
		p.i += n
	}
	w := p.s[start:p.i]
	if w == "" {
		return "", p.errorf("Was expecting a value but instead got `%s`.", clip([]byte(p.s[start:])))
	}
	if isReserved(w) {
		p.i = start
		return "", p.errorf("Was expecting a value but instead got `%s`, which is a reserved keyword. To use `%s` as a field name or a value, surround it by quotes.", w, w)
	}
	return w, nil
}

func (p *filterParser) quoted(q byte) (string, error) {
	start := p.i
	if n := strings.IndexAny(p.s[p.i+1:], string([]byte{q, '\\'})); n >= 0 && p.s[p.i+1+n] == q {
		p.i += n + 2
		return p.s[start+1 : p.i-1], nil
	}
	var b strings.Builder
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == q:
			p.i++
			return b.String(), nil
		case c == '\\' && p.i+1 < len(p.s) && (p.s[p.i+1] == '"' || p.s[p.i+1] == '\'' || p.s[p.i+1] == '\\'):
			p.i++
			b.WriteByte(p.s[p.i])
		default:
			b.WriteByte(c)
		}
	}
	p.i = start
	return "", p.errorf("Expression `%s` is missing the following closing delimiter: `%c`.", clip([]byte(p.s[start:])), q)
}

func (p *filterParser) geo(name string, o op) (*node, error) {
	bad := func() (*node, error) {
		if o == opGeoRadius {
			return nil, p.errorf("The `_geoRadius` filter expects three arguments: `_geoRadius(latitude, longitude, radius)`.")
		}
		return nil, p.errorf("The `%s` filter expects two pairs of arguments: `_geoBoundingBox([latitude, longitude], [latitude, longitude])`.", name)
	}
	if !p.take("(") {
		return bad()
	}
	n := &node{op: o, attr: "_geo"}
	want := 3
	if o == opGeoBox {
		want = 4
	}
	for i := range want {
		if o == opGeoBox && i%2 == 0 && !p.take("[") {
			return bad()
		}
		v, err := p.value()
		if err != nil {
			return bad()
		}
		f, ok := parseNumber(v)
		if !ok {
			return bad()
		}
		if isDegree := i < 2 || o == opGeoBox; isDegree && math.Abs(f) > [2]float64{90, 180}[i%2] {
			return nil, p.errorf("Bad %s `%s`. It must be contained between -%d and %[3]d degrees.", [2]string{"latitude", "longitude"}[i%2], v, [2]int{90, 180}[i%2])
		}
		n.values = append(n.values, v)
		if o == opGeoBox && i%2 == 1 && !p.take("]") || i < want-1 && !p.take(",") {
			return bad()
		}
	}
	if !p.take(")") {
		return bad()
	}
	if o == opGeoBox {
		top, _ := parseNumber(n.values[0])
		if bottom, _ := parseNumber(n.values[2]); top < bottom {
			return nil, p.errorf("The top latitude `%s` is below the bottom latitude `%s`.", n.values[0], n.values[2])
		}
	}
	return n, nil
}

// parseNumber reads a finite number.
func parseNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}
