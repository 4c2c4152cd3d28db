package keeping

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
)

const (
	// Prefix begins the keys of objects' records in the bucket of uploads.
	Prefix = "object-"
	// abandoned is how long a claim or an asked counts; they take milliseconds, and at most a request's or a sweep's time.
	abandoned = 10 * time.Minute
	// tries bounds how often a record is read again when others write it; pause is the longest wait between two.
	tries = 50
	pause = 20 * time.Millisecond
)

var (
	// ErrGoing says that the object is being removed, or may be: its bytes are needed anew.
	ErrGoing = errors.New("keeping: the object is on its way out")
	// ErrBusy says that somebody else is at the object; a later try can succeed.
	ErrBusy = errors.New("keeping: somebody is at the object")
)

// record is what those who name an object and those who remove it agree through.
type record struct {
	Object string            `json:"object"`
	Office events.OfficeSlug `json:"office,omitempty"`
	Claims []mark            `json:"claims,omitempty"`
	Asked  *mark             `json:"asked,omitempty"`
	Going  bool              `json:"going,omitempty"`
}

type mark struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

func (m mark) old(now time.Time) bool { return now.Sub(m.At) > abandoned }

func recordKey(object string) string {
	sum := sha256.Sum256([]byte(object))
	return Prefix + hex.EncodeToString(sum[:])
}

// change writes an object's record over the one that was read. decide may be asked several times and finds its own work where an answer was lost; false = leave it.
func (k *Keeper) change(ctx context.Context, object string, decide func(r *record, now time.Time) (write bool, err error)) error {
	key, bucket := recordKey(object), k.buckets.Uploads()
	for try := 0; ; try++ {
		r, etag, err := k.readRecord(ctx, key)
		if errors.Is(err, objects.ErrNotFound) {
			r, etag, err = record{Object: object}, "", nil
		}
		if err != nil {
			return err
		}
		write, err := decide(&r, k.bus.Now().UTC())
		if err != nil || !write {
			return err
		}
		data, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("keeping: record of %s: %w", object, err)
		}
		if etag == "" {
			_, err = k.objects.PutIfAbsent(ctx, bucket, key, data, objects.Options{ContentType: "application/json"})
		} else {
			_, err = k.objects.PutIfMatch(ctx, bucket, key, etag, data, objects.Options{ContentType: "application/json"})
		}
		if !errors.Is(err, objects.ErrExists) && !errors.Is(err, objects.ErrChanged) && !errors.Is(err, objects.ErrNotFound) {
			return err
		}
		if try == tries {
			return ErrBusy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(mathrand.N(pause)):
		}
	}
}

func (k *Keeper) readRecord(ctx context.Context, key string) (r record, etag string, err error) {
	body, info, err := k.objects.Get(ctx, k.buckets.Uploads(), key)
	if err != nil {
		return r, "", err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, "", fmt.Errorf("keeping: record %s: %w", key, err)
	}
	return r, info.ETag, nil
}

// forgetOld drops what dead holders left.
func (r *record) forgetOld(now time.Time) {
	r.Claims = slices.DeleteFunc(r.Claims, func(m mark) bool { return m.old(now) })
	if r.Asked != nil && r.Asked.old(now) {
		r.Asked = nil
	}
}

// Claim keeps an object from being removed while a fact that names it is on its way.
type Claim struct {
	keeper  *Keeper
	object  string
	by      string
	subject string
}

// Claim begins one, for the medium that is to name the object. ErrGoing: too late, or somebody is about to decide. It must be ended within some seconds.
func (k *Keeper) Claim(ctx context.Context, office events.OfficeSlug, id events.MediaID, object string) (*Claim, error) {
	c := &Claim{keeper: k, object: object, by: rand.Text(), subject: events.MediaSubject(office, id)}
	err := k.change(ctx, object, func(r *record, now time.Time) (bool, error) {
		if slices.ContainsFunc(r.Claims, func(m mark) bool { return m.By == c.by }) {
			return false, nil
		}
		r.forgetOld(now)
		if r.Going || r.Asked != nil {
			return false, ErrGoing
		}
		r.Office, r.Claims = office, append(r.Claims, mark{c.by, now})
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	k.at("claimed")
	return c, nil
}

// End ends the claim after the fact was written, or wasn't. ErrGoing: it had lasted so long that it was taken for dead, and the bytes are going; a fact that names them was taken back.
func (c *Claim) End(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	going := false
	err := c.keeper.change(ctx, c.object, func(r *record, now time.Time) (bool, error) {
		n := len(r.Claims)
		r.Claims = slices.DeleteFunc(r.Claims, func(m mark) bool { return m.By == c.by })
		going = r.Going
		return len(r.Claims) != n, nil
	})
	if err != nil || !going {
		return err
	}
	err = c.keeper.state(ctx, c.subject, func(s events.MediaState) (events.Fact, error) {
		if s.Object != c.object || !media.HasBytes(s) {
			return nil, nil
		}
		return media.Release(s, "bytes_gone")
	})
	if err != nil {
		return err
	}
	return ErrGoing
}

// endWithin bounds the end of a claim, which must be tried even when the request is over.
const endWithin = 10 * time.Second

// ask says that somebody looks whether the object is named; going if that is decided already.
func (k *Keeper) ask(ctx context.Context, object string) (by string, going bool, err error) {
	by = rand.Text()
	err = k.change(ctx, object, func(r *record, now time.Time) (bool, error) {
		going = r.Going
		if r.Going || r.Asked != nil && r.Asked.By == by {
			return false, nil
		}
		r.forgetOld(now)
		if len(r.Claims) > 0 || r.Asked != nil {
			return false, ErrBusy
		}
		r.Asked = &mark{by, now}
		return true, nil
	})
	return by, going, err
}

// answer ends what ask began. ErrBusy: it had lasted too long, and counts no more.
func (k *Keeper) answer(ctx context.Context, object, by string, going bool) error {
	return k.change(ctx, object, func(r *record, _ time.Time) (bool, error) {
		if going && r.Going {
			return false, nil
		}
		if r.Asked == nil || r.Asked.By != by {
			if going {
				return false, ErrBusy
			}
			return false, nil
		}
		r.Asked, r.Going = nil, going
		return true, nil
	})
}
