package pictures

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"slices"
	"testing"

	"songshui.internal/services/media/internal/sniff"
)

// icc makes a profile of tags.
func icc(space string, tags map[string][]byte) []byte {
	b := make([]byte, 128)
	copy(b[16:], space+"XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	at := len(b) + 12*len(tags)
	var data []byte
	for name, tag := range tags {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(tag)))
		data = append(data, tag...)
	}
	b = append(b, data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func fixeds(b []byte, values ...float64) []byte {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func para(kind uint16, values ...float64) []byte {
	return fixeds(append([]byte("para\x00\x00\x00\x00"), byte(kind>>8), byte(kind), 0, 0), values...)
}

func matrixProfile(curve []byte, xyz [9]float64) []byte {
	tags := map[string][]byte{"rTRC": curve, "gTRC": curve, "bTRC": curve}
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags[name] = fixeds([]byte("XYZ \x00\x00\x00\x00"), xyz[i], xyz[3+i], xyz[6+i])
	}
	return icc("RGB ", tags)
}

var (
	srgbCurve  = para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	srgbXYZ    = [9]float64{0.4360, 0.3851, 0.1431, 0.2225, 0.7169, 0.0606, 0.0139, 0.0971, 0.7141}
	p3XYZ      = [9]float64{0.5151, 0.2920, 0.1571, 0.2412, 0.6922, 0.0666, -0.0011, 0.0419, 0.7841}
	adobeXYZ   = [9]float64{0.6097, 0.2053, 0.1492, 0.3111, 0.6257, 0.0632, 0.0195, 0.0609, 0.7446}
	adobeCurve = append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 0x02, 0x33)
)

// The matrices from linear Display P3 and Adobe RGB (1998) to linear sRGB, as they are published.
var (
	p3ToSRGB    = [9]float64{1.2249, -0.2247, 0, -0.0420, 1.0419, 0, -0.0197, -0.0786, 1.0979}
	adobeToSRGB = [9]float64{1.3984, -0.3984, 0, 0, 1, 0, 0, -0.0429, 1.0429}
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile []byte
		linear  func(float64) float64
		matrix  [9]float64
	}{
		"Display P3": {matrixProfile(srgbCurve, p3XYZ), func(v float64) float64 {
			if v <= 0.04045 {
				return v / 12.92
			}
			return math.Pow((v+0.055)/1.055, 2.4)
		}, p3ToSRGB},
		"Adobe RGB": {matrixProfile(adobeCurve, adobeXYZ), func(v float64) float64 { return math.Pow(v, 563.0/256) }, adobeToSRGB},
	} {
		p := parseProfile(c.profile)
		if p == nil {
			t.Fatalf("%s isn't read", name)
		}
		for _, v := range [][3]byte{{0, 0, 0}, {255, 255, 255}, {128, 128, 128}, {200, 100, 50}, {50, 200, 100}, {90, 60, 220}, {255, 0, 0}, {0, 255, 0}, {12, 14, 10}} {
			var lin, want [3]float64
			for i := range v {
				lin[i] = c.linear(float64(v[i]) / 255)
			}
			for i := range want {
				l := max(0, min(c.matrix[3*i]*lin[0]+c.matrix[3*i+1]*lin[1]+c.matrix[3*i+2]*lin[2], 1))
				if want[i] = 12.92 * l * 255; l > 0.0031308 {
					want[i] = (1.055*math.Pow(l, 1/2.4) - 0.055) * 255
				}
			}
			r, g, b := p.sample(v[0], v[1], v[2])
			for i, got := range []byte{r, g, b} {
				if math.Abs(float64(got)-want[i]) > 3 {
					t.Errorf("%s %v: %d %d %d, want %.0f", name, v, r, g, b, want)
					break
				}
			}
		}
	}
}

func TestProfilesLeftOut(t *testing.T) {
	t.Parallel()
	p3 := matrixProfile(srgbCurve, p3XYZ)
	table := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), 256)
	for v := range 256 {
		table = binary.BigEndian.AppendUint16(table, uint16(fixedSRGB(v)*65535))
	}
	lut := icc("RGB ", map[string][]byte{"A2B0": []byte("mft2")})
	for name, b := range map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 10<<10), "sRGB": matrixProfile(srgbCurve, srgbXYZ), "sRGB by table": matrixProfile(table, srgbXYZ),
		"CMYK": icc("CMYK", map[string][]byte{"A2B0": []byte("mft2")}), "tables": lut, "cut": p3[:len(p3)-30], "no white": matrixProfile(srgbCurve, [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}),
		"grey of gamma 2.2": icc("GRAY", map[string][]byte{"kTRC": para(0, 2.2)})[:140],
	} {
		if parseProfile(b) != nil {
			t.Errorf("%s is used", name)
		}
	}
	if parseProfile(matrixProfile(table, p3XYZ)) == nil {
		t.Error("a table of 256 isn't read")
	}
	grey := parseProfile(icc("GRAY", map[string][]byte{"kTRC": para(0, 1.8)}))
	if grey == nil || grey.grey[0] != 0 || grey.grey[255] != 255 || grey.grey[128] < 140 || grey.grey[128] > 150 {
		t.Errorf("grey of gamma 1.8: %+v", grey)
	}
}

func fixedSRGB(v int) float64 {
	x := float64(v) / 255
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

func segment(marker byte, body []byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

func pngChunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func riffChunk(name string, body []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
	return append(b, make([]byte, len(body)&1)...)
}

func isoBox(name string, bodies ...[]byte) []byte {
	body := slices.Concat(bodies...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

// The profile is found where each format keeps it, in a JPEG in pieces in any order.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	p3 := matrixProfile(srgbCurve, p3XYZ)
	half := len(p3) / 2
	part := func(seq byte, b []byte) []byte {
		return segment(0xe2, append([]byte("ICC_PROFILE\x00"+string([]byte{seq, 2})), b...))
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(p3)
	_ = w.Close()
	for typ, file := range map[sniff.Type][]byte{
		sniff.JPEG: slices.Concat([]byte{0xff, 0xd8}, segment(0xe0, []byte("JFIF\x00")), part(2, p3[half:]), part(1, p3[:half]), segment(0xfe, []byte("hi")), []byte{0xff, 0xda, 0, 2}),
		sniff.PNG:  slices.Concat([]byte("\x89PNG\r\n\x1a\n"), pngChunk("iCCP", append([]byte("p3\x00\x00"), z.Bytes()...)), pngChunk("tEXt", []byte("Author\x00x")), pngChunk("IEND", nil)),
		sniff.WebP: slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBP"), riffChunk("VP8X", make([]byte, 10)), riffChunk("ICCP", p3)),
		sniff.HEIC: slices.Concat(isoBox("ftyp", []byte("heic")), isoBox("meta", make([]byte, 4), isoBox("iprp", isoBox("ipco",
			isoBox("colr", []byte("nclx\x00\x01\x00\x0d\x00\x06\x00")), isoBox("colr", []byte("prof"), p3))))),
	} {
		e := beside(file, typ)
		if !bytes.Equal(e.icc, p3) {
			t.Errorf("%s: a profile of %d bytes, want %d", typ.MIME, len(e.icc), len(p3))
		}
		if want := typ == sniff.JPEG || typ == sniff.PNG; e.comment != want {
			t.Errorf("%s: comment %v", typ.MIME, e.comment)
		}
		if e.narrow != (typ == sniff.HEIC) {
			t.Errorf("%s: narrow %v", typ.MIME, e.narrow)
		}
	}
}

// A picture in Display P3 comes out in sRGB, with and without transparency, and what is hidden in it stays flat.
func TestRenderP3(t *testing.T) {
	t.Parallel()
	p3 := matrixProfile(srgbCurve, p3XYZ)
	m := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []byte{200, 100, 50, 0xff})
	}
	var j, p bytes.Buffer
	if err := jpeg.Encode(&j, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	m.SetNRGBA(0, 0, color.NRGBA{})
	if err := png.Encode(&p, m); err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(p3)
	_ = w.Close()
	wr, wg, wb := parseProfile(p3).sample(200, 100, 50)
	d := decoder(t)
	for _, file := range [][]byte{
		slices.Insert(j.Bytes(), 2, segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), p3...))...),
		slices.Insert(p.Bytes(), 33, pngChunk("iCCP", append([]byte("p3\x00\x00"), z.Bytes()...))...),
	} {
		got, err := rendered(t, d, file)
		if err != nil {
			t.Fatal(err)
		}
		clean(t, got[0])
		pic, kind, err := image.Decode(bytes.NewReader(got[0].data))
		if err != nil {
			t.Fatal(err)
		}
		c := color.NRGBAModel.Convert(pic.At(40, 30)).(color.NRGBA)
		near := func(a, b byte) bool { return max(a, b)-min(a, b) <= 4 }
		if !near(c.R, wr) || !near(c.G, wg) || !near(c.B, wb) {
			t.Errorf("%s: %v, want %d %d %d", kind, c, wr, wg, wb)
		}
	}
}

func FuzzProfile(f *testing.F) {
	f.Add(matrixProfile(srgbCurve, p3XYZ))
	f.Add(matrixProfile(adobeCurve, adobeXYZ))
	f.Add(icc("GRAY", map[string][]byte{"kTRC": para(4, 2.4, 1, 0, 1, 0.1, 0, 0)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p := parseProfile(b); p != nil {
			for v := range 256 {
				p.sample(byte(v), byte(255-v), byte(v*7))
			}
		}
	})
}

func FuzzEmbedded(f *testing.F) {
	for i, file := range []string{"gas-sensor-wrapped.jpg", "gas-detector-offline.png", "boiler.webp", "openpit-liuhe.heic"} {
		b := read(f, "media", file)
		f.Add(b[:min(len(b), 4<<10)], uint8(i))
	}
	types := []sniff.Type{sniff.JPEG, sniff.PNG, sniff.WebP, sniff.HEIC}
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		if e := beside(b, types[int(which)%len(types)]); len(e.icc) > maxProfile {
			t.Fatalf("a profile of %d bytes", len(e.icc))
		}
	})
}
