package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Report is what the running system counted. Media of cases and of rectifications are counted together where it isn't said: those that have public copies, were cleared, have warnings, have
// hidden areas, and wait for a program that isn't there.
type Report struct {
	CasesSubmitted       int   `json:"cases_submitted"`
	CasesSearchable      int   `json:"cases_searchable"`
	MediaStored          int   `json:"media_stored"`
	FollowupMediaStored  int   `json:"followup_media_stored"`
	MediaBytes           int64 `json:"media_bytes"`
	MediaRendered        int   `json:"media_rendered"`
	MediaCleared         int   `json:"media_cleared"`
	MediaWarnings        int   `json:"media_warnings"`
	MediaHidden          int   `json:"media_hidden"`
	MediaWaiting         int   `json:"media_waiting"`
	Events               int   `json:"events"`
	RectificationsClosed int   `json:"rectifications_closed"`
	DeadLetters          int   `json:"dead_letters"`
	// QuotaMatches says that the months June–October show as met, late or recognised exactly where the samples say that the quota is met.
	QuotaMatches          bool        `json:"quota_matches"`
	AcceptedToSearchable  Percentiles `json:"accepted_to_searchable_ms"`
	DurationMS            int64       `json:"duration_ms"`
	rectificationsByState map[string]int
}

// Percentiles are in milliseconds, by nearest rank.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func percentiles(lags []time.Duration) Percentiles {
	if len(lags) == 0 {
		return Percentiles{}
	}
	sorted := slices.Sorted(slices.Values(lags))
	at := func(percent int) float64 {
		rank := max(1, (percent*len(sorted)+99)/100)
		return float64(sorted[rank-1].Microseconds()) / 1000
	}
	return Percentiles{P50: at(50), P99: at(99)}
}

// indexedWithin bounds the wait until the index shows what the cases' own pages show.
const indexedWithin = 10 * time.Second

func (d *Demo) report(ctx context.Context) (Report, error) {
	c := d.client("supervisor")
	var r Report
	tracks := map[string]json.RawMessage{}
	for ref, id := range d.cases {
		if v, err := c.Case(ctx, id, 0); err != nil {
			d.wrong("%s: %v", ref, err)
		} else if len(v.Case) > 0 {
			r.CasesSubmitted++
			if len(v.Rectification) > 0 {
				tracks[ref] = v.Rectification
			}
		}
	}
	for id := range d.media {
		m, err := c.Medium(ctx, id)
		if err == nil && m.State != "failed" {
			r.MediaStored++
			r.MediaBytes += m.Bytes
		}
		d.looked(&r, m)
	}
	for id := range d.after {
		m, err := c.Medium(ctx, id)
		if err == nil && m.State != "failed" {
			r.FollowupMediaStored++
			r.MediaBytes += m.Bytes
		}
		d.looked(&r, m)
	}
	if err := d.indexed(ctx, &r); err != nil {
		return r, err
	}
	var err error
	if r.QuotaMatches, err = d.quota(ctx); err != nil {
		return r, err
	}
	d.noted(tracks)
	if r.Events, err = d.Log.Events(ctx); err != nil {
		return r, err
	}
	if r.DeadLetters, err = d.Log.DeadLetters(ctx); err != nil {
		return r, err
	}
	if r.DeadLetters > 0 {
		d.wrong("%d dead letters", r.DeadLetters)
	}
	r.AcceptedToSearchable = percentiles(d.lags)
	r.DurationMS = time.Since(d.began).Milliseconds()
	d.print(r)
	return r, nil
}

// indexed waits until the index counts what the story made, then takes its figures.
func (d *Demo) indexed(ctx context.Context, r *Report) error {
	var want expectedFollowups
	if err := readJSON("followups.expected.json", &want); err != nil {
		return err
	}
	closed := 0
	for _, w := range want.Followups {
		if w.State == "closed" {
			closed++
		}
	}
	end := time.Now().Add(indexedWithin)
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		got, err := d.client("supervisor").Search(ctx, query(""))
		if err != nil {
			return err
		}
		r.CasesSearchable, r.rectificationsByState = got.Total, got.Facets["rectification_state"]
		r.RectificationsClosed = r.rectificationsByState["closed"]
		if r.CasesSearchable == len(d.cases) && r.RectificationsClosed == closed {
			return nil
		}
		if time.Now().After(end) {
			d.wrong("the index shows %d cases, %d closed; expected %d, %d", r.CasesSearchable, r.RectificationsClosed, len(d.cases), closed)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

func (d *Demo) print(r Report) {
	fmt.Fprintln(d.Out, d.Say("—— 小结 ——", "—— summary ——"))
	fmt.Fprintf(d.Out, d.Say("案例 %d（可检索 %d），影像 %d＋%d（%.1f MB），事件 %d，死信 %d\n", "cases %d (searchable %d), media %d+%d (%.1f MB), events %d, dead letters %d\n"),
		r.CasesSubmitted, r.CasesSearchable, r.MediaStored, r.FollowupMediaStored, float64(r.MediaBytes)/1e6, r.Events, r.DeadLetters)
	fmt.Fprintf(d.Out, d.Say("公开副本 %d 件，已审看公开 %d，有提示 %d，打码 %d，等待外部程序 %d\n", "public copies of %d, cleared %d, with warnings %d, with hidden areas %d, waiting for a program %d\n"),
		r.MediaRendered, r.MediaCleared, r.MediaWarnings, r.MediaHidden, r.MediaWaiting)
	fmt.Fprintf(d.Out, d.Say("受理到可检索：p50 %.0f 毫秒，p99 %.0f 毫秒；用时 %.1f 秒\n", "accepted → searchable: p50 %.0f ms, p99 %.0f ms; took %.1f s\n"),
		r.AcceptedToSearchable.P50, r.AcceptedToSearchable.P99, float64(r.DurationMS)/1000)
	fmt.Fprint(d.Out, d.Say("整改：", "rectifications: "))
	for _, s := range slices.Sorted(maps.Keys(r.rectificationsByState)) {
		fmt.Fprintf(d.Out, "%s %d  ", d.state(s), r.rectificationsByState[s])
	}
	fmt.Fprintln(d.Out)
}
