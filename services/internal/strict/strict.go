package strict

import (
	"bytes"
	"reflect"
	"unicode/utf8"

	"songshui.internal/services/internal/fault"
)

const (
	// MaxDepth bounds how deeply arrays and objects may be nested; no body of ours needs more than six.
	MaxDepth = 64
	// MaxWrong bounds how many wrong fields are named: more help nobody, and an answer must stay small.
	MaxWrong = 100
	// maxName bounds what is shown of a field's name that isn't known, in bytes.
	maxName = 64
)

// The codes of wrong fields.
const (
	Type             = "type"
	Format           = "format"
	OutOfRange       = "out_of_range"
	UnknownField     = "unknown_field"
	DuplicateField   = "duplicate_field"
	ControlCharacter = "control_character"
	Encoding         = "encoding"
	BrokenJSON       = "malformed"
)

// FromText is for structs that may also be written as a single string; the decoder calls it with that string.
type FromText interface{ FromText(string) }

// Decode reads one JSON object into a struct by its json tags; structs embedded without a tag are flat.
// Kinds taken: structs, slices, pointers, strings, booleans, integers (without fraction or exponent), floats, json.RawMessage, and what has an UnmarshalJSON. Any other is a mistake of the program and panics.
//
// Errors are *fault.Error. fault.Malformed: not one whole JSON value or deeper than MaxDepth (field “”, code malformed), or not UTF-8 (each such
// field, code encoding). fault.Invalid: every field with a wrong type, a format that its own UnmarshalJSON refuses, an integer out of range, a name not known or twice,
// or a string with control characters (C0 but \n and \t, DEL, C1, and the overrides of writing direction). With an error, what was read is still in into.
func Decode(data []byte, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic("strict: into must be a pointer to a struct")
	}
	d := decoder{data: data}
	d.blanks()
	ok := d.value(v.Elem(), codecOf(v.Elem().Type()))
	if ok {
		d.blanks()
		ok = d.pos == len(d.data)
	}
	switch {
	case len(d.encoding) > 0:
		// Bytes of another encoding break the syntax too (a backslash is a second byte of GBK): the cause counts.
		return &fault.Error{Code: fault.Malformed, Op: "strict: decode", Fields: d.encoding}
	case !ok:
		return &fault.Error{Code: fault.Malformed, Op: "strict: decode", Fields: []fault.Field{{Code: BrokenJSON}}}
	}
	return d.wrong.Err("strict: decode")
}

// decoder walks the text once. Its methods give false when the text isn't JSON; wrong fields don't stop it.
type decoder struct {
	data     []byte
	pos      int
	depth    int
	path     []step
	wrong    fault.Fields
	encoding fault.Fields
}

// step is a part of the path to a value: a name, or an index where name is empty.
type step struct {
	name  string
	index int
}

func (d *decoder) where() string {
	var p string
	for _, s := range d.path {
		switch {
		case s.index >= 0:
			p = fault.Index(p, s.index, "")
		case p == "":
			p = s.name
		default:
			p += "." + s.name
		}
	}
	return p
}

func (d *decoder) note(code string) {
	if len(d.wrong) < MaxWrong {
		d.wrong.Add(d.where(), code)
	}
}

func (d *decoder) noteName(name, code string) {
	if len(name) > maxName {
		cut := maxName
		for !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "…"
	}
	d.path = append(d.path, step{name, -1})
	d.note(code)
	d.path = d.path[:len(d.path)-1]
}

func (d *decoder) noteEncoding() {
	if n := len(d.encoding); n < MaxWrong && (n == 0 || d.encoding[n-1].Field != d.where()) {
		d.encoding.Add(d.where(), Encoding)
	}
}

func (d *decoder) blanks() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\n', '\t', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *decoder) take(b byte) bool {
	if d.pos >= len(d.data) || d.data[d.pos] != b {
		return false
	}
	d.pos++
	return true
}

func (d *decoder) word(w string) bool {
	if !bytes.HasPrefix(d.data[d.pos:], []byte(w)) {
		return false
	}
	d.pos += len(w)
	return true
}

// value reads one value into v as its codec says; a value of another type is noted and passed over.
func (d *decoder) value(v reflect.Value, c *codec) bool {
	if d.peek() == 'n' {
		return d.word("null")
	}
	if c.kind == viaPointer {
		if v.IsNil() {
			v.Set(reflect.New(c.elem.typ))
		}
		return d.value(v.Elem(), c.elem)
	}
	if c.kind == viaUnmarshal || c.kind == viaRaw {
		return d.custom(v, c)
	}
	switch b := d.peek(); {
	case b == '"':
		s, ok := d.text(true)
		if ok {
			d.setText(v, c, s)
		}
		return ok
	case b == '{' && c.kind == viaStruct:
		return d.object(v, c)
	case b == '[' && c.kind == viaSlice:
		return d.array(v, c)
	case (b == 't' || b == 'f') && c.kind == viaBool:
		v.SetBool(b == 't')
	case b == '-' || b >= '0' && b <= '9':
		return d.number(v, c)
	case b == '{' || b == '[' || b == 't' || b == 'f':
		d.note(Type)
	}
	return d.skip()
}

func (d *decoder) setText(v reflect.Value, c *codec, s string) {
	switch {
	case c.kind == viaString:
		v.SetString(s)
	case c.fromText:
		v.Addr().Interface().(FromText).FromText(s)
	default:
		d.note(Type)
	}
}

// custom hands a value's own text to its UnmarshalJSON, or keeps it as it is.
func (d *decoder) custom(v reflect.Value, c *codec) bool {
	start, noted := d.pos, len(d.wrong)
	isText := d.peek() == '"'
	if !d.skip() {
		return false
	}
	raw := d.data[start:d.pos]
	if c.kind == viaRaw {
		v.SetBytes(bytes.Clone(raw))
		return true
	}
	if len(d.encoding) > 0 || len(d.wrong) > noted {
		return true
	}
	if err := v.Addr().Interface().(unmarshaler).UnmarshalJSON(raw); err != nil {
		if isText {
			d.note(Format)
			return true
		}
		d.note(Type)
	}
	return true
}

func (d *decoder) enter() bool {
	d.pos++
	d.depth++
	return d.depth <= MaxDepth
}

func (d *decoder) object(v reflect.Value, c *codec) bool {
	var seen uint64
	return d.members(func(name string) bool {
		i, ok := c.byName[name]
		if !ok {
			d.noteName(name, UnknownField)
			return d.skip()
		}
		f := &c.fields[i]
		d.path = append(d.path, step{f.name, -1})
		if seen&(1<<i) != 0 {
			d.note(DuplicateField)
		}
		seen |= 1 << i
		ok = d.value(v.FieldByIndex(f.index), f.codec)
		d.path = d.path[:len(d.path)-1]
		return ok
	})
}

// members reads an object, handing each name to one, which reads the value.
func (d *decoder) members(one func(name string) bool) bool {
	if !d.enter() {
		return false
	}
	d.blanks()
	if d.take('}') {
		d.depth--
		return true
	}
	for {
		d.blanks()
		if d.peek() != '"' {
			return false
		}
		name, ok := d.text(false)
		if !ok {
			return false
		}
		d.blanks()
		if !d.take(':') {
			return false
		}
		d.blanks()
		if !one(name) {
			return false
		}
		d.blanks()
		if d.take(',') {
			continue
		}
		d.depth--
		return d.take('}')
	}
}

func (d *decoder) array(v reflect.Value, c *codec) bool {
	out := reflect.MakeSlice(v.Type(), 0, 0)
	ok := d.elements(func(i int) bool {
		d.path = append(d.path, step{index: i})
		e := reflect.New(c.elem.typ).Elem()
		if d.peek() == 'n' {
			d.note(Type)
		}
		ok := d.value(e, c.elem)
		out = reflect.Append(out, e)
		d.path = d.path[:len(d.path)-1]
		return ok
	})
	v.Set(out)
	return ok
}

func (d *decoder) elements(one func(i int) bool) bool {
	if !d.enter() {
		return false
	}
	d.blanks()
	if d.take(']') {
		d.depth--
		return true
	}
	for i := 0; ; i++ {
		d.blanks()
		if !one(i) {
			return false
		}
		d.blanks()
		if d.take(',') {
			continue
		}
		d.depth--
		return d.take(']')
	}
}

// skip passes over a value, checking its syntax and encoding alone.
func (d *decoder) skip() bool {
	switch b := d.peek(); b {
	case '{':
		return d.members(func(string) bool { return d.skip() })
	case '[':
		return d.elements(func(int) bool { return d.skip() })
	case '"':
		_, ok := d.text(true)
		return ok
	case 't':
		return d.word("true")
	case 'f':
		return d.word("false")
	case 'n':
		return d.word("null")
	}
	_, ok := d.numeral()
	return ok
}
