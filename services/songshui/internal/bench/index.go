package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	archive "songshui.internal/services/archive/server"
	intake "songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	rectification "songshui.internal/services/rectification/server"
)

const (
	loaders = 16
	// bulkBytes is a request of the raw bulk add; archive's rebuild sends as large ones.
	bulkBytes = 3 << 20
	searches  = 400
)

// indexed loads cases into the log, then alternates rebuilding the index with adding the same documents raw, and searches through the API.
func indexed(ctx context.Context, c Config) ([]Row, error) {
	var rebuilt, raw, took []float64
	var n int
	err := with(ctx, c.Dir, func(s *system) error {
		// The live index needn't follow while the log is filled: a rebuild reads all of it.
		if err := s.rest(ctx, archive.Durables()); err != nil {
			return err
		}
		if err := s.load(ctx, c.Cases); err != nil {
			return err
		}
		if err := s.drained(ctx, rectification.Durables()); err != nil {
			return err
		}
		e := engine{s.Backings().Search}
		for range c.Rounds {
			r, ours, err := s.rebuilt(ctx)
			if err != nil {
				return err
			}
			n = r
			rebuilt = append(rebuilt, float64(n)/ours.Seconds())
			rate, err := e.bulk(ctx)
			if err != nil {
				return err
			}
			raw = append(raw, rate)
		}
		var err error
		took, err = s.searched(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return []Row{
		row("rebuild", median(rebuilt), median(raw), fmt.Sprintf("%d cases; ours %s, raw %s", n, rounds(rebuilt), rounds(raw))),
		row("search", percentile(took, 99), 0, fmt.Sprintf("%d cases, all eight facets; p50 %s ms", n, number(median(took)))),
	}, nil
}

func (s *system) rebuilt(ctx context.Context) (cases int, took time.Duration, err error) {
	took, err = timed(func() error {
		r, err := s.Archive.Rebuild(ctx)
		cases = r.Cases
		return err
	})
	return cases, took, err
}

// load appends valid submissions to CASES with intake's own aggregate, as fast as the log takes them: the sample cases again and again, each with a reference of its own.
// Their rectifications are opened as they come.
func (s *system) load(ctx context.Context, cases int) error {
	lines, err := templates(1)
	if err != nil {
		return err
	}
	conn, err := s.Backings().Connect("bench")
	if err != nil {
		return err
	}
	defer conn.Close()
	b, err := bus.New(conn, events.ServiceIntake, bus.Options{})
	if err != nil {
		return err
	}
	whole, err := s.states(ctx, lines)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, loaders)
	for l := range loaders {
		group.Go(func() {
			for i := l + len(whole); i < cases && errs[l] == nil; i += loaders {
				errs[l] = again(ctx, b, whole[i%len(whole)], i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("bench: load: %w", err)
		}
	}
	return nil
}

// states submits each sample once and gives the records.
func (s *system) states(ctx context.Context, lines []template) ([]events.CaseState, error) {
	out := make([]events.CaseState, len(lines))
	for i, t := range lines {
		got, err := s.client(t.account()).Submit(ctx, t.with(ref(int64(i))))
		if err != nil {
			return nil, fmt.Errorf("bench: submit: %w", err)
		}
		subject := events.CaseSubject(events.OfficeSlug(t.office), events.CaseID(got.ID))
		loaded, err := intake.Aggregate.Load(ctx, s.Bus, subject)
		if err != nil {
			return nil, err
		}
		out[i] = loaded.State
	}
	return out, nil
}

// again submits a case under another reference.
func again(ctx context.Context, b *bus.Bus, c events.CaseState, i int) error {
	r := ref(int64(i))
	f := events.CaseSubmittedFact{Submission: events.Submission{ID: events.CaseIDFor(c.Office, r), Office: c.Office, Ref: r, RefKey: r, CaseContent: c.CaseContent,
		Exposures: c.Exposures, Media: c.Media, Digest: c.Digest}}
	f.Title = fmt.Sprintf("%s（%d）", c.Title, i)
	in := bus.Intent{Name: "submit", Actor: events.Actor{Account: c.SubmittedBy, Role: string(access.Office), Office: c.Office}, Given: access.Given{On: c.SubmittedOn}, New: true}
	_, err := intake.Aggregate.Execute(ctx, b, events.CaseSubject(c.Office, f.ID), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) { return f, nil })
	return err
}

// bulk adds the live index's documents, encoded before, to a new index and gives how many were taken in a second.
func (e engine) bulk(ctx context.Context) (perSecond float64, err error) {
	documents, err := e.documents(ctx)
	if err != nil {
		return 0, err
	}
	var bodies [][]byte
	var body bytes.Buffer
	for i, d := range documents {
		body.Write(d.line)
		if body.Len() >= bulkBytes || i == len(documents)-1 {
			bodies = append(bodies, bytes.Clone(body.Bytes()))
			body.Reset()
		}
	}
	took, err := timed(func() error {
		if err := e.create(ctx); err != nil {
			return err
		}
		var info *meilisearch.TaskInfo
		for _, b := range bodies {
			if info, err = e.client.Index(rawIndex).AddDocumentsNdjsonWithContext(ctx, b, nil); err != nil {
				return fmt.Errorf("bench: %w", err)
			}
		}
		return e.wait(ctx, info, nil)
	})
	if err != nil {
		return 0, err
	}
	stats, err := e.client.Index(rawIndex).GetStatsWithContext(ctx, nil)
	if err == nil && int(stats.NumberOfDocuments) != len(documents) {
		err = fmt.Errorf("bench: %d of %d documents were added", stats.NumberOfDocuments, len(documents))
	}
	if err != nil {
		return 0, err
	}
	info, err := e.client.DeleteIndexWithContext(ctx, rawIndex)
	return float64(len(documents)) / took.Seconds(), e.wait(ctx, info, err)
}

// questions are what people ask: words with a filter, and a filter alone; every answer has all facets.
var questions = []url.Values{
	{"q": {"有限空间"}, "hazard_level": {"major"}},
	{"q": {"危化品 储罐 泄漏"}, "office": {"changchun", "meihekou"}},
	{"q": {"动火作业"}, "sector": {"hazardous-chemicals", "industry-trade"}, "sort": {"newest"}},
	{"office": {"jilin"}, "from": {"2026-06-01"}, "to": {"2026-08-31"}},
	{"q": {"施工"}, "category": {"serious-violation"}},
	{"hazard_level": {"general"}, "sort": {"newest"}},
}

// searched asks the questions in turn, one at a time, and gives the milliseconds of each.
func (s *system) searched(ctx context.Context) ([]float64, error) {
	client := s.client("supervisor")
	var took []float64
	for i := range searches + len(questions) {
		d, err := timed(func() error {
			got, err := client.Search(ctx, questions[i%len(questions)])
			if err == nil && len(got.Facets) < 3 {
				err = fmt.Errorf("bench: an answer with %d facets", len(got.Facets))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if i >= len(questions) { // the first of each only warms up
			took = append(took, milliseconds(d))
		}
	}
	return took, nil
}
