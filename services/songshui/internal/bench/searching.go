package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	archive "songshui.internal/services/archive/server"
	intake "songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	rectification "songshui.internal/services/rectification/server"
	"songshui.internal/services/songshui/internal/samples"
)

// searching measures archive's own answer, asked over the bus, against the engine's to the very requests that archive put for it.
func searching(ctx context.Context, c Config) ([]Row, error) {
	l, err := openLibrary(ctx, c.Dir, c.Cases)
	if err != nil {
		return nil, err
	}
	defer l.close()
	a, err := l.ask(ctx, min(searches, 2*c.Cases))
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%d cases; p50 %s and %s ms, p99 %s and %s ms; %s requests to the engine for one", c.Cases, number(median(a.ours)), number(median(a.engine)),
		number(percentile(a.ours, 99)), number(percentile(a.engine, 99)), number(a.requests))
	return []Row{row("search-engine", median(a.ours), median(a.engine), note)}, nil
}

// searchingMany does so with many more cases, and measures what the engine keeps in memory.
func searchingMany(ctx context.Context, c Config) ([]Row, error) {
	l, err := openLibrary(ctx, c.Dir, c.Many)
	if err != nil {
		return nil, err
	}
	defer l.close()
	a, err := l.ask(ctx, min(searches, 2*c.Cases))
	if err != nil {
		return nil, err
	}
	out := []Row{row("search-many", percentile(a.first, 99), 0, fmt.Sprintf("%d cases, all facets; p50 %s ms; asked again p99 %s ms, the engine alone %s ms", c.Many, number(median(a.first)), number(percentile(a.ours, 99)),
		number(percentile(a.engine, 99))))}
	if l.engine.embedded == nil {
		return out, nil
	}
	heap, mapped, err := l.memory(ctx)
	if err != nil {
		return nil, err
	}
	return append(out, row("search-memory", mebibytes(heap), 0, fmt.Sprintf("%d cases; before it collects, Go lets a heap grow to twice what lives; besides, %s MiB of its files are mapped and resident after %d searches, which the system takes back when it needs them",
		c.Many, number(mebibytes(mapped)), len(l.last)))), nil
}

// library is a log of cases with archive alone on it.
type library struct {
	*house
	engine *searchEngine
	stop   func()
	texts  []string
	last   []heard
}

// openLibrary writes cases into a log and lets archive build its index of them.
func openLibrary(ctx context.Context, dir string, cases int) (*library, error) {
	h, err := openHouse(ctx, dir, events.ServiceRegistry)
	if err != nil {
		return nil, err
	}
	l := &library{house: h, stop: func() {}}
	err = l.fill(ctx, cases)
	if err == nil {
		l.engine, err = openEngine(ctx, dir)
	}
	if err == nil {
		h.backings.Search = l.engine.client
		l.stop, err = h.more(ctx, events.ServiceArchive)
	}
	if err == nil {
		err = l.built(ctx)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *library) close() {
	l.stop()
	if l.engine != nil {
		_ = l.engine.close()
	}
	l.house.close()
}

// fill appends the sample cases again and again, each with a reference of its own, and what a rectification begins with for those that were published.
func (l *library) fill(ctx context.Context, cases int) error {
	all, err := sampleCases()
	if err != nil {
		return err
	}
	f, err := l.filler()
	if err != nil {
		return err
	}
	for _, s := range all {
		l.texts = append(l.texts, s.Title, s.Summary)
	}
	errs := make([]error, clients)
	var group sync.WaitGroup
	for w := range clients {
		group.Go(func() {
			for i := w; i < cases && errs[w] == nil; i += clients {
				errs[w] = f.put(ctx, all[i%len(all)], i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("bench: fill: %w", err)
		}
	}
	return nil
}

func (f *filler) put(ctx context.Context, s events.Submission, i int) error {
	s.Ref = ref(int64(i))
	s.RefKey, s.ID = s.Ref, events.CaseIDFor(s.Office, s.Ref)
	s.Title = fmt.Sprintf("%s（%d）", s.Title, i)
	in := bus.Intent{Name: "bench", New: true, Actor: events.System(events.ServiceIntake), Given: access.Given{On: s.FoundOn}}
	_, err := intake.Aggregate.Execute(ctx, f.intake, events.CaseSubject(s.Office, s.ID), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseSubmittedFact{Submission: s}, nil
	})
	if err != nil || len(s.Exposures) == 0 {
		return err
	}
	opened := events.RectificationOpenedFact{ID: s.ID, Office: s.Office, HazardLevel: s.HazardLevel, OpenedOn: s.FoundOn, Due: s.Plan.Deadline, ResponsibleUnit: s.Plan.ResponsibleUnit, RelyOn: []events.Reliance{}}
	_, err = rectification.Aggregate.Execute(ctx, f.rectification, events.RectificationSubject(s.Office, s.ID), in, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
		return opened, nil
	})
	return err
}

// client is a person of the province, whose signed name lives for a minute.
func (l *library) client() (archiveapi.Client, error) {
	token, err := l.seal.Sign(access.Actor{Account: "supervisor", Role: access.Supervisor})
	return archiveapi.Client{Client: bus.Client{Conn: l.Bus.Conn(), Token: token}}, err
}

// buildWithin bounds the first build of the index.
const buildWithin = 10 * time.Minute

func (l *library) built(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, buildWithin)
	defer cancel()
	return until(ctx, 50*time.Millisecond, func() (bool, error) {
		c, err := l.client()
		if err != nil {
			return false, err
		}
		_, err = c.Search(ctx, archiveapi.Params{})
		if fault.Is(err, fault.Unavailable) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		// The durables still deliver what the first build has covered.
		return idle(ctx, l.Bus, archive.Durables())
	})
}

// answers are milliseconds of each question: ours when it was put first and when it was put again, and the engine's to what we asked it for that question.
type answers struct {
	first, ours, engine []float64
	requests            float64
}

// ask puts questions with a text that is seldom the same, one at a time: once to hear what archive asks the engine for it, then of archive and of the engine alone, by turns one or the other first,
// so that both find what was read before.
func (l *library) ask(ctx context.Context, times int) (a answers, err error) {
	random := rand.New(rand.NewPCG(8, 8))
	warm := len(asked)
	for i := range times + warm {
		c, err := l.client()
		if err != nil {
			return a, err
		}
		p := asked[i%len(asked)]
		if p.Q != "" && i >= warm {
			p.Q = l.words(random)
		}
		search := func() error {
			got, err := c.Search(ctx, p)
			if err == nil && len(got.Facets) < 3 {
				err = fmt.Errorf("bench: an answer with %d facets", len(got.Facets))
			}
			return err
		}
		var first, took, raw time.Duration
		heard, err := l.engine.listen(func() (err error) {
			first, err = timed(search)
			return err
		})
		if err != nil {
			return a, err
		}
		for turn := range 2 {
			if turn == i%2 {
				took, err = timed(search)
			} else {
				raw, err = l.engine.again(heard)
			}
			if err != nil {
				return a, err
			}
		}
		if i >= warm {
			a.first = append(a.first, milliseconds(first))
			a.ours, a.engine, a.requests = append(a.ours, milliseconds(took)), append(a.engine, milliseconds(raw)), a.requests+float64(len(heard))/float64(times)
			l.last = append(l.last, heard...)
		}
	}
	return a, nil
}

// words are 2 to 6 characters of some sample's title or summary.
func (l *library) words(random *rand.Rand) string {
	text := []rune(l.texts[random.IntN(len(l.texts))])
	n := min(2+random.IntN(5), len(text))
	at := random.IntN(len(text) - n + 1)
	return string(text[at : at+n])
}

// asked are the questions; where one has a text, others take its place.
var asked = []archiveapi.Params{
	{Q: "有限空间", HazardLevel: []string{"major"}},
	{Q: "储罐", Office: []string{"changchun", "meihekou"}},
	{Q: "动火作业", Sector: []string{"hazardous-chemicals", "industry-trade"}, Sort: "newest"},
	{Office: []string{"jilin"}, From: "2026-06-01", To: "2026-08-31"},
	{Q: "施工", Category: []string{"serious-violation"}},
	{HazardLevel: []string{"general"}, Sort: "newest"},
}

// memory opens the engine alone on what was written, asks it what was asked before, and gives what it keeps then: live heap, and resident pages of its files.
func (l *library) memory(ctx context.Context) (heap, mapped int64, err error) {
	l.stop()
	l.stop = func() {}
	if err := l.engine.close(); err != nil {
		return 0, 0, err
	}
	before := liveHeap()
	if err := l.engine.start(ctx); err != nil {
		return 0, 0, err
	}
	if _, err := l.engine.again(l.last); err != nil {
		return 0, 0, err
	}
	heap = liveHeap() - before
	mapped, err = residentFiles(l.engine.dir)
	return heap, mapped, err
}

func liveHeap() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// residentFiles adds up the resident pages of the mappings of files below dir, from the /proc of Linux.
func residentFiles(dir string) (bytes int64, err error) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, fmt.Errorf("bench: memory can be read on Linux alone: %w", err)
	}
	defer f.Close()
	inside := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if fields := strings.Fields(line); !strings.HasSuffix(fields[0], ":") {
			inside = strings.Contains(line, dir+"/")
		} else if inside && fields[0] == "Rss:" {
			bytes += kilobytes([]byte(line+"\n"), "Rss")
		}
	}
	return bytes, lines.Err()
}

// sampleCases are the sample cases as intake would accept them, without media.
func sampleCases() ([]events.Submission, error) {
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var out []events.Submission
	for line := range bytes.Lines(data) {
		var s events.Submission
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		s.Media = []events.CaseMedium{}
		for i := range s.Exposures {
			s.Exposures[i].Level = s.Exposures[i].ClaimedLevel
		}
		out = append(out, s)
	}
	return out, nil
}
