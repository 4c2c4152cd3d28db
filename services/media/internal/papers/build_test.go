package papers

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// build makes a PDF of numbered objects; 1 is the catalog.
func build(objects map[int]string) []byte { return buildWith(objects, "") }

func buildWith(objects map[int]string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	last := 0
	for n := range objects {
		last = max(last, n)
	}
	at := make([]int, last+1)
	for n := 1; n <= last; n++ {
		if s, ok := objects[n]; ok {
			at[n] = b.Len()
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, s)
		}
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", last+1)
	for _, o := range at[1:] {
		if o == 0 {
			b.WriteString("0000000000 00001 f \n")
			continue
		}
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", last+1, trailer, start)
	return b.Bytes()
}

func stream(dict, body string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(body), body)
}

func flated(s io.Reader) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.Copy(z, s)
	_ = z.Close()
	return b.String()
}

// many makes the objects of a paper of n pages from number 10 on.
func many(n int) map[int]string {
	kids := make([]string, n)
	objects := map[int]string{1: "<</Type/Catalog/Pages 2 0 R>>", 3: stream("", "0 0 10 10 re f")}
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", 10+i)
		objects[10+i] = "<</Type/Page/Parent 2 0 R/Contents 3 0 R>>"
	}
	objects[2] = fmt.Sprintf("<</Type/Pages/MediaBox[0 0 100 100]/Count %d/Kids[%s]>>", n, strings.Join(kids, " "))
	return objects
}

func with(objects map[int]string, number int, s string) map[int]string {
	out := maps.Clone(objects)
	out[number] = s
	return out
}

// exifJPEG is a small JPEG with EXIF, a comment and something behind its end.
var exifJPEG = func() string {
	m := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = byte(i)
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, m, nil)
	j := b.String()
	return j[:2] + "\xff\xe1\x00\x18Exif\x00\x00SECRET-POSITION\x00" + "\xff\xfe\x00\x10SECRET-COMMENT" + j[2:] + "SECRET-TRAILER"
}()

// hostile is a paper with everything that a copy mustn't have; what must go holds the word SECRET, what must stay KEPT.
var hostile = map[int]string{
	1: "<</Type/Catalog/Pages 2 0 R/OpenAction 20 0 R/AA<</WC 20 0 R>>/Names<</EmbeddedFiles<</Names[(a) 21 0 R]>>/JavaScript<</Names[(b) 20 0 R]>>>>" +
		"/Metadata 23 0 R/AcroForm<</Fields[33 0 R]/XFA(SECRET)>>/Outlines<</Title(SECRET)>>/PieceInfo<</SECRET 1>>/Lang(zh-KEPT)/StructTreeRoot<</SECRET 1>>" +
		"/OCProperties<</OCGs[28 0 R]/D<</Creator(SECRET)/Order[28 0 R]>>>>>>",
	2: "<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 200 200]/Rotate 90>>",
	3: "<</Type/Page/Parent 2 0 R/Contents[4 0 R 5 0 R]/Resources 6 0 R/AA<</O 20 0 R>>/Thumb 24 0 R/PieceInfo<</SECRET 1>>/LastModified(SECRET)/Metadata 23 0 R" +
		"/Annots[30 0 R 31 0 R 32 0 R 33 0 R 34 0 R 35 0 R]/Group<</S/Transparency>>>>",
	4:  stream("", "q /F 12 Tf BT 20 100 Td (KEPT-TEXT) Tj ET Q q 50 0 0 50 20 20 cm /Metadata Do Q"),
	5:  stream("", "q 50 0 0 50 90 20 cm /Packed Do Q /Form Do"),
	6:  "<</Font<</F 7 0 R>>/XObject<</Metadata 8 0 R/Packed 9 0 R/Form 10 0 R>>/Foo(SECRET)/Properties<</MC0 28 0 R/MC1<</Metadata 23 0 R/KEPT-KEY 0.123456789>>>>>>",
	7:  "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	8:  stream("/Type/XObject/Subtype/Image/Width 16/Height 16/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode/Metadata 23 0 R/OPI<</SECRET 1>>", exifJPEG),
	9:  stream("/Type/XObject/Subtype/Image/Width 16/Height 16/ColorSpace/DeviceGray/BitsPerComponent 8/Filter[/FlateDecode/DCTDecode]", flated(strings.NewReader(exifJPEG))),
	10: stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/PieceInfo<</SECRET 1>>/Ref<</F 22 0 R>>/Resources<</XObject<</A 8 0 R>>>>", "0 0 9 9 re f %KEPT-FORM"),
	20: "<</S/Java#53cript/JS(SECRET)/Next<</S/Launch/F(SECRET.exe)>>>>",
	21: "<</Type/Filespec/F(SECRET.exe)/EF<</F 22 0 R>>>>",
	22: stream("/Type/EmbeddedFile", "SECRET"),
	23: stream("/Type/Metadata/Subtype/XML", "<x>SECRET</x>"),
	24: stream("/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", "SECRET"),
	25: "<</Author(SECRET)/Producer(SECRET)/Made#20up(SECRET)>>",
	28: "<</Type/OCG/Name(KEPT-LAYER)/Usage<</CreatorInfo<</Creator(SECRET)>>/User<</Name(SECRET)>>>>>>",
	30: "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(http://example.com/SECRET)>>>>",
	31: "<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS 21 0 R/AP<</N 24 0 R>>>>",
	32: "<</Type/Annot/Subtype/Stamp/Rect[120 120 180 180]/F 4/T(SECRET)/Contents(SECRET)/AP<</N 40 0 R>>/A 20 0 R>>",
	33: "<</Type/Annot/Subtype/Widget/FT/Btn/T(SECRET)/V(SECRET)/Rect[10 150 30 170]/AS/On/AP<</N<</On 41 0 R/Off 42 0 R>>/D<</On 42 0 R>>>>/AA<</K 20 0 R>>>>",
	34: "<</Type/Annot/Subtype/Stamp/F 2/Rect[0 0 9 9]/AP<</N 42 0 R>>>>",
	35: "<</Type/Annot/Subtype/RichMedia/Rect[0 0 9 9]/RichMediaContent<</SECRET 1>>/AP<</N 42 0 R>>>>",
	40: stream("/Type/XObject/Subtype/Form/BBox[0 0 60 60]", "1 0 0 rg 0 0 60 60 re f %KEPT-STAMP"),
	41: stream("/Type/XObject/Subtype/Form/BBox[0 0 20 20]", "0 0 1 rg 0 0 20 20 re f %KEPT-FIELD"),
	42: stream("/Type/XObject/Subtype/Form/BBox[0 0 20 20]", "%SECRET"),
	50: "<</S/Launch/F(SECRET: nothing leads here)>>",
}

func hostilePaper() []byte { return buildWith(hostile, "/Info 25 0 R/ID[<5EC7>(SECRET)]") }

// encrypted is a paper that a password opens.
func encrypted() []byte {
	conf := model.NewAESConfiguration("geheim", "geheim2", 256)
	var out bytes.Buffer
	if err := api.Encrypt(bytes.NewReader(build(many(1))), &out, conf); err != nil {
		panic(err)
	}
	return out.Bytes()
}

type zeros int64

func (z *zeros) Read(b []byte) (int, error) {
	if *z <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), int64(*z))
	for i := range b[:n] {
		b[i] = ' '
	}
	*z -= zeros(n)
	return int(n), nil
}

// bomb has its page tree in an object stream that unpacks to n bytes.
func bomb(n int64) []byte {
	z := zeros(n)
	packed := flated(io.MultiReader(strings.NewReader("2 0 3 60 "), strings.NewReader(fmt.Sprintf("%-60s", "<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 9 9]>>")), &z,
		strings.NewReader("<</Type/Page>>")))
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	one := b.Len()
	b.WriteString("1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
	four := b.Len()
	fmt.Fprintf(&b, "4 0 obj\n%s\nendobj\n", stream("/Type/ObjStm/N 2/First 9/Filter/FlateDecode", packed))
	start := b.Len()
	entries := []byte{0, 0, 0, 0, 0, 0}
	entry := func(kind, where, extra int) {
		entries = append(entries, byte(kind), byte(where>>24), byte(where>>16), byte(where>>8), byte(where), byte(extra))
	}
	entry(1, one, 0)
	entry(2, 4, 0)
	entry(2, 4, 1)
	entry(1, four, 0)
	entry(1, start, 0)
	fmt.Fprintf(&b, "5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", stream("/Type/XRef/Size 6/W[1 4 1]/Root 1 0 R", string(entries)), start)
	return b.Bytes()
}

func contentBomb(n int64) []byte {
	z := zeros(n)
	return build(with(many(1), 3, stream("/Filter/FlateDecode", flated(&z))))
}

func TestHostile(t *testing.T) {
	t.Parallel()
	b := hostilePaper()
	f, err := examine(b)
	if err != nil || f.Pages != 1 || fmt.Sprint(f.Warnings) != "[active_content]" {
		t.Fatalf("%+v %v", f, err)
	}
	if got, want := fmt.Sprint(f.Private), "[Annotation Author Comment EXIF EmbeddedFile ID Made up PieceInfo Producer Thumbnail URI XMP]"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	paper, pages, err := clean(b)
	if err != nil || pages != 1 {
		t.Fatal(pages, err)
	}
	if err := recheck(paper); err != nil {
		t.Error(err)
	}
	for _, word := range []string{"SECRET", "5EC7", "StructTree", "AcroForm", "Outlines", "/Info", "Names"} {
		if i := bytes.Index(paper, []byte(word)); i >= 0 {
			t.Errorf("%s: …%q…", word, paper[max(i-100, 0):min(i+100, len(paper))])
		}
	}
	for _, word := range []string{"KEPT-TEXT", "KEPT-FORM", "KEPT-STAMP", "KEPT-FIELD", "KEPT-LAYER", "zh-KEPT", "/KEPT-KEY 0.123456789", "/Rotate 90", "/Metadata ", "/Group<</S/Transparency>>"} {
		if !bytes.Contains(paper, []byte(word)) {
			t.Errorf("%s is gone", word)
		}
	}
	if n := bytes.Count(paper, []byte("\xff\xd8\xff")); n != 2 {
		t.Errorf("%d pictures", n)
	}
	if err := api.Validate(bytes.NewReader(paper), model.NewDefaultConfiguration()); err != nil {
		t.Errorf("not valid: %v", err)
	}
	f, err = examine(paper)
	if err != nil || len(f.Private)+len(f.Warnings) > 0 {
		t.Errorf("the copy has %+v %v", f, err)
	}
}
