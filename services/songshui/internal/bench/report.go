package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// target is what a figure must reach; the sources are design.md, “Numbers”, and the first two issues.
type target struct {
	what, unit   string
	target, aim  float64
	atMost, peer bool
}

var targets = map[string]target{
	"accept":               {"cases without publications accepted over HTTP, 64 clients ÷ raw JetStream", "1/s", 0.5, 0.7, false, true},
	"accept-published":     {"cases with one publication accepted over HTTP, 64 clients ÷ raw JetStream", "1/s", 0.5, 0.7, false, true},
	"found":                {"accepted → found by ref through the API, p99", "ms", 150, 0, true, false},
	"found-raw":            {"accepted → found ÷ the same documents added raw, p99", "ms", 1.25, 0, true, true},
	"rebuild":              {"rebuild of the index from the log ÷ raw bulk add", "1/s", 0.9, 0, false, true},
	"search":               {"search with filter and facets through the API, p99", "ms", 30, 0, true, false},
	"search-engine":        {"search asked of archive ÷ the engine's answer to the same requests, p50", "ms", 1.3, 0, true, true},
	"search-many":          {"search with filter and facets among 100,000 cases, asked of archive, p99", "ms", 60, 0, true, false},
	"search-memory":        {"live heap of the embedded engine with 100,000 cases", "MiB", 300, 0, true, false},
	"commands":             {"commands to distinct rectifications, 64 in flight ÷ raw JetStream publish of the same bytes", "1/s", 0.6, 0, false, true},
	"deadlines":            {"10,000 deadlines at one instant, each stated once: the last after", "s", 10, 0, true, false},
	"deadlines-spread":     {"10,000 deadlines over a minute, each stated once: the latest after", "s", 1, 0, true, false},
	"dashboard":            {"the board of a campaign of 20,000 cases, asked of the service, p99", "ms", 30, 0, true, false},
	"oversight-load":       {"100,000 records into the oversight model", "s", 5, 0, true, false},
	"memory":               {"memory of `up`, idle after the demo data", "MiB", 200, 0, true, false},
	"demo":                 {"`demo --exit` from the compiled binary", "s", 30, 0, true, false},
	"upload":               {"upload by tus, hashed and durable ÷ raw", "MiB/s", 0.85, 0, false, true},
	"pictures":             {"pictures of 12 megapixels to three copies, 2 workers ÷ decode, scale, encode by the same library", "1/s", 0.8, 0, false, true},
	"strip":                {"a clip stripped ÷ copied, through the object store", "MiB/s", 0.7, 0, false, true},
	"strip-memory":         {"memory of stripping it, peak over idle", "MiB", 64, 0, true, false},
	"first-byte":           {"first byte of a public copy over HTTP, 200 journalists asking once a second, p99", "ms", 20, 0, true, false},
	"first-byte-saturated": {"the same, 200 journalists asking without a pause, p99", "ms", 20, 0, true, false},
}

// row makes a figure of what was measured; raw is 0 where there is no peer.
func row(name string, ours, raw float64, note string) Row {
	t := targets[name]
	r := Row{Name: name, What: t.what, Ours: ours, Raw: raw, Unit: t.unit, Value: ours, Target: t.target, Aim: t.aim, AtMost: t.atMost, Note: note}
	if t.peer {
		r.Value = ours / raw
	}
	r.Held = r.Value >= r.Target
	if r.AtMost {
		r.Held = r.Value <= r.Target
	}
	return r
}

// Markdown writes the report as a table.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s, %d cores, load %s\n\n", r.At.Format(time.DateTime), r.Go, r.OS, r.Cores, strings.Join(r.Load, " → "))
	b.WriteString("| name | what | ours | raw | figure | target | |\n|---|---|---|---|---|---|---|\n")
	for _, x := range r.Rows {
		if x.Error != "" {
			fmt.Fprintf(&b, "| %s | %s | | | | | **no figure**: %s |\n", x.Name, x.What, strings.Join(strings.Fields(x.Error), " "))
			continue
		}
		raw, value := "", number(x.Value)
		if x.Raw != 0 {
			raw = number(x.Raw) + " " + x.Unit
		}
		if !targets[x.Name].peer {
			value += " " + x.Unit
		}
		sign, verdict := "≥", "holds"
		if x.AtMost {
			sign = "≤"
		}
		if !x.Held {
			verdict = "**falls short**"
		}
		aim := ""
		if x.Aim != 0 {
			aim = " (aim " + number(x.Aim) + ")"
		}
		if x.Note != "" {
			verdict += "; " + x.Note
		}
		fmt.Fprintf(&b, "| %s | %s | %s %s | %s | %s | %s %s%s | %s |\n", x.Name, x.What, number(x.Ours), x.Unit, raw, value, sign, number(x.Target), aim, verdict)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// number writes three figures, and all before the point.
func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func median(all []float64) float64 { return percentile(all, 50) }

// percentile gives the smallest value that p of 100 don't exceed; 0 of none.
func percentile(all []float64, p int) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Clone(all)
	slices.Sort(s)
	return s[min(len(s)-1, max(0, (len(s)*p+99)/100-1))]
}

func rounds(all []float64) string {
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = number(f)
	}
	return strings.Join(out, ", ")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
