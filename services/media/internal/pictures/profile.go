package pictures

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
)

// profile brings samples of another colour space to sRGB; nil leaves them.
type profile struct {
	// grey is for pictures of one channel.
	grey *[256]byte
	// linear gives the light of a sample of red, green and blue, matrix linear sRGB of three of them.
	linear [3][256]float32
	matrix [9]float32
}

// parseProfile reads an ICC profile (ICC.1:2022) of the kind that cameras, telephones and scanners embed: three curves and a matrix, or one curve of grey. nil for
// what is sRGB already within two steps of 255, for tables (LUT) and CMYK, and for whatever isn't valid: such pictures are taken as sRGB.
func parseProfile(b []byte) *profile {
	if len(b) < 132 || string(b[36:40]) != "acsp" || string(b[20:24]) != "XYZ " {
		return nil
	}
	p := &profile{}
	switch string(b[16:20]) {
	case "GRAY":
		curve, ok := iccCurve(iccTag(b, "kTRC"))
		if !ok {
			return nil
		}
		p.grey = new([256]byte)
		for v := range p.grey {
			p.grey[v] = encoded(curve[v])
		}
	case "RGB ":
		if !p.matrixed(b) {
			return nil
		}
	default:
		return nil
	}
	if p.harmless() {
		return nil
	}
	return p
}

// toSRGB is from XYZ at D50 to linear sRGB (its D65 adapted by Bradford's matrix).
var toSRGB = [9]float64{3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.0334540, 0.0719453, -0.2289914, 1.4052427}

// whiteD50 is what the three colorants must come to.
var whiteD50 = [3]float64{0.9642, 1, 0.8249}

func (p *profile) matrixed(b []byte) bool {
	var xyz [9]float64
	for i, name := range []string{"r", "g", "b"} {
		curve, ok := iccCurve(iccTag(b, name+"TRC"))
		c := iccTag(b, name+"XYZ")
		if !ok || len(c) < 20 || string(c[:4]) != "XYZ " {
			return false
		}
		for k := range 3 {
			xyz[3*k+i] = fixed(c[8+4*k:])
		}
		p.linear[i] = curve
	}
	for k, want := range whiteD50 {
		if sum := xyz[3*k] + xyz[3*k+1] + xyz[3*k+2]; math.Abs(sum-want) > 0.05 {
			return false
		}
	}
	for r := range 3 {
		for c := range 3 {
			var sum float64
			for k := range 3 {
				sum += toSRGB[3*r+k] * xyz[3*k+c]
			}
			p.matrix[3*r+c] = float32(sum)
		}
	}
	return true
}

// iccTag gives a tag's data, nil if it isn't there or not whole.
func iccTag(b []byte, name string) []byte {
	const maxTags = 100
	n := min(binary.BigEndian.Uint32(b[128:]), maxTags)
	for at := 132; n > 0 && at+12 <= len(b); n, at = n-1, at+12 {
		if string(b[at:at+4]) != name {
			continue
		}
		off, size := uint64(binary.BigEndian.Uint32(b[at+4:])), uint64(binary.BigEndian.Uint32(b[at+8:]))
		if off+size > uint64(len(b)) {
			return nil
		}
		return b[off : off+size]
	}
	return nil
}

// iccCurve gives the light, 0–1, of each of the 256 samples (types curv and para).
func iccCurve(b []byte) (out [256]float32, ok bool) {
	if len(b) < 12 {
		return out, false
	}
	var f func(x float64) float64
	switch string(b[:4]) {
	case "curv":
		f = sampledCurve(b)
	case "para":
		f = parametricCurve(b)
	}
	if f == nil {
		return out, false
	}
	for v := range out {
		y := f(float64(v) / 255)
		if math.IsNaN(y) {
			return out, false
		}
		out[v] = float32(max(0, min(y, 1)))
	}
	return out, true
}

func sampledCurve(b []byte) func(float64) float64 {
	n := int(min(binary.BigEndian.Uint32(b[8:]), 1<<16))
	table := b[12:]
	if len(table) < 2*n {
		return nil
	}
	switch n {
	case 0:
		return func(x float64) float64 { return x }
	case 1:
		g := float64(binary.BigEndian.Uint16(table)) / 256
		return func(x float64) float64 { return math.Pow(x, g) }
	}
	return func(x float64) float64 {
		at := x * float64(n-1)
		i := min(int(at), n-2)
		low, high := float64(binary.BigEndian.Uint16(table[2*i:])), float64(binary.BigEndian.Uint16(table[2*i+2:]))
		return (low + (high-low)*(at-float64(i))) / 65535
	}
}

// parametricCurve reads ICC.1's functions 0–4, all of them cases of the last: (ax+b)^g + e from d on, cx + f below.
func parametricCurve(b []byte) func(float64) float64 {
	kind := binary.BigEndian.Uint16(b[8:])
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(b) < 12+4*counts[kind] {
		return nil
	}
	v := [7]float64{}
	for i := range counts[kind] {
		v[i] = fixed(b[12+4*i:])
	}
	g, a, bb, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, bb, d = 1, 0, -1
	case 1, 2:
		// c is what stands below −b/a in 2, and is added above it too.
		e, f, c = c, c, 0
		d = -bb / a
	}
	return func(x float64) float64 {
		if x >= d {
			return math.Pow(max(a*x+bb, 0), g) + e
		}
		return c*x + f
	}
}

func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// srgb is the sRGB curve on 4,096 steps of light: fine enough for 8 bits in the shadows, where it is steepest.
var srgb = func() (t [4097]byte) {
	for i := range t {
		l := float64(i) / 4096
		v := 12.92 * l
		if l > 0.0031308 {
			v = 1.055*math.Pow(l, 1/2.4) - 0.055
		}
		t[i] = byte(v*255 + 0.5)
	}
	return t
}()

func encoded(light float32) byte { return srgb[int(max(0, min(light, 1))*4096+0.5)] }

func (p *profile) sample(r, g, b byte) (byte, byte, byte) {
	if p.grey != nil {
		return p.grey[r], p.grey[g], p.grey[b]
	}
	x, y, z, m := p.linear[0][r], p.linear[1][g], p.linear[2][b], &p.matrix
	return encoded(m[0]*x + m[1]*y + m[2]*z), encoded(m[3]*x + m[4]*y + m[5]*z), encoded(m[6]*x + m[7]*y + m[8]*z)
}

// harmless says that the profile changes no sample by more than two steps.
func (p *profile) harmless() bool {
	near := func(a, b byte) bool { return max(a, b)-min(a, b) <= 2 }
	for v := 0; v < 256; v += 5 {
		for mask := range 8 {
			var c [3]byte
			for k := range c {
				if mask>>k&1 == 1 || mask == 0 {
					c[k] = byte(v)
				}
			}
			r, g, b := p.sample(c[0], c[1], c[2])
			if !near(r, c[0]) || !near(g, c[1]) || !near(b, c[2]) {
				return false
			}
		}
	}
	return true
}

// convert brings a shrunk raster to sRGB. A profile of other channels than the picture's is no profile of it.
func (p *profile) convert(r raster) raster {
	one := len(r.planes) == 1 && r.planes[0].ch == 1
	if p == nil || (p.grey != nil) != one {
		return r
	}
	if one {
		for i, v := range r.planes[0].pix {
			r.planes[0].pix[i] = p.grey[v]
		}
		return r
	}
	if len(r.planes) == 3 {
		r = r.rgb()
	}
	pix := r.planes[0].pix
	for i := 0; i+4 <= len(pix); i += 4 {
		c := pix[i : i+4 : i+4]
		switch a := uint32(c[3]); a {
		case 0:
		case 0xff:
			c[0], c[1], c[2] = p.sample(c[0], c[1], c[2])
		default:
			plain := func(v byte) byte { return byte(min(uint32(v)*255/a, 255)) }
			x, y, z := p.sample(plain(c[0]), plain(c[1]), plain(c[2]))
			c[0], c[1], c[2] = byte(uint32(x)*a/255), byte(uint32(y)*a/255), byte(uint32(z)*a/255)
		}
	}
	return r
}

// rgb gives a raster of three planes as one of four channels.
func (r raster) rgb() raster {
	out := raster{w: r.w, h: r.h, step: image.Pt(1, 1), planes: []plane{newPlane(r.w, r.h, 4)}}
	for y := range r.h {
		luma, cb, cr, dst := r.planes[0].row(y), r.planes[1].row(y/r.step.Y), r.planes[2].row(y/r.step.Y), out.planes[0].row(y)
		for x := range r.w {
			d := dst[4*x : 4*x+4 : 4*x+4]
			d[0], d[1], d[2] = color.YCbCrToRGB(luma[x], cb[x/r.step.X], cr[x/r.step.X])
			d[3] = 0xff
		}
	}
	return out
}
