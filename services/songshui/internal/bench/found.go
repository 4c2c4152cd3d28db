package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/songshui/internal/stack"
)

const (
	perSecond  = 50
	watchEvery = 10
	pollEvery  = 5 * time.Millisecond
	// foundWithin ends the wait for one case.
	foundWithin = 30 * time.Second
)

// found measures how long it is from the answer to a submission until the search finds the case by its reference, and the same for the same documents added raw to an index
// with the same settings of the same engine, in rounds by turns. One case in ten is watched.
func found(ctx context.Context, c Config) ([]Row, error) {
	cases, err := templates(1)
	if err != nil {
		return nil, err
	}
	var ours, raw []float64
	err = with(ctx, c.Dir, func(s *system) error {
		e := engine{s.Backings().Search}
		known := map[string]bool{}
		for round := range c.Rounds {
			if err := s.drained(ctx, stack.Durables()); err != nil {
				return err
			}
			n := c.Seconds * perSecond / c.Rounds
			lags, err := atRate(ctx, n, s.acceptAndFind(cases, round*n))
			if err != nil {
				return err
			}
			ours = append(ours, lags...)
			if err := s.drained(ctx, stack.Durables()); err != nil {
				return err
			}
			fresh, err := e.unknown(ctx, known)
			if err == nil && round == 0 {
				err = e.create(ctx)
			}
			if err != nil {
				return err
			}
			if lags, err = atRate(ctx, len(fresh), e.addAndFind(fresh)); err != nil {
				return err
			}
			raw = append(raw, lags...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p50, p99, peer := median(ours), percentile(ours, 99), percentile(raw, 99)
	note := fmt.Sprintf("p50 %s ms, %d watched", number(p50), len(ours))
	return []Row{row("found", p99, 0, note), row("found-raw", p99, peer, fmt.Sprintf("p50 %s and %s ms", number(p50), number(median(raw))))}, nil
}

// step is one case or document: accept is over when it was answered; isFound asks once.
type step func(ctx context.Context, i int) (isFound func() (bool, error), err error)

// atRate takes n steps at the rate, whatever the last ones do, and gives the milliseconds from acceptance to being found of those that are watched.
func atRate(ctx context.Context, n int, take step) ([]float64, error) {
	var mu sync.Mutex
	var lags []float64
	var errs []error
	var group sync.WaitGroup
	next := time.NewTicker(time.Second / perSecond)
	defer next.Stop()
	for i := range n {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-next.C:
		}
		group.Go(func() {
			lag, err := lagOf(ctx, i, take)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			} else if i%watchEvery == 0 {
				lags = append(lags, milliseconds(lag))
			}
		})
	}
	group.Wait()
	return lags, errors.Join(errs...)
}

func lagOf(ctx context.Context, i int, take step) (time.Duration, error) {
	isFound, err := take(ctx, i)
	if err != nil || i%watchEvery != 0 {
		return 0, err
	}
	accepted := time.Now()
	ctx, cancel := context.WithTimeout(ctx, foundWithin)
	defer cancel()
	err = until(ctx, pollEvery, isFound)
	return time.Since(accepted), err
}

func (s *system) acceptAndFind(cases []template, from int) step {
	return func(ctx context.Context, i int) (func() (bool, error), error) {
		t, r := cases[i%len(cases)], ref(int64(from+i))
		client := s.client(t.account())
		got, err := client.Submit(ctx, t.with(r))
		return func() (bool, error) {
			answer, err := client.Search(ctx, url.Values{"q": {`"` + r + `"`}})
			if err != nil {
				return false, err
			}
			for _, h := range answer.Hits {
				if h.ID == got.ID {
					return true, nil
				}
			}
			return false, nil
		}, err
	}
}

// document is an entry of the index, as it stands there.
type document struct {
	id, ref string
	line    []byte
}

// engine is the search engine, used raw.
type engine struct{ client meilisearch.ServiceManager }

const (
	liveIndex = "cases"
	rawIndex  = "bench"
	page      = 1000
	taskPoll  = time.Millisecond
)

// documents gives all cases of the live index.
func (e engine) documents(ctx context.Context) ([]document, error) {
	var out []document
	for offset := int64(0); ; offset += page {
		var got meilisearch.DocumentsResult
		if err := e.client.Index(liveIndex).GetDocumentsWithContext(ctx, &meilisearch.DocumentsQuery{Offset: offset, Limit: page, Filter: "visible_to EXISTS"}, &got); err != nil {
			return nil, fmt.Errorf("bench: documents: %w", err)
		}
		for _, hit := range got.Results {
			line, err := json.Marshal(hit)
			if err != nil {
				return nil, fmt.Errorf("bench: documents: %w", err)
			}
			var d struct {
				ID    string
				Shown struct{ Ref string }
			}
			if err := json.Unmarshal(line, &d); err != nil {
				return nil, fmt.Errorf("bench: documents: %w", err)
			}
			out = append(out, document{d.ID, d.Shown.Ref, append(line, '\n')})
		}
		if len(got.Results) < page {
			return out, nil
		}
	}
}

// unknown gives the cases of the live index that aren't known yet, and knows them from then on.
func (e engine) unknown(ctx context.Context, known map[string]bool) ([]document, error) {
	all, err := e.documents(ctx)
	fresh := slices.DeleteFunc(all, func(d document) bool { return known[d.id] })
	for _, d := range fresh {
		known[d.id] = true
	}
	return fresh, err
}

// create makes an empty index with the live one's settings.
func (e engine) create(ctx context.Context) error {
	s, err := e.client.Index(liveIndex).GetSettingsWithContext(ctx)
	if err != nil {
		return fmt.Errorf("bench: settings: %w", err)
	}
	if _, err := e.client.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: rawIndex, PrimaryKey: "id"}); err != nil {
		return fmt.Errorf("bench: create an index: %w", err)
	}
	// Only what archive sets: the rest of what is given back can't all be sent.
	info, err := e.client.Index(rawIndex).UpdateSettingsWithContext(ctx, &meilisearch.Settings{SearchableAttributes: s.SearchableAttributes, FilterableAttributes: s.FilterableAttributes,
		SortableAttributes: s.SortableAttributes, RankingRules: s.RankingRules, TypoTolerance: s.TypoTolerance, Pagination: s.Pagination, Faceting: s.Faceting})
	return e.wait(ctx, info, err)
}

// wait waits for a task that was queued.
func (e engine) wait(ctx context.Context, info *meilisearch.TaskInfo, err error) error {
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	t, err := e.client.WaitForTaskWithContext(ctx, info.TaskUID, taskPoll)
	if err == nil && t.Status != meilisearch.TaskStatusSucceeded {
		err = fmt.Errorf("task %s: %s", t.Status, t.Error.Message)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// addAndFind adds documents one by one and looks for them with the request that archive makes.
func (e engine) addAndFind(documents []document) step {
	ix := e.client.Index(rawIndex)
	perPage := int64(20)
	req := meilisearch.SearchRequest{Filter: `visible_to IN ["supervisor","signed-in"]`, Page: 1, HitsPerPage: &perPage, MatchingStrategy: meilisearch.All, ShowMatchesPosition: true,
		Facets:               []string{"office", "sector", "category", "hazard_level", "level", "outlet", "state", "rectification_state"},
		AttributesToSearchOn: []string{"text.ref", "text.title", "text.enterprise", "text.tags", "text.violations", "text.summary", "text.rest"},
		AttributesToRetrieve: []string{"id", "office", "sector", "state", "rectification_state", "published_on", "shown"}}
	return func(ctx context.Context, i int) (func() (bool, error), error) {
		d := documents[i]
		_, err := ix.AddDocumentsNdjsonWithContext(ctx, d.line, nil)
		return func() (bool, error) {
			asked := req
			raw, err := ix.SearchRawWithContext(ctx, `"`+d.ref+`"`, &asked)
			if err != nil {
				return false, err
			}
			var got struct{ Hits []struct{ ID string } }
			if err := json.Unmarshal(*raw, &got); err != nil {
				return false, err
			}
			return len(got.Hits) > 0, nil
		}, err
	}
}
