package uploads

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/tus/tusd/v2/pkg/handler"

	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/internal/sniff"
)

// upload is one request's hold on an upload; the locker gives one process one of them at a time.
type upload struct {
	store *Store
	st    state
	etag  string
	// sealed says that the medium's record exists.
	sealed bool

	// buf are the bytes after the last part, received but not in a part; hash is over all received bytes.
	buf  []byte
	hash hash.Hash
	// walk goes through a large clip's boxes as far as bytes were received; nil for anything else.
	walk *sniff.Walk
	// flight is the part on its way, to land later.
	flight chan landing
	// unsaved says that there are parts which the durable state doesn't know of; stale are tails that it doesn't need any more.
	unsaved bool
	stale   []string
}

// landing is a part that was sent: the state that knows of it, and that state's ETag where it was saved.
type landing struct {
	st    state
	etag  string
	saved bool
	buf   []byte
	err   error
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, PartSize); return &b }}

func (u *upload) buffer() []byte {
	if u.st.small() {
		return make([]byte, 0, u.st.Size)
	}
	return (*buffers.Get().(*[]byte))[:0]
}

func (u *upload) release(b []byte) {
	if !u.st.small() && cap(b) == PartSize {
		b = b[:0]
		buffers.Put(&b)
	}
}

// resume brings back what earlier requests left: the tail's bytes and the running hash.
func (u *upload) resume(ctx context.Context) error {
	if u.hash != nil {
		return nil
	}
	h, err := newHash(u.st.Hash)
	if err != nil {
		return err
	}
	buf := u.buffer()
	if u.st.Tail != "" {
		data, _, err := u.store.read(ctx, u.store.buckets.Uploads(), u.st.Tail)
		if err != nil {
			return err
		}
		if want := u.st.Offset - u.st.inParts(); int64(len(data)) != want {
			return fmt.Errorf("uploads: tail of %s has %d bytes, not %d", u.st.ID, len(data), want)
		}
		buf = append(buf, data...)
	}
	u.buf, u.hash, u.walk = buf, h, u.st.Walk.Clone()
	return nil
}

// WriteChunk takes bytes from offset on. What it says it has written is durable, save the last bytes of a small upload, which FinishUpload makes so before
// anybody is told. Bytes with a checksum are taken all or none: until it fits, the state knows of none of them.
func (u *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	if err := u.resume(ctx); err != nil {
		return 0, u.store.refusal(err)
	}
	check := requestOf(ctx).checksum
	if check != nil {
		src = io.TeeReader(src, check.over)
	}
	err := u.receive(ctx, src, check == nil)
	if u.flight != nil {
		err = errors.Join(err, u.land(ctx)) // even when refused: nothing may run on behind us
	}
	var refused *refusedError
	if errors.As(err, &refused) && check != nil {
		_, _ = io.Copy(io.Discard, src) // damaged bytes may look like ones to refuse: the sum is over all of them
	}
	if check != nil && (err != nil && refused == nil || !check.fits()) {
		u.release(u.buf)
		return 0, u.forgo(ctx, err)
	}
	if refused != nil {
		u.release(u.buf)
		return 0, u.store.refuse(ctx, u, refused.cause)
	}
	if err == nil {
		err = u.settle(ctx)
	}
	n := u.st.Offset - offset
	if u.complete() && u.st.small() {
		return u.st.Size - offset, nil // FinishUpload needs the buffer
	}
	u.release(u.buf)
	u.buf = nil
	if err != nil {
		return n, u.store.refusal(err)
	}
	u.tellExpiry(ctx)
	return n, nil
}

// received is how many bytes are here, durable or not.
func (u *upload) received() int64 { return u.st.inParts() + u.inFlight() + int64(len(u.buf)) }

func (u *upload) inFlight() int64 {
	if u.flight == nil {
		return 0
	}
	return PartSize
}

func (u *upload) complete() bool { return u.hash != nil && u.received() == u.st.Size }

// receive reads src to its end, sending each part as it gets full while the next one is read.
func (u *upload) receive(ctx context.Context, src io.Reader, save bool) error {
	for {
		room := min(PartSize, u.st.Size-u.st.inParts()-u.inFlight()) - int64(len(u.buf))
		want := room
		if u.st.Type == "" {
			want = min(room, max(0, headSize-int64(len(u.buf))))
		}
		n, err := io.ReadFull(src, u.buf[len(u.buf):int64(len(u.buf))+want])
		u.hash.Write(u.buf[len(u.buf) : len(u.buf)+n])
		u.buf = u.buf[:len(u.buf)+n]
		if err := u.judgeNext(n); err != nil {
			return err
		}
		if !u.st.small() && int64(n) == room {
			if err := u.ship(ctx, save); err != nil {
				return err
			}
		}
		if err != nil || u.complete() {
			return nil // a broken line ends the bytes like their end; the handler knows which it was
		}
	}
}

// ship sends the full buffer as the next part and goes on with a new one. The state is saved behind the part without waiting for the next: however long the client
// pauses, a crash costs no whole part that has arrived. The last part's is saved by settle.
func (u *upload) ship(ctx context.Context, save bool) error {
	if u.flight != nil {
		if err := u.land(ctx); err != nil {
			return err
		}
	}
	if u.st.Multipart == "" {
		if err := u.begin(ctx); err != nil {
			return err
		}
	}
	st, etag, buf := u.st, u.etag, u.buf
	end := st.inParts() + int64(len(buf))
	st.Offset, st.Hash, st.Walk, st.Tail = end, snapshot(u.hash), u.walk.Clone(), ""
	save = save && end < st.Size
	done := make(chan landing, 1)
	go func() {
		l := landing{st: st, etag: etag, buf: buf}
		p, err := u.store.objects.Part(ctx, u.store.buckets.Originals(), st.Object, st.Multipart, len(st.Parts)+1, bytes.NewReader(buf), int64(len(buf)))
		l.st.Parts = append(slices.Clone(st.Parts), p.ETag)
		if l.err = err; err == nil && save {
			l.etag, l.err = u.store.save(ctx, &l.st, etag)
			l.saved = l.err == nil
		}
		done <- l
	}()
	u.flight, u.buf = done, nil
	if end == u.st.Size {
		return u.land(ctx)
	}
	u.buf = u.buffer()
	return nil
}

// begin opens the multipart upload and notes its id at once, so that its parts can always be found and dropped.
func (u *upload) begin(ctx context.Context) error {
	u.st.Object = u.store.key(&u.st)
	id, err := u.store.objects.Begin(ctx, u.store.buckets.Originals(), u.st.Object, objects.Options{ContentType: u.st.Type})
	if err != nil {
		return err
	}
	u.st.Multipart = id
	return u.save(ctx)
}

// land waits for the part on its way and takes its state.
func (u *upload) land(ctx context.Context) error {
	l := <-u.flight
	u.flight = nil
	u.release(l.buf)
	if l.err != nil {
		return l.err
	}
	u.store.at("part")
	u.dropTail()
	u.st, u.etag, u.unsaved = l.st, l.etag, !l.saved
	if l.saved {
		u.dropStale(ctx)
	}
	return nil
}

// settle makes durable what a request leaves behind: the tail, and the state.
func (u *upload) settle(ctx context.Context) error {
	if u.complete() && u.st.small() || u.received() == u.st.Offset && !u.unsaved && !u.complete() {
		return nil
	}
	if u.etag == "" {
		u.store.allowed.Free(u.st.ID)
		return errShort
	}
	u.dropTail()
	if len(u.buf) > 0 {
		u.st.Tail = u.st.ID + ".tail-" + newID()
		if _, err := u.store.objects.Put(ctx, u.store.buckets.Uploads(), u.st.Tail, u.buf, objects.Options{}); err != nil {
			return err
		}
		u.store.at("tail")
	}
	u.st.Offset, u.st.Hash, u.st.Walk = u.received(), snapshot(u.hash), u.walk.Clone()
	if u.complete() {
		u.st.SHA256, u.st.Hash, u.st.Walk = sum(u.hash), nil, nil
	}
	return u.save(ctx)
}

// dropTail notes that the tail's bytes are elsewhere; save removes it once the state says so too.
func (u *upload) dropTail() {
	if u.st.Tail != "" {
		u.stale = append(u.stale, u.st.Tail)
		u.st.Tail = ""
	}
}

func (u *upload) save(ctx context.Context) error {
	etag, err := u.store.save(ctx, &u.st, u.etag)
	if err != nil {
		return err
	}
	u.etag, u.unsaved = etag, false
	u.dropStale(ctx)
	return nil
}

func (u *upload) dropStale(ctx context.Context) {
	for _, key := range u.stale {
		u.store.drop(ctx, key)
	}
	u.stale = nil
}

// GetInfo says how far the upload is, and puts the medium's id or the upload's end into the answer's headers.
func (u *upload) GetInfo(ctx context.Context) (handler.FileInfo, error) {
	h := requestOf(ctx).header
	if u.sealed {
		h.Set(headerMediaID, string(u.st.media()))
	} else {
		u.tellExpiry(ctx)
	}
	meta := handler.MetaData{"filename": u.st.File}
	if u.st.Want != "" {
		meta["sha256"] = u.st.Want
	}
	return handler.FileInfo{ID: u.st.ID, Size: u.st.Size, Offset: u.st.Offset, MetaData: meta}, nil
}

// tellExpiry says until when the upload is kept if nothing more comes.
func (u *upload) tellExpiry(ctx context.Context) {
	requestOf(ctx).header.Set("Upload-Expires", u.st.expires().Format(http.TimeFormat))
}

// GetReader isn't offered: a medium's bytes are read through /media.
func (u *upload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}
