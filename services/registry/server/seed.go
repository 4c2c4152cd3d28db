package server

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/registry"
)

// OfficeAggregate says how the records registry.office.<slug> are kept.
var OfficeAggregate = bus.Aggregate[events.OfficeState, *events.OfficeState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldOffice}

// OutletAggregate says how the records registry.outlet.<id> are kept.
var OutletAggregate = bus.Aggregate[events.OutletState, *events.OutletState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldOutlet}

// CampaignAggregate says how the records registry.campaign.<year> are kept.
var CampaignAggregate = bus.Aggregate[events.CampaignState, *events.CampaignState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldCampaign}

// RuleAggregate says how the records registry.rule.<name> are kept.
var RuleAggregate = bus.Aggregate[events.RuleState, *events.RuleState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldRule}

// CalendarAggregate says how the records registry.calendar.<year> are kept.
var CalendarAggregate = bus.Aggregate[events.CalendarState, *events.CalendarState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldCalendar}

//go:embed seed/offices.json seed/outlets.json seed/campaigns.json
var seedFiles embed.FS

// Names of the files in an operator's directory of lists; each is optional and of the form that its counterpart in the program has. What they say beats the program: a rule by its name, an office by
// its slug, an outlet by its id, a campaign and a calendar by their year.
const (
	FileOffices   = "offices.json"
	FileOutlets   = "outlets.json"
	FileCampaigns = "campaigns.json"
	FileRules     = "rules.yaml"
	// FileCalendars is a pattern: a file a year, e.g. calendar-2027.json.
	FileCalendars = "calendar-*.json"
)

// maxList bounds a file of lists: ten thousand outlets fit.
const maxList = 4 << 20

// lists are what registry seeds its records from.
type lists struct {
	offices   []events.OfficeState
	outlets   []events.OutletState
	campaigns []events.CampaignState
	rules     []events.RuleState
	calendars []events.CalendarState
}

// seeds reads the program's lists and, over them, those of an operator's directory ("" = none).
func seeds(dir string) (l lists, err error) {
	if l.rules, err = rulesfile.Default(); err != nil {
		return l, err
	}
	if l.calendars, err = workdays.Years(); err != nil {
		return l, err
	}
	if err := errors.Join(readJSON(seedFiles, "seed/"+FileOffices, &l.offices), readJSON(seedFiles, "seed/"+FileOutlets, &l.outlets), readJSON(seedFiles, "seed/"+FileCampaigns, &l.campaigns)); err != nil {
		return l, err
	}
	if dir != "" {
		if err := l.over(os.DirFS(dir)); err != nil {
			return l, err
		}
	}
	return l, l.check()
}

func (l *lists) over(dir fs.FS) error {
	var own lists
	if f, err := dir.Open(FileRules); err == nil {
		own.rules, err = rulesfile.Parse(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("registry: %s: %w", FileRules, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("registry: %w", err)
	}
	years, err := fs.Glob(dir, FileCalendars)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	for _, name := range years {
		var c events.CalendarState
		if err := readJSON(dir, name, &c); err != nil {
			return err
		}
		own.calendars = append(own.calendars, c)
	}
	if err := errors.Join(optional(readJSON(dir, FileOffices, &own.offices)), optional(readJSON(dir, FileOutlets, &own.outlets)), optional(readJSON(dir, FileCampaigns, &own.campaigns))); err != nil {
		return err
	}
	l.offices = replace(l.offices, own.offices, func(o events.OfficeState) string { return string(o.Slug) })
	l.outlets = replace(l.outlets, own.outlets, func(o events.OutletState) string { return string(o.ID) })
	l.campaigns = replace(l.campaigns, own.campaigns, func(c events.CampaignState) string { return c.ID })
	l.rules = replace(l.rules, own.rules, func(r events.RuleState) string { return r.Name })
	l.calendars = replace(l.calendars, own.calendars, func(c events.CalendarState) string { return strconv.Itoa(c.Year) })
	return nil
}

func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// replace puts each entry of own in the place of the one with its key, or behind the others.
func replace[T any](list, own []T, key func(T) string) []T {
	for _, o := range own {
		i := slices.IndexFunc(list, func(t T) bool { return key(t) == key(o) })
		if i < 0 {
			list = append(list, o)
			continue
		}
		list[i] = o
	}
	return list
}

func (l *lists) check() error {
	var errs []error
	for _, o := range l.offices {
		errs = append(errs, registry.CheckOffice(o))
	}
	for _, o := range l.outlets {
		errs = append(errs, registry.CheckOutlet(o))
	}
	for _, c := range l.campaigns {
		errs = append(errs, registry.CheckCampaign(c))
	}
	for _, r := range l.rules {
		errs = append(errs, registry.CheckRule(r))
	}
	for _, c := range l.calendars {
		errs = append(errs, registry.CheckCalendar(c))
	}
	return errors.Join(errs...)
}

func readJSON(from fs.FS, name string, into any) error {
	f, err := from.Open(name)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	defer func() { _ = f.Close() }()
	d := json.NewDecoder(io.LimitReader(f, maxList))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("registry: %s: %w", name, err)
	}
	return nil
}

// Seed appends what the lists say and the log doesn't: missing records and such as differ. Several replicas may do it at once: of two that find
// a record missing one appends it, and the other finds it there. A record that the province has changed since, or newer code has written, stays as it is.
func (s *Server) Seed(ctx context.Context) error {
	l, err := seeds(s.lists)
	if err != nil {
		return err
	}
	for _, o := range l.offices {
		if err := seed(ctx, s, OfficeAggregate, events.RegistryOffice, string(o.Slug), o, events.OfficeRecordedFact{Office: o}); err != nil {
			return err
		}
	}
	for _, o := range l.outlets {
		if err := seed(ctx, s, OutletAggregate, events.RegistryOutlet, string(o.ID), o, events.OutletRecordedFact{Outlet: o}); err != nil {
			return err
		}
	}
	for _, c := range l.campaigns {
		if err := seed(ctx, s, CampaignAggregate, events.RegistryCampaign, c.ID, c, events.CampaignRecordedFact{Campaign: c}); err != nil {
			return err
		}
	}
	for _, r := range l.rules {
		if err := seed(ctx, s, RuleAggregate, events.RegistryRule, r.Name, r, events.RuleRecordedFact{Rule: r}); err != nil {
			return err
		}
	}
	for _, c := range l.calendars {
		if err := seed(ctx, s, CalendarAggregate, events.RegistryCalendar, strconv.Itoa(c.Year), c, events.CalendarRecordedFact{Calendar: c}); err != nil {
			return err
		}
	}
	return nil
}

func seed[S any, P bus.Record[S]](ctx context.Context, s *Server, a bus.Aggregate[S, P], kind, id string, want S, fact events.Fact) error {
	in := bus.Intent{Name: "seed", Actor: events.System(events.ServiceRegistry), Given: access.Given{On: events.DayOf(s.bus.Now())}}
	_, err := a.Execute(ctx, s.bus, events.RegistrySubject(kind, id), in, func(l bus.Loaded[S], _ *access.Given) (events.Fact, error) {
		if l.Exists() && (l.Meta.Actor.Role == string(access.Supervisor) || registry.Same[S, P](l.State, want)) {
			return nil, nil
		}
		return fact, nil
	})
	if err != nil && !fault.Is(err, fault.UpgradeRequired) {
		return fmt.Errorf("registry: seed %s %s: %w", kind, id, err)
	}
	return nil
}

// maxWait bounds the wait between two tries while a backing is away.
const maxWait = 5 * time.Second

// patiently tries again while a backing is away, until ctx ends.
func (s *Server) patiently(ctx context.Context, what string, do func() error) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(maxWait), backoff.WithMaxElapsedTime(0))
	return backoff.RetryNotify(func() error {
		err := do()
		if err != nil && !fault.Lookup(fault.Of(err).Code).Retry {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(wait, ctx), func(err error, d time.Duration) {
		s.bus.Logger().Warn("registry waits", "for", what, "again_in", d, "error", err)
	})
}
