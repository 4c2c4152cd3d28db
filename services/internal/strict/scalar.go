package strict

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. One without escapes is cut out as it is. A value's control characters are noted; a name's make it unknown anyway.
func (d *decoder) text(value bool) (string, bool) {
	d.pos++
	start, control, bad := d.pos, false, false
	for d.pos < len(d.data) {
		b := d.data[d.pos]
		switch {
		case b == '"':
			s := string(d.data[start:d.pos])
			d.pos++
			d.judge(value && control, bad)
			return s, true
		case b == '\\':
			return d.escaped(start, value, control, bad)
		case b < utf8.RuneSelf:
			control = control || b < ' ' || b == 0x7f
			d.pos++
		default:
			r, n := utf8.DecodeRune(d.data[d.pos:])
			bad = bad || r == utf8.RuneError && n == 1
			control = control || isControl(r)
			d.pos += n
		}
	}
	d.judge(false, bad)
	return "", false
}

func (d *decoder) judge(control, bad bool) {
	if bad {
		d.noteEncoding()
	}
	if control {
		d.note(ControlCharacter)
	}
}

// escaped goes on with a string from its first escape.
func (d *decoder) escaped(start int, value, control, bad bool) (string, bool) {
	var b strings.Builder
	b.Write(d.data[start:d.pos])
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			d.judge(value && control, bad)
			return b.String(), true
		case c == '\\':
			r, ok := d.escape()
			if !ok {
				d.judge(false, bad)
				return "", false
			}
			bad = bad || r == utf8.RuneError
			control = control || r != '\n' && r != '\t' && isControl(r)
			b.WriteRune(max(r, 0))
		default:
			r, n := utf8.DecodeRune(d.data[d.pos:])
			bad = bad || r == utf8.RuneError && n == 1
			control = control || isControl(r)
			b.Write(d.data[d.pos : d.pos+n])
			d.pos += n
		}
	}
	d.judge(false, bad)
	return "", false
}

// escape reads one escape (or two that make a pair); utf8.RuneError stands for half a pair.
func (d *decoder) escape() (rune, bool) {
	if d.pos+1 >= len(d.data) {
		return 0, false
	}
	c := d.data[d.pos+1]
	d.pos += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		return d.unicode()
	}
	return 0, false
}

func (d *decoder) unicode() (rune, bool) {
	r, ok := d.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if d.pos+1 >= len(d.data) || d.data[d.pos] != '\\' || d.data[d.pos+1] != 'u' {
		return utf8.RuneError, true
	}
	before := d.pos
	d.pos += 2
	low, ok := d.hex4()
	if !ok {
		return 0, false
	}
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, true
	}
	d.pos = before
	return utf8.RuneError, true
}

func (d *decoder) hex4() (rune, bool) {
	if d.pos+4 > len(d.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(d.data[d.pos:d.pos+4]), 16, 16)
	d.pos += 4
	return rune(n), err == nil
}

// isControl says whether a character is a control (unescaped in JSON none may be, not even a line's end) or overrides the writing direction, which makes a
// text show other than it is. Joiners, as emoji need them, aren't.
func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// numeral reads a number's text as JSON writes it.
func (d *decoder) numeral() (string, bool) {
	start := d.pos
	d.take('-')
	if !d.take('0') && !d.digits() {
		return "", false
	}
	if d.take('.') && !d.digits() {
		return "", false
	}
	if d.take('e') || d.take('E') {
		_ = d.take('+') || d.take('-')
		if !d.digits() {
			return "", false
		}
	}
	return string(d.data[start:d.pos]), true
}

func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && d.data[d.pos] >= '0' && d.data[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

func (d *decoder) number(v reflect.Value, c *codec) bool {
	s, ok := d.numeral()
	if !ok {
		return false
	}
	whole := !strings.ContainsAny(s, ".eE")
	bits := 0
	if c.kind == viaInt || c.kind == viaUint || c.kind == viaFloat {
		bits = c.typ.Bits()
	}
	switch {
	case c.kind == viaInt && whole:
		n, err := strconv.ParseInt(s, 10, bits)
		if err != nil {
			d.note(OutOfRange)
			return true
		}
		v.SetInt(n)
	case c.kind == viaUint && whole:
		n, err := strconv.ParseUint(s, 10, bits)
		if err != nil {
			d.note(OutOfRange)
			return true
		}
		v.SetUint(n)
	case c.kind == viaFloat:
		f, err := strconv.ParseFloat(s, bits)
		if err != nil {
			d.note(OutOfRange)
			return true
		}
		v.SetFloat(f)
	default:
		d.note(Type)
	}
	return true
}
