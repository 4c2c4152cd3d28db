package papers

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"songshui.internal/services/internal/fault"
)

// FuzzClean: whatever pdfcpu makes of a paper, our copier ends, and what it gives passes the check and can be read again.
func FuzzClean(f *testing.F) {
	f.Add(hostilePaper())
	f.Add(build(many(3)))
	f.Add(bomb(1000))
	f.Add(encrypted())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		// A panic or a loop of pdfcpu is the sandbox's affair, and ends the child; here it would hide ours.
		d, err := opened(b)
		if err != nil {
			return
		}
		all, err := d.pages()
		if err != nil || d.Encrypt != nil {
			return
		}
		paper, _, err := clean(b)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		again, err := open(paper)
		if err != nil {
			// Strings and numbers are taken over as they stood, so that what pdfcpu read leniently may be wrong again; the renderer judges that.
			return
		}
		pages, err := again.pages()
		if err != nil || len(pages) != len(all) {
			t.Fatalf("%d pages of %d: %v", len(pages), len(all), err)
		}
	})
}

func opened(b []byte) (d document, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errEncrypted
		}
	}()
	return open(b)
}

// FuzzBareJPEG: the picture stays, twice is once, and nothing grows but by the end that was missing.
func FuzzBareJPEG(f *testing.F) {
	f.Add([]byte(exifJPEG))
	f.Add([]byte("\xff\xd8\xff\xff\xfe\x00\x02\xff\xd9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bare := bareJPEG(b)
		if len(bare) > len(b)+2 {
			t.Fatalf("%d of %d bytes", len(bare), len(b))
		}
		if again := bareJPEG(bare); !bytes.Equal(again, bare) {
			t.Fatalf("%x became %x", bare, again)
		}
		if names := jpegPrivate(bare); len(names) > 0 {
			t.Fatal(names)
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width*c.Height > 1<<16 {
			return
		}
		was, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		is, err := jpeg.Decode(bytes.NewReader(bare))
		if err != nil || !same(was, is) {
			t.Fatalf("another picture, %v", err)
		}
	})
}

func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

// FuzzBareJP2: no panic, no loop, nothing grows, twice is once.
func FuzzBareJP2(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x0axml <x\x00\x00\x00\x00jp2c\xff\x4f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bare := bareJP2(b)
		if len(bare) > len(b) || !bytes.Equal(bareJP2(bare), bare) {
			t.Fatalf("%x became %x", b, bare)
		}
	})
}

func TestBare(t *testing.T) {
	t.Parallel()
	if got := string(bareJP2([]byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x0axml <x\x00\x00\x00\x00jp2c\xff\x4f"))); got != "\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x00jp2c\xff\x4f" {
		t.Errorf("%q", got)
	}
	if bare := bareJPEG([]byte(exifJPEG)); bytes.Contains(bare, []byte("SECRET")) {
		t.Errorf("%q", bare)
	}
}
