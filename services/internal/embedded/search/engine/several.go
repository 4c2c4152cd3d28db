package engine

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ask is a query and the index it is put to.
type Ask struct {
	UID   string
	Query *Query
}

// Search answers queries of one moment: no batch is published while they are answered. Queries that look for the same
// text, such as those that count a facet without its own filter, look for it once. An error is of the first query that has one; at says which.
func (s *Store) Search(asks []Ask) (out []*Result, at int, err error) {
	all := make([]*asked, len(asks))
	filters := make([]*node, len(asks))
	for i, a := range asks {
		if filters[i], err = parseFilter(a.Query.Filter); err != nil {
			return nil, i, err
		}
	}
	held, at, err := s.hold(asks)
	if err != nil {
		return nil, at, err
	}
	defer release(held)
	groups := map[string][]*asked{}
	var keys []string
	for i, a := range asks {
		q := &asked{ix: held[a.UID], at: i, Query: a.Query, filter: filters[i], began: time.Now()}
		if err := q.check(); err != nil {
			return nil, i, err
		}
		key := q.textKey()
		if groups[key] == nil {
			keys = append(keys, key)
		}
		all[i], groups[key] = q, append(groups[key], q)
	}
	err = inParallel(len(keys), func(i int) error { return lookUp(groups[keys[i]]) })
	if err == nil {
		err = inParallel(len(all), func(i int) error { return all[i].answer() })
	}
	out = make([]*Result, len(all))
	for i, q := range all {
		if q.err != nil {
			return nil, i, q.err
		}
		out[i] = q.result
	}
	return out, 0, err
}

// hold finds the indexes and locks each for reading before an exchange or a removal can come between.
func (s *Store) hold(asks []Ask) (held map[string]*Index, at int, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	held = map[string]*Index{}
	for i, a := range asks {
		if held[a.UID] != nil {
			continue
		}
		ix := s.indexes[a.UID]
		if ix == nil {
			release(held)
			return nil, i, Errorf("index_not_found", "Index `%s` not found.", a.UID)
		}
		ix.mu.RLock()
		held[a.UID] = ix
		if ix.broken != nil || ix.text == nil {
			release(held)
			return nil, i, Errorf("internal", "The index is closed or out of order.")
		}
	}
	return held, 0, nil
}

func release(held map[string]*Index) {
	for _, ix := range held {
		ix.mu.RUnlock()
	}
}

// inParallel calls f for each of n on as many goroutines as there are cores, and gives the first error by number.
func inParallel(n int, f func(i int) error) error {
	errs := make([]error, n)
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			errs[i] = f(i)
		}
	} else {
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for i := w; i < n; i += workers {
					errs[i] = f(i)
				}
			})
		}
		group.Wait()
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// asked is a query under way.
type asked struct {
	*Query
	ix     *Index
	at     int
	filter *node
	began  time.Time

	fields []field
	terms  []term
	hits   bitset // before the text is looked for: what passes the filter
	costs  []cost
	result *Result
	err    error
}

func (q *asked) check() (err error) {
	s := &q.ix.meta.Settings
	if err := q.filter.check(s); err != nil {
		return err
	}
	if q.fields, err = q.ix.fields(q.SearchOn); err != nil {
		return err
	}
	q.terms = parseQuery(q.Q, s)
	q.hits = denseOf(q.ix.filter(q.filter), uint32(len(q.ix.ids)))
	return nil
}

// textKey is equal for queries that look for the same text. Which words are rare depends on the filter, so that strategy shares nothing.
func (q *asked) textKey() string {
	on := "\x00*"
	if q.SearchOn != nil {
		on = "\x00" + strings.Join(q.SearchOn, "\x00")
	}
	if q.Strategy == "frequency" || len(q.terms) == 0 {
		on += "\x00\x00" + string(rune(q.at))
	}
	return q.ix.meta.UID + "\x00" + q.Strategy + "\x00" + q.Q + on
}

// lookUp narrows the hits of queries with the same text to those that hold it. Of several, the text is looked for in
// what passes any of their filters: whether a document holds it, and at what cost, doesn't depend on the others.
func lookUp(group []*asked) error {
	first := group[0]
	any := first.hits
	if len(group) > 1 {
		any = slices.Clone(any)
		for _, q := range group[1:] {
			for w, b := range q.hits {
				any[w] |= b
			}
		}
	}
	costs, found, err := first.ix.match(first.terms, first.fields, any, first.Strategy)
	for _, q := range group {
		if q.err = err; err != nil {
			continue
		}
		if q.costs = costs; len(group) == 1 {
			q.hits = found
			continue
		}
		for w, b := range found {
			q.hits[w] &= b
		}
	}
	return err
}

// answer orders, counts and dresses what was found.
func (q *asked) answer() error {
	q.result, q.err = q.found()
	return q.err
}

func (q *asked) found() (*Result, error) {
	ix := q.ix
	by, err := ix.orderOf(q.costs, q.Sort)
	if err != nil {
		return nil, err
	}
	out := &Result{Total: min(int(q.hits.count()), ix.meta.Settings.Pagination.MaxTotalHits)}
	if q.Facets != nil {
		if out.FacetDistribution, out.FacetStats, err = ix.facets(q.Facets, q.hits); err != nil {
			return nil, err
		}
	}
	offset := min(q.Offset, out.Total)
	limit := min(q.Limit, out.Total-offset)
	page := []uint32{}
	if limit > 0 {
		page = top(q.hits, offset+limit, by)[offset:]
	}
	out.Hits, err = ix.hits(page, q.Query, &marker{positive(q.terms), &ix.meta.Settings}, q.fields)
	out.Took = time.Since(q.began)
	return out, err
}
