package search

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"songshui.internal/services/internal/embedded/search/engine"
)

// Limits of the queue.
const (
	keptTasks   = 10_000    // tasks that GET /tasks knows; older finished ones are forgotten
	queuedBytes = 256 << 20 // bodies of waiting tasks; a request beyond waits until there is room
)

// Types of tasks.
const (
	typeAdd      = "documentAdditionOrUpdate"
	typeDelete   = "documentDeletion"
	typeCreate   = "indexCreation"
	typeUpdate   = "indexUpdate"
	typeDrop     = "indexDeletion"
	typeSwap     = "indexSwap"
	typeSettings = "settingsUpdate"
)

// task is one task as it is shown, and what it is to do.
type task struct {
	UID            uint64         `json:"uid"`
	IndexUID       *string        `json:"indexUid"`
	Status         string         `json:"status"`
	Type           string         `json:"type"`
	CanceledBy     *uint64        `json:"canceledBy"`
	Details        map[string]any `json:"details"`
	Error          *apiError      `json:"error"`
	Duration       *string        `json:"duration"`
	EnqueuedAt     time.Time      `json:"enqueuedAt"`
	StartedAt      *time.Time     `json:"startedAt"`
	FinishedAt     *time.Time     `json:"finishedAt"`
	CustomMetadata string         `json:"customMetadata,omitempty"`
	job            job
}

// job is a task's work; which members count is told by the task's type.
type job struct {
	documents  []json.RawMessage
	primaryKey string
	ids        []string // to delete; nil: by filter
	filter     any      // to delete by; nil with ids nil: all
	patch      map[string]json.RawMessage
	swaps      [][2]string
	bytes      int
}

// queue numbers tasks and keeps those waiting and the last finished.
type queue struct {
	mu      sync.Mutex
	next    uint64
	waiting []*task
	known   map[uint64]*task
	oldest  uint64
	bytes   int
	closed  bool
	wake    chan struct{} // a task waits
	room    chan struct{} // closed and replaced when bytes fall
	stop    chan struct{}
	done    chan struct{} // closed when the worker has ended
}

func newQueue(next uint64) *queue {
	return &queue{
		next: next, oldest: next, known: map[uint64]*task{}, wake: make(chan struct{}, 1), room: make(chan struct{}),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.stop)
}

// enqueue registers a task and answers with its summary.
func (s *Server) enqueue(r *http.Request, t *task) (int, any, error) {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.bytes > 0 && q.bytes+t.job.bytes > queuedBytes && !q.closed {
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-q.stop:
		case <-r.Context().Done():
		}
		q.mu.Lock()
		if err := r.Context().Err(); err != nil {
			return 0, nil, err
		}
	}
	if q.closed {
		return 0, nil, engine.Errorf("unavailable", "The search server is closing.")
	}
	t.UID, t.Status, t.EnqueuedAt = q.next, "enqueued", s.now()
	q.next++
	q.bytes += t.job.bytes
	q.waiting = append(q.waiting, t)
	q.known[t.UID] = t
	for ; len(q.known) > keptTasks && q.known[q.oldest].FinishedAt != nil; q.oldest++ {
		delete(q.known, q.oldest)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return http.StatusAccepted, map[string]any{
		"taskUid": t.UID, "indexUid": t.IndexUID, "status": t.Status, "type": t.Type, "enqueuedAt": t.EnqueuedAt,
	}, nil
}

// finish settles tasks; errs holds one error for each, or nil.
func (q *queue) finish(tasks []*task, errs []error, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, t := range tasks {
		t.Status, t.FinishedAt = "succeeded", &now
		d := "PT" + strconv.FormatFloat(max(0, now.Sub(*t.StartedAt).Seconds()), 'f', 6, 64) + "S"
		t.Duration = &d
		if errs[i] != nil {
			e, _ := describe(errs[i])
			t.Status, t.Error = "failed", &e
			for _, k := range []string{"indexedDocuments", "deletedDocuments"} {
				if _, ok := t.Details[k]; ok {
					t.Details[k] = 0
				}
			}
		}
		q.bytes -= t.job.bytes
		t.job = job{}
	}
	close(q.room)
	q.room = make(chan struct{})
}

func (s *Server) getTask(r *http.Request) (int, any, error) {
	uid, err := strconv.ParseUint(r.PathValue("task"), 10, 64)
	if err != nil {
		return 0, nil, engine.Errorf("invalid_task_uids", "Invalid value in parameter `uid`: could not parse `%s` as a positive integer", r.PathValue("task"))
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	t := s.queue.known[uid]
	if t == nil {
		return 0, nil, engine.Errorf("task_not_found", "Task `%d` not found.", uid)
	}
	return http.StatusOK, t.copy(), nil
}

// copy is made under the queue's lock, so that the task may go on while it is written out.
func (t *task) copy() task {
	c := *t
	c.Details = make(map[string]any, len(t.Details))
	for k, v := range t.Details {
		c.Details[k] = v
	}
	if len(c.Details) == 0 {
		c.Details = nil
	}
	return c
}

// taskFilter is what GET /tasks may be narrowed by.
type taskFilter struct {
	uids, statuses, types, indexes []string
	limit                          int
	from                           *uint64
	reverse                        bool
}

func parseTaskFilter(v url.Values) (f taskFilter, err error) {
	f.limit = 20
	for k := range v {
		val := v.Get(k)
		list := strings.Split(val, ",")
		if val == "*" {
			list = nil
		}
		switch k {
		case "uids":
			f.uids = list
		case "statuses":
			f.statuses = list
		case "types":
			f.types = list
		case "indexUids":
			f.indexes = list
		case "limit":
			f.limit, err = strconv.Atoi(val)
			if err != nil || f.limit < 0 {
				return f, engine.Errorf("invalid_task_limit", "Invalid value in parameter `limit`: could not parse `%s` as a positive integer", val)
			}
		case "from":
			n, err := strconv.ParseUint(val, 10, 64)
			if err != nil {
				return f, engine.Errorf("invalid_task_from", "Invalid value in parameter `from`: could not parse `%s` as a positive integer", val)
			}
			f.from = &n
		case "reverse":
			f.reverse = val == "true"
		default:
			return f, engine.Unsupported("Parameter `%s`", k)
		}
	}
	return f, nil
}

func in(list []string, v string) bool { return list == nil || slices.Contains(list, v) }

func (f *taskFilter) passes(t *task) bool {
	index := ""
	if t.IndexUID != nil {
		index = *t.IndexUID
	}
	return in(f.uids, strconv.FormatUint(t.UID, 10)) && in(f.statuses, t.Status) && in(f.types, t.Type) && in(f.indexes, index)
}

func (s *Server) listTasks(r *http.Request) (int, any, error) {
	f, err := parseTaskFilter(r.URL.Query())
	if err != nil {
		return 0, nil, err
	}
	s.queue.mu.Lock()
	var all []*task
	for _, t := range s.queue.known {
		if f.passes(t) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *task) int {
		if f.reverse {
			return cmp.Compare(a.UID, b.UID)
		}
		return cmp.Compare(b.UID, a.UID)
	})
	total := len(all)
	results := []task{}
	var next, from *uint64
	for _, t := range all {
		if f.from != nil && (!f.reverse && t.UID > *f.from || f.reverse && t.UID < *f.from) {
			continue
		}
		uid := t.UID
		if len(results) == f.limit {
			next = &uid
			break
		}
		if from == nil {
			from = &uid
		}
		results = append(results, t.copy())
	}
	s.queue.mu.Unlock()
	return http.StatusOK, map[string]any{"results": results, "total": total, "limit": f.limit, "from": from, "next": next}, nil
}
