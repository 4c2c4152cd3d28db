package index

import (
	"context"
	"strconv"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// newest is how many new exposures one question gives; those beyond are given by the next.
const newest = 200

// Newly finds what was exposed after a moment, as the query is written, the earliest first. Exposures are told apart to the millisecond.
func (x *Index) Newly(ctx context.Context, q archive.Query, since time.Time) ([]events.Told, error) {
	ways, err := x.waysOf(ctx, q)
	if err != nil {
		return nil, err
	}
	var questions []*meilisearch.SearchRequest
	for _, i := range x.asWritten(ways, &marker{}) {
		r := question(i.text, literal, filterBut(q, "", i.filter)+" AND state = exposed AND exposed > "+strconv.FormatInt(since.UnixMilli(), 10), newest)
		r.AttributesToRetrieve, r.Sort = []string{"id", "exposed"}, []string{"exposed:asc"}
		questions = append(questions, r)
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return nil, err
	}
	seen := map[events.CaseID]bool{}
	var out []events.Told
	for _, a := range answers {
		for _, h := range a.Hits {
			if !seen[h.ID] {
				seen[h.ID] = true
				out = append(out, events.Told{Case: h.ID, ExposedAt: time.UnixMilli(h.Exposed).UTC()})
			}
		}
	}
	return out, nil
}
