package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

const (
	// maxReplay bounds how many records are fetched for one past moment: what changed since. [ours: a campaign of 20,000 cases changed all over, twice]
	maxReplay = 100_000
	// keptPasts is how many past moments are kept; each is as large as the model at worst.
	keptPasts = 3
	// fetchMost records are asked for at once: at most 32 MiB, half of what the server sends to one request.
	fetchMost = 64
	fetchWait = 3 * time.Second
)

// pasts are past moments by their sequences, the last asked for at the end. turn is held by who replays.
type pasts struct {
	turn chan struct{}
	held []*Snapshot
}

// At gives what the log held at a moment. fault.TooLarge where more than 100,000 records changed since; fault.Unavailable.
func (m *Model) At(ctx context.Context, moment time.Time) (*Snapshot, error) {
	sequences := map[string]uint64{}
	for _, stream := range []string{events.StreamCases, events.StreamRectification, events.StreamReturns, events.StreamRegistry} {
		seq, err := m.lastBefore(ctx, stream, moment)
		if err != nil {
			return nil, err
		}
		sequences[stream] = seq
	}
	return m.Replay(ctx, sequences)
}

// lastBefore gives the sequence of a stream's last message stored by a moment.
func (m *Model) lastBefore(ctx context.Context, stream string, moment time.Time) (uint64, error) {
	end, err := m.bus.End(ctx, stream)
	if err != nil {
		return 0, err
	}
	ask, err := json.Marshal(map[string]any{"start_time": moment.Add(1).UTC(), "next_by_subj": ">"})
	if err != nil {
		return 0, fmt.Errorf("oversight: as of: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	r, err := m.bus.Conn().RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream, ask)
	if err != nil {
		return 0, unavailable(err)
	}
	switch status := r.Header.Get("Status"); status {
	case "":
		next, err := strconv.ParseUint(r.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("oversight: as of: %w", err)
		}
		return next - 1, nil
	case "404":
		return end, nil
	default:
		return 0, unavailable(fmt.Errorf("status %s", status))
	}
}

// Replay gives what the log held up to sequences of its streams; errors as of At.
func (m *Model) Replay(ctx context.Context, sequences map[string]uint64) (*Snapshot, error) {
	now, err := m.Now()
	if err != nil {
		return nil, err
	}
	select {
	case m.past.turn <- struct{}{}:
		defer func() { <-m.past.turn }()
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
	if i := slices.IndexFunc(m.past.held, func(s *Snapshot) bool { return maps.Equal(s.Sequences, sequences) }); i >= 0 {
		s := m.past.held[i]
		m.past.held = append(slices.Delete(m.past.held, i, i+1), s)
		return s, nil
	}
	s, err := m.replay(ctx, now, sequences)
	if err != nil {
		return nil, err
	}
	if len(m.past.held) >= keptPasts {
		m.past.held = slices.Delete(m.past.held, 0, 1)
	}
	m.past.held = append(m.past.held, s)
	return s, nil
}

func (m *Model) replay(ctx context.Context, now *Snapshot, sequences map[string]uint64) (*Snapshot, error) {
	p := &Model{slots: make(map[events.CaseID]int, len(now.table)), returns: map[oversight.ReturnID]*Return{}, upTo: map[string]uint64{}, moved: make(chan struct{})}
	changed := map[string][]string{}
	for _, e := range now.table {
		slot := p.slot(e.id())
		if e.c != nil {
			if e.c.sequence <= sequences[events.StreamCases] {
				slot.c = e.c
			} else {
				changed[events.StreamCases] = append(changed[events.StreamCases], events.CaseSubject(e.c.Office, e.c.ID))
			}
		}
		if e.r != nil {
			if e.r.sequence <= sequences[events.StreamRectification] {
				slot.r = e.r
			} else {
				changed[events.StreamRectification] = append(changed[events.StreamRectification], events.RectificationSubject(e.r.Office, e.r.ID))
			}
		}
	}
	for id, r := range now.returns {
		if r.sequence <= sequences[events.StreamReturns] {
			p.returns[id] = r
		} else {
			changed[events.StreamReturns] = append(changed[events.StreamReturns], events.ReturnSubject(id.Office, id.Month))
		}
	}
	if n := len(changed[events.StreamCases]) + len(changed[events.StreamRectification]) + len(changed[events.StreamReturns]); n > maxReplay {
		return nil, fault.Wrap(fault.TooLarge, "oversight: as of", fmt.Errorf("%d records changed since, at most %d", n, maxReplay))
	}
	r := newReader()
	for stream, subjects := range changed {
		slices.Sort(subjects)
		for part := range slices.Chunk(subjects, fetchMost) {
			var all []*decoded
			err := m.lastOf(ctx, stream, part, sequences[stream], func(msg *nats.Msg, at stamp) error {
				noun, _, _, err := events.SplitSubject(msg.Header.Get("Nats-Subject"))
				if err != nil {
					return err
				}
				d, err := r.decode(noun, msg.Header.Get(events.HeaderType), at, msg.Data)
				all = append(all, d)
				return err
			})
			if err != nil {
				return nil, err
			}
			p.put(stream, 0, all)
		}
	}
	p.table = slices.DeleteFunc(p.table, func(e entry) bool { return e.c == nil && e.r == nil })
	lists, err := m.listsAt(ctx, sequences[events.StreamRegistry])
	if err != nil {
		return nil, err
	}
	return &Snapshot{Sequences: maps.Clone(sequences), past: true, table: p.table, returns: p.returns, lists: lists, days: &days{}}, nil
}

// lastOf hands the last message up to a sequence of each subject to each; a subject without one is left out. Messages that can't be read are passed over.
func (m *Model) lastOf(ctx context.Context, stream string, subjects []string, upTo uint64, each func(*nats.Msg, stamp) error) error {
	if upTo == 0 {
		return nil
	}
	ask, err := json.Marshal(map[string]any{"multi_last": subjects, "up_to_seq": upTo})
	if err != nil {
		return fmt.Errorf("oversight: as of: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	inbox := m.bus.Conn().NewInbox()
	sub, err := m.bus.Conn().SubscribeSync(inbox)
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := m.bus.Conn().PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, ask); err != nil {
		return unavailable(err)
	}
	for {
		msg, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return unavailable(err)
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
		case "204", "404": // the end; nothing
			return nil
		default:
			return unavailable(fmt.Errorf("status %s %s", status, msg.Header.Get("Description")))
		}
		seq, err := strconv.ParseUint(msg.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return fmt.Errorf("oversight: as of: %w", err)
		}
		stored, _ := time.Parse(time.RFC3339Nano, msg.Header.Get("Nats-Time-Stamp"))
		if err := each(msg, stamp{seq, stored}); err != nil && !errors.Is(err, events.ErrMalformed) {
			return err
		}
	}
}
