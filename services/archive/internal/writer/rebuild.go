package writer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/archive/internal/index"
)

// How a rebuild loads the engine: requests as large as the embedded engine joins into one write, and as many under way as keep it busy while the next ones are composed.
const (
	bulkBytes = 3 << 20
	bulkTasks = 4
)

// Rebuilt says what a rebuild has done.
type Rebuilt struct {
	Cases int `json:"cases"`
	// PassedOver are the subjects of cases that can't be read or that the engine refuses.
	PassedOver []string `json:"passed_over"`
}

// Rebuild builds the index anew from the log beside the live one, exchanges them and catches up with what came meanwhile. Queries are answered from the old one until then.
func (w *Writer) Rebuild(ctx context.Context) (Rebuilt, error) {
	w.preparing.Lock()
	defer w.preparing.Unlock()
	r, err := w.rebuild(ctx)
	if err == nil {
		w.nowReady()
	}
	return r, err
}

func (w *Writer) rebuild(ctx context.Context) (Rebuilt, error) {
	uid := index.Live + "-" + strings.ToLower(rand.Text()[:12])
	if err := w.index.Create(ctx, uid); err != nil {
		return Rebuilt{}, err
	}
	r, positions, err := w.fill(ctx, uid)
	if err == nil {
		err = w.index.Exchange(ctx, uid)
	}
	if err != nil {
		_ = w.index.Drop(context.WithoutCancel(ctx), uid) // else Sweep finds it
		return r, err
	}
	if err := w.index.Sweep(ctx, w.bus.Now()); err != nil {
		w.bus.Logger().Warn("half-built indexes stay", "error", err)
	}
	for _, subject := range r.PassedOver {
		w.covered.except(subject)
	}
	for stream, to := range positions {
		w.covered.add(stream, 1, to)
	}
	return r, w.catchUp(ctx, positions)
}

// fill writes every document and the positions into an index, and checks that they are there.
func (w *Writer) fill(ctx context.Context, uid string) (Rebuilt, map[string]uint64, error) {
	f := &filler{w: w, ctx: ctx, uid: uid, sequences: map[events.CaseID]uint64{}}
	positions, err := w.join(ctx, f.add)
	if err != nil {
		return f.done, nil, err
	}
	if err := f.finish(); err != nil {
		return f.done, nil, err
	}
	var b bytes.Buffer
	for _, s := range streams() {
		if err := index.EncodePosition(&b, s, positions[s]); err != nil {
			return f.done, nil, err
		}
	}
	if err := w.index.Put(ctx, uid, b.Bytes()); err != nil {
		return f.done, nil, err
	}
	n, err := w.index.Count(ctx, uid)
	if err != nil {
		return f.done, nil, err
	}
	f.done.Cases = len(f.sequences) - f.refused
	if want := f.done.Cases + len(positions); n != want {
		return f.done, nil, fmt.Errorf("archive: the new index holds %d entries instead of %d", n, want)
	}
	return f.done, positions, nil
}

// filler gathers lines into large requests and keeps several under way, in order.
type filler struct {
	w         *Writer
	ctx       context.Context
	uid       string
	body      []line
	bytes     int
	waiting   []pending
	sequences map[events.CaseID]uint64
	refused   int
	done      Rebuilt
}

type pending struct {
	task  int64
	lines []line
}

func (f *filler) add(l line) error {
	if l.err != nil {
		f.passOver(l, l.err)
		return nil
	}
	if f.sequences[l.id] >= l.sequence {
		return nil
	}
	f.sequences[l.id] = l.sequence
	f.body, f.bytes = append(f.body, l), f.bytes+len(l.ndjson)
	if f.bytes < bulkBytes {
		return nil
	}
	return f.send()
}

func (f *filler) send() error {
	if len(f.body) == 0 {
		return nil
	}
	task, err := f.w.index.Add(f.ctx, f.uid, joinLines(f.body))
	if err != nil {
		return err
	}
	f.waiting = append(f.waiting, pending{task, f.body})
	f.body, f.bytes = nil, 0
	if len(f.waiting) < bulkTasks {
		return nil
	}
	return f.settle()
}

// settle waits for the oldest request.
func (f *filler) settle() error {
	p := f.waiting[0]
	f.waiting = f.waiting[1:]
	err := f.w.index.Wait(f.ctx, p.task)
	if errors.Is(err, index.ErrRefused) {
		return f.halve(p.lines, err)
	}
	return err
}

// halve sends a refused request again in halves until the bad document stands alone.
func (f *filler) halve(lines []line, cause error) error {
	if len(lines) == 1 {
		f.refused++
		f.passOver(lines[0], cause)
		return nil
	}
	for _, half := range [][]line{lines[:len(lines)/2], lines[len(lines)/2:]} {
		err := f.w.index.Put(f.ctx, f.uid, joinLines(half))
		if errors.Is(err, index.ErrRefused) {
			err = f.halve(half, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) passOver(l line, err error) {
	f.done.PassedOver = append(f.done.PassedOver, l.subject)
	f.w.bus.Logger().Error("a case is passed over in the rebuild", "subject", l.subject, "sequence", l.sequence, "error", err)
}

func (f *filler) finish() error {
	if err := f.send(); err != nil {
		return err
	}
	for len(f.waiting) > 0 {
		if err := f.settle(); err != nil {
			return err
		}
	}
	return nil
}

func joinLines(lines []line) []byte {
	n := 0
	for _, l := range lines {
		n += len(l.ndjson)
	}
	out := make([]byte, 0, n)
	for _, l := range lines {
		out = append(out, l.ndjson...)
	}
	return out
}
