package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/s2"
)

// maxIDBytes bounds a document's id, as in Meilisearch.
const maxIDBytes = 511

// value is one filterable or sortable value: a number, or a string with its form for comparing.
type value struct {
	num bool
	n   float64
	s   string // as written
}

// norm is the form in which strings are compared: trimmed and in lower case.
func norm(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

const (
	flagNull = 1 << iota
	flagEmpty
	flagGeo
)

// cell is what a document holds at one path.
type cell struct {
	path   string
	flags  byte
	values []value
}

// row is the part of a document that columns hold.
type row struct {
	id    string
	seq   uint64
	cells []cell
}

// text is a searchable attribute's text, its array elements set apart by elementBreak.
type text struct {
	field string
	body  string
}

// document is a document ready to be stored.
type document struct {
	id    string
	raw   []byte // packed
	cells []cell
	texts []text
}

// parseDocument reads one JSON object.
func parseDocument(raw []byte, primaryKey string, s *Settings) (*document, error) {
	fields, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	idv, ok := fields[primaryKey]
	if !ok {
		return nil, Errorf("missing_document_id", "Document doesn't have a `%s` attribute: `%s`.", primaryKey, clip(raw))
	}
	id, ok := documentID(idv)
	if !ok {
		return nil, Errorf("invalid_document_id", "Document identifier `%s` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.", clip(mustJSON(idv)))
	}
	w := walker{settings: s, texts: map[string]*strings.Builder{}, cells: map[string]*cell{}}
	for k, v := range fields {
		if k == "_geo" && s.columns("_geo") {
			if err := w.geo(v, id); err != nil {
				return nil, err
			}
			continue
		}
		w.walk(k, v)
	}
	d := &document{id: id, raw: pack(compact(raw))}
	for _, c := range w.cells {
		d.cells = append(d.cells, *c)
	}
	for f, b := range w.texts {
		d.texts = append(d.texts, text{f, b.String()})
	}
	return d, nil
}

func decodeObject(raw []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return nil, Errorf("malformed_payload", "The `json` payload provided is malformed. `%v`.", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, Errorf("malformed_payload", "The `json` payload provided is malformed. `trailing characters`.")
	}
	return fields, nil
}

func compact(raw []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(raw))
	if json.Compact(&b, raw) != nil {
		return bytes.Clone(raw)
	}
	return b.Bytes()
}

// packed begins what pack has made; JSON, as stores once held it, never begins so.
const packed = 1

// pack makes a document's JSON smaller, quickly: its texts are mostly in it twice, as they are and as they are searched.
func pack(json []byte) []byte {
	out := make([]byte, 1+s2.MaxEncodedLen(len(json)))
	out[0] = packed
	return slices.Clip(out[:1+len(s2.Encode(out[1:], json))])
}

func unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] != packed {
		return bytes.Clone(stored), nil
	}
	return s2.Decode(nil, stored[1:])
}

func clip(b []byte) string {
	if len(b) > 120 {
		return string(b[:120]) + "…"
	}
	return string(b)
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

func documentID(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		_, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			_, err = strconv.ParseUint(v.String(), 10, 64)
		}
		return v.String(), err == nil
	case string:
		return v, ValidID(v)
	}
	return "", false
}

// ValidID says whether s can name a document: 1–511 bytes of A–Z a–z 0–9 - _.
func ValidID(s string) bool {
	if s == "" || len(s) > maxIDBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// walker flattens a document: a member of an object is `parent.child`, an array is the set of its elements.
type walker struct {
	settings *Settings
	texts    map[string]*strings.Builder
	cells    map[string]*cell
}

func (w *walker) walk(path string, v any) {
	if w.settings.columns(path) {
		w.fill(path, v)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			w.walk(path+"."+k, e)
		}
	case []any:
		for _, e := range v {
			w.element(path, e)
		}
	default:
		w.write(path, v)
	}
}

// element is walked without counting as the path's own value a second time, except for objects, whose members are values.
func (w *walker) element(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			w.walk(path+"."+k, e)
		}
	case []any:
		for _, e := range v {
			w.element(path, e)
		}
	default:
		w.write(path, v)
	}
}

func (w *walker) write(path string, v any) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	case bool:
		s = strconv.FormatBool(v)
	}
	if s == "" {
		return
	}
	if _, ok := w.settings.rank(path); !ok {
		return
	}
	b := w.texts[path]
	if b == nil {
		b = &strings.Builder{}
		w.texts[path] = b
	} else {
		b.WriteString(elementBreak)
	}
	b.WriteString(strings.ReplaceAll(s, elementBreak, " "))
}

func (w *walker) fill(path string, v any) {
	c := w.cells[path]
	if c == nil {
		c = &cell{path: path}
		w.cells[path] = c
	}
	switch v := v.(type) {
	case nil:
		c.flags |= flagNull
	case string:
		if v == "" {
			c.flags |= flagEmpty
		}
		c.add(v)
	case []any:
		if len(v) == 0 {
			c.flags |= flagEmpty
		}
		for _, e := range v {
			c.add(e)
		}
	case map[string]any:
		if len(v) == 0 {
			c.flags |= flagEmpty
		}
	default:
		c.add(v)
	}
}

func (c *cell) add(v any) {
	switch v := v.(type) {
	case string:
		if v != "" { // as in Meilisearch, an empty text is no value
			c.values = append(c.values, value{s: v})
		}
	case bool:
		c.values = append(c.values, value{s: strconv.FormatBool(v)})
	case json.Number:
		if f, err := v.Float64(); err == nil {
			c.values = append(c.values, value{num: true, n: f, s: formatNumber(f)})
		}
	case []any:
		for _, e := range v {
			c.add(e)
		}
	}
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (w *walker) geo(v any, id string) error {
	if v == nil {
		w.fill("_geo", nil)
		return nil
	}
	bad := Errorf("invalid_document_geo_field", "The `_geo` field in the document with the id: `%s` is not an object with `lat` and `lng` in range.", id)
	o, ok := v.(map[string]any)
	if !ok {
		return bad
	}
	lat, ok1 := coordinate(o["lat"], 90)
	lng, ok2 := coordinate(o["lng"], 180)
	if !ok1 || !ok2 {
		return bad
	}
	w.cells["_geo"] = &cell{path: "_geo", flags: flagGeo, values: []value{{num: true, n: lat}, {num: true, n: lng}}}
	return nil
}

func coordinate(v any, limit float64) (float64, bool) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && math.Abs(f) <= limit
}

// encodeRow writes a row: sequence, id, then each cell. Paths are written as numbers of the index's path table.
func encodeRow(r *row, number func(path string) uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, r.seq)
	b = appendString(b, r.id)
	for _, c := range r.cells {
		b = binary.AppendUvarint(b, number(c.path))
		b = append(b, c.flags)
		b = binary.AppendUvarint(b, uint64(len(c.values)))
		for _, v := range c.values {
			if v.num {
				b = binary.LittleEndian.AppendUint64(append(b, 1), math.Float64bits(v.n))
				continue
			}
			b = appendString(append(b, 0), v.s)
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errBadRow = errors.New("search: a stored row can't be read")

func decodeRow(b []byte, paths []string) (*row, error) {
	if len(b) < 8 {
		return nil, errBadRow
	}
	d := rowReader{b: b[8:]}
	r := &row{seq: binary.BigEndian.Uint64(b), id: d.str()}
	for len(d.b) > 0 && !d.bad {
		p := d.uvarint()
		if p >= uint64(len(paths)) {
			return nil, errBadRow
		}
		c := cell{path: paths[p], flags: d.byte()}
		n := d.uvarint()
		for ; n > 0 && !d.bad; n-- {
			if d.byte() == 1 {
				f := d.float()
				c.values = append(c.values, value{num: true, n: f, s: formatNumber(f)})
				continue
			}
			c.values = append(c.values, value{s: d.str()})
		}
		r.cells = append(r.cells, c)
	}
	if d.bad {
		return nil, errBadRow
	}
	return r, nil
}

type rowReader struct {
	b   []byte
	bad bool
}

func (d *rowReader) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *rowReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *rowReader) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *rowReader) float() float64 {
	if b := d.take(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (d *rowReader) str() string { return string(d.take(int(d.uvarint()))) }
