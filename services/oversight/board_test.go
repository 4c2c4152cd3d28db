package oversight_test

import (
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	now := at("2026-11-23 12:00:00")
	q := oversight.Query{Figure: oversight.FigureOverdue, Office: "siping", Month: "2026-06", Sector: "mining", Day: "2026-07-01", AsOf: now.Add(time.Nanosecond).UTC()}
	const want = "figure=overdue&office=siping&month=2026-06&sector=mining&day=2026-07-01&as_of=2026-11-23T04%3A00%3A00.000000001Z"
	if got := q.Encode(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if back, err := oversight.ParseQuery(want + "&page=2"); err != nil || back != q {
		t.Errorf("%+v, %v", back, err)
	}
	for _, c := range []struct {
		q     oversight.Query
		wrong string
	}{{oversight.Query{Figure: "x"}, "figure"}, {oversight.Query{Office: "X"}, "office"}, {oversight.Query{Month: "2026-6"}, "month"}, {oversight.Query{Day: "2026-02-30"}, "day"},
		{oversight.Query{AsOf: now.Add(time.Second)}, "as_of"}, {oversight.Query{}, ""}, {oversight.Query{AsOf: now}, ""}, {oversight.Query{Day: "2026-11-23"}, ""}, {oversight.Query{Day: "2026-11-24"}, "day"}} {
		err := c.q.Check(now)
		if c.wrong == "" && (err != nil || c.q.Day == "") || c.wrong != "" && (!fault.Is(err, fault.BadParameter) || fault.Of(err).Detail != c.wrong) {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 14*3600), time.FixedZone("", -11*3600)} {
		for moment, day := range map[string]events.Day{"2026-06-30 23:59:59": "2026-06-30", "2026-07-01 00:00:00": "2026-07-01", "2028-02-29 23:59:59": "2028-02-29"} {
			var q oversight.Query
			if err := q.Check(at(moment).In(zone)); err != nil || q.Day != day {
				t.Errorf("%s in %s: %s, %v", moment, zone, q.Day, err)
			}
		}
	}
	past := oversight.Query{AsOf: at("2026-06-30 23:59:59")}
	if err := past.Check(now); err != nil || past.Day != "2026-06-30" {
		t.Errorf("%s, %v", past.Day, err)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	all := make([]int, 120)
	for _, c := range []struct{ page, per, n int }{{0, 0, 50}, {3, 50, 20}, {4, 50, 0}, {1, 200, 120}, {1, 201, -1}, {-1, 5, -1}, {1, -1, -1}, {1 << 40, 5, -1}} {
		rows, _, _, err := oversight.Page(all, c.page, c.per)
		if (err != nil) != (c.n < 0) || err == nil && len(rows) != c.n {
			t.Errorf("%+v: %d, %v", c, len(rows), err)
		}
	}
}
