package sniff_test

import (
	"bytes"
	"testing"

	"songshui.internal/services/media/internal/sniff"
)

func seed(f *testing.F, files ...string) {
	for _, file := range files {
		b := read(f, "media", file)
		// A mutation far behind the headers teaches nothing.
		f.Add(b[:min(len(b), 4<<10)])
		f.Add(b)
	}
}

// FuzzInspect runs every reader of a format: no panic, no endless loop, and limits that hold.
func FuzzInspect(f *testing.F) {
	seed(f, "tanker-leak.jpg", "silo-dust.png", "boiler.webp", "gas-station-anim.gif", "openpit-liuhe.heic", "wind-lift.mp4")
	f.Add(read(f, "bad", "javascript.pdf"))
	f.Add(read(f, "bad", "truncated-mdat.mp4"))
	f.Add([]byte("%PDF-1.7\n" + packed("1 0 << /AA 2 0 R >>") + "%%EOF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := inspect(b)
		if err != nil {
			return
		}
		if typ, ok := sniff.Sniff(b); !ok || typ != rep.Type {
			t.Fatalf("%v, sniffed %v", rep.Type, typ)
		}
		if h := rep.Image; rep.Type.Kind == "image" && (h.Width*h.Height > sniff.MaxPixels || h.Width*h.Height*h.Frames > sniff.MaxFramePixels ||
			h.Orientation < 1 || h.Orientation > 8) {
			t.Fatalf("%+v", h)
		}
	})
}

// FuzzGIF walks blocks behind a good header.
func FuzzGIF(f *testing.F) {
	b := read(f, "media", "gas-station-anim.gif")
	f.Add(b[13:2000], uint16(640), uint16(426), byte(0xf7))
	f.Add([]byte{0x21, 0xfe, 1, 'a', 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 0, 0, 0x3b}, uint16(1), uint16(1), byte(0))
	f.Fuzz(func(t *testing.T, blocks []byte, w, h uint16, flags byte) {
		g := append([]byte{'G', 'I', 'F', '8', '9', 'a', byte(w), byte(w >> 8), byte(h), byte(h >> 8), flags, 0, 0}, blocks...)
		head, err := sniff.CheckImageHeader(bytes.NewReader(g), int64(len(g)), sniff.GIF)
		if err == nil && head.Width*head.Height*head.Frames > sniff.MaxFramePixels {
			t.Fatalf("%+v", head)
		}
	})
}

// FuzzPNG walks chunks behind a good header.
func FuzzPNG(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08acTL\x00\x00\x00\x01\x00\x00\x00\x00....\x00\x00\x00\x00fcTL....\x00\x00\x00\x00IDAT....\x00\x00\x00\x00IEND...."), uint16(640), uint16(426))
	f.Fuzz(func(t *testing.T, chunks []byte, w, h uint16) {
		b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00"), byte(w>>8), byte(w), 0, 0, byte(h>>8), byte(h), 8, 6, 0, 0, 0, 0, 0, 0, 0)
		b = append(b, chunks...)
		head, err := sniff.CheckImageHeader(bytes.NewReader(b), int64(len(b)), sniff.PNG)
		if err == nil && (head.Width*head.Height*head.Frames > sniff.MaxFramePixels || head.Frames > sniff.MaxFrames) {
			t.Fatalf("%+v", head)
		}
	})
}
