package sniff_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/media/internal/sniff"
)

func packed(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return fmt.Sprintf("9 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\r\n%s\nendstream\nendobj\n", b.Len(), b.String())
}

func TestPDFWarnings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"plain":             {"<< /Type /Catalog >>", nil},
		"place to open":     {"<< /OpenAction [1 0 R /XYZ null null 0] >>", nil},
		"open action":       {"<< /OpenAction 5 0 R >>", []string{"active_content"}},
		"launch":            {"<< /S /Launch /F (a.exe) >>", []string{"active_content"}},
		"escaped":           {"<< /S /J#61va#53cript >>", []string{"active_content"}},
		"short":             {"<< /JS (app.alert) >>", []string{"active_content"}},
		"chance":            {"\x01/JS\x02 /AA\x03", nil},
		"longer name":       {"<< /JSX (a) /AAA (b) /LaunchPad (c) >>", nil},
		"object stream":     {packed("1 0 << /S /JavaScript >>"), []string{"active_content"}},
		"harmless stream":   {packed("1 0 << /S /GoTo >>"), nil},
		"second stream":     {packed("1 0 << >>") + packed("2 0 << /AA << >> >>"), []string{"active_content"}},
		"unknown packing":   {"<< /Type /ObjStm /Filter /LZWDecode >>\nstream\nxxxx\nendstream", []string{"active_content"}},
		"encrypted":         {"trailer << /Encrypt 7 0 R >>", []string{"encrypted"}},
		"unpacks to no end": {packed(strings.Repeat("a", 65<<20)), []string{"active_content"}},
	} {
		b := []byte("%PDF-1.7\n" + c.body + "\nstartxref\n0\n%%EOF\n")
		got, err := sniff.CheckPDF(bytes.NewReader(b), int64(len(b)))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
}
