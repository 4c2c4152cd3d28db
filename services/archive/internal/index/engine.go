package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/internal/fault"
)

// Index is a client of the engine. It is safe for concurrent use.
type Index struct {
	engine meilisearch.ServiceManager
	// learned says that spelled is known: whether texts are spelled for this engine.
	learned, spelled atomic.Bool
}

// New makes an Index of a client without retries.
func New(engine meilisearch.ServiceManager) *Index { return &Index{engine: engine} }

// ErrRefused says that the engine won't take a document, however often it is sent.
var ErrRefused = errors.New("archive: the engine refuses a document")

// ErrNotBuilt says that there is no index of this shape.
var ErrNotBuilt = errors.New("archive: no index of this shape")

// away makes fault.Unavailable of an engine's error, unless the engine says that the request is wrong: that is a mistake of ours.
func away(op string, err error) error {
	if err == nil {
		return nil
	}
	var e *meilisearch.Error
	if errors.As(err, &e) && e.StatusCode == http.StatusBadRequest {
		return fmt.Errorf("archive: %s: %s (%s)", op, e.MeilisearchApiError.Message, e.MeilisearchApiError.Code)
	}
	f := fault.Wrap(fault.Unavailable, "archive: "+op, err)
	f.Detail = "search"
	return f
}

func notFound(err error) bool {
	var e *meilisearch.Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}

// Ready says whether the engine answers.
func (x *Index) Ready(ctx context.Context) error {
	_, err := x.engine.HealthWithContext(ctx)
	return away("health", err)
}

// Add queues documents (lines of NDJSON) for an index and gives the task's number.
func (x *Index) Add(ctx context.Context, uid string, ndjson []byte) (task int64, err error) {
	key := "id"
	info, err := x.engine.Index(uid).AddDocumentsNdjsonWithContext(ctx, ndjson, &meilisearch.DocumentOptions{PrimaryKey: &key})
	if err != nil {
		return 0, away("add documents", err)
	}
	return info.TaskUID, nil
}

// Put adds documents and waits until they are searchable; errors as of Wait.
func (x *Index) Put(ctx context.Context, uid string, ndjson []byte) error {
	task, err := x.Add(ctx, uid, ndjson)
	if err != nil {
		return err
	}
	return x.Wait(ctx, task)
}

// The engine is asked for a task's state at once and then ever more slowly: the embedded one takes milliseconds, a Meilisearch half a second.
const (
	pollFirst = 500 * time.Microsecond
	pollMost  = 25 * time.Millisecond
)

// Wait waits for a task. ErrRefused if the engine found the request's documents wrong, fault.Unavailable if it failed for another reason or doesn't know the task (any more).
func (x *Index) Wait(ctx context.Context, task int64) error {
	for pause := pollFirst; ; pause = min(pause*5/4, pollMost) {
		t, err := x.engine.GetTaskWithContext(ctx, task)
		if err != nil {
			return away("wait for a task", err)
		}
		switch t.Status {
		case meilisearch.TaskStatusSucceeded:
			return nil
		case meilisearch.TaskStatusFailed:
			if t.Error.Type == "invalid_request" {
				return fmt.Errorf("%w: %s (%s)", ErrRefused, t.Error.Message, t.Error.Code)
			}
			return away("task", fmt.Errorf("%s (%s)", t.Error.Message, t.Error.Code))
		case meilisearch.TaskStatusCanceled:
			return away("task", errors.New("cancelled"))
		case meilisearch.TaskStatusEnqueued, meilisearch.TaskStatusProcessing, meilisearch.TaskStatusUnknown:
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return away("wait for a task", ctx.Err())
		case <-timer.C:
		}
	}
}

// Positions gives the position of each of the streams in the live index. ErrNotBuilt if one is missing or the index has another shape.
func (x *Index) Positions(ctx context.Context, streams ...string) (map[string]uint64, error) {
	if err := x.learn(ctx); err != nil {
		return nil, err
	}
	out := map[string]uint64{}
	for _, s := range streams {
		var e positionEntry
		err := x.engine.Index(Live).GetDocumentWithContext(ctx, positionID(s), nil, &e)
		if notFound(err) {
			return nil, fmt.Errorf("%w: no position of %s", ErrNotBuilt, s)
		}
		if err != nil {
			return nil, away("read positions", err)
		}
		if e.Position.Shape != Shape {
			return nil, fmt.Errorf("%w: it has %s, wanted is %s", ErrNotBuilt, e.Position.Shape, Shape)
		}
		out[s] = e.Position.Sequence
	}
	return out, nil
}

// Create makes an empty index with the settings.
func (x *Index) Create(ctx context.Context, uid string) error {
	if err := x.learn(ctx); err != nil {
		return err
	}
	info, err := x.engine.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: uid, PrimaryKey: "id"})
	if err != nil {
		return away("create an index", err)
	}
	if err := x.Wait(ctx, info.TaskUID); err != nil {
		return err
	}
	info, err = x.engine.Index(uid).UpdateSettingsWithContext(ctx, settings())
	if err != nil {
		return away("set up an index", err)
	}
	return x.Wait(ctx, info.TaskUID)
}

// Count gives how many entries, positions included, an index holds.
func (x *Index) Count(ctx context.Context, uid string) (int, error) {
	s, err := x.engine.Index(uid).GetStatsWithContext(ctx, nil)
	if err != nil {
		return 0, away("count", err)
	}
	return int(s.NumberOfDocuments), nil
}

// Exchange makes the index uid the live one and removes what was live before.
func (x *Index) Exchange(ctx context.Context, uid string) error {
	// Only indexes that exist can be exchanged; where there is one the task fails, which is as good.
	info, err := x.engine.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: Live, PrimaryKey: "id"})
	if err == nil {
		err = x.Wait(ctx, info.TaskUID)
	}
	if err != nil && !errors.Is(err, ErrRefused) {
		return away("create an index", err)
	}
	info, err = x.engine.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{Live, uid}}})
	if err != nil {
		return away("exchange indexes", err)
	}
	if err := x.Wait(ctx, info.TaskUID); err != nil {
		return err
	}
	return x.Drop(ctx, uid)
}

// Drop removes an index.
func (x *Index) Drop(ctx context.Context, uid string) error {
	info, err := x.engine.DeleteIndexWithContext(ctx, uid)
	if err != nil {
		return away("remove an index", err)
	}
	return x.Wait(ctx, info.TaskUID)
}

// leftoverAge is after how long an index that a crash left half built is taken for such; none takes as long to build.
const leftoverAge = 24 * time.Hour

// Sweep removes half-built indexes that nobody works on any more.
func (x *Index) Sweep(ctx context.Context, now time.Time) error {
	list, err := x.engine.ListIndexesWithContext(ctx, &meilisearch.IndexesQuery{Limit: 1000})
	if err != nil {
		return away("list indexes", err)
	}
	for _, i := range list.Results {
		if strings.HasPrefix(i.UID, Live+"-") && now.Sub(i.CreatedAt) > leftoverAge {
			if err := x.Drop(ctx, i.UID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stored gives entries of the live index by their ids, as they are; one that isn't there is left out.
func (x *Index) Stored(ctx context.Context, ids []string) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(ids))
	var page meilisearch.DocumentsResult
	if err := x.engine.Index(Live).GetDocumentsWithContext(ctx, &meilisearch.DocumentsQuery{Ids: ids, Limit: int64(len(ids))}, &page); err != nil {
		return nil, away("read documents", err)
	}
	for _, hit := range page.Results {
		id, raw, err := rawOf(hit)
		if err != nil {
			return nil, err
		}
		out[id] = raw
	}
	return out, nil
}

// idsAtOnce is how many ids one request for a list names.
const idsAtOnce = 1000

// IDs hands every case's id in the live index to each.
func (x *Index) IDs(ctx context.Context, each func(id string)) error {
	for offset := int64(0); ; offset += idsAtOnce {
		var page meilisearch.DocumentsResult
		q := &meilisearch.DocumentsQuery{Offset: offset, Limit: idsAtOnce, Fields: []string{"id"}, Filter: "visible_to EXISTS"}
		if err := x.engine.Index(Live).GetDocumentsWithContext(ctx, q, &page); err != nil {
			return away("list documents", err)
		}
		for _, hit := range page.Results {
			id, _, err := rawOf(hit)
			if err != nil {
				return err
			}
			each(id)
		}
		if len(page.Results) < idsAtOnce {
			return nil
		}
	}
}

func rawOf(hit meilisearch.Hit) (id string, raw json.RawMessage, err error) {
	if err := json.Unmarshal(hit["id"], &id); err != nil {
		return "", nil, fmt.Errorf("archive: an entry without id: %w", err)
	}
	raw, err = json.Marshal(hit)
	if err != nil {
		return "", nil, fmt.Errorf("archive: read %s: %w", id, err)
	}
	return id, raw, nil
}
