package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	index "github.com/blevesearch/bleve_index_api"
	"go.etcd.io/bbolt"
)

// meta is what the store keeps of an index besides its documents.
type meta struct {
	Number     uint64    `json:"number"`
	UID        string    `json:"uid"`
	PrimaryKey string    `json:"primaryKey"`
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
	Generation int       `json:"generation"` // of the full-text index: another for other searchable attributes
	Settings   Settings  `json:"settings"`
	Paths      []string  `json:"paths"` // rows name paths by their place here
}

func (m *meta) name(kind string) []byte {
	return []byte(kind + "-" + strconv.FormatUint(m.Number, 10))
}
func (m *meta) docs() []byte    { return m.name("docs") }
func (m *meta) rows() []byte    { return m.name("rows") }
func (m *meta) garbage() []byte { return m.name("garbage") }
func (m *meta) key() []byte     { return binary.BigEndian.AppendUint64(nil, m.Number) }

func (m *meta) textDir() string {
	return strconv.FormatUint(m.Number, 10) + "-" + strconv.Itoa(m.Generation)
}

func (m *meta) put(tx *bbolt.Tx) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketIndexes).Put(m.key(), b)
}

// Index is one index. A document has a slot, which it keeps while it lives and which columns and bitmaps use, and a
// sequence, new at each replacement, under which its JSON is stored.
type Index struct {
	store *Store

	mu     sync.RWMutex // held for reading during a search, for writing while a batch's effect is published
	meta   meta
	cols   map[string]*column
	live   *roaring.Bitmap
	slots  map[string]uint32 // by id
	ids    []string          // by slot
	seqs   []uint64          // by slot
	text   *fulltext
	broken error // the full-text index failed: searches are refused until it is opened again

	// used by the writing goroutine alone
	free   []uint32
	seq    uint64
	number map[string]uint64 // of a path
}

func (ix *Index) textPath(m meta) string { return filepath.Join(ix.store.dir, "text", m.textDir()) }

func newIndex(s *Store, m meta) *Index {
	ix := &Index{
		store: s, meta: m, cols: map[string]*column{}, live: roaring.New(),
		slots: map[string]uint32{}, number: map[string]uint64{},
	}
	for i, p := range m.Paths {
		ix.number[p] = uint64(i)
	}
	return ix
}

func openIndex(s *Store, m meta) (*Index, error) {
	ix := newIndex(s, m)
	if err := ix.loadRows(); err != nil {
		return nil, err
	}
	return ix, ix.open()
}

// open opens the full text of an index whose rows are loaded.
func (ix *Index) open() error {
	if err := errors.Join(ix.collect(), ix.openText()); err != nil {
		return fmt.Errorf("search: open index %s: %w", ix.meta.UID, err)
	}
	return nil
}

func (ix *Index) loadRows() error {
	err := ix.store.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(ix.meta.rows()).ForEach(func(k, v []byte) error {
			r, err := decodeRow(v, ix.meta.Paths)
			if err != nil {
				return err
			}
			ix.enter(binary.BigEndian.Uint32(k), r)
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("search: open index %s: %w", ix.meta.UID, err)
	}
	for slot, id := range ix.ids {
		if id == "" {
			ix.free = append(ix.free, uint32(slot))
		}
	}
	return nil
}

// collect removes what the last run left in garbage.
func (ix *Index) collect() error {
	return ix.store.db.Update(func(tx *bbolt.Tx) error { return emptyGarbage(tx, &ix.meta) })
}

func emptyGarbage(tx *bbolt.Tx, m *meta) error {
	g, docs := tx.Bucket(m.garbage()), tx.Bucket(m.docs())
	var keys [][]byte
	c := g.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		keys = append(keys, slices.Clone(k))
	}
	for _, k := range keys {
		if err := docs.Delete(k); err != nil {
			return err
		}
		if err := g.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// enter puts a row into the columns; the caller holds the lock.
func (ix *Index) enter(slot uint32, r *row) {
	ix.ids, ix.seqs = grow(ix.ids, slot, ""), grow(ix.seqs, slot, 0)
	ix.ids[slot], ix.seqs[slot] = r.id, r.seq
	ix.slots[r.id] = slot
	ix.live.Add(slot)
	ix.seq = max(ix.seq, r.seq)
	for i := range r.cells {
		c := ix.cols[r.cells[i].path]
		if c == nil {
			c = newColumn()
			ix.cols[r.cells[i].path] = c
		}
		c.add(slot, &r.cells[i])
	}
}

// leave takes a row out of the columns.
func (ix *Index) leave(slot uint32, r *row) {
	for i := range r.cells {
		if c := ix.cols[r.cells[i].path]; c != nil {
			c.remove(slot)
		}
	}
	ix.live.Remove(slot)
	delete(ix.slots, r.id)
	ix.ids[slot], ix.seqs[slot] = "", 0
}

// openText opens the full-text index and mends it: documents above its watermark are indexed again, those the store does
// not know are removed. One that can't be opened is built anew.
func (ix *Index) openText() error {
	dir := ix.textPath(ix.meta)
	t, err := openFulltext(dir, ix.store.queue)
	if err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if t, err = openFulltext(dir, ix.store.queue); err != nil {
			return err
		}
	}
	ix.text = t
	done, err := t.watermark()
	if err != nil {
		return err
	}
	var missing []uint32
	for slot, seq := range ix.seqs {
		if seq > done {
			missing = append(missing, uint32(slot))
		}
	}
	ix.seq = max(ix.seq, done)
	if err := ix.indexSlots(t, missing, &ix.meta.Settings); err != nil {
		return err
	}
	if n, err := t.reader.DocCount(); err != nil || n == ix.live.GetCardinality() {
		return err
	}
	strays, err := t.strays(func(slot uint32, seq uint64) bool {
		return slot < uint32(len(ix.seqs)) && ix.seqs[slot] == seq
	})
	if err != nil {
		return err
	}
	b := index.NewBatch()
	for _, id := range strays {
		b.Delete(id)
	}
	if err := t.index.Batch(b); err != nil {
		return err
	}
	return t.refresh()
}

// chunk is how many documents are read from the store and indexed at once when an index is mended or built anew.
const chunk = 1000

// indexSlots puts stored documents into t in the order of their sequences.
func (ix *Index) indexSlots(t *fulltext, slots []uint32, s *Settings) error {
	slices.SortFunc(slots, func(a, b uint32) int { return int(int64(ix.seqs[a]) - int64(ix.seqs[b])) })
	for part := range slices.Chunk(slots, chunk) {
		raws, err := ix.raw(part)
		if err != nil {
			return err
		}
		b := index.NewBatch()
		for i, slot := range part {
			d, err := parseDocument(raws[i], ix.meta.PrimaryKey, s)
			if err != nil {
				return err
			}
			b.Update(bleveDocument(slot, ix.seqs[slot], d.texts))
		}
		setWatermark(b, ix.seqs[part[len(part)-1]])
		if err := t.index.Batch(b); err != nil {
			return err
		}
	}
	return t.refresh()
}

// raw reads the JSON of documents. The caller holds the lock, or is the writer.
func (ix *Index) raw(slots []uint32) ([][]byte, error) {
	out := make([][]byte, len(slots))
	err := ix.store.db.View(func(tx *bbolt.Tx) error {
		docs := tx.Bucket(ix.meta.docs())
		if docs == nil {
			return Errorf("index_not_found", "Index `%s` not found.", ix.meta.UID)
		}
		for i, slot := range slots {
			v := docs.Get(binary.BigEndian.AppendUint64(nil, ix.seqs[slot]))
			if v == nil {
				return fmt.Errorf("search: document %s is not in the store", ix.ids[slot])
			}
			var err error
			if out[i], err = unpack(v); err != nil {
				return fmt.Errorf("search: document %s can't be read: %w", ix.ids[slot], err)
			}
		}
		return nil
	})
	return out, err
}

func (ix *Index) close() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.text == nil {
		return nil
	}
	err := ix.text.close()
	ix.text = nil
	return err
}

// Info describes an index.
type Info struct {
	UID        string
	PrimaryKey string
	Created    time.Time
	Updated    time.Time
	Documents  uint64
}

// Info describes the index as it is now.
func (ix *Index) Info() Info {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return Info{ix.meta.UID, ix.meta.PrimaryKey, ix.meta.Created, ix.meta.Updated, ix.live.GetCardinality()}
}

// Settings are those in force.
func (ix *Index) Settings() Settings {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.meta.Settings
}

// Document gives one document's JSON; the error is document_not_found.
func (ix *Index) Document(id string) ([]byte, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	slot, ok := ix.slots[id]
	if !ok {
		return nil, Errorf("document_not_found", "Document `%s` not found.", id)
	}
	raws, err := ix.raw([]uint32{slot})
	if err != nil {
		return nil, err
	}
	return raws[0], nil
}
