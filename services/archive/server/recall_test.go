package server_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/internal/fold"
	"songshui.internal/services/archive/internal/index"
)

// wish is a query and the references that must be among its first ten hits; without any nothing may be found.
type wish struct {
	kind, q string
	want    []string
	// below are references that may not stand before all that are wanted.
	below []string
}

// wishes are those of the samples and our own.
func wishes(t testing.TB) []wish {
	t.Helper()
	var out []wish
	for _, q := range expected(t).Queries {
		out = append(out, wish{"samples, " + q.Level, q.Q, q.MustInclude, q.MustNotInclude})
	}
	data, err := os.ReadFile("testdata/recall.tsv")
	check(t, err)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			t.Fatalf("%q has %d fields", line, len(f))
		}
		w := wish{kind: f[0], q: f[1]}
		if f[2] != "" {
			w.want = strings.Split(f[2], "|")
		}
		out = append(out, w)
	}
	return out
}

// others are cases that have nothing to do with the samples: their texts with other common characters, letters and digits in their places, each in another way.
func others(t testing.TB, n int) []archive.Document {
	t.Helper()
	// Random characters hold every short sound somewhere: the sounds of what mustn't be found are left out.
	quiet := map[string]bool{}
	var mistyped []string
	for _, wish := range wishes(t) {
		mistyped = append(mistyped, fold.String(wish.q))
		for _, r := range wish.q {
			for _, s := range fold.Readings(r) {
				quiet[s] = quiet[s] || len(wish.want) == 0
			}
		}
	}
	var pool []rune
	for high := byte(0xB0); high < 0xD7; high++ { // the common characters of GB 2312
		for low := byte(0xA1); low <= 0xFE; low++ {
			s, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{high, low})
			check(t, err)
			if r := []rune(string(s))[0]; !slices.ContainsFunc(fold.Readings(r), func(s string) bool { return quiet[s] }) {
				pool = append(pool, r)
			}
		}
	}
	all := samples(t)
	var out []archive.Document
	for i := 0; len(out) < n; i++ {
		write := func(s string) string {
			return strings.Map(func(r rune) rune {
				// splitmix64, so that neighbouring characters have nothing to do with each other
				h := uint64(r)<<32 + uint64(i)
				h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
				h = (h ^ h>>27) * 0x94D049BB133111EB
				h ^= h >> 31
				switch {
				case unicode.Is(unicode.Han, r):
					return pool[h%uint64(len(pool))]
				case unicode.Is(unicode.Hangul, r):
					return 0xAC00 + rune(h%11172)
				case 'a' <= r && r <= 'z':
					return 'a' + rune(h%26)
				case 'A' <= r && r <= 'Z':
					return 'A' + rune(h%26)
				case '0' <= r && r <= '9':
					return '0' + rune(h%10)
				}
				return r
			}, norm.NFKC.String(s))
		}
		c := all[i%len(all)]
		c.Ref = fmt.Sprintf("%s-%d", write(c.Ref), i)
		c.ID = events.CaseIDFor(c.Office, fmt.Sprint("other", i))
		c.Title, c.Summary, c.Enterprise.Name, c.Enterprise.Address, c.Enterprise.County, c.Enterprise.USCC = write(c.Title), write(c.Summary), write(c.Enterprise.Name), write(c.Enterprise.Address), write(c.Enterprise.County), write(c.Enterprise.USCC)
		c.Plan.Measures, c.Plan.ResponsibleUnit = write(c.Plan.Measures), write(c.Plan.ResponsibleUnit)
		c.Violations, c.Tags, c.Media, c.Exposures = slices.Clone(c.Violations), slices.Clone(c.Tags), slices.Clone(c.Media), slices.Clone(c.Exposures)
		for j := range c.Violations {
			c.Violations[j].Text, c.Violations[j].Basis = write(c.Violations[j].Text), write(c.Violations[j].Basis)
		}
		for j := range c.Tags {
			c.Tags[j] = write(c.Tags[j])
		}
		for j := range c.Media {
			c.Media[j].Caption, c.Media[j].File = write(c.Media[j].Caption), write(c.Media[j].File)
		}
		for j := range c.Exposures {
			p := &c.Exposures[j]
			p.Outlet, p.OutletID, p.Headline = write(p.Outlet), "", write(p.Headline)
		}
		c.State = events.CaseExposed
		d, ok := archive.Compose(c, nil, nil)
		if !ok {
			t.Fatal("a case without document")
		}
		// What is mistyped stands in none as written: it would be found, and nothing read into it.
		text := strings.Join(append([]string{d.Title, d.Enterprise, d.Summary}, append(append(d.Tags, d.Violations...), d.Rest...)...), "\n")
		if !slices.ContainsFunc(mistyped, func(q string) bool { return strings.Contains(text, q) }) {
			out = append(out, d)
		}
	}
	return out
}

// putOthers adds documents to the live index past the log.
func (w *world) putOthers(t testing.TB, all []archive.Document) {
	t.Helper()
	x := index.New(w.client)
	_, err := x.Positions(t.Context())
	check(t, err)
	for some := range slices.Chunk(all, 1000) {
		var b bytes.Buffer
		for _, d := range some {
			check(t, x.Encode(&b, d))
		}
		check(t, x.Put(t.Context(), index.Live, b.Bytes()))
	}
}

// othersInTests is how many other cases the samples are searched among here, for the time it takes; BenchmarkRecall takes 20,000.
const othersInTests = 3000

// recalled is what one kind of query came to.
type recalled struct {
	queries, wanted, found int
	// ranks are those of the first right hit.
	ranks []int
}

// recall asks all wishes; failed names those that weren't met.
func (w *world) recall(t testing.TB, last uint64) (kinds []string, of map[string]*recalled, failed []string) {
	t.Helper()
	of = map[string]*recalled{}
	for _, wish := range wishes(t) {
		r := of[wish.kind]
		if r == nil {
			r = &recalled{}
			of[wish.kind] = r
			kinds = append(kinds, wish.kind)
		}
		r.queries++
		got := w.search(t, province, archiveapi.Params{Q: wish.q, MinSeq: last, PerPage: within(wish.kind)})
		r.add(wish, refs(got))
		if why := wish.missed(refs(got), got.Total); why != "" {
			failed = append(failed, fmt.Sprintf("%s %q %s: %v", wish.kind, wish.q, why, refs(got)))
		}
	}
	return kinds, of, failed
}

// within is how many of the first hits count. A single character stands in many cases, whatever it was meant for.
func within(kind string) int {
	if kind == "single" {
		return archiveapi.MaxPerPage
	}
	return 10
}

func (r *recalled) add(w wish, got []string) {
	rank := 0
	for i, ref := range got {
		if slices.Contains(w.want, ref) {
			r.found++
			if rank == 0 {
				rank = i + 1
			}
		}
	}
	r.wanted += len(w.want)
	if rank > 0 {
		r.ranks = append(r.ranks, rank)
	}
}

func (w wish) missed(got []string, total int) string {
	latest := -1
	for _, ref := range w.want {
		i := slices.Index(got, ref)
		if i < 0 {
			return "misses " + ref
		}
		latest = max(latest, i)
	}
	for _, ref := range w.below {
		if i := slices.Index(got, ref); i >= 0 && i < latest {
			return "puts " + ref + " too high"
		}
	}
	if len(w.want) == 0 && total > 0 {
		return "finds something"
	}
	return ""
}

// TestRecall: the queries of the samples and our own, alone and among other cases.
func TestRecall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	_, _, failed := w.recall(t, last)
	for _, f := range failed {
		t.Errorf("alone: %s", f)
	}
	w.putOthers(t, others(t, othersInTests))
	kinds, of, failed := w.recall(t, last)
	for _, f := range failed {
		t.Errorf("among %d: %s", othersInTests, f)
	}
	const doc, heading = "../doc.go", "// # Recall\n"
	data, err := os.ReadFile(doc)
	check(t, err)
	before, after, ok := strings.Cut(string(data), heading)
	if !ok {
		t.Fatalf("%s has no section %q", doc, heading)
	}
	end := strings.Index(after, "package archive\n")
	if next := strings.Index(after, "\n// # "); next >= 0 {
		end = next + 1
	}
	table := recallTable(kinds, of)
	if *update {
		check(t, os.WriteFile(doc, []byte(before+heading+table+after[end:]), 0o644))
	} else if real() {
		t.Logf("here:\n%s", table) // all was found; ranks may differ
	} else if after[:end] != table {
		t.Errorf("%s tells of another recall; -update writes what was measured:\n%s", doc, table)
	}
}

// update rewrites the table of recall in the package doc.
var update = flag.Bool("update", false, "rewrite the table of recall in archive's package doc")

func recallTable(kinds []string, of map[string]*recalled) string {
	var b strings.Builder
	fmt.Fprintf(&b, "//\n// Measured by TestRecall, which fails when this isn't so: the sample cases among %s others, the queries of the samples and of\n", thousands(othersInTests))
	b.WriteString("// server/testdata/recall.tsv. Recall is the share of the wanted cases that are among the first ten hits (of a single character: hundred); the ranks are those of the first\n// wanted one.\n//\n")
	fmt.Fprintf(&b, "//\t%-17s %8s %8s %12s %11s\n", "kind of query", "queries", "recall", "rank, median", "rank, worst")
	for _, k := range kinds {
		r := of[k]
		slices.Sort(r.ranks)
		if n := len(r.ranks); n > 0 {
			fmt.Fprintf(&b, "//\t%-17s %8d %7.0f%% %12d %11d\n", k, r.queries, 100*float64(r.found)/float64(r.wanted), r.ranks[n/2], r.ranks[n-1])
			continue
		}
		fmt.Fprintf(&b, "//\t%-17s %8d     none\n", k, r.queries)
	}
	return b.String()
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }

// BenchmarkRecall: the same among 20,000 others, and how long a query takes.
func BenchmarkRecall(b *testing.B) {
	w := newWorld(b)
	_, last := w.putSamples(b)
	w.start(b)
	w.putOthers(b, others(b, benchCases))
	for b.Loop() {
		_, of, failed := w.recall(b, last)
		n := 0
		for _, r := range of {
			n += r.queries
		}
		for _, f := range failed { // by chance: of random characters some sound like what was mistyped
			b.Logf("missed: %s", f)
			if strings.HasPrefix(f, "samples") {
				b.Fail()
			}
		}
		b.ReportMetric(float64(n-len(failed))/float64(n), "met")
	}
}
