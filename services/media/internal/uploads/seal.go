package uploads

import (
	"bytes"
	"context"
	"errors"
	"io"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/blob"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/judge"
	"songshui.internal/services/media/internal/keeping"
	"songshui.internal/services/media/internal/sniff"
)

// headSize is how many bytes the type is told from.
const headSize = judge.HeadSize

// refusedError is a refusal of the bytes themselves: the upload ends with it.
type refusedError struct{ cause *fault.Error }

func (e *refusedError) Error() string { return e.cause.Error() }
func (e *refusedError) Unwrap() error { return e.cause }

// judgeNext refuses what can be refused by the bytes so far, of which the last n are new.
func (u *upload) judgeNext(n int) error {
	next := u.buf[len(u.buf)-n:]
	if u.st.Type == "" {
		if len(u.buf) < headSize && !u.complete() {
			return nil
		}
		t, err := u.store.judge.Head(u.buf, u.st.Size)
		u.st.Type, u.st.Kind = t.MIME, t.Kind
		if err != nil {
			return &refusedError{fault.Of(err)}
		}
		if !u.st.small() {
			u.walk, next = sniff.WalkOf(t, u.st.Size), u.buf
		}
	}
	if u.walk == nil {
		return nil
	}
	if err := u.store.judge.Passing(u.walk, u.st.Kind, next); err != nil {
		return &refusedError{fault.Of(err)}
	}
	return nil
}

// FinishUpload seals the upload; the medium's id is in the answer's headers.
func (u *upload) FinishUpload(ctx context.Context) error {
	defer func() { u.release(u.buf); u.buf = nil }()
	var err error
	if u.st.small() {
		err = u.putWhole(ctx)
	}
	if err == nil {
		err = u.store.finish(ctx, u)
	}
	var refused *refusedError
	if errors.As(err, &refused) {
		return u.store.refuse(ctx, u, refused.cause)
	}
	if err != nil {
		return u.store.refusal(err)
	}
	h := requestOf(ctx).header
	h.Set(headerMediaID, string(u.st.media()))
	h.Del("Upload-Expires")
	return nil
}

// putWhole judges the bytes of a small upload and makes them durable: first the state that names the object, then the object.
func (u *upload) putWhole(ctx context.Context) error {
	got := sum(u.hash)
	if err := checkHash(u.st.Want, got); err != nil {
		return err
	}
	u.dropTail()
	if adopted, err := u.store.adopt(ctx, u, got); adopted || err != nil {
		return err
	}
	if err := u.store.judgeWhole(ctx, &u.st, bytes.NewReader(u.buf)); err != nil {
		return err
	}
	u.st.Offset, u.st.Hash, u.st.SHA256 = u.st.Size, nil, got
	u.st.Object = u.store.key(&u.st)
	if err := u.save(ctx); err != nil {
		return err
	}
	u.store.at("state")
	if err := u.store.putObject(ctx, &u.st, u.buf); err != nil {
		return err
	}
	u.store.at("object")
	return u.store.seal(ctx, u)
}

// putObject writes a small original; the key names its bytes, so one that is there is the same.
func (s *Store) putObject(ctx context.Context, st *state, data []byte) error {
	_, err := s.objects.PutIfAbsent(ctx, s.buckets.Originals(), st.Object, data, objects.Options{ContentType: st.Type})
	if errors.Is(err, objects.ErrExists) {
		return nil
	}
	return err
}

func checkHash(want, got string) error {
	if want == "" || want == got {
		return nil
	}
	var f fault.Fields
	f.Add("sha256", "mismatch")
	return &refusedError{fault.Of(f.Err("media: upload"))}
}

// judgeWhole looks at all bytes.
func (s *Store) judgeWhole(ctx context.Context, st *state, data io.ReaderAt) error {
	err := s.judge.Whole(ctx, data, st.Size)
	if judge.Refused(err) {
		return &refusedError{fault.Of(err)}
	}
	return err
}

// finish brings an upload whose bytes are all durable to its sealed fact, from wherever a crash has left it. It may find that a small one's bytes never
// arrived: then the upload is back at its beginning, and no error.
func (s *Store) finish(ctx context.Context, u *upload) error {
	if u.sealed {
		return nil
	}
	st := &u.st
	if err := checkHash(st.Want, st.SHA256); err != nil {
		return s.endRefused(ctx, u, err)
	}
	l, err := catalog.Aggregate.Load(ctx, s.bus, events.MediaSubject(st.Office, st.media()))
	if err != nil {
		return err
	}
	if known, err := s.renew(ctx, st, l.State); err != nil {
		return err
	} else if known {
		u.sealed = true
		s.allowed.Free(st.ID)
		return s.abort(ctx, st)
	}
	there, err := s.object(ctx, st)
	if err != nil {
		return err
	}
	if !there {
		return s.restart(ctx, u)
	}
	s.at("object")
	r := blob.New(ctx, s.objects, s.buckets.Originals(), st.Object, st.Size)
	defer r.Close()
	if err := s.judgeWhole(ctx, st, r); err != nil {
		return s.endRefused(ctx, u, err)
	}
	return s.endRefused(ctx, u, s.seal(ctx, u))
}

// restart takes an upload back to its beginning, or ends it where its parts are no longer those of the state.
func (s *Store) restart(ctx context.Context, u *upload) error {
	if u.st.Multipart != "" {
		s.bus.Logger().Error("upload's parts aren't those of its state; it is given up", "upload", u.st.ID)
		if err := s.forget(ctx, &u.st); err != nil {
			return err
		}
		return fault.New(fault.NotFound, "media: upload")
	}
	u.st.Offset, u.st.SHA256, u.st.Object = 0, "", ""
	return u.save(ctx)
}

// endRefused ends an upload that was refused outside of a chunk's own request.
func (s *Store) endRefused(ctx context.Context, u *upload, err error) error {
	var refused *refusedError
	if !errors.As(err, &refused) {
		return err
	}
	return s.refuse(ctx, u, refused.cause)
}

// object completes a multipart upload, or looks for the object; false if the bytes aren't all there.
func (s *Store) object(ctx context.Context, st *state) (bool, error) {
	if st.Multipart == "" {
		return s.stored(ctx, st)
	}
	parts := make([]objects.Part, len(st.Parts))
	for i, etag := range st.Parts {
		parts[i] = objects.Part{Number: i + 1, ETag: etag}
	}
	_, err := s.objects.Complete(ctx, s.buckets.Originals(), st.Object, st.Multipart, parts, false)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, objects.ErrNotFound) {
		return s.stored(ctx, st) // completed before
	}
	// S3 names no one error for parts that were put again by a late writer: compare.
	have, lerr := s.objects.Parts(ctx, s.buckets.Originals(), st.Object, st.Multipart)
	if lerr != nil {
		return false, err
	}
	for i, p := range parts {
		if i >= len(have) || have[i].Number != p.Number || have[i].ETag != p.ETag {
			return false, nil
		}
	}
	return false, err
}

func (s *Store) stored(ctx context.Context, st *state) (bool, error) {
	info, err := s.objects.Stat(ctx, s.buckets.Originals(), st.Object)
	if errors.Is(err, objects.ErrNotFound) {
		return false, nil
	}
	return err == nil && info.Size == st.Size, err
}

// abort drops parts that aren't needed.
func (s *Store) abort(ctx context.Context, st *state) error {
	if st.Multipart == "" {
		return nil
	}
	err := s.objects.Abort(ctx, s.buckets.Originals(), st.Object, st.Multipart)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	return err
}

// seal writes the fact. If the medium exists, of another upload, that one's object counts and this one's goes.
func (s *Store) seal(ctx context.Context, u *upload) error {
	st := &u.st
	fact := events.MediaSealedFact{ID: st.media(), Office: st.Office, File: st.File, SHA256: st.SHA256, Bytes: st.Size, Type: st.Type, Kind: st.Kind, Object: st.Object}
	l, err := s.appendSealed(ctx, st.Actor, st.ID, fact)
	if fault.Is(err, fault.WrongState) {
		return &refusedError{fault.Of(err)} // it was erased by decision
	}
	if err != nil {
		return err
	}
	s.at("fact")
	s.allowed.Free(st.ID)
	if l.State.Object != st.Object {
		if err := s.objects.Purge(ctx, s.buckets.Originals(), st.Object); err != nil {
			s.bus.Logger().Warn("second copy not removed", "upload", st.ID, "error", err)
		}
		if _, err := s.renew(ctx, st, l.State); err != nil {
			return err
		}
	}
	u.sealed = true
	return nil
}

// renew has the time of a medium that no case has taken begin anew, now that its bytes were sent again. false: it has no bytes, or has lost them just now; the record decides between this
// and its release.
func (s *Store) renew(ctx context.Context, st *state, m events.MediaState) (has bool, err error) {
	if !media.HasBytes(m) {
		return false, nil
	}
	if f, err := media.Renew(m, st.Created); f == nil {
		return err == nil, err
	}
	in := bus.Intent{Name: string(media.CommandRenew), Actor: st.Actor, Given: access.Given{On: events.DayOf(s.bus.Now())}}
	_, err = catalog.Aggregate.Execute(ctx, s.bus, events.MediaSubject(m.Office, m.ID), in, func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		return media.Renew(current.State, st.Created)
	})
	if fault.Is(err, fault.WrongState) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) appendSealed(ctx context.Context, actor events.Actor, key string, fact events.MediaSealedFact) (bus.Loaded[events.MediaState], error) {
	in := bus.Intent{Name: string(media.CommandSeal), Actor: actor, Key: key, New: true, Given: access.Given{On: events.DayOf(s.bus.Now())}}
	return catalog.Aggregate.Execute(ctx, s.bus, events.MediaSubject(fact.Office, fact.ID), in,
		func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
			return media.Seal(current.State, fact)
		})
}

// refuse ends an upload: its bytes go, ACCESS gets an entry, the answer is the cause.
func (s *Store) refuse(ctx context.Context, u *upload, cause *fault.Error) error {
	s.note(ctx, &u.st, cause)
	s.allowed.Free(u.st.ID)
	if u.etag != "" || u.st.Multipart != "" {
		for _, key := range u.stale {
			s.drop(ctx, key)
		}
		if err := s.forget(ctx, &u.st); err != nil {
			s.bus.Logger().Warn("refused upload not removed; it expires", "upload", u.st.ID, "error", err)
		}
	}
	return s.refusal(cause)
}

// adopt seals an upload whose bytes (sha, hex) the office has sealed already, without them: it is the medium of that name, or a new one that shares the object. false = the bytes are needed.
func (s *Store) adopt(ctx context.Context, u *upload, sha string) (bool, error) {
	st := &u.st
	id := events.MediaIDFor(st.Office, sha, st.File)
	found, err := s.catalog.Find(ctx, st.Office, catalog.Wanted{ID: id}, 1)
	if err == nil && len(found) == 0 {
		found, err = s.catalog.Find(ctx, st.Office, catalog.Wanted{SHA256: sha}, 1)
	}
	if err != nil || len(found) == 0 || found[0].Bytes != st.Size {
		return false, err
	}
	m := found[0]
	if m.ID == id {
		if known, err := s.renew(ctx, st, m); !known {
			return false, err
		}
	} else {
		if m, err = s.share(ctx, st, id, m); errors.Is(err, keeping.ErrGoing) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	st.Offset, st.Hash, st.SHA256, st.Object, st.Type, st.Kind = st.Size, nil, sha, m.Object, m.Type, m.Kind
	if err := u.save(ctx); err != nil {
		return false, err
	}
	u.sealed = true
	s.allowed.Free(st.ID)
	return true, nil
}

// share seals a medium that points to the object of another one. keeping.ErrGoing: that object's bytes are on their way out.
func (s *Store) share(ctx context.Context, st *state, id events.MediaID, of events.MediaState) (events.MediaState, error) {
	claim, err := s.keeper.Claim(ctx, st.Office, id, of.Object)
	if err != nil {
		return events.MediaState{}, err
	}
	fact := events.MediaSealedFact{ID: id, Office: st.Office, File: st.File, SHA256: of.SHA256, Bytes: of.Bytes, Type: of.Type, Kind: of.Kind, Object: of.Object}
	l, err := s.appendSealed(ctx, st.Actor, st.ID, fact)
	if end := claim.End(ctx); err == nil {
		err = end
	}
	return l.State, err
}
