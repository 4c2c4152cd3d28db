package clips

import "encoding/binary"

// nalKind is of what a track's samples are made.
type nalKind int

const (
	noNAL nalKind = iota
	avcNAL
	hevcNAL
)

func nalOf(t *track) nalKind {
	switch t.entries[0].codec {
	case "h264":
		return avcNAL
	case "hevc":
		return hevcNAL
	}
	return noNAL
}

// head is the length of a NAL unit's header in bytes.
func (k nalKind) head() int { return int(k) }

// use says what is done with a NAL unit.
type use int

const (
	keep use = iota
	// search looks for user data in supplemental enhancement information.
	search
	// blank overwrites what no decoder reads: filler data and the types that the standards leave to others, in which cameras put what they like.
	blank
)

func (k nalKind) use(first byte) use {
	if k == avcNAL {
		switch t := first & 0x1f; {
		case t == 6:
			return search
		case t == 12 || t >= 24:
			return blank
		}
		return keep
	}
	switch t := first >> 1 & 0x3f; {
	case t == 39 || t == 40:
		return search
	case t == 38 || t >= 48:
		return blank
	}
	return keep
}

// encoderUUID marks the settings that x264 writes into its streams; they say nothing of persons or devices.
const encoderUUID = "\xdc\x45\xe9\xbd\xe6\xd9\x48\xb7\x96\x2c\xd8\x20\xd9\x23\xee\xef"

const (
	seiRegistered   = 4
	seiUnregistered = 5
)

// scrub overwrites user data in an SEI unit in place, so that no size changes: unregistered ones but x264's, and registered ones but captions and HDR10+.
// What can't be read to its end is overwritten from there on.
func scrub(nal []byte, head int) {
	at, kept := unescaped(nal, head)
	get := func(i int) int { return int(nal[at[i]]) }
	wipe := func(from, to int) {
		for _, p := range at[from:to] {
			if !kept[p] {
				nal[p] = 1
			}
		}
	}
	// The last byte holds the stop bit.
	for i, end := 0, len(at)-1; i < end; {
		kind, size := 0, 0
		for ; i < end && get(i) == 0xff; i++ {
			kind += 0xff
		}
		if kind, i = kind+get(i), i+1; i >= end {
			return
		}
		for ; i < end && get(i) == 0xff; i++ {
			size += 0xff
		}
		if size, i = size+get(i), i+1; size > end-i {
			if i < end {
				wipe(i, end)
			}
			return
		}
		if (kind == seiUnregistered || kind == seiRegistered) && !harmless(kind, nal, at[i:i+size]) {
			wipe(i, i+size)
		}
		i += size
	}
}

func harmless(kind int, nal []byte, at []int) bool {
	var b []byte
	for _, p := range at[:min(len(at), 16)] {
		b = append(b, nal[p])
	}
	if kind == seiUnregistered {
		return string(b) == encoderUUID
	}
	const unitedStates, captions, hdr10plus = 0xb5, 0x0031, 0x003c
	if len(b) < 3 || b[0] != unitedStates {
		return false
	}
	provider := binary.BigEndian.Uint16(b[1:])
	return provider == captions || provider == hdr10plus
}

// unescaped gives the places of a NAL unit's bytes without those that prevent emulation of start codes; kept are zeros before such a one, which must stay.
func unescaped(nal []byte, head int) (at []int, kept map[int]bool) {
	kept = map[int]bool{}
	zeros := 0
	for p := min(head, len(nal)); p < len(nal); p++ {
		if zeros >= 2 && nal[p] == 3 {
			kept[p-1], kept[p-2] = true, true
			zeros = 0
			continue
		}
		at = append(at, p)
		if nal[p] == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return at, kept
}
