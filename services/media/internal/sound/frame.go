package sound

// frame is what the four bytes of a Layer III header say.
type frame struct {
	// length is in bytes, samples for each channel.
	length, samples, hertz int
	// side is where the main data begin, behind header, checksum and side information.
	side int
	// kind are the bits that no frame of one file differs in: version, layer, rate of samples.
	kind [2]byte
}

var (
	rates1 = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}
	rates2 = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
	hertz1 = [4]int{44100, 48000, 32000, 0}
)

// parse reads a header of MPEG 1, 2 or 2.5 Layer III (ISO 11172-3, 13818-3); false for anything else, free format among it.
func parse(b []byte) (frame, bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe6 != 0xe2 {
		return frame{}, false
	}
	version, mono, protected := b[1]>>3&3, b[3]>>6 == 3, b[1]&1 == 0
	f := frame{samples: 576, hertz: hertz1[b[2]>>2&3], kind: [2]byte{b[1] & 0xfe, b[2] & 0x0c}}
	rates, slots := rates2, 72
	f.side = 4 + 17
	if mono {
		f.side = 4 + 9
	}
	switch version {
	case 3:
		rates, slots, f.samples = rates1, 144, 1152
		f.side = 4 + 32
		if mono {
			f.side = 4 + 17
		}
	case 2:
		f.hertz /= 2
	case 0:
		f.hertz /= 4
	default:
		return frame{}, false
	}
	if protected {
		f.side += 2
	}
	rate := rates[b[2]>>4]
	if rate == 0 || f.hertz == 0 {
		return frame{}, false
	}
	f.length = slots*rate*1000/f.hertz + int(b[2]>>1&1)
	return f, f.length > f.side
}
