package serve

import (
	"io"
	"time"

	"songshui.internal/services/media/internal/blob"
)

// noTime leaves Last-Modified out: the ETag says it all.
var noTime time.Time

// reader is a blob whose beginning was read before anything was sent.
type reader struct {
	*blob.Reader
	head []byte
	pos  int64
}

const headSize = 512

// first reads the beginning, so that a store that is away, or an object that is gone, is known in time.
func (r *reader) first() error {
	buf := make([]byte, headSize)
	n, err := io.ReadFull(r.Reader, buf)
	r.head = buf[:n]
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil // a small file
	}
	return err
}

func (r *reader) Read(p []byte) (int, error) {
	if r.pos < int64(len(r.head)) {
		n := copy(p, r.head[r.pos:])
		r.pos += int64(n)
		return n, nil
	}
	if _, err := r.Reader.Seek(r.pos, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := r.Reader.Read(p)
	r.pos += int64(n)
	return n, err
}

// Seek moves the position; the request that is open goes on where the position allows it.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.Size()
	}
	r.pos = offset
	return offset, nil
}
