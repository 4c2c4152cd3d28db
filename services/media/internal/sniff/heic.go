package sniff

import "encoding/binary"

// heic reads the size and the turning of the primary item (ISO 23008-12). Every size in the file is held to MaxPixels: tiles and thumbnails are
// decoded too.
func (s *source) heic() (Header, error) {
	h := Header{Frames: 1}
	err := s.each(0, s.size, func(x box) error {
		if x.name != "meta" || h.Width > 0 {
			return nil
		}
		if err := s.count(x.end - x.start); err != nil {
			return err
		}
		var err error
		h, err = s.heicMeta(x)
		return err
	})
	if err == nil && h.Width == 0 {
		err = damaged("heic: no primary item")
	}
	return h, err
}

func (s *source) heicMeta(meta box) (Header, error) {
	h := Header{Frames: 1}
	var primary uint32
	var properties []box
	used := map[uint32][]int{}
	err := s.each(meta.start+4, meta.end, func(x box) error {
		switch x.name {
		case "pitm":
			return s.pitm(x, &primary)
		case "iprp":
			return s.each(x.start, x.end, func(y box) error {
				switch y.name {
				case "ipco":
					return s.each(y.start, y.end, func(z box) error { properties = append(properties, z); return nil })
				case "ipma":
					return s.ipma(y, used)
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return h, err
	}
	for _, p := range properties {
		if p.name != "ispe" {
			continue
		}
		if err := s.ispe(p, &Header{Frames: 1}); err != nil {
			return h, err
		}
	}
	turn, mirror := 0, -1
	for _, i := range used[primary] {
		if i < 1 || i > len(properties) {
			continue
		}
		if err := s.property(properties[i-1], &h, &turn, &mirror); err != nil {
			return h, err
		}
	}
	h.Orientation = heicOrientation(turn, mirror)
	return h, nil
}

func (s *source) property(p box, h *Header, turn, mirror *int) error {
	var b [1]byte
	switch p.name {
	case "ispe":
		return s.ispe(p, h)
	case "irot":
		err := s.read(p.start, b[:])
		*turn = int(b[0] & 3)
		return err
	case "imir":
		err := s.read(p.start, b[:])
		*mirror = int(b[0] & 1)
		return err
	}
	return nil
}

// ispe reads a size and checks it; of several the largest counts.
func (s *source) ispe(p box, h *Header) error {
	var b [12]byte
	if err := s.read(p.start, b[:]); err != nil {
		return err
	}
	w, ht := int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:]))
	if w > 1<<31-1 || ht > 1<<31-1 {
		return damaged("heic: size")
	}
	h.Width, h.Height = int(w), int(ht)
	return checkPixels(*h)
}

// heicOrientation names a turn (quarters anticlockwise, applied first) and a mirroring (-1 none, 0 top to bottom, 1 left to right) as EXIF does.
func heicOrientation(turn, mirror int) int {
	switch mirror {
	case 0:
		return [4]int{4, 5, 2, 7}[turn]
	case 1:
		return [4]int{2, 7, 4, 5}[turn]
	}
	return [4]int{1, 8, 3, 6}[turn]
}

func (s *source) pitm(x box, primary *uint32) error {
	var b [8]byte
	if err := s.read(x.start, b[:6]); err != nil {
		return err
	}
	if b[0] == 0 {
		*primary = uint32(binary.BigEndian.Uint16(b[4:]))
		return nil
	}
	err := s.read(x.start, b[:8])
	*primary = binary.BigEndian.Uint32(b[4:])
	return err
}

// ipma reads which properties (from 1) each item has.
func (s *source) ipma(x box, used map[uint32][]int) error {
	b := make([]byte, x.end-x.start)
	if err := s.read(x.start, b); err != nil {
		return err
	}
	if len(b) < 8 {
		return damaged("heic: ipma")
	}
	idSize, indexSize := 2, 1
	if b[0] > 0 {
		idSize = 4
	}
	if b[3]&1 != 0 {
		indexSize = 2
	}
	count := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for ; count > 0; count-- {
		if len(b) < idSize+1 {
			return damaged("heic: ipma")
		}
		id := uint32(binary.BigEndian.Uint16(b))
		if idSize == 4 {
			id = binary.BigEndian.Uint32(b)
		}
		n := int(b[idSize])
		b = b[idSize+1:]
		if len(b) < n*indexSize {
			return damaged("heic: ipma")
		}
		for i := range n {
			v := int(b[i*indexSize])
			if indexSize == 2 {
				v = v<<8 | int(b[i*indexSize+1])
			}
			used[id] = append(used[id], v&(1<<(8*indexSize-1)-1))
		}
		b = b[n*indexSize:]
	}
	return nil
}
