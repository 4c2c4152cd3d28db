package clips

import (
	"encoding/binary"
	"strings"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/hevc"
	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/sniff"
)

// codecs names what sample entries hold, as ffprobe does; a fourcc that isn't here is its own name.
var codecs = map[string]string{
	"avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "dvh1": "hevc", "dvhe": "hevc", "av01": "av1", "vp09": "vp9", "vp08": "vp8", "mp4v": "mpeg4", "s263": "h263",
	"jpeg": "mjpeg", "mjpa": "mjpeg", "apch": "prores", "apcn": "prores", "apcs": "prores", "apco": "prores", "ap4h": "prores", "ap4x": "prores",
	"ac-3": "ac3", "ec-3": "eac3", "Opus": "opus", "fLaC": "flac", "sowt": "pcm_s16le", "twos": "pcm_s16be", "samr": "amr_nb", "sawb": "amr_wb", ".mp3": "mp3",
}

// entry is one sample description.
type entry struct {
	codec         string
	width, height int
	// squeeze is the pixel's shape, width and height of it; 1, 1 is square.
	squeeze [2]int
	// playable says that browsers play it. box is made anew for what is published, nil for a codec that isn't; old is the original's.
	playable bool
	box, old mp4.Box
}

// verbatim is a box that mp4ff writes as it is, without looking for a type of its own for it.
type verbatim struct{ mp4.Box }

// Type implements mp4.Box.
func (verbatim) Type() string { return "" }

func codecOf(fourcc string) string {
	if c := codecs[fourcc]; c != "" {
		return c
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, fourcc))
}

// encrypted are the sample entries of common encryption and of Apple's.
var encrypted = map[string]bool{"encv": true, "enca": true, "drmi": true, "drms": true}

// entries reads a stsd; encrypted ones are refused; at most 16 descriptions.
func entries(stsd []byte, handler string) ([]entry, error) {
	var out []entry
	var err error
	if len(stsd) < 8 {
		return nil, damaged("stsd")
	}
	whole := sniff.Boxes(stsd[8:], func(name string, body []byte) {
		if err != nil || len(out) == 16 {
			return
		}
		var e entry
		if encrypted[name] {
			err = refuse(CodeEncrypted, "")
			return
		}
		switch handler {
		case video:
			e, err = videoEntry(name, body)
		case sound:
			e = soundEntry(name, body)
		}
		e.old = verbatim{raw(name, body)}
		out = append(out, e)
	})
	if err == nil && (!whole || len(out) == 0 || len(out) != int(binary.BigEndian.Uint32(stsd[4:]))) {
		err = damaged("stsd")
	}
	return out, err
}

// videoEntry reads a VisualSampleEntry and makes it anew: without compressor name, vendor, profiles, and NAL units in the configuration that aren't parameter sets.
func videoEntry(name string, b []byte) (entry, error) {
	e := entry{codec: codecOf(name), squeeze: [2]int{1, 1}}
	if len(b) < 78 {
		return e, damaged("sample entry " + name)
	}
	e.width, e.height = int(binary.BigEndian.Uint16(b[24:])), int(binary.BigEndian.Uint16(b[26:]))
	inner := b[78:]
	var config mp4.Box
	switch e.codec {
	case "h264":
		config, e.playable = avcConfig(sniff.Inside(inner, "avcC"))
	case "hevc":
		config = hevcConfig(sniff.Inside(inner, "hvcC"))
		// Dolby Vision's entries hold a base layer that others can show.
		name = strings.NewReplacer("dvh1", "hvc1", "dvhe", "hev1").Replace(name)
	}
	pasp := sniff.Inside(inner, "pasp")
	if len(pasp) == 8 {
		h, v := binary.BigEndian.Uint32(pasp), binary.BigEndian.Uint32(pasp[4:])
		if h > 0 && v > 0 && h < 1<<16 && v < 1<<16 {
			e.squeeze = [2]int{int(h), int(v)}
		}
	}
	if config == nil || e.width == 0 || e.height == 0 {
		return e, nil
	}
	box := mp4.CreateVisualSampleEntryBox(name, uint16(e.width), uint16(e.height), config)
	box.CompressorName = ""
	if e.squeeze != [2]int{1, 1} {
		box.AddChild(raw("pasp", pasp))
	}
	if colour := sniff.Inside(inner, "colr"); colour != nil {
		if c := colourBox(colour); c != nil {
			box.AddChild(c)
		}
	}
	e.box = box
	return e, nil
}

// colourBox keeps the three code points, never an ICC profile.
func colourBox(b []byte) mp4.Box {
	if len(b) < 10 || string(b[:4]) != "nclx" && string(b[:4]) != "nclc" {
		return nil
	}
	out := append([]byte("nclx"), b[4:10]...)
	full := byte(0)
	if string(b[:4]) == "nclx" && len(b) > 10 {
		full = b[10] & 0x80
	}
	return raw("colr", append(out, full))
}

// avcConfig keeps parameter sets. Browsers play 4:2:0 in 8 bits: Baseline, Main, Extended and High.
func avcConfig(b []byte) (config mp4.Box, playable bool) {
	c, err := avc.DecodeAVCDecConfRec(b)
	if err != nil {
		return nil, false
	}
	c.SPSnalus = only(c.SPSnalus, func(b byte) bool { return b&0x1f == 7 })
	c.PPSnalus = only(c.PPSnalus, func(b byte) bool { return b&0x1f == 8 })
	p := c.AVCProfileIndication
	return &mp4.AvcCBox{DecConfRec: c}, p == 66 || p == 77 || p == 88 || p == 100
}

func only(nals [][]byte, want func(first byte) bool) [][]byte {
	var out [][]byte
	for _, n := range nals {
		if len(n) > 0 && want(n[0]) {
			out = append(out, n)
		}
	}
	return out
}

func hevcConfig(b []byte) mp4.Box {
	c, err := hevc.DecodeHEVCDecConfRec(b)
	if err != nil {
		return nil
	}
	var sets []hevc.NaluArray
	for _, a := range c.NaluArrays {
		if t := a.NaluType(); t == hevc.NALU_VPS || t == hevc.NALU_SPS || t == hevc.NALU_PPS {
			nals := only(a.Nalus, func(b byte) bool { return hevc.NaluType(b>>1&0x3f) == t })
			sets = append(sets, hevc.NewNaluArray(a.Complete() == 1, t, nals))
		}
	}
	c.NaluArrays = sets
	return &mp4.HvcCBox{DecConfRec: c}
}

// soundEntry reads an AudioSampleEntry, also QuickTime's longer versions, and makes one of MPEG-4 audio anew.
func soundEntry(name string, b []byte) entry {
	e := entry{codec: codecOf(name)}
	if len(b) < 28 {
		return e
	}
	skip := 28
	switch binary.BigEndian.Uint16(b[8:]) {
	case 1:
		skip += 16
	case 2:
		skip += 36
	}
	if name != "mp4a" || len(b) < skip {
		return e
	}
	inner := b[skip:]
	body := sniff.Inside(inner, "esds")
	if body == nil {
		body = sniff.Inside(inner, "wave", "esds")
	}
	esds, err := decode[*mp4.EsdsBox]("esds", body)
	if err != nil || esds == nil || esds.DecConfigDescriptor == nil {
		return e
	}
	old := esds.DecConfigDescriptor
	switch old.ObjectType {
	case 0x40, 0x66, 0x67, 0x68:
		e.codec = "aac"
	case 0x69, 0x6b:
		e.codec = "mp3"
	default:
		return e
	}
	var config []byte
	if old.DecSpecificInfo != nil {
		config = old.DecSpecificInfo.DecConfig
	}
	if e.codec == "aac" && (len(config) < 2 || len(config) > 64) {
		return e
	}
	fresh := mp4.CreateEsdsBox(config)
	d := fresh.DecConfigDescriptor
	d.ObjectType, d.BufferSizeDB, d.MaxBitrate, d.AvgBitrate = old.ObjectType, old.BufferSizeDB, old.MaxBitrate, old.AvgBitrate
	if e.codec == "mp3" {
		d.DecSpecificInfo = nil
	}
	channels := max(1, min(binary.BigEndian.Uint16(b[16:]), 8))
	e.box = mp4.CreateAudioSampleEntryBox("mp4a", channels, 16, binary.BigEndian.Uint16(b[24:]), fresh)
	e.playable = true
	return e
}
