package pictures

// plane is a raster of ch interleaved bytes for each pixel.
type plane struct {
	pix              []byte
	w, h, stride, ch int
}

func newPlane(w, h, ch int) plane {
	return plane{pix: make([]byte, w*h*ch), w: w, h: h, stride: w * ch, ch: ch}
}

func (p plane) row(y int) []byte { return p.pix[y*p.stride : y*p.stride+p.w*p.ch] }

// shrink gives the plane at w × h, neither larger than it.
func (p plane) shrink(w, h int) plane {
	s := newShrinker(p.w, p.h, w, h, p.ch)
	for y := range p.h {
		s.add(p.row(y))
	}
	return s.out
}

// shrinker makes each pixel the mean of the area that it covers. Rows come one by one, so that a picture never need stand in memory in another form.
// Lengths are counted in units in which a source pixel is as long as the target has pixels, and the other way round: no fractions.
type shrinker struct {
	out    plane
	sw, sh int
	cols   []span
	line   []uint32 // the row at hand, shrunk to the target's width, in 1/256
	sum    []uint64
	src    int // rows seen
	dst    int // rows done
	// perCol and perRow are reciprocals, shifted by 32 and 40 bits.
	perCol, perRow uint64
}

// span is the source pixels of a target pixel: first and last with their own weights, those between whole.
type span struct {
	first, last         int
	firstWeight, weight uint32
}

func newShrinker(sw, sh, dw, dh, ch int) *shrinker {
	s := &shrinker{out: newPlane(dw, dh, ch), sw: sw, sh: sh, cols: make([]span, dw), line: make([]uint32, dw*ch), sum: make([]uint64, dw*ch)}
	s.perCol = (1 << 40) / uint64(sw)
	s.perRow = (1 << 40) / uint64(sh)
	for d := range s.cols {
		start, end := d*sw, (d+1)*sw
		c := span{first: start / dw, last: (end - 1) / dw}
		c.firstWeight = uint32(min((c.first+1)*dw, end) - start)
		if c.last > c.first {
			c.weight = uint32(end - c.last*dw)
		}
		s.cols[d] = c
	}
	return s
}

// add takes the next row of the source.
func (s *shrinker) add(src []byte) {
	s.across(src)
	unit := s.out.h
	top, bottom := s.src*unit, (s.src+1)*unit
	s.src++
	edge := (s.dst + 1) * s.sh
	if bottom < edge {
		s.gather(uint64(unit))
		return
	}
	s.gather(uint64(edge - top))
	s.flush()
	if rest := bottom - edge; rest > 0 {
		s.gather(uint64(rest))
	}
}

func (s *shrinker) across(src []byte) {
	unit, ch := uint32(s.out.w), s.out.ch
	for d, c := range s.cols {
		for k := range ch {
			sum := uint64(src[c.first*ch+k]) * uint64(c.firstWeight)
			if c.last > c.first {
				var whole uint32
				for i := (c.first+1)*ch + k; i < c.last*ch; i += ch {
					whole += uint32(src[i])
				}
				sum += uint64(whole)*uint64(unit) + uint64(src[c.last*ch+k])*uint64(c.weight)
			}
			s.line[d*ch+k] = uint32(sum * s.perCol >> 32)
		}
	}
}

func (s *shrinker) gather(weight uint64) {
	for i, v := range s.line {
		s.sum[i] += uint64(v) * weight
	}
}

func (s *shrinker) flush() {
	out := s.out.row(s.dst)
	for i, v := range s.sum {
		out[i] = byte(min((v*s.perRow>>40+128)>>8, 255))
		s.sum[i] = 0
	}
	s.dst++
}

// turned gives the plane as an EXIF orientation wants it to be seen.
func (p plane) turned(orientation int) plane {
	if orientation <= 1 {
		return p
	}
	w, h := p.w, p.h
	if orientation >= 5 {
		w, h = h, w
	}
	// Each step is in bytes of the source: from where the first target pixel lies, right, and down.
	px, right, bottom := p.ch, (p.w-1)*p.ch, (p.h-1)*p.stride
	var at, dx, dy int
	switch orientation {
	case 2:
		at, dx, dy = right, -px, p.stride
	case 3:
		at, dx, dy = right+bottom, -px, -p.stride
	case 4:
		at, dx, dy = bottom, px, -p.stride
	case 5:
		at, dx, dy = 0, p.stride, px
	case 6:
		at, dx, dy = bottom, -p.stride, px
	case 7:
		at, dx, dy = right+bottom, -p.stride, -px
	case 8:
		at, dx, dy = right, p.stride, -px
	}
	out := newPlane(w, h, p.ch)
	for y := range h {
		row := out.row(y)
		from := at + y*dy
		for x := 0; x < len(row); x += px {
			copy(row[x:x+px], p.pix[from:from+px])
			from += dx
		}
	}
	return out
}
