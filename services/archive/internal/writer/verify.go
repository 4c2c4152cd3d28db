package writer

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// Difference is a case whose document in the index isn't what the log says.
type Difference struct {
	ID events.CaseID
	// Subject is the case's; empty for a document without a case.
	Subject string
	// Kind is missing (from the index), different, extra (no case of it in the log) or unreadable (the case).
	Kind string
}

// The kinds of differences.
const (
	Missing    = "missing"
	Different  = "different"
	Extra      = "extra"
	Unreadable = "unreadable"
)

const (
	// compared is how many documents are fetched and compared at once.
	compared = 500
	// looks and pause: a difference in a running system is looked at again while it may only be a change on its way.
	looks = 10
	pause = 200 * time.Millisecond
)

// Verify composes every document from the log again and compares it with the index. fault.Unavailable if log or engine is away; archive's index not built is
// index.ErrNotBuilt.
func (w *Writer) Verify(ctx context.Context) ([]Difference, error) {
	if _, err := w.index.Positions(ctx, streams()...); err != nil {
		return nil, err
	}
	v := &verifier{w: w, ctx: ctx, known: map[string]bool{}}
	if _, err := w.join(ctx, v.add); err != nil {
		return nil, err
	}
	if err := v.compare(); err != nil {
		return nil, err
	}
	err := w.index.IDs(ctx, func(id string) {
		if !v.known[id] {
			v.found = append(v.found, Difference{ID: events.CaseID(id), Kind: Extra})
		}
	})
	if err != nil {
		return nil, err
	}
	return w.lookAgain(ctx, v.found)
}

type verifier struct {
	w     *Writer
	ctx   context.Context
	known map[string]bool
	lines []line
	found []Difference
}

func (v *verifier) add(l line) error {
	if l.err != nil {
		v.found = append(v.found, Difference{Subject: l.subject, Kind: Unreadable})
		return nil
	}
	v.known[string(l.id)] = true
	if v.lines = append(v.lines, l); len(v.lines) < compared {
		return nil
	}
	return v.compare()
}

func (v *verifier) compare() error {
	if len(v.lines) == 0 {
		return nil
	}
	found, err := v.w.differences(v.ctx, v.lines)
	v.found, v.lines = append(v.found, found...), nil
	return err
}

func (w *Writer) differences(ctx context.Context, lines []line) ([]Difference, error) {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = string(l.id)
	}
	stored, err := w.index.Stored(ctx, ids)
	var out []Difference
	for _, l := range lines {
		have, ok := stored[string(l.id)]
		switch {
		case !ok:
			out = append(out, Difference{l.id, l.subject, Missing})
		case !same(have, l.ndjson):
			out = append(out, Difference{l.id, l.subject, Different})
		}
	}
	return out, err
}

func same(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// lookAgain drops the differences that go away by themselves.
func (w *Writer) lookAgain(ctx context.Context, found []Difference) ([]Difference, error) {
	for range looks {
		if !slices.ContainsFunc(found, func(d Difference) bool { return d.Kind != Unreadable }) {
			break
		}
		bus.Pause(ctx, pause)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var left []Difference
		for _, d := range found {
			again, err := w.look(ctx, d)
			if err != nil {
				return nil, err
			}
			left = append(left, again...)
		}
		found = left
	}
	return found, nil
}

// look compares one case once more.
func (w *Writer) look(ctx context.Context, d Difference) ([]Difference, error) {
	if d.Kind == Unreadable {
		return []Difference{d}, nil
	}
	if d.Kind == Extra {
		m, err := w.bus.Last(ctx, events.StreamCases, events.AnyOffice("case", string(d.ID)))
		if err != nil {
			return []Difference{d}, nil // no readable case: the document stays extra
		}
		d.Subject = m.Subject
	}
	c, err := w.compose(ctx, d.Subject, hands{})
	if err != nil {
		return nil, err
	}
	if !c.ok {
		return []Difference{d}, nil
	}
	b, err := w.index.Line(c.document)
	if err != nil {
		return nil, err
	}
	return w.differences(ctx, []line{{subject: c.subject, id: c.document.ID, ndjson: b}})
}
