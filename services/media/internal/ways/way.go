package ways

import (
	"context"
	"errors"
	"fmt"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/blob"
	"songshui.internal/services/media/internal/judge"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// Tries is how often a step is tried before the medium is `failed`; a judgement on the bytes isn't tried again.
	Tries = 3
	// MaxDeliveries ends the way of a medium whose step ends the process each time. Restarts for other reasons must not reach it.
	MaxDeliveries = 20
)

// RunWay examines and renders what was sealed, one medium after the other, until ctx ends. Several may run.
func (w *Ways) RunWay(ctx context.Context) error {
	return w.bus.Consume(ctx, Way, 1, func(ctx context.Context, batch []*bus.Message) error {
		for _, m := range batch {
			s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
			if err != nil {
				return err
			}
			if err := w.step(ctx, m, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// step does what the state asks for next. The state may be old: what was done since is found when deciding.
func (w *Ways) step(ctx context.Context, m *bus.Message, s events.MediaState) error {
	var command media.Command
	var do func(context.Context, string, events.MediaState) error
	switch s.State {
	case events.MediaSealed:
		command, do = media.CommandExamine, w.examine
	case events.MediaExamined:
		command, do = media.CommandRender, w.render
	case events.MediaRendered:
		return w.append(ctx, m.Subject, media.CommandClear, media.ClearRendered)
	default:
		return nil
	}
	if m.Deliveries > MaxDeliveries {
		return w.fail(ctx, m.Subject, s, command, sniff.CodeTooDemanding)
	}
	err := away(do(ctx, m.Subject, s))
	if err == nil {
		w.forget(m.Sequence)
		return nil
	}
	if ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NoRoom) {
		return err
	}
	var missing *kinds.Missing
	if errors.As(err, &missing) {
		w.bus.Logger().Info("a medium waits for a program", "media", s.ID, "program", missing.Program)
		return w.append(ctx, m.Subject, media.CommandWait, func(now events.MediaState) (events.Fact, error) {
			return media.Wait(now, media.Number(s), missing.Program)
		})
	}
	if !w.last(m.Sequence, err) {
		return err
	}
	w.bus.Logger().Warn("a medium's way ends", "media", s.ID, "step", command, "error", err)
	return w.fail(ctx, m.Subject, s, command, reason(err))
}

func (w *Ways) fail(ctx context.Context, subject string, s events.MediaState, c media.Command, why string) error {
	return w.append(ctx, subject, media.CommandFail, func(now events.MediaState) (events.Fact, error) {
		return media.Fail(now, media.Number(s), string(c), why)
	})
}

// last says whether a failure ends the way.
func (w *Ways) last(sequence uint64, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries[sequence]++
	if !judge.Refused(err) && w.tries[sequence] < Tries {
		return false
	}
	delete(w.tries, sequence)
	return true
}

func (w *Ways) forget(sequence uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.tries, sequence)
}

// reason is a code for a person's message.
func reason(err error) string {
	f := fault.Of(err)
	if len(f.Fields) > 0 {
		return f.Fields[0].Code
	}
	return string(f.Code)
}

// original opens a medium's bytes; close is the caller's.
func (w *Ways) original(ctx context.Context, s events.MediaState) (kinds.Original, *blob.Reader, error) {
	t, ok := typeOf(s.Type)
	if !ok {
		return kinds.Original{}, nil, fault.New(fault.UnsupportedType, "media: "+s.Type)
	}
	r := blob.New(ctx, w.objects, w.buckets.Originals(), s.Object, s.Bytes)
	return kinds.Original{ReaderAt: r, Size: s.Bytes, Type: t}, r, nil
}

func (w *Ways) examine(ctx context.Context, subject string, s events.MediaState) error {
	o, r, err := w.original(ctx, s)
	if err != nil {
		return err
	}
	defer r.Close()
	var e events.Examination
	if k, ok := w.kinds[o.Type]; ok {
		e, err = k.Examine(ctx, o)
	} else {
		e, err = headers(o)
	}
	if err != nil {
		return err
	}
	return w.append(ctx, subject, media.CommandExamine, func(now events.MediaState) (events.Fact, error) { return media.Examine(now, e) })
}

// render makes the public copies. What another rendering has left behind goes, before and after.
func (w *Ways) render(ctx context.Context, subject string, s events.MediaState) error {
	t, _ := typeOf(s.Type)
	k, ok := w.kinds[t]
	if !ok || s.Examination == nil {
		return nil
	}
	number := media.Number(s)
	if number > 1 {
		if err := w.sweep(ctx, subject, s.ID); err != nil {
			return err
		}
	}
	o, r, err := w.original(ctx, s)
	if err != nil {
		return err
	}
	defer r.Close()
	var copies []events.Rendition
	err = k.Render(ctx, kinds.Job{Original: o, Examination: *s.Examination, Areas: s.Areas}, func(ctx context.Context, c kinds.Copy) error {
		kept, err := w.Keep(ctx, s.ID, number, c)
		copies = append(copies, kept)
		return err
	})
	if err == nil && len(copies) == 0 {
		err = fmt.Errorf("media: no copies of %s", s.ID)
	}
	if err != nil {
		return err
	}
	err = w.append(ctx, subject, media.CommandRender, func(now events.MediaState) (events.Fact, error) { return media.Render(now, number, copies) })
	if err != nil {
		return err
	}
	return w.sweep(ctx, subject, s.ID)
}

// headers examines what has no kind of its own.
func headers(o kinds.Original) (events.Examination, error) {
	rep, err := sniff.Inspect(o, o.Size)
	return events.Examination{Warnings: rep.Warnings}, err
}

func typeOf(mime string) (sniff.Type, bool) {
	for _, t := range sniff.Types() {
		if t.MIME == mime {
			return t, true
		}
	}
	return sniff.Type{}, false
}
