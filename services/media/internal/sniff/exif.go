package sniff

import (
	"bytes"
	"encoding/binary"
)

const (
	tagOrientation = 0x0112
	tiffShort      = 3
)

// exifOrientation finds tag 0x0112 in the first directory of a TIFF block (an `Exif\0\0` before it is passed over); 0 if it isn't there or no 1–8.
func exifOrientation(b []byte) int {
	b = bytes.TrimPrefix(b, []byte("Exif\x00\x00"))
	if len(b) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	n := int(order.Uint16(b[at:]))
	entries := b[at+2:]
	for ; n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != tagOrientation || order.Uint16(entries[2:]) != tiffShort {
			continue
		}
		if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
			return v
		}
		return 0
	}
	return 0
}
