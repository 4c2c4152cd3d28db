package bench

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/embedded/search"
	media "songshui.internal/services/media/server"
)

func TestMain(m *testing.M) {
	if media.Child(os.Args) {
		return
	}
	os.Exit(m.Run())
}

func TestFiguresThatFallShortAreMarked(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		row  Row
		held bool
		want string
	}{
		{row("accept", 500, 1000, ""), true, "| accept | cases without publications accepted over HTTP, 64 clients ÷ raw JetStream | 500 1/s | 1000 1/s | 0.50 | ≥ 0.50 (aim 0.70) | holds |"},
		{row("accept", 499, 1000, "x"), false, "| 0.50 | ≥ 0.50 (aim 0.70) | **falls short**; x |"},
		{row("memory", 200, 0, ""), true, "| 200 MiB |  | 200 MiB | ≤ 200 | holds |"},
		{row("found", 151, 0, ""), false, "**falls short**"},
		{row("found-raw", 13, 10, ""), false, "| 1.30 | ≤ 1.25 |"},
	} {
		if x.row.Held != x.held {
			t.Errorf("%s at %v: held is %v", x.row.Name, x.row.Value, x.row.Held)
		}
		var b strings.Builder
		if err := (Report{Rows: []Row{x.row, {Name: "upload", Error: "no\nroom"}}}).Markdown(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), x.want) || !strings.Contains(b.String(), "**no figure**: no room |") {
			t.Errorf("got\n%swant %s", b.String(), x.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var all []float64
	for i := range 200 {
		all = append(all, float64(200-i))
	}
	if p := percentile(all, 99); p != 198 {
		t.Errorf("p99 of 1 to 200 is %v", p)
	}
	if p := median(all); p != 100 {
		t.Errorf("median of 1 to 200 is %v", p)
	}
	if percentile(nil, 99) != 0 || percentile([]float64{7}, 99) != 7 {
		t.Error("none or one")
	}
}

func TestUnknownMeasurement(t *testing.T) {
	t.Parallel()
	c := Defaults(t.TempDir())
	c.Only = "nonsense"
	if _, err := Run(context.Background(), c); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	for name := range targets {
		if !slices.Contains(Names(), name) {
			t.Errorf("%s has a target and is never measured", name)
		}
	}
}

// Everything that needs no child process, at its smallest: each figure comes out, whatever it is.
func TestMeasures(t *testing.T) {
	t.Setenv(meiliURL, "")
	c := Defaults(t.TempDir())
	c.Log = t.Output()
	c.Round, c.Rounds, c.Seconds, c.Cases, c.Bytes, c.Clip, c.Pictures = 20*time.Millisecond, 1, 1, 60, 16<<20, 24<<20, 2
	c.Deadlines, c.Spread, c.Records, c.Many = 40, 200*time.Millisecond, 90, 70
	for _, m := range measurements {
		if m.name == "memory" || m.name == "demo" {
			continue
		}
		c.Only = m.name
		r, err := Run(t.Context(), c)
		if err != nil {
			t.Errorf("%s: %v: %v", m.name, err, r.Rows)
			continue
		}
		var got []string
		for _, x := range r.Rows {
			got = append(got, x.Name)
			if x.Ours <= 0 || x.Value <= 0 || x.Target <= 0 {
				t.Errorf("%+v", x)
			}
		}
		if !slices.Equal(got, m.rows) {
			t.Errorf("%s gives %q, want %q", m.name, got, m.rows)
		}
	}
}

// An engine behind an address is measured in place of the embedded one.
func TestMeasuresAnEngineElsewhere(t *testing.T) {
	s, err := search.Start(t.Context(), search.Config{Dir: t.TempDir(), Key: "a key"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	t.Setenv(meiliURL, server.URL)
	t.Setenv(meiliKey, "a key")
	c := Defaults(t.TempDir())
	c.Only, c.Cases = "searching", 60
	r, err := Run(t.Context(), c)
	if err != nil || len(r.Rows) != 1 || r.Rows[0].Raw <= 0 {
		t.Fatalf("%v: %v", r.Rows, err)
	}
	list, err := s.Client().ListIndexes(nil)
	if err != nil || len(list.Results) != 1 {
		t.Errorf("indexes there: %+v, %v", list, err)
	}
}

func TestResidentReadsKilobytes(t *testing.T) {
	t.Parallel()
	if got := kilobytes([]byte("Name:\tx\nVmRSS:\t    1234 kB\nRssAnon:\t 7 kB\n"), "VmRSS"); got != 1234<<10 {
		t.Errorf("got %d", got)
	}
}

func TestTemplatesAreOfKnownOffices(t *testing.T) {
	t.Parallel()
	for publications := range 2 {
		all, err := templates(publications)
		if err != nil || len(all) < 20 {
			t.Fatalf("%d templates, %v", len(all), err)
		}
		for _, x := range all {
			if _, err := events.ParseOfficeSlug(x.office); err != nil || strings.Contains(string(x.with("r")), refPlace) {
				t.Errorf("%s: %v", x.office, err)
			}
		}
	}
}
