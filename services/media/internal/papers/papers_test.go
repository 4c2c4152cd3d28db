package papers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

const samples = "../../../songshui/internal/samples"

func TestMain(m *testing.M) {
	if sandbox.Main(os.Args) {
		return
	}
	os.Exit(m.Run())
}

func newPapers(t *testing.T, c sandbox.Config) *Papers {
	t.Helper()
	box, err := sandbox.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return New(box)
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{samples}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func original(b []byte) kinds.Original {
	return kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: sniff.PDF}
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	e := fault.Of(err)
	if len(e.Fields) == 1 {
		return e.Fields[0].Field + ":" + e.Fields[0].Code
	}
	return string(e.Code)
}

type copies map[string][]byte

// render makes all copies of a paper.
func render(t *testing.T, p *Papers, b []byte) (copies, error) {
	t.Helper()
	all := copies{}
	err := p.Render(t.Context(), kinds.Job{Original: original(b)}, func(_ context.Context, c kinds.Copy) error {
		body, err := io.ReadAll(c.Body)
		if err != nil || int64(len(body)) != c.Size {
			t.Errorf("%s: %d bytes, said %d: %v", c.Name, len(body), c.Size, err)
		}
		if c.Type == "image/jpeg" {
			i, err := jpeg.DecodeConfig(bytes.NewReader(body))
			if err != nil || i.Width != c.Width || i.Height != c.Height || max(i.Width, i.Height) != PictureEdge {
				t.Errorf("%s: %v %v, said %d×%d", c.Name, i, err, c.Width, c.Height)
			}
		}
		all[c.Name] = body
		return nil
	})
	return all, err
}

func TestSamples(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	var want struct {
		Media []struct {
			File, MIME string
			Pages      int
		}
	}
	if err := json.Unmarshal(read(t, "expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range want.Media {
		if m.MIME != sniff.PDF.MIME {
			continue
		}
		n++
		b := read(t, "media", m.File)
		e, err := p.Examine(t.Context(), original(b))
		if err != nil || e.Pages != m.Pages || len(e.Warnings) > 0 {
			t.Errorf("%s: %+v %v, want %d pages", m.File, e, err, m.Pages)
		}
		if !slices.Contains(e.Private, "Creator") || !slices.Contains(e.Private, "CreationDate") {
			t.Errorf("%s: private %v", m.File, e.Private)
		}
		first, err := render(t, p, b)
		if err != nil {
			t.Errorf("%s: %v", m.File, err)
			continue
		}
		again, err := render(t, p, b)
		if err != nil || !bytes.Equal(first["paper"], again["paper"]) {
			t.Errorf("%s: not the same twice: %v", m.File, err)
		}
		e, err = p.Examine(t.Context(), original(first["paper"]))
		if err != nil || e.Pages != m.Pages || len(e.Private) > 0 || len(e.Warnings) > 0 {
			t.Errorf("%s: the copy has %+v %v", m.File, e, err)
		}
	}
	if n != 2 {
		t.Errorf("%d papers among the samples", n)
	}
}

// The copy looks as the original does, pixel by pixel.
func TestLooks(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	if !p.Pictures() {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal("pdftoppm is missing")
		}
		t.Skip("left out: pdftoppm is missing")
	}
	for name, b := range map[string][]byte{
		"clipping":    read(t, "media", "newspaper-clipping-20260702.pdf"),
		"instruction": read(t, "media", "整改指令书 样例.pdf"),
		// Links' borders and attachments' pins aren't taken over.
		"stamped": build(with(hostile, 3, strings.Replace(hostile[3], "30 0 R 31 0 R", "", 1))),
	} {
		all, err := render(t, p, b)
		if err != nil || len(all["page-1"]) == 0 || len(all) != 2 {
			t.Errorf("%s: %d copies, %v", name, len(all), err)
			continue
		}
		if !bytes.Equal(pixels(t, p.renderer, b), pixels(t, p.renderer, all["paper"])) {
			t.Errorf("%s: the copy looks other than the original", name)
		}
	}
}

func pixels(t *testing.T, program string, paper []byte) []byte {
	t.Helper()
	cmd := exec.Command(program, "-r", "60", "-")
	cmd.Stdin = bytes.NewReader(paper)
	b, err := cmd.Output()
	if err != nil || len(b) < 1000 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	return b
}

func TestJavaScript(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	b := read(t, "bad", "javascript.pdf")
	e, err := p.Examine(t.Context(), original(b))
	if err != nil || e.Pages != 1 || !slices.Equal(e.Warnings, []string{"active_content"}) {
		t.Errorf("%+v %v", e, err)
	}
	all, err := render(t, p, b)
	if err != nil || bytes.Contains(all["paper"], []byte("app.alert")) || !bytes.Contains(all["paper"], []byte("(sample PDF) Tj")) {
		t.Errorf("%v: %s", err, all["paper"])
	}
}

func TestNoAreas(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	err := p.Render(t.Context(), kinds.Job{Original: original(build(hostile)), Areas: []events.Area{{Width: 1, Height: 1}}}, nil)
	if code(err) != "areas:not_for_this_kind" {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	circle := map[int]string{1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[2 0 R]>>"}
	for name, c := range map[string]struct {
		paper            []byte
		examine, renders string
	}{
		"500 pages":   {build(many(500)), "ok", "ok"},
		"501 pages":   {build(many(501)), "file:too_many_pages", "file:too_many_pages"},
		"circle":      {build(circle), "file:damaged", "file:damaged"},
		"cut":         {read(t, "media", "整改指令书 样例.pdf")[:100_000], "file:damaged", "file:damaged"},
		"no objects":  {[]byte("%PDF-1.7\nstartxref\n0\n%%EOF\n"), "file:damaged", "file:damaged"},
		"no pages":    {build(map[int]string{1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 0/Kids[]>>"}), "file:damaged", "file:damaged"},
		"deep":        {build(with(many(1), 9, deep)), "", ""},
		"encrypted":   {encrypted(), "ok", "file:encrypted"},
		"other types": {[]byte("GIF89a"), "file:damaged", "file:damaged"},
	} {
		_, err := p.Examine(t.Context(), original(c.paper))
		if got := code(err); c.examine != "" && got != c.examine {
			t.Errorf("%s: examined: %s (%v), want %s", name, got, err, c.examine)
		}
		p := &Papers{box: p.box}
		_, err = render(t, p, c.paper)
		if got := code(err); c.renders != "" && got != c.renders || fault.Is(err, fault.Internal) {
			t.Errorf("%s: rendered: %s (%v), want %s", name, got, err, c.renders)
		}
	}
	gif := original([]byte("GIF89a"))
	gif.Type = sniff.GIF
	if _, err := p.Examine(t.Context(), gif); !fault.Is(err, fault.UnsupportedType) {
		t.Error(err)
	}
}

func TestEncryptedWarns(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	e, err := p.Examine(t.Context(), original(encrypted()))
	if err != nil || !slices.Equal(e.Warnings, []string{"encrypted"}) {
		t.Errorf("%+v %v", e, err)
	}
}

// A child that unpacks without end is stopped by the limits; the next paper finds a new one.
func TestBomb(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{MaxMemory: 256 << 20})
	for name, b := range map[string][]byte{"object stream": bomb(900 << 20), "content": contentBomb(600 << 20)} {
		e, err := p.Examine(t.Context(), original(b))
		t.Logf("%s: %d bytes, %+v, %v", name, len(b), e, err)
		if got := code(err); got != "ok" && got != "file:damaged" && got != "file:too_demanding" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Examine(t.Context(), original(build(many(2)))); err != nil {
		t.Error(err)
	}
}

func TestKeepFails(t *testing.T) {
	t.Parallel()
	p := newPapers(t, sandbox.Config{})
	away := fmt.Errorf("the store is away")
	err := p.Render(t.Context(), kinds.Job{Original: original(build(many(1)))}, func(context.Context, kinds.Copy) error { return away })
	if err == nil || !strings.Contains(err.Error(), away.Error()) || fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
