package search

import (
	"time"

	"songshui.internal/services/internal/embedded/search/engine"
)

// Limits of a batch of tasks. One task is never split.
const (
	batchTasks = 1000
	batchBytes = 4 << 20
)

// settle is how long after the last write segments merged meanwhile are taken over, which frees the old ones.
const settle = time.Second

// work applies tasks until the queue is closed.
func (s *Server) work() {
	defer close(s.queue.done)
	idle := time.NewTimer(settle)
	defer idle.Stop()
	for {
		select {
		case <-s.queue.stop:
			_ = s.store.SetTask(max(s.queue.next, 1) - 1)
			return
		case <-idle.C:
			for _, ix := range s.store.Indexes() {
				_ = ix.Refresh() // tried again after the next write
			}
		case <-s.queue.wake:
			for batch := s.take(); len(batch) > 0; batch = s.take() {
				errs := s.apply(batch)
				s.queue.finish(batch, errs, s.now())
			}
			idle.Reset(settle)
		}
	}
}

// take removes the tasks that can be applied together from the head of the queue.
func (s *Server) take() []*task {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.waiting) == 0 {
		return nil
	}
	first, n, bytes := q.waiting[0], 1, q.waiting[0].job.bytes
	for ; first.mergeable() && n < min(len(q.waiting), batchTasks); n++ {
		t := q.waiting[n]
		bytes += t.job.bytes
		if !t.mergeable() || *t.IndexUID != *first.IndexUID || bytes > batchBytes {
			break
		}
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	now := s.now()
	for _, t := range batch {
		t.Status, t.StartedAt = "processing", &now
	}
	return batch
}

// mergeable is true for additions and deletions by id.
func (t *task) mergeable() bool { return t.Type == typeAdd || t.Type == typeDelete && t.job.ids != nil }

func (s *Server) apply(batch []*task) []error {
	t := batch[0]
	switch {
	case t.mergeable():
		return s.applyDocuments(batch)
	case t.Type == typeDelete:
		return []error{s.applyDeletion(t)}
	case t.Type == typeCreate:
		_, err := s.store.Create(*t.IndexUID, t.job.primaryKey, s.now(), t.UID)
		return []error{err}
	case t.Type == typeUpdate:
		return []error{s.applyPrimaryKey(t)}
	case t.Type == typeDrop:
		return []error{s.applyDrop(t)}
	case t.Type == typeSwap:
		return []error{s.store.Swap(t.job.swaps, s.now(), t.UID)}
	}
	return []error{s.applySettings(t)}
}

// applyDocuments merges the tasks' documents into one write. A task with a bad document fails alone.
func (s *Server) applyDocuments(batch []*task) []error {
	errs := make([]error, len(batch))
	last := batch[len(batch)-1].UID
	var ops []engine.Op
	ends := make([]int, len(batch))
	key := ""
	ix, err := s.store.Index(*batch[0].IndexUID)
	for i, t := range batch {
		if err != nil && t.Type == typeAdd {
			ix, err = s.store.Create(*t.IndexUID, "", s.now(), t.UID)
		}
		if errs[i] = err; err == nil {
			ops, key, errs[i] = s.operations(ix, ops, t, key)
		}
		ends[i] = len(ops)
	}
	if ix == nil || len(ops) == 0 {
		return errs
	}
	if err := ix.Write(ops, key, s.now(), last); err != nil {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = err
			}
		}
		return errs
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	from := 0
	for i, t := range batch {
		t.count(ops[from:ends[i]], errs[i])
		from = ends[i]
	}
	return errs
}

func (s *Server) operations(ix *engine.Index, ops []engine.Op, t *task, key string) ([]engine.Op, string, error) {
	if t.Type == typeDelete {
		for _, id := range t.job.ids {
			ops = append(ops, engine.Op{ID: id})
		}
		return ops, key, nil
	}
	given := t.job.primaryKey
	if key != "" {
		if given != "" && given != key {
			return ops, key, engine.Errorf("index_primary_key_already_exists", "Index `%s` already has a primary key: `%s`.", *t.IndexUID, key)
		}
		given = key
	}
	docs, found, err := ix.Parse(t.job.documents, given)
	if err != nil {
		return ops, key, err
	}
	for i := range docs {
		ops = append(ops, engine.Op{ID: docs[i].ID(), Document: &docs[i]})
	}
	return ops, found, nil
}

// count fills in what a task has done.
func (t *task) count(ops []engine.Op, err error) {
	if err != nil {
		return
	}
	if t.Type == typeAdd {
		t.Details["indexedDocuments"] = len(ops)
		return
	}
	n := 0
	for _, o := range ops {
		if o.Existed {
			n++
		}
	}
	t.Details["deletedDocuments"] = n
}

// applyDeletion deletes by filter, or all.
func (s *Server) applyDeletion(t *task) error {
	ix, err := s.store.Index(*t.IndexUID)
	if err != nil {
		return err
	}
	ids, err := ix.Matching(t.job.filter)
	if err != nil {
		return asDocumentFilter(err)
	}
	ops := make([]engine.Op, len(ids))
	for i, id := range ids {
		ops[i].ID = id
	}
	if err := ix.Write(ops, "", s.now(), t.UID); err != nil {
		return err
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	t.Details["deletedDocuments"] = len(ids)
	return nil
}

func (s *Server) applyDrop(t *task) error {
	ix, err := s.store.Index(*t.IndexUID)
	if err != nil {
		return err
	}
	n := ix.Info().Documents
	if err := s.store.Delete(*t.IndexUID, t.UID); err != nil {
		return err
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	t.Details["deletedDocuments"] = n
	return nil
}

func (s *Server) applyPrimaryKey(t *task) error {
	ix, err := s.store.Index(*t.IndexUID)
	if err != nil {
		return err
	}
	if have := ix.Info(); have.PrimaryKey != "" && have.PrimaryKey != t.job.primaryKey {
		return engine.Errorf("index_primary_key_already_exists", "Index `%s` already has a primary key: `%s`.", *t.IndexUID, have.PrimaryKey)
	}
	return ix.Write(nil, t.job.primaryKey, s.now(), t.UID)
}

func (s *Server) applySettings(t *task) error {
	ix, err := s.store.Index(*t.IndexUID)
	if err != nil {
		if ix, err = s.store.Create(*t.IndexUID, "", s.now(), t.UID); err != nil {
			return err
		}
	}
	next := engine.DefaultSettings()
	if t.job.patch != nil {
		if next, err = ix.Settings().Patch(t.job.patch); err != nil {
			return err
		}
	}
	return ix.Configure(next, s.now(), t.UID)
}
