package engine

import (
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	zap "github.com/blevesearch/zapx/v17"
)

const (
	// persistPause is how long Bleve gathers batches in memory before it writes them as one segment; a document that is replaced meanwhile isn't written at all. What a crash loses of it is indexed
	// again from the store. Bleve's own pause ends whenever the merger is done, which is at once while segments are small: then each batch is a segment, and most of the work is merging them.
	persistPause = 300 * time.Millisecond
	// mergePause is how long the merger rests between two rounds.
	mergePause = time.Second
)

// pacing is Bleve's name of the callback that paces.
const pacing = "songshui"

// ends has a channel for each open index, which its end closes.
var ends sync.Map

func init() { // both are Bleve's globals, to be set before any index is opened
	scorch.RegistryEventCallbacks[pacing] = pace
	// How many more documents a segment's buffer has room for: Bleve's own 100 costs two megabytes for every document that comes alone.
	zap.NewSegmentBufferNumResultsBump = 1
}

// pace lets the persister and the merger of an index rest after each round, until the index is closed.
func pace(e scorch.Event) bool {
	switch e.Kind {
	case scorch.EventKindPersisterProgress:
		rest(e.Scorch, persistPause)
	case scorch.EventKindMergerProgress:
		rest(e.Scorch, mergePause)
	case scorch.EventKindCloseStart:
		close(endOf(e.Scorch))
	case scorch.EventKindClose:
		ends.Delete(e.Scorch)
	default:
	}
	return true
}

func endOf(s *scorch.Scorch) chan struct{} {
	end, _ := ends.LoadOrStore(s, make(chan struct{}))
	return end.(chan struct{})
}

func rest(s *scorch.Scorch, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-endOf(s):
	case <-t.C:
	}
}
