package ways

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/blob"
	"songshui.internal/services/media/internal/judge"
	"songshui.internal/services/media/internal/pictures"
	"songshui.internal/services/media/internal/sniff"
)

// Tries is how often a step is tried before the medium is `failed`; a judgement on the bytes isn't tried again.
const Tries = 3

// widths are the longer edges of the public copies, in pixels: lists and pages.
var widths = []int{320, 1280}

// RunWay examines and renders what was sealed, one medium after the other, until ctx ends. Several may run.
func (w *Ways) RunWay(ctx context.Context) error {
	return w.bus.Consume(ctx, Way, 1, func(ctx context.Context, batch []*bus.Message) error {
		for _, m := range batch {
			s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
			if err != nil {
				return err
			}
			if err := w.step(ctx, m.Subject, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// step does what the state asks for next. The state may be old: what was done since is found when deciding.
func (w *Ways) step(ctx context.Context, subject string, s events.MediaState) error {
	var command media.Command
	var err error
	number := media.Number(s)
	switch {
	case s.State == events.MediaSealed:
		command, err = media.CommandExamine, w.examine(ctx, subject, s)
	case s.State == events.MediaExamined && s.Kind == media.KindImage:
		command, err = media.CommandRender, w.render(ctx, subject, s)
	default:
		return nil
	}
	if err = away(err); err == nil || ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NoRoom) {
		return err
	}
	if !w.last(subject, err) {
		return err
	}
	return w.append(ctx, subject, media.CommandFail, func(s events.MediaState) (events.Fact, error) { return media.Fail(s, number, string(command), reason(err)) })
}

// last says whether a failure ends the way.
func (w *Ways) last(subject string, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries[subject]++
	if !judge.Refused(err) && w.tries[subject] < Tries {
		return false
	}
	delete(w.tries, subject)
	return true
}

// reason is a code for a person's message.
func reason(err error) string {
	f := fault.Of(err)
	if len(f.Fields) > 0 {
		return f.Fields[0].Code
	}
	return string(f.Code)
}

func (w *Ways) original(ctx context.Context, s events.MediaState) *blob.Reader {
	return blob.New(ctx, w.objects, w.buckets.Originals(), s.Object, s.Bytes)
}

func (w *Ways) examine(ctx context.Context, subject string, s events.MediaState) error {
	r := w.original(ctx, s)
	defer r.Close()
	rep, err := sniff.Inspect(r, s.Bytes)
	if err != nil {
		return err
	}
	e := events.Examination{Warnings: rep.Warnings}
	if s.Kind == media.KindImage {
		e.Width, e.Height, e.Orientation, e.Frames = rep.Image.Width, rep.Image.Height, rep.Image.Orientation, rep.Image.Frames
		e.DisplayWidth, e.DisplayHeight = rep.Image.Upright()
	}
	return w.append(ctx, subject, media.CommandExamine, func(s events.MediaState) (events.Fact, error) { return media.Examine(s, e) })
}

func (w *Ways) render(ctx context.Context, subject string, s events.MediaState) error {
	t, ok := typeOf(s.Type)
	if !ok {
		return fault.New(fault.UnsupportedType, "media: render "+s.Type)
	}
	r := w.original(ctx, s)
	defer r.Close()
	_, copies, err := w.decoder.Render(ctx, r, s.Bytes, t, widths)
	if err != nil {
		return err
	}
	number := media.Number(s)
	kept := make([]events.Rendition, 0, len(copies))
	for _, c := range copies {
		k, err := w.keep(ctx, s.ID, c)
		if err != nil {
			return err
		}
		kept = append(kept, k)
	}
	return w.append(ctx, subject, media.CommandRender, func(s events.MediaState) (events.Fact, error) { return media.Render(s, number, kept) })
}

// keep stores a copy under a key made of its bytes: rendered again, it is another object or the same, never a mixture.
func (w *Ways) keep(ctx context.Context, id events.MediaID, c pictures.Rendition) (events.Rendition, error) {
	sum := sha256.Sum256(c.Data)
	hash := hex.EncodeToString(sum[:])
	key := fmt.Sprintf("%s/%s-%s", id, c.Name, hash[:16])
	_, err := w.objects.Put(ctx, w.buckets.Renditions(), key, c.Data, objects.Options{ContentType: c.Type})
	return events.Rendition{Name: c.Name, Key: key, Type: c.Type, Width: c.Width, Height: c.Height, Bytes: int64(len(c.Data)), SHA256: hash}, err
}

func typeOf(mime string) (sniff.Type, bool) {
	for _, t := range sniff.Types() {
		if t.MIME == mime {
			return t, true
		}
	}
	return sniff.Type{}, false
}
