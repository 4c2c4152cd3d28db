package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	"go.etcd.io/bbolt"
)

// Op is one document added or replaced, or, without Document, one removed.
type Op struct {
	ID       string
	Document *Document
	Existed  bool // set by Write: the document was there before this op
}

// Document is a parsed document.
type Document struct{ d *document }

// ID is the document's id.
func (d *Document) ID() string { return d.d.id }

// Parse reads documents with the settings in force, on all cores. The first bad document is the error. An index without a
// primary key takes given, or the one attribute of the first document whose name ends in `id`.
func (ix *Index) Parse(raws []json.RawMessage, given string) ([]Document, string, error) {
	key, err := ix.primaryKey(raws, given)
	if err != nil {
		return nil, "", err
	}
	out, errs := make([]Document, len(raws)), make([]error, len(raws))
	workers := min(runtime.GOMAXPROCS(0), len(raws)/16+1)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(raws); i += workers {
				out[i].d, errs[i] = parseDocument(raws[i], key, &ix.meta.Settings)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, "", err
		}
	}
	return out, key, nil
}

func (ix *Index) primaryKey(raws []json.RawMessage, given string) (string, error) {
	have := ix.meta.PrimaryKey
	switch {
	case have != "" && given != "" && given != have:
		return "", Errorf("index_primary_key_already_exists", "Index `%s` already has a primary key: `%s`.", ix.meta.UID, have)
	case have != "":
		return have, nil
	case given != "":
		return given, nil
	case len(raws) == 0:
		return "", nil
	}
	fields, err := decodeObject(raws[0])
	if err != nil {
		return "", err
	}
	var found []string
	for k := range fields {
		if strings.HasSuffix(strings.ToLower(k), "id") {
			found = append(found, k)
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", Errorf("index_primary_key_no_candidate_found", "The primary key inference failed as the engine did not find any field ending with `id` in its name. Please specify the primary key manually using the `primaryKey` query parameter.")
	case 1:
		return found[0], nil
	}
	return "", Errorf("index_primary_key_multiple_candidates_found", "The primary key inference failed as the engine found %d fields ending with `id` in their names: '%s' and '%s'. Please specify the primary key manually using the `primaryKey` query parameter.", len(found), found[0], found[1])
}

// change is what becomes of one document in a batch.
type change struct {
	slot     uint32
	old, new *row
	doc      *document
}

// batch is a set of changes that is stored, indexed and published as one.
type batch struct {
	ix      *Index
	changes []change
	byID    map[string]int
	meta    meta
	seq     uint64
	next    uint32 // first slot never used
	free    []uint32
}

// Write applies ops as one batch: after a crash all of it is there or nothing, and only if everything written before is.
// When it returns without error, searches see it.
func (ix *Index) Write(ops []Op, primaryKey string, now time.Time, task uint64) error {
	if ix.broken != nil {
		return ix.broken
	}
	b := &batch{ix: ix, byID: map[string]int{}, meta: ix.meta, seq: ix.seq, next: uint32(len(ix.ids)), free: ix.free}
	b.meta.Updated = now
	if b.meta.PrimaryKey == "" {
		b.meta.PrimaryKey = primaryKey
	}
	err := ix.store.db.Update(func(tx *bbolt.Tx) error {
		if err := b.plan(tx, ops); err != nil {
			return err
		}
		return errors.Join(b.put(tx), b.meta.put(tx), putTask(tx, task))
	})
	if err != nil {
		return err
	}
	if err := b.index(); err != nil {
		return ix.fail(err)
	}
	return nil
}

func (b *batch) plan(tx *bbolt.Tx, ops []Op) error {
	rows := tx.Bucket(b.meta.rows())
	for i := range ops {
		op := &ops[i]
		at, planned := b.byID[op.ID]
		if !planned {
			c := change{}
			slot, ok := b.ix.slots[op.ID]
			if ok {
				old, err := decodeRow(rows.Get(binary.BigEndian.AppendUint32(nil, slot)), b.meta.Paths)
				if err != nil {
					return err
				}
				c.slot, c.old = slot, old
			} else if op.Document == nil {
				continue
			} else {
				c.slot = b.take()
			}
			at = len(b.changes)
			b.changes, b.byID[op.ID] = append(b.changes, c), at
			op.Existed = ok
		} else {
			op.Existed = b.changes[at].doc != nil
		}
		b.changes[at].doc = nil
		if op.Document != nil {
			b.changes[at].doc = op.Document.d
		}
	}
	for i := range b.changes {
		if c := &b.changes[i]; c.doc != nil {
			b.seq++
			c.new = &row{id: c.doc.id, seq: b.seq, cells: c.doc.cells}
		}
	}
	return nil
}

func (b *batch) take() uint32 {
	if n := len(b.free); n > 0 {
		b.free = b.free[:n-1]
		return b.free[:n][n-1]
	}
	b.next++
	return b.next - 1
}

func (b *batch) put(tx *bbolt.Tx) error {
	if err := emptyGarbage(tx, &b.meta); err != nil {
		return err
	}
	docs, rows, garbage := tx.Bucket(b.meta.docs()), tx.Bucket(b.meta.rows()), tx.Bucket(b.meta.garbage())
	docs.FillPercent = 0.95 // keys only grow
	for i := range b.changes {
		c := &b.changes[i]
		slot := binary.BigEndian.AppendUint32(nil, c.slot)
		var errs [3]error
		if c.old != nil {
			errs[0] = garbage.Put(binary.BigEndian.AppendUint64(nil, c.old.seq), nil)
		}
		if c.new != nil {
			errs[1] = docs.Put(binary.BigEndian.AppendUint64(nil, c.new.seq), c.doc.raw)
			errs[2] = rows.Put(slot, encodeRow(c.new, b.pathNumber))
		} else {
			errs[1] = rows.Delete(slot)
		}
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
	}
	return nil
}

// pathNumber gives a path its number; the table only grows, and a number that a failed batch gave is given again.
func (b *batch) pathNumber(path string) uint64 {
	if n, ok := b.ix.number[path]; ok && n < uint64(len(b.meta.Paths)) && b.meta.Paths[n] == path {
		return n
	}
	n := uint64(len(b.meta.Paths))
	b.meta.Paths = append(slices.Clip(b.meta.Paths), path)
	b.ix.number[path] = n
	return n
}

// index brings the batch into the full-text index and publishes it together with the columns.
func (b *batch) index() error {
	ix := b.ix
	if err := b.indexParts(); err != nil {
		return err
	}
	snap, segs, err := ix.text.next()
	if err != nil {
		return err
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.text.publish(snap, segs)
	ix.meta, ix.seq, ix.free = b.meta, b.seq, b.free
	for i := range b.changes {
		c := &b.changes[i]
		if c.old != nil {
			ix.leave(c.slot, c.old)
		}
		if c.new != nil {
			ix.enter(c.slot, c.new)
		} else if c.old != nil {
			ix.free = append(ix.free, c.slot)
		} else {
			// added and removed in one batch: the slot must be known to be given again
			ix.ids, ix.seqs = grow(ix.ids, c.slot, ""), grow(ix.seqs, c.slot, 0)
			ix.free = append(ix.free, c.slot)
		}
	}
	return nil
}

// partSize is from how many changes on a batch is indexed in parts at once, one a core: Bleve builds a segment on one.
const partSize = 200

// indexParts gives Bleve the batch. With several parts the watermark follows when all are in; what a crash leaves of them
// above the watermark is indexed again under the same ids.
func (b *batch) indexParts() error {
	text := b.ix.text.index
	size := max(partSize, (len(b.changes)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	if len(b.changes) <= size {
		fb := bleveBatch(b.changes)
		setWatermark(fb, b.seq)
		return text.Batch(fb)
	}
	parts := slices.Collect(slices.Chunk(b.changes, size))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { errs[i] = text.Batch(bleveBatch(part)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	last := index.NewBatch()
	setWatermark(last, b.seq)
	return text.Batch(last)
}

func bleveBatch(changes []change) *index.Batch {
	out := index.NewBatch()
	for i := range changes {
		c := &changes[i]
		if c.old != nil {
			out.Delete(bleveID(c.slot, c.old.seq))
		}
		if c.new != nil {
			out.Update(bleveDocument(c.slot, c.new.seq, c.doc.texts))
		}
	}
	return out
}

// fail closes an index to searches: its store is ahead of its full text, which opening it again mends.
func (ix *Index) fail(err error) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.broken = fmt.Errorf("search: index %s: %w", ix.meta.UID, err)
	return ix.broken
}

// Refresh lets searches see segments that Bleve has merged since the last write. It changes no answer.
func (ix *Index) Refresh() error {
	snap, segs, err := ix.text.next()
	if err != nil {
		return err
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.text.publish(snap, segs)
	return nil
}

// Configure puts settings into force. Documents are read again from the store if other attributes are to be searched,
// filtered or sorted; searches go on with the old settings until it is done.
func (ix *Index) Configure(s Settings, now time.Time, task uint64) error {
	if ix.broken != nil {
		return ix.broken
	}
	m := ix.meta
	m.Settings, m.Updated = s, now
	newText, newColumns := !s.sameText(&ix.meta.Settings), !s.sameColumns(&ix.meta.Settings)
	slots := ix.live.ToArray()
	text := ix.text
	if newText {
		m.Generation++
		var err error
		if text, err = ix.buildText(m, slots); err != nil {
			return err
		}
	}
	b := &batch{ix: ix, meta: m}
	var rows []*row
	err := ix.store.db.Update(func(tx *bbolt.Tx) error {
		var err error
		if newColumns {
			if rows, err = b.rewrite(tx, slots); err != nil {
				return err
			}
		}
		return errors.Join(b.meta.put(tx), putTask(tx, task))
	})
	if err != nil {
		if newText {
			err = errors.Join(err, text.remove(ix.textPath(m)))
		}
		return err
	}
	return ix.replace(b.meta, text, newColumns, slots, rows)
}

func (ix *Index) buildText(m meta, slots []uint32) (*fulltext, error) {
	dir := ix.textPath(m)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	t, err := openFulltext(dir, ix.store.queue)
	if err != nil {
		return nil, err
	}
	if err := ix.indexSlots(t, slices.Clone(slots), &m.Settings); err != nil {
		return nil, errors.Join(err, t.remove(dir))
	}
	return t, nil
}

func (b *batch) rewrite(tx *bbolt.Tx, slots []uint32) ([]*row, error) {
	docs, bucket := tx.Bucket(b.meta.docs()), tx.Bucket(b.meta.rows())
	rows := make([]*row, len(slots))
	for i, slot := range slots {
		seq := b.ix.seqs[slot]
		raw, err := unpack(docs.Get(binary.BigEndian.AppendUint64(nil, seq)))
		if err != nil {
			return nil, err
		}
		d, err := parseDocument(raw, b.meta.PrimaryKey, &b.meta.Settings)
		if err != nil {
			return nil, err
		}
		rows[i] = &row{id: d.id, seq: seq, cells: d.cells}
		if err := bucket.Put(binary.BigEndian.AppendUint32(nil, slot), encodeRow(rows[i], b.pathNumber)); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (ix *Index) replace(m meta, text *fulltext, newColumns bool, slots []uint32, rows []*row) error {
	old, oldDir := ix.text, ix.textPath(ix.meta)
	ix.mu.Lock()
	ix.meta, ix.text = m, text
	if newColumns {
		ix.cols = map[string]*column{}
		for i, slot := range slots {
			ix.enter(slot, rows[i])
		}
	}
	ix.mu.Unlock()
	if old != text {
		return old.remove(oldDir)
	}
	return nil
}
