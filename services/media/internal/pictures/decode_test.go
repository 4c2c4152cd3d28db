package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"testing"

	"songshui.internal/services/media/internal/sniff"
)

// A lossy WebP's samples are of the narrow range: black must be black and white white.
func TestWebPRange(t *testing.T) {
	t.Parallel()
	m, err := webpStill(read(t, "media", "boiler.webp"))
	if err != nil {
		t.Fatal(err)
	}
	y := m.(*image.YCbCr).Y
	var sum int
	low, high := y[0], y[0]
	for _, v := range y {
		low, high = min(low, v), max(high, v)
		sum += int(v)
	}
	// libwebp's pixels have a mean of 107, 122 and 134, from 0 to 255.
	if luma := sum / len(y); low > 8 || high < 250 || luma < 116 || luma > 122 {
		t.Errorf("luma %d–%d, mean %d", low, high, luma)
	}
}

// What is transparent stays so, in 16 bits too, and a GIF's first frame stands where it belongs.
func TestTransparent(t *testing.T) {
	t.Parallel()
	deep := image.NewNRGBA64(image.Rect(0, 0, 40, 20))
	for y := range 20 {
		for x := range 20 {
			deep.Set(x, y, color.NRGBA64{R: 0xffff, A: 0xffff})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, deep); err != nil {
		t.Fatal(err)
	}
	small := image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{color.RGBA{R: 0xff, A: 0xff}})
	var g bytes.Buffer
	if err := gif.EncodeAll(&g, &gif.GIF{Image: []*image.Paletted{small}, Delay: []int{0}, Config: image.Config{Width: 40, Height: 20}}); err != nil {
		t.Fatal(err)
	}
	for typ, file := range map[sniff.Type][]byte{sniff.PNG: b.Bytes(), sniff.GIF: g.Bytes()} {
		p, err := open(file, typ)
		if err != nil {
			t.Fatal(err)
		}
		all, err := copies(view(p.image), typ, 6, nil, []int{20})
		if err != nil {
			t.Fatal(err)
		}
		up, err := png.Decode(bytes.NewReader(all[0].data))
		if err != nil {
			t.Fatal(err)
		}
		// Turned to the right, the left half comes up.
		red, nothing := color.RGBA{R: 0xff, A: 0xff}, color.RGBA{}
		top, bottom := color.RGBAModel.Convert(up.At(5, 2)), color.RGBAModel.Convert(up.At(5, 17))
		if up.Bounds().Size() != image.Pt(10, 20) || top != red || bottom != nothing || all[0].head.Type != "image/png" {
			t.Errorf("%s: %v %v %v %+v", typ.MIME, up.Bounds(), top, bottom, all[0].head)
		}
	}
}

// testdata/turned.heic is 192 × 128 pixels, white with a red left third, and an irot of one quarter anticlockwise: the decoder turns it itself, so that the
// copy isn't turned again.
func TestTurnedHEIC(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/turned.heic")
	if err != nil {
		t.Fatal(err)
	}
	d := decoder(t)
	e, err := d.Examine(t.Context(), original(file))
	if err != nil || e.Width != 192 || e.Height != 128 || e.DisplayWidth != 128 || e.DisplayHeight != 192 || e.Orientation != 8 || e.Frames != 1 {
		t.Fatalf("%+v %v", e, err)
	}
	got, err := rendered(t, d, file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	top, bottom := color.RGBAModel.Convert(m.At(64, 20)).(color.RGBA), color.RGBAModel.Convert(m.At(64, 170)).(color.RGBA)
	if m.Bounds().Size() != image.Pt(128, 192) || top.G < 200 || bottom.G > 60 || bottom.R < 200 {
		t.Errorf("%v, above %v, below %v", m.Bounds(), top, bottom)
	}
}

func TestSmallHEIC(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/small.heic")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(file, sniff.HEIC); code(err) != "unsupported_type" {
		t.Errorf("%v, want unsupported_type", err)
	}
}
