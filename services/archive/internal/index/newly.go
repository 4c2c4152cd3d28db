package index

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// newestAtOnce is how many new exposures one request asks for.
const newestAtOnce = 200

// Newly finds what was exposed after a moment, as the query is written, the earliest first. Exposures are told apart to the millisecond. One that comes in between two requests may be missing; it
// makes the index know more than it did before.
func (x *Index) Newly(ctx context.Context, q archive.Query, since time.Time) ([]events.Told, error) {
	ways, err := x.waysOf(ctx, q)
	if err != nil {
		return nil, err
	}
	seen := map[events.CaseID]bool{}
	var out []events.Told
	asked := x.asWritten(ways, &marker{})
	for page := int64(1); len(asked) > 0; page++ {
		questions := make([]*meilisearch.SearchRequest, len(asked))
		for n, i := range asked {
			r := question(i.text, literal, filterBut(q, "", i.filter)+" AND state = exposed AND exposed > "+strconv.FormatInt(since.UnixMilli(), 10), newestAtOnce)
			r.AttributesToRetrieve, r.Sort, r.Page = []string{"id", "exposed"}, []string{"exposed:asc"}, page
			questions[n] = r
		}
		answers, err := x.several(ctx, questions)
		if err != nil {
			return nil, err
		}
		var more []inquiry
		for n, a := range answers {
			for _, h := range a.Hits {
				if !seen[h.ID] {
					seen[h.ID] = true
					out = append(out, events.Told{Case: h.ID, ExposedAt: time.UnixMilli(h.Exposed).UTC()})
				}
			}
			if len(a.Hits) == newestAtOnce {
				more = append(more, asked[n])
			}
		}
		asked = more
	}
	slices.SortFunc(out, func(a, b events.Told) int {
		return cmp.Or(a.ExposedAt.Compare(b.ExposedAt), cmp.Compare(a.Case, b.Case))
	})
	return out, nil
}
