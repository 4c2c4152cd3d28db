package bus

import (
	"container/list"
	"context"
	"sync"

	"songshui.internal/events"
)

// maxKnown bounds what a Bus remembers, in bytes as its messages have them.
const maxKnown = 8 << 20

// known are the records that a Bus has appended to lately, each as the command left it. The next command takes its record out and puts back what it leaves: none has two commands at once. The zero
// value is ready.
//
// Another process may have appended since, so nothing may be believed of one but what an append confirms, which fails if the record has changed.
type known struct {
	mu    sync.Mutex
	all   map[string]*list.Element
	order list.List
	bytes int
}

// knownRecord is a Loaded and how many bytes its message has.
type knownRecord struct {
	key      string
	link     uint64
	sequence uint64
	bytes    int
	loaded   any
}

func (k *known) put(r *knownRecord) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.all[r.key]; ok {
		if was := e.Value.(*knownRecord); was.link == r.link && was.sequence >= r.sequence {
			return
		}
		k.drop(e)
	}
	if k.all == nil {
		k.all = map[string]*list.Element{}
	}
	k.all[r.key] = k.order.PushFront(r)
	for k.bytes += r.bytes; k.bytes > maxKnown; {
		k.drop(k.order.Back())
	}
}

// take gives a record and forgets it; nil if it isn't known on this link.
func (k *known) take(link uint64, key string) any {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[key]
	if !ok {
		return nil
	}
	r := k.drop(e)
	if r.link != link {
		return nil
	}
	return r.loaded
}

// get gives a record; nil if there is none.
func (k *known) get(key string) any {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[key]
	if !ok {
		return nil
	}
	k.order.MoveToFront(e)
	return e.Value.(*knownRecord).loaded
}

func (k *known) drop(e *list.Element) *knownRecord {
	r := k.order.Remove(e).(*knownRecord)
	delete(k.all, r.key)
	k.bytes -= r.bytes
	return r
}

// link tells one connection to the server from the next: what was known before may have been undone by a restore.
func (b *Bus) link() uint64 { return b.conn.Stats().Reconnects }

// remember keeps a record for the next command, if its kind is to be remembered; link is that of before the append, bytes the length of its message.
func (a Aggregate[S, P]) remember(b *Bus, link uint64, l Loaded[S], bytes int) {
	if !a.Remember {
		return
	}
	l.Changed = false
	b.known.put(&knownRecord{a.Stream + " " + l.Subject, link, l.Sequence, bytes, l})
}

// recall gives a record as it was known last, and forgets it.
func (a Aggregate[S, P]) recall(b *Bus, subject string) (Loaded[S], bool) {
	if !a.Remember {
		return Loaded[S]{}, false
	}
	l, ok := b.known.take(b.link(), a.Stream+" "+subject).(Loaded[S])
	return l, ok
}

// Read is Load for those who only look: the record's message is read each time, but decoded only once. Many may be given the same record, so what its State refers to must be left as it is.
func (a Aggregate[S, P]) Read(ctx context.Context, b *Bus, subject string) (Loaded[S], error) {
	m, err := b.lastUnread(ctx, a.Stream, subject)
	if err == nil {
		// The chain value stands for the message and all before it.
		if l, ok := b.copies.get(a.Stream + " " + m.Subject).(Loaded[S]); ok && l.Sequence == m.Sequence && m.Header.Get(events.HeaderChain) == l.Meta.Chain.String() {
			return l, nil
		}
		err = m.decode()
	}
	l, err := a.loaded(subject, m, err)
	if err == nil && l.Exists() {
		b.copies.put(&knownRecord{a.Stream + " " + l.Subject, 0, l.Sequence, len(m.Data), l})
	}
	return l, err
}
