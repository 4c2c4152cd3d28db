package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"github.com/RoaringBitmap/roaring/v2"
	bdoc "github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// watermarkKey holds the sequence up to which documents are in a full-text index. It is written in the same batch as the
// documents, and Bleve keeps whole batches in order, so after a crash everything above it is missing and nothing below.
var watermarkKey = []byte("sequence")

// smallSegment is up to how many documents segments count as equally small when Bleve chooses which to merge. Bleve's own 2,000
// makes it merge all of a smaller index, and the tail of a larger, again and again as documents come one by one; with
// fewer, searches go through more segments: about 20 of 20,000 documents.
const smallSegment = 100

// fulltext is one Bleve index (scorch) of texts and positions alone: no stored fields, no columns. Its ids are a
// document's slot and sequence. Searches read the segments of one snapshot, which changes together with the columns.
type fulltext struct {
	index  index.Index
	reader *scorch.IndexSnapshot
	segs   []segmentView
	slots  map[segment.Segment][]uint32
}

// segmentView is one segment of the snapshot: slots gives a local number's slot.
type segmentView struct {
	segment.Segment
	deleted *roaring.Bitmap
	slots   []uint32
}

func openFulltext(dir string, queue *index.AnalysisQueue) (*fulltext, error) {
	ix, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path":         dir,
		"bolt_timeout": "1s",
		// The store is the truth: a batch need not wait until it is on disk.
		"unsafe_batch":           true,
		"scorchPersisterOptions": map[string]any{"PersisterNapTimeMSec": 0, "PersisterNapUnderNumFiles": math.MaxInt32},
		"eventCallbackName":      pacing,
		"scorchMergePlanOptions": map[string]any{"FloorSegmentSize": smallSegment},
	}, queue)
	if err != nil {
		return nil, err
	}
	if err := ix.Open(); err != nil {
		return nil, fmt.Errorf("search: open %s: %w", dir, err)
	}
	f := &fulltext{index: ix, slots: map[segment.Segment][]uint32{}}
	if err := f.refresh(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *fulltext) close() error {
	if f.reader != nil {
		_ = f.reader.Close()
	}
	return f.index.Close()
}

func (f *fulltext) remove(dir string) error {
	err := f.close()
	if rerr := os.RemoveAll(dir); err == nil {
		err = rerr
	}
	return err
}

func bleveID(slot uint32, seq uint64) string {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], slot)
	binary.BigEndian.PutUint64(b[4:], seq)
	return string(b[:])
}

func bleveDocument(slot uint32, seq uint64, texts []text) *bdoc.Document {
	d := bdoc.NewDocument(bleveID(slot, seq))
	for _, t := range texts {
		d.AddField(bdoc.NewTextFieldCustom(t.field, nil, []byte(t.body), index.IndexField|index.IncludeTermVectors, analyzer{}))
	}
	return d
}

// watermark reads the sequence up to which the index is complete.
func (f *fulltext) watermark() (uint64, error) {
	v, err := f.reader.GetInternal(watermarkKey)
	if err != nil || len(v) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(v), nil
}

func setWatermark(b *index.Batch, seq uint64) {
	b.SetInternal(watermarkKey, binary.BigEndian.AppendUint64(nil, seq))
}

// next takes a snapshot of what is in the index now, without publishing it.
func (f *fulltext) next() (*scorch.IndexSnapshot, []segmentView, error) {
	r, err := f.index.Reader()
	if err != nil {
		return nil, nil, err
	}
	snap := r.(*scorch.IndexSnapshot)
	var segs []segmentView
	known := make(map[segment.Segment][]uint32, len(snap.Segments()))
	for _, s := range snap.Segments() {
		seg := s.Segment()
		slots, ok := f.slots[seg]
		if !ok {
			if slots, err = slotsOf(seg); err != nil {
				_ = snap.Close()
				return nil, nil, err
			}
		}
		known[seg] = slots
		segs = append(segs, segmentView{seg, s.Deleted(), slots})
	}
	f.slots = known
	return snap, segs, nil
}

// publish makes a snapshot the one that searches read; the caller holds the index's lock.
func (f *fulltext) publish(snap *scorch.IndexSnapshot, segs []segmentView) {
	old := f.reader
	f.reader, f.segs = snap, segs
	if old != nil {
		_ = old.Close()
	}
}

func (f *fulltext) refresh() error {
	snap, segs, err := f.next()
	if err != nil {
		return err
	}
	f.publish(snap, segs)
	return nil
}

func slotsOf(seg segment.Segment) ([]uint32, error) {
	out := make([]uint32, seg.Count())
	for i := range out {
		id, err := seg.DocID(uint64(i))
		if err != nil {
			return nil, err
		}
		if len(id) != 12 {
			return nil, fmt.Errorf("search: foreign id in a full-text segment")
		}
		out[i] = binary.BigEndian.Uint32(id)
	}
	return out, nil
}

// strays lists the ids in the index that live does not know; it is called before the index is in use.
func (f *fulltext) strays(live func(slot uint32, seq uint64) bool) ([]string, error) {
	var out []string
	for _, s := range f.segs {
		for i := range s.slots {
			if s.deleted != nil && s.deleted.Contains(uint32(i)) {
				continue
			}
			id, err := s.DocID(uint64(i))
			if err != nil {
				return nil, err
			}
			if !live(binary.BigEndian.Uint32(id), binary.BigEndian.Uint64(id[4:])) {
				out = append(out, string(id))
			}
		}
	}
	return out, nil
}
