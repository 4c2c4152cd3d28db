package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"songshui.internal/events"
)

// maxInterned bounds the words that a reader remembers; days, offices and sectors are a few thousand.
const maxInterned = 1 << 14

// reader walks a JSON document and makes only what is asked for. The first mistake stays in err, and everything after it is empty. It isn't safe for concurrent use.
type reader struct {
	b     []byte
	i     int
	err   error
	words map[string]string
}

func newReader() *reader { return &reader{words: map[string]string{}} }

func (r *reader) reset(b []byte) { r.b, r.i, r.err = b, 0, nil }

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s expected at %d", events.ErrMalformed, what, r.i)
	}
	r.i = len(r.b)
}

// peek passes blanks over and gives the next byte; 0 at the end.
func (r *reader) peek() byte {
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case ' ', '\n', '\t', '\r':
			r.i++
		default:
			return c
		}
	}
	return 0
}

func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.i++
	return true
}

// null takes a null.
func (r *reader) null() bool {
	if r.peek() == 'n' && bytes.HasPrefix(r.b[r.i:], []byte("null")) {
		r.i += 4
		return true
	}
	return false
}

// object calls each with every member's name; each must read or skip the value.
func (r *reader) object(each func(key string)) {
	if r.null() {
		return
	}
	if !r.take('{') {
		r.fail("{")
		return
	}
	if r.take('}') {
		return
	}
	for r.err == nil {
		key := r.word()
		if !r.take(':') {
			r.fail(":")
			return
		}
		each(key)
		if r.take(',') {
			continue
		}
		if !r.take('}') {
			r.fail("}")
		}
		return
	}
}

// array calls each before every element; each must read or skip it.
func (r *reader) array(each func()) {
	if r.null() {
		return
	}
	if !r.take('[') {
		r.fail("[")
		return
	}
	if r.take(']') {
		return
	}
	for r.err == nil {
		each()
		if r.take(',') {
			continue
		}
		if !r.take(']') {
			r.fail("]")
		}
		return
	}
}

// token gives a string's bytes between its quotes, and whether they hold an escape.
func (r *reader) token() (b []byte, escaped bool) {
	if !r.take('"') {
		r.fail("string")
		return nil, false
	}
	start := r.i
	for {
		n := bytes.IndexByte(r.b[r.i:], '"')
		if n < 0 {
			r.fail("\"")
			return nil, false
		}
		r.i += n + 1
		end := r.i - 1
		slashes := 0
		for end-1-slashes >= start && r.b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			b = r.b[start:end]
			return b, bytes.IndexByte(b, '\\') >= 0
		}
	}
}

func (r *reader) unescape(b []byte) string {
	var s string
	if err := json.Unmarshal(append(append([]byte{'"'}, b...), '"'), &s); err != nil {
		r.fail("string")
	}
	return s
}

// str reads a string; null is "".
func (r *reader) str() string {
	if r.null() {
		return ""
	}
	b, escaped := r.token()
	if escaped {
		return r.unescape(b)
	}
	return string(b)
}

// word reads a string that comes again and again, so that it is kept once.
func (r *reader) word() string {
	if r.null() {
		return ""
	}
	b, escaped := r.token()
	if escaped {
		return r.unescape(b)
	}
	if w, ok := r.words[string(b)]; ok {
		return w
	}
	if len(r.words) >= maxInterned {
		clear(r.words)
	}
	w := string(b)
	r.words[w] = w
	return w
}

func (r *reader) day() events.Day { return events.Day(r.word()) }

func (r *reader) time() time.Time {
	s := r.str()
	if s == "" || r.err != nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		r.fail("time")
	}
	return t
}

func (r *reader) int() int {
	raw := r.raw()
	n, err := strconv.Atoi(string(raw))
	if err != nil && string(raw) != "null" {
		r.fail("number")
	}
	return n
}

func (r *reader) bool() bool { return string(r.raw()) == "true" }

// raw gives a value's bytes.
func (r *reader) raw() []byte {
	r.peek()
	start := r.i
	r.skip()
	if r.err != nil {
		return nil
	}
	return r.b[start:r.i]
}

// skip passes a value over.
func (r *reader) skip() {
	depth := 0
	for {
		switch r.peek() {
		case '"':
			r.token()
		case '{', '[':
			depth++
			r.i++
			continue
		case '}', ']':
			depth--
			r.i++
		case ',', ':':
			if depth == 0 {
				r.fail("value")
				return
			}
			r.i++
			continue
		case 0:
			r.fail("value")
			return
		default:
			for r.i < len(r.b) && !bytes.ContainsRune([]byte(",:]} \n\t\r"), rune(r.b[r.i])) {
				r.i++
			}
		}
		if r.err != nil {
			return
		}
		if depth < 0 {
			r.fail("value")
			return
		}
		if depth == 0 {
			return
		}
	}
}
