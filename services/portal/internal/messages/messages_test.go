package messages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/rectification/rectificationapi"
)

// sources are the packages whose codes come to people. Their code is read rather than run: a word may be missing only on a way that no test takes.
var sources = []string{"intake", "rectification", "media", "archive", "registry", "oversight", "portal/internal/api", "portal/internal/view", "portal/internal/sheets", "internal/tables", "internal/access", "internal/strict"}

func parse(t *testing.T, dirs ...string) []*ast.File {
	t.Helper()
	root := os.DirFS("../../..")
	var files []*ast.File
	for _, dir := range dirs {
		err := fs.WalkDir(root, dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Fatalf("no source in %q", dirs)
	}
	return files
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}

// constants gives the string constants of files by name.
func constants(files []*ast.File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
				for i, name := range spec.Names {
					if s := literal(spec.Values[i]); s != "" {
						all[name.Name] = s
					}
				}
			}
			return true
		})
	}
	return all
}

var codeForm = regexp.MustCompile(`^[a-z][a-z_]+$`)

// fieldCodes finds the codes that are given to fields: the second argument of Add and AddArg, Code of a fault.Field, Code… constants, and what functions give back in that form.
func fieldCodes(files []*ast.File) map[string]bool {
	known, codes := constants(files), map[string]bool{}
	value := func(e ast.Expr) {
		s := literal(e)
		switch e := e.(type) {
		case *ast.Ident:
			s = known[e.Name]
		case *ast.SelectorExpr:
			if from, ok := e.X.(*ast.Ident); ok && from.Name != "fault" {
				s = known[e.Sel.Name]
			}
		}
		if codeForm.MatchString(s) {
			codes[s] = true
		}
	}
	for name, s := range known {
		if strings.HasPrefix(strings.ToLower(name), "code") && codeForm.MatchString(s) {
			codes[s] = true
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Add" || sel.Sel.Name == "AddArg") && len(n.Args) > 1 {
					value(n.Args[1])
				}
			case *ast.ReturnStmt:
				for _, r := range n.Results {
					if strings.Contains(literal(r), "_") {
						value(r)
					}
				}
			case *ast.CompositeLit:
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Wrong" && len(n.Elts) == 2 {
					value(n.Elts[1])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					value(n.Value)
				}
			}
			return true
		})
	}
	return codes
}

func bilingual(t *testing.T, what string, w text) {
	t.Helper()
	if !strings.ContainsFunc(w.zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || w.en == "" || strings.ContainsFunc(w.en, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s has no words in both languages: %q", what, w)
	}
}

func TestEveryRefusalHasATitle(t *testing.T) {
	t.Parallel()
	for _, c := range fault.Codes() {
		bilingual(t, string(c), titles[c])
	}
}

func TestEveryCodeHasAReason(t *testing.T) {
	t.Parallel()
	codes := fieldCodes(parse(t, sources...))
	for _, sure := range []string{"check_digit", "unknown_field", "two_officers_required", "too_many_pixels", "signer_required", "unknown_value"} {
		if !codes[sure] {
			t.Errorf("the search for codes doesn't find %s", sure)
		}
	}
	for c := range codes {
		if _, ok := warnings[c]; !ok { // a finding's code, which no field has
			bilingual(t, c, reasons[c])
		}
	}
}

// TestEveryWarningHasWords covers the warnings of examinations and the findings of comparing.
func TestEveryWarningHasWords(t *testing.T) {
	t.Parallel()
	n := 0
	for name, code := range constants(parse(t, "media/internal")) {
		if strings.HasPrefix(name, "Warn") && codeForm.MatchString(code) {
			n++
			bilingual(t, code, warnings[code])
		}
	}
	for name, code := range constants(parse(t, "media/internal/compare")) {
		if code != "" && name != "clockNeverSet" && codeForm.MatchString(code) {
			n++
			bilingual(t, code, warnings[code])
		}
	}
	if n < 9 {
		t.Errorf("only %d codes found", n)
	}
	if got := Warning("far_from_case", 104.2, 0, Chinese); got != "拍摄地点距案例位置 104.2 公里，请核对" {
		t.Error(got)
	}
}

// TestEveryEndHasWords covers why media fail and are released; figures in words are the limits'.
func TestEveryEndHasWords(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{"unsupported_type": true, "internal": true, "body_too_large": true, "untaken": true, "bytes_gone": true, "encrypted": true, "active_content": true}
	for name, code := range constants(parse(t, "media/internal")) {
		if strings.HasPrefix(name, "Code") || strings.HasPrefix(name, "Reason") {
			codes[code] = true
		}
	}
	if len(codes) < 15 {
		t.Errorf("only %d codes found", len(codes))
	}
	for code := range codes {
		bilingual(t, code, ends[code])
		if got := End(code, Chinese); got == code || strings.ContainsAny(got, "{}") {
			t.Errorf("%s: %s", code, got)
		}
	}
	for code, figures := range map[string][2]string{"too_long": {"3 h", "3 小时"}, "too_many_pages": {"500 pages", "500 页"}, "too_many_pixels": {"100 megapixels", "一亿像素"},
		"too_many_frames": {"5000 frames", "5000 帧"}} {
		if !strings.Contains(mediaapi.Limits, figures[0]) || !strings.Contains(ends[code].en, figures[0]) || !strings.Contains(ends[code].zh, figures[1]) {
			t.Errorf("%s: %+v", code, ends[code])
		}
	}
	if got := Field(fault.Field{Field: "file", Code: "too_long", Arg: "10800"}, Chinese); got != "文件：时长超过 3 小时，请分段上传" {
		t.Error(got)
	}
	if got := Field(fault.Field{Field: "media[0].file", Code: "too_long", Arg: "120"}, Chinese); !strings.Contains(got, "120") {
		t.Error(got)
	}
	if got := End("too_many_pages", English); got != "The file has more than 500 pages; upload it in parts" {
		t.Error(got)
	}
	if got := End("法院裁定", Chinese); got != "法院裁定" {
		t.Error(got)
	}
}

func TestEveryDetailHasWords(t *testing.T) {
	t.Parallel()
	n := 0
	for name, s := range constants(parse(t, "rectification", "intake", "oversight")) {
		if strings.HasPrefix(name, "Detail") {
			n++
			bilingual(t, s, details[s])
		}
	}
	if n == 0 {
		t.Error("no details")
	}
}

func TestEveryFieldOfABodyHasALabel(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, f := range parse(t, "intake", "rectification", "oversight") {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !strings.HasSuffix(spec.Name.Name, "Body") && spec.Name.Name != "Dated" && spec.Name.Name != "Paper" && spec.Name.Name != "Changes" && spec.Name.Name != "MediaRef" {
				return true
			}
			if body, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range body.Fields.List {
					if field.Tag == nil {
						continue
					}
					tag, _ := strconv.Unquote(field.Tag.Value)
					if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ","); name != "" && name != "-" {
						names[name] = true
					}
				}
			}
			return true
		})
	}
	for _, of := range []reflect.Type{reflect.TypeFor[events.Enterprise](), reflect.TypeFor[events.Violation]()} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			names[name] = true
		}
	}
	if len(names) < 40 {
		t.Errorf("%d fields found", len(names))
	}
	for name := range names {
		bilingual(t, name, labels[name])
	}
}

func TestEveryTermHasWords(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^songshui\.(case|rectification)\.([a-z-]+)\.v\d+$`)
	facts := 0
	for _, e := range events.Default.Types() {
		if m := form.FindStringSubmatch(e.Name); m != nil && m[2] != "reserved" { // which nobody is shown
			facts++
			bilingual(t, m[2], terms["fact"][m[2]])
		}
	}
	if facts < 30 {
		t.Errorf("%d facts", facts)
	}
	for kind, slugs := range map[string][]string{
		"state":               {string(events.CaseSubmitted), string(events.CaseReviewed), string(events.CaseEmbargoed), string(events.CaseExposed), string(events.CaseWithdrawn)},
		"media_state":         {string(events.MediaSealed), string(events.MediaExamined), string(events.MediaRendered), string(events.MediaCleared), string(events.MediaFailed), string(events.MediaErased), string(events.MediaReleased)},
		"rectification_state": {string(events.RectificationPending), string(events.RectificationInProgress), string(events.RectificationAwaitingAcceptance), string(events.RectificationAccepted), string(events.RectificationClosed), string(events.RectificationTransferred), string(events.RectificationNotApplicable)},
		"command":             slices.Concat(intakeapi.Commands(), rectificationapi.Commands()),
	} {
		for _, s := range slugs {
			bilingual(t, kind+" "+s, terms[kind][s])
		}
	}
	for kind, words := range terms {
		for slug, w := range words {
			bilingual(t, kind+" "+slug, w)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field  fault.Field
		zh, en string
	}{
		{fault.Field{Field: "exposures[0].published_on", Code: "in_future"}, "第1项曝光的刊播日期：不能晚于今天", "exposure 1, day of publication lies in the future"},
		{fault.Field{Field: "summary", Code: "too_long", Arg: "10000"}, "案情摘要：超过长度上限 10000", "summary is longer than 10000"},
		{fault.Field{Code: "malformed"}, "不是完整的 JSON", "isn't whole JSON"},
		{fault.Field{Field: "auto_close", Code: "unknown_field"}, "“auto_close”：没有这个字段，请删去", "“auto_close” is no known field"},
	} {
		if zh, en := Field(c.field, Chinese), Field(c.field, English); zh != c.zh || en != c.en {
			t.Errorf("%+v: %q, %q", c.field, zh, en)
		}
	}
}

func TestDetailOfSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		detail, zh, en string
	}{{"52428800", "此类文件上限为 50 MB。", "At most 50 MB for this kind of file."}, {"4294967296", "此类文件上限为 4 GB。", "At most 4 GB for this kind of file."}, {"", "", ""}} {
		f := &fault.Error{Code: fault.BodyTooLarge, Detail: c.detail}
		if zh, en := Detail(f, Chinese), Detail(f, English); zh != c.zh || en != c.en {
			t.Errorf("%s: %q, %q", c.detail, zh, en)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]Language{"": Chinese, "en": English, "en-GB,en;q=0.9,zh;q=0.8": English, "zh-CN,en": Chinese, "fr": Chinese, "zh-TW": Chinese} {
		if got := Of(accept); got != want {
			t.Errorf("%q: %v", accept, got.Tag())
		}
	}
}

// Every kind of the inbox has words in both languages.
func TestEntries(t *testing.T) {
	t.Parallel()
	for kind, words := range entries {
		bilingual(t, kind, words)
	}
	got := Entry("another-case", map[string]string{"enterprise": "某厂", "ref": "2号", "before_ref": "1号"}, Chinese)
	if got != "某厂 一年内再次被曝光：2号（此前 1号）" {
		t.Error(got)
	}
	if got := Entry("extension-decided", map[string]string{"ref": "2号", "decision": "granted"}, English); got != "2号: the extension is granted" {
		t.Error(got)
	}
}
