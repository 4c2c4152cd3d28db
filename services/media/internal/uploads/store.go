// Package uploads is tus 1.0 on S3: how bytes come in, are judged, sealed, and forgotten when nobody goes on with them.
//
// It owns the bucket of uploads and writes originals and, with the fact `sealed`, MEDIA. The protocol is tusd's; this package is its data store.
//
// # What is durable when
//
// Bytes gather in parts of PartSize of a multipart upload at the original's own key, which is invisible until completed, so nothing is copied at the end.
// What doesn't fill a part is a tail: an object of its own with a new key each time. The upload's state names the parts by ETag, the tail, the offset and the running
// SHA-256; it is written after what it names and before the client is told. So a crash at any line leaves a state of which everything exists, and any process goes on
// from there. The state is written only over the one that was read (ETag), and the object is completed from the ETags in it: a late writer can harm neither.
//
// An upload of at most one part is one object, put when all bytes are here. Its key ends with the hash, so that two writers can't mean different bytes by one key.
//
// # The end
//
// Type and size are judged by the first bytes, a large clip's boxes and length while the bytes pass (how far that is stands in the state): what is refused then is aborted. The whole is
// judged before the fact: one of at most a part from memory, before there is an object; a larger one from the object, since the parts of a multipart upload can't be read before they are completed,
// and then the refused object is removed with all its versions.
//
// Judged, then state with hash, then object, then the fact, then the answer; of a larger upload state, object, judged, fact. A later request, or [Store.Sweep], repeats what a crash cut off. Of several uploads of the same
// bytes and name the first to write the fact wins; the others drop their objects, and the untaken time of the medium begins anew. A refused upload is gone with all its bytes and noted in ACCESS.
package uploads

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/tus/tusd/v2/pkg/handler"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/internal/allowance"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/judge"
	"songshui.internal/services/media/internal/keeping"
	"songshui.internal/services/media/internal/sniff"
	"songshui.internal/services/media/mediaapi"
)

const headerMediaID = mediaapi.HeaderMediaID

// Store is tusd's data store. It is safe for concurrent use.
type Store struct {
	objects *objects.Store
	buckets objects.Buckets
	bus     *bus.Bus
	catalog *catalog.Catalog
	keeper  *keeping.Keeper
	allowed *allowance.Allowance
	judge   *judge.Judge
	// at is called at the places between which a crash matters.
	at func(place string)
}

// New makes a Store.
func New(b *bus.Bus, o *objects.Store, buckets objects.Buckets, c *catalog.Catalog, k *keeping.Keeper, a *allowance.Allowance, j *judge.Judge) *Store {
	return &Store{objects: o, buckets: buckets, bus: b, catalog: c, keeper: k, allowed: a, judge: j, at: func(string) {}}
}

// Fault makes the store call hook at each named place between two durable steps (“tail”, “part”, “state”, “object”, “fact”), for tests that break off there.
func (s *Store) Fault(hook func(place string)) { s.at = hook }

// key is where the original will be.
func (s *Store) key(st *state) string {
	k := string(st.Office) + "/" + st.ID
	if st.small() {
		k += "-" + st.SHA256[:16]
	}
	return k
}

// NewUpload begins an upload of the request's actor. The state of one whose bytes all come with the creation is written with them.
func (s *Store) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	r := requestOf(ctx)
	st, err := s.begin(ctx, r, info)
	if err != nil {
		return nil, s.refusal(err)
	}
	if err := s.allowed.Reserve(ctx, st.Office, st.ID, st.Size); err != nil {
		s.note(ctx, &st, fault.Of(err))
		return nil, s.refusal(err)
	}
	u := &upload{store: s, st: st}
	if r.whole && st.small() {
		return u, nil
	}
	if err := u.save(ctx); err != nil {
		return nil, s.refusal(err)
	}
	return u, nil
}

func (s *Store) begin(ctx context.Context, r *request, info handler.FileInfo) (state, error) {
	st, err := newState(r, info.Size, info.MetaData)
	if err != nil {
		return state{}, err
	}
	st.Created = s.bus.Now().UTC()
	st.Touched = st.Created
	if st.Size == 0 {
		var f fault.Fields
		f.Add("file", "empty")
		err := f.Err("media: upload")
		s.note(ctx, &st, fault.Of(err))
		return state{}, err
	}
	return st, nil
}

// newState reads what a creation says. Wrong fields are named by their keys in Upload-Metadata.
func newState(r *request, size int64, meta map[string]string) (state, error) {
	var f fault.Fields
	name, given := meta["filename"]
	if !given || name == "" {
		f.Add("filename", "required")
	}
	want, ok := parseHash(meta["sha256"])
	if !ok {
		f.Add("sha256", "format")
	}
	st := state{ID: newID(), Office: r.actor.Office, Actor: r.actor.Event(), File: mediaapi.CleanName(name), Want: want, Size: size}
	return st, f.Err("media: upload")
}

// GetUpload gives an upload of the actor's own office. One whose bytes are all here but whose end was cut off is brought to its end first.
func (s *Store) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	r := requestOf(ctx)
	if !validID(id) {
		return nil, handler.ErrNotFound
	}
	st, etag, err := s.load(ctx, id)
	if errors.Is(err, objects.ErrNotFound) || err == nil && (!r.actor.Of(st.Office) || st.Expired) {
		return nil, handler.ErrNotFound
	}
	if err != nil {
		return nil, s.refusal(err)
	}
	u := &upload{store: s, st: st, etag: etag}
	if st.whole() {
		if err := s.finish(ctx, u); err != nil {
			return nil, s.refusal(err)
		}
	}
	return u, nil
}

// AsTerminatableUpload makes DELETE possible.
func (s *Store) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload { return u.(*upload) }

// Terminate gives an upload up. One whose bytes are all here has become a medium, at the latest by GetUpload, and that stays: another process may be writing its fact just now.
func (u *upload) Terminate(ctx context.Context) error {
	if err := u.store.forget(ctx, &u.st); err != nil {
		return u.store.refusal(err)
	}
	return nil
}

// forget removes everything of an upload that isn't a medium's.
func (s *Store) forget(ctx context.Context, st *state) error {
	s.allowed.Free(st.ID)
	if err := s.abort(ctx, st); err != nil {
		return err
	}
	if st.whole() && s.own(st) {
		l, err := catalog.Aggregate.Load(ctx, s.bus, events.MediaSubject(st.Office, st.media()))
		if err != nil {
			return err
		}
		if l.State.Object != st.Object {
			// A bucket with object lock keeps versions: a plain delete would leave the bytes.
			if err := s.objects.Purge(ctx, s.buckets.Originals(), st.Object); err != nil {
				return err
			}
		}
	}
	if st.Tail != "" {
		s.drop(ctx, st.Tail)
	}
	return s.objects.Delete(ctx, s.buckets.Uploads(), st.ID+stateSuffix)
}

// own says whether the upload's object is its own; bytes that the office had sealed before are another upload's.
func (s *Store) own(st *state) bool {
	return strings.HasPrefix(st.Object, string(st.Office)+"/"+st.ID)
}

// drop removes a tail that no state names. What stays behind by a crash is found by Sweep.
func (s *Store) drop(ctx context.Context, key string) {
	if err := s.objects.Delete(ctx, s.buckets.Uploads(), key); err != nil {
		s.bus.Logger().Warn("tail not removed", "key", key, "error", err)
	}
}

// read gives a small object whole.
func (s *Store) read(ctx context.Context, b objects.Bucket, key string) ([]byte, objects.Info, error) {
	r, info, err := s.objects.Get(ctx, b, key)
	if err != nil {
		return nil, info, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return data, info, err
}

// note writes a refusal to ACCESS.
func (s *Store) note(ctx context.Context, st *state, f *fault.Error) {
	detail := map[string]string{"file": st.File, "upload": st.ID, "type": st.Type}
	for _, w := range f.Fields {
		detail["field"], detail["reason"] = w.Field, w.Code
	}
	err := s.bus.Note(ctx, events.AccessEntry{Actor: st.Actor, Kind: "upload-refused", Outcome: string(f.Code), Detail: detail})
	if err != nil {
		s.bus.Logger().Error("refused upload not noted", "upload", st.ID, "error", err)
	}
}

// maxSize is what tusd refuses beyond, before anything is known of the type.
const maxSize = sniff.MaxVideo
