package papers

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// file writes a PDF: a classic table of objects, no information dictionary, no ID.
type file struct {
	out     []byte
	offsets []int
	err     error
}

func newFile(expected int) *file {
	f := &file{out: make([]byte, 0, expected+expected/16+4<<10), offsets: []int{0}}
	// Four bytes above 127 tell programs that move files that this one is binary.
	f.raw("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return f
}

// reserve gives n new numbers and returns the first.
func (f *file) reserve(n int) int {
	first := len(f.offsets)
	f.offsets = append(f.offsets, make([]int, n)...)
	return first
}

func (f *file) begin(number int) {
	f.offsets[number] = len(f.out)
	f.out = strconv.AppendInt(f.out, int64(number), 10)
	f.raw(" 0 obj\n")
}

var errCopyTooLarge = errors.New("papers: the copy is too large")

func (f *file) end() {
	f.raw("\nendobj\n")
	if len(f.out) > maxOutput {
		f.err = errCopyTooLarge
	}
}

func (f *file) raw(s string) { f.out = append(f.out, s...) }

func (f *file) integer(n int) { f.out = strconv.AppendInt(f.out, int64(n), 10) }

func (f *file) reference(number int) {
	f.raw(" ")
	f.integer(number)
	f.raw(" 0 R")
}

// stream ends a dictionary with its length and adds the bytes.
func (f *file) stream(b []byte) {
	f.raw("/Length ")
	f.integer(len(b))
	f.raw(">>\nstream\n")
	f.out = append(f.out, b...)
	f.raw("\nendstream")
}

func (f *file) name(n string) {
	f.raw("/")
	for i := range len(n) {
		if c := n[i]; c <= ' ' || c > '~' || strings.IndexByte("()<>[]{}/%#", c) >= 0 {
			f.out = fmt.Appendf(f.out, "#%02x", c)
		} else {
			f.out = append(f.out, c)
		}
	}
}

// scalar writes what holds nothing else; what isn't one is null.
func (f *file) scalar(o types.Object) {
	switch v := o.(type) {
	case types.Name:
		f.name(string(v))
		return
	case types.StringLiteral:
		// As it stood in the original, escapes and all.
		f.raw("(" + string(v) + ")")
		return
	case types.HexLiteral:
		f.raw("<" + string(v) + ">")
		return
	}
	f.raw(" ")
	switch v := o.(type) {
	case types.Integer:
		f.integer(int(v))
	case types.Float:
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = 0
		}
		f.out = strconv.AppendFloat(f.out, x, 'f', -1, 64)
	case types.Boolean:
		f.out = strconv.AppendBool(f.out, bool(v))
	default:
		f.raw("null")
	}
}

func (f *file) finish() []byte {
	start := len(f.out)
	var b bytes.Buffer
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets))
	for _, at := range f.offsets[1:] {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets), catalogNumber, start)
	return append(f.out, b.Bytes()...)
}
