package pictures

import (
	"bytes"
	"image/jpeg"
	"io"
	"slices"
)

// Plain does what three copies of a JPEG cost at least, for measuring Render against it: decode, scale and encode by the same libraries, in the service itself, without child, areas,
// orientation and colour. It keeps nothing. Errors are image/jpeg's.
func Plain(file []byte) error {
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return err
	}
	r := view(m)
	for _, long := range slices.Backward(Widths) {
		r = r.shrink(fit(r.w, r.h, long))
		if err := jpeg.Encode(io.Discard, r.image(), &jpeg.Options{Quality: quality}); err != nil {
			return err
		}
	}
	return nil
}
