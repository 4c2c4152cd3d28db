package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// Config is what is measured, and how long. The zero value of a figure is not filled in: see Defaults.
type Config struct {
	// Dir is an absolute directory on the disk to measure.
	Dir string
	// Only names one measurement or one of its figures; empty = all.
	Only string
	// Round is how long each round of acceptance lasts; Rounds how many of each kind there are.
	Round  time.Duration
	Rounds int
	// Seconds is how long cases come at Rate for the time until they are found.
	Seconds int
	// Cases are in the index for rebuilding and searching; Many in the one that is measured only when it is named.
	Cases, Many int
	// Deadlines come at one instant, then spread over Spread. Records are cases, each with its rectification, in the oversight model; Cases of them in the board.
	Deadlines, Records int
	Spread             time.Duration
	// Bytes of an upload; of the clip that is stripped.
	Bytes, Clip int64
	// Pictures are rendered in a round.
	Pictures int
	// Idle is how long a system stays alone before its memory is read.
	Idle time.Duration
	// Profiles gets one CPU profile for each measurement; none if empty.
	Profiles string
	// Log is told what is being measured.
	Log io.Writer
}

// Defaults are the settings whose figures count.
func Defaults(dir string) Config {
	return Config{Dir: dir, Round: 3 * time.Second, Rounds: 3, Seconds: 20, Cases: 20_000, Many: 100_000, Deadlines: 10_000, Spread: time.Minute, Records: 50_000, Bytes: 256 << 20, Clip: 1 << 30, Pictures: 24, Idle: 15 * time.Second, Log: io.Discard}
}

// Row is one figure.
type Row struct {
	Name string `json:"name"`
	What string `json:"what"`
	// Ours and Raw are medians, in Unit; Raw is 0 where there is no peer.
	Ours float64 `json:"ours"`
	Raw  float64 `json:"raw,omitempty"`
	Unit string  `json:"unit"`
	// Value is what is compared with Target: a ratio, or Ours itself.
	Value  float64 `json:"value"`
	Target float64 `json:"target"`
	// Aim is what the design wants beyond the target; 0 = no more.
	Aim float64 `json:"aim,omitempty"`
	// AtMost says that less is better.
	AtMost bool `json:"at_most"`
	Held   bool `json:"held"`
	// Note says what else was seen.
	Note string `json:"note,omitempty"`
	// Error says why there is no figure.
	Error string `json:"error,omitempty"`
}

// Report is one run.
type Report struct {
	At    time.Time `json:"at"`
	Go    string    `json:"go"`
	OS    string    `json:"os"`
	Cores int       `json:"cores"`
	// Load is the machine's load average of the last minute, before and after; well above what the bench itself makes, other programs were in the way. Empty where it can't be read.
	Load []string `json:"load,omitempty"`
	Rows []Row    `json:"rows"`
}

// ErrUnknown says that Config.Only names no measurement; ErrMeasure that a row has no figure.
var (
	ErrUnknown = errors.New("bench: no such measurement")
	ErrMeasure = errors.New("bench: something could not be measured")
)

type measurement struct {
	name string
	// rows are the names of the figures, for Only and for errors.
	rows    []string
	measure func(context.Context, Config) ([]Row, error)
	// long says that it takes minutes and is left out unless Only names it.
	long bool
}

var measurements = []measurement{
	{"accept", []string{"accept"}, acceptPlain, false},
	{"accept-published", []string{"accept-published"}, acceptPublished, false},
	{"found", []string{"found", "found-raw"}, found, false},
	{"index", []string{"rebuild", "search"}, indexed, false},
	{"searching", []string{"search-engine"}, searching, false},
	{"searching-many", []string{"search-many", "search-memory"}, searchingMany, true},
	{"commands", []string{"commands"}, commands, false},
	{"deadlines", []string{"deadlines", "deadlines-spread"}, deadlined, false},
	{"oversight", []string{"dashboard", "oversight-load"}, overseen, false},
	{"memory", []string{"memory"}, memory, false},
	{"demo", []string{"demo"}, demoTime, false},
	{"upload", []string{"upload"}, upload, false},
	{"pictures", []string{"pictures"}, pictures, false},
	{"strip", []string{"strip", "strip-memory"}, strip, false},
	{"first-byte", []string{"first-byte", "first-byte-saturated"}, firstByte, false},
}

// Names are what Config.Only may be.
func Names() []string {
	var out []string
	for _, m := range measurements {
		for _, name := range append([]string{m.name}, m.rows...) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Run measures. The report is complete even with ErrMeasure.
func Run(ctx context.Context, c Config) (r Report, err error) {
	r = Report{At: time.Now().UTC(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Load: load()}
	defer func() { r.Load = append(r.Load, load()...) }()
	if c.Only != "" && !slices.Contains(Names(), c.Only) {
		return r, fmt.Errorf("%w: %s; there are %s", ErrUnknown, c.Only, strings.Join(Names(), ", "))
	}
	var failed error
	for _, m := range measurements {
		named := c.Only == m.name || slices.Contains(m.rows, c.Only)
		switch {
		case c.Only == "" && m.long:
			fmt.Fprintf(c.Log, "%s… is left out, since it takes minutes; name it to have it\n", m.name)
			continue
		case c.Only != "" && !named:
			continue
		}
		fmt.Fprintf(c.Log, "%s…\n", m.name)
		rows, err := profiled(ctx, c, m)
		if err != nil {
			failed = ErrMeasure
			rows = []Row{{Name: m.name, What: targets[m.rows[0]].what, Error: err.Error()}}
		}
		for _, row := range rows {
			if c.Only == "" || c.Only == m.name || row.Name == c.Only || row.Error != "" {
				r.Rows = append(r.Rows, row)
			}
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	return r, failed
}

// load is Linux's load average of the last minute.
func load() []string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	return strings.Fields(string(b))[:1]
}

// profiled measures in a directory of the measurement's own.
func profiled(ctx context.Context, c Config, m measurement) (rows []Row, err error) {
	if c.Dir, err = os.MkdirTemp(c.Dir, "bench-"+m.name+"-"); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(c.Dir)
	if c.Profiles == "" {
		return m.measure(ctx, c)
	}
	f, err := os.Create(filepath.Join(c.Profiles, m.name+".pprof"))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: %w", err), f.Close())
	}
	rows, err = m.measure(ctx, c)
	pprof.StopCPUProfile()
	return rows, errors.Join(err, f.Close())
}
