package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"songshui.internal/events"
	intake "songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	rectification "songshui.internal/services/rectification/server"
)

// dashboards is how often the board is asked for; fewer where there are fewer cases.
const dashboards = 300

// overseen measures the dashboard of a large campaign, each time after a record has changed, and how long the service needs from its start to its first answer on more records still.
func overseen(ctx context.Context, c Config) ([]Row, error) {
	h, err := openHouse(ctx, c.Dir, events.ServiceRegistry)
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := h.filler()
	if err != nil {
		return nil, err
	}
	if err := f.fill(ctx, 0, c.Cases); err != nil {
		return nil, err
	}
	board, err := h.board()
	if err != nil {
		return nil, err
	}
	stop, _, err := h.oversee(ctx, board)
	if err != nil {
		return nil, err
	}
	took, err := f.dashboards(ctx, board, min(dashboards, c.Cases))
	stop()
	if err != nil {
		return nil, err
	}
	if err := f.fill(ctx, c.Cases, c.Records); err != nil {
		return nil, err
	}
	var loads []float64
	for range c.Rounds {
		stop, load, err := h.oversee(ctx, board)
		if err != nil {
			return nil, err
		}
		stop()
		loads = append(loads, load.Seconds())
	}
	return []Row{
		row("dashboard", percentile(took, 99), 0, fmt.Sprintf("%d cases, one record changed before each of %d; p50 %s ms", c.Cases, len(took), number(median(took)))),
		row("oversight-load", median(loads), 0, fmt.Sprintf("%d cases and as many rectifications, from the start of the service to its first board; %s s", max(c.Cases, c.Records), rounds(loads))),
	}, nil
}

func (h *house) board() (oversightapi.BoardClient, error) {
	conn, err := h.backings.Connect("bench")
	if err != nil {
		return oversightapi.BoardClient{}, err
	}
	token, err := h.seal.Sign(access.Actor{Account: "supervisor", Role: access.Supervisor})
	return oversightapi.BoardClient{Client: bus.Client{Conn: conn, Token: token}}, err
}

// oversee starts the service and waits for its first board.
func (h *house) oversee(ctx context.Context, board oversightapi.BoardClient) (stop func(), took time.Duration, err error) {
	began := time.Now()
	if stop, err = h.more(ctx, events.ServiceOversight); err != nil {
		return nil, 0, err
	}
	err = until(ctx, 5*time.Millisecond, func() (bool, error) {
		fresh, err := h.board() // a signed actor lives for a minute
		if err != nil {
			return false, err
		}
		defer fresh.Conn.Close()
		_, err = fresh.Board(ctx, oversightapi.Query{})
		if fault.Is(err, fault.Unavailable) {
			return false, nil
		}
		return err == nil, err
	})
	return stop, time.Since(began), err
}

// filler writes cases and their rectifications as intake and rectification would, with their own aggregates.
type filler struct {
	intake, rectification *bus.Bus
	lines                 []template
}

func (h *house) filler() (*filler, error) {
	f := &filler{}
	var err error
	if f.lines, err = templates(1); err != nil {
		return nil, err
	}
	for service, to := range map[string]**bus.Bus{events.ServiceIntake: &f.intake, events.ServiceRectification: &f.rectification} {
		conn, err := h.backings.Connect("bench")
		if err != nil {
			return nil, err
		}
		if *to, err = bus.New(conn, service, bus.Options{}); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// made is the case number n of a campaign: its office, sector, enterprise and days go round.
func made(n int) events.Submission {
	offices := []events.OfficeSlug{"changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian", "changbaishan", "meihekou"}
	sectors := []string{"hazardous-chemicals", "mining", "industry-trade", "road-traffic", "construction"}
	office, day := offices[n%len(offices)], events.Day("2026-06-01").Add(n%170)
	key := ref(int64(n))
	s := events.Submission{ID: events.CaseIDFor(office, key), Office: office, Ref: key, RefKey: key, Media: []events.CaseMedium{},
		Exposures: []events.Publication{{Outlet: "cc-tv", OutletID: "cc-tv", Level: "municipal", Kind: "tv", Headline: "曝光", URL: "https://example.cn/", PublishedOn: day}}}
	s.Sector, s.Category, s.HazardLevel, s.Title, s.Summary, s.FoundOn = sectors[n%len(sectors)], "prominent-problem", "general", "有限空间作业未审批", "下井作业人员无证上岗", day
	s.Violations, s.Tags = []events.Violation{{Text: "未审批", Basis: "安全生产法"}}, []string{}
	s.Enterprise = events.Enterprise{Name: fmt.Sprint("某某有限公司", n%5000), Address: "某地", County: "某县"}
	s.Plan = events.Plan{ResponsibleUnit: "某厂", Measures: "限期整改", Deadline: day.Add(60)}
	return s
}

func (f *filler) fill(ctx context.Context, from, to int) error {
	errs := make([]error, clients)
	var group sync.WaitGroup
	for l := range clients {
		group.Go(func() {
			for n := from + l; n < to && errs[l] == nil; n += clients {
				errs[l] = f.one(ctx, n)
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

func (f *filler) one(ctx context.Context, n int) error {
	s := made(n)
	first := s.Exposures[0].PublishedOn
	in := bus.Intent{Name: "bench", New: true, Actor: events.System(events.ServiceIntake), Given: access.Given{On: first}}
	_, err := intake.Aggregate.Execute(ctx, f.intake, events.CaseSubject(s.Office, s.ID), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseSubmittedFact{Submission: s}, nil
	})
	if err != nil {
		return err
	}
	opened := events.RectificationOpenedFact{ID: s.ID, Office: s.Office, HazardLevel: s.HazardLevel, OpenedOn: first, Due: s.Plan.Deadline, ResponsibleUnit: s.Plan.ResponsibleUnit, RelyOn: []events.Reliance{}}
	_, err = rectification.Aggregate.Execute(ctx, f.rectification, events.RectificationSubject(s.Office, s.ID), in, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
		return opened, nil
	})
	return err
}

// dashboards asks for the board again and again, each time after a rectification was started, and gives how long each took in milliseconds.
func (f *filler) dashboards(ctx context.Context, board oversightapi.BoardClient, times int) ([]float64, error) {
	var took []float64
	for i := range times {
		s := made(i)
		in := bus.Intent{Name: "bench", Actor: events.System(events.ServiceRectification), Given: access.Given{On: "2026-11-20"}}
		fact := events.RectificationStartedFact{ResponsibleUnit: "某厂", ResponsiblePerson: "厂长", SupervisingUnit: "某办", Items: []events.Item{{Measure: "整改", Due: s.Plan.Deadline}}, RelyOn: []events.Reliance{}}
		_, err := rectification.Aggregate.Execute(ctx, f.rectification, events.RectificationSubject(s.Office, s.ID), in, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
			return fact, nil
		})
		if err != nil {
			return nil, err
		}
		length, err := timed(func() error {
			_, err := board.Board(ctx, oversightapi.Query{})
			return err
		})
		if err != nil {
			return nil, err
		}
		took = append(took, float64(length.Microseconds())/1000)
	}
	return took, nil
}
