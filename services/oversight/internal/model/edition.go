package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
)

// Tables is how tables are kept.
var Tables = bus.Aggregate[events.TableState, *events.TableState]{Stream: events.StreamReturns, Schema: events.ReturnSchema, Fold: oversight.FoldTable}

const (
	// maxNote is as for reasons.
	maxNote = 1000
	// maxRecords bounds the records named for one change.
	maxRecords = 200
)

// rows are a board as an edition keeps it: the offices in their order, then the province. Figures that are nothing are left out.
func editionRows(b oversight.Board) []events.EditionRow {
	row := func(office events.OfficeSlug, cells []oversight.Cell) events.EditionRow {
		out := events.EditionRow{Office: office, Figures: map[string]int{}}
		for _, c := range cells {
			if c.Value != nil && *c.Value != 0 {
				out.Figures[string(c.Figure)] = *c.Value
			}
		}
		return out
	}
	var out []events.EditionRow
	for _, o := range b.Offices {
		r := row(o.Office, o.Figures)
		for _, c := range o.Returns {
			r.State, r.Kind = string(c.Shown), c.Kind
		}
		out = append(out, r)
	}
	return append(out, row(oversightapi.Province, b.Total))
}

func (m *Model) answerFix(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.FixParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if r.Actor.Role != access.Supervisor {
		return nil, fault.New(fault.Forbidden, "oversight: fix")
	}
	if err := monthParam(p.Month); err != nil {
		return nil, err
	}
	day, note, err := m.fixBody(r.Body, p.Month)
	if err != nil {
		return nil, err
	}
	s, err := m.Now()
	if err != nil {
		return nil, err
	}
	// The registry isn't followed here: what it held now is what the directory knows.
	sequences := maps.Clone(s.Sequences)
	if sequences[events.StreamRegistry], err = m.bus.End(ctx, events.StreamRegistry); err != nil {
		return nil, err
	}
	now := m.bus.Now()
	edition := events.Edition{At: now.UTC(), By: r.Actor.Account, Day: day, Sequences: sequences, Note: note, Rows: editionRows(s.Board(oversight.Query{Month: p.Month, Day: day}))}
	in := bus.Intent{Name: "fix", Actor: r.Actor.Event(), Key: p.Key, Request: r.Body, Given: access.Given{On: events.DayOf(now)}, Trace: r.Trace}
	after, err := Tables.Execute(ctx, m.bus, events.TableSubject(p.Month), in, func(bus.Loaded[events.TableState], *access.Given) (events.Fact, error) {
		return events.TableFixedFact{Month: p.Month, Edition: edition}, nil
	})
	if err != nil {
		return nil, err
	}
	n := len(after.State.Editions)
	return oversightapi.Fixed{Edition: oversightapi.Edition{Number: n, Edition: after.State.Editions[n-1]}, Stream: events.StreamReturns, Sequence: after.Sequence}, nil
}

func (m *Model) fixBody(data []byte, month events.Month) (day events.Day, note string, err error) {
	var b oversightapi.FixBody
	if len(data) > 0 {
		if err := strict.Decode(data, &b); err != nil {
			return "", "", err
		}
	}
	today := events.DayOf(m.bus.Now())
	var wrong fault.Fields
	if b.Day == "" {
		b.Day = today
	}
	switch _, err := events.ParseDay(string(b.Day)); {
	case err != nil:
		wrong.Add("day", "day")
	case b.Day > today:
		wrong.Add("day", "in_future")
	case b.Day < month.First():
		wrong.Add("day", "before_month")
	}
	if utf8.RuneCountInString(b.Note) > maxNote {
		wrong.AddArg("note", "too_long", strconv.Itoa(maxNote))
	}
	return b.Day, b.Note, wrong.Err("oversight: fix")
}

func (m *Model) answerEditions(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.FixParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	q := oversight.Query{}
	if err := Scope(r.Actor, &q); err != nil {
		return nil, err
	}
	if err := monthParam(p.Month); err != nil {
		return nil, err
	}
	now, err := Tables.Load(ctx, m.bus, events.TableSubject(p.Month))
	if err != nil {
		return nil, err
	}
	out := oversightapi.Editions{Month: p.Month, Editions: []oversightapi.Edition{}}
	for i, e := range now.State.Editions {
		if q.Office != "" {
			e.Note, e.Rows = "", slices.DeleteFunc(slices.Clone(e.Rows), func(row events.EditionRow) bool { return row.Office != q.Office })
		}
		out.Editions = append(out.Editions, oversightapi.Edition{Number: i + 1, Edition: e})
	}
	return out, nil
}

func (m *Model) answerDifference(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.DifferenceParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if r.Actor.Role != access.Supervisor {
		return nil, fault.New(fault.Forbidden, "oversight: difference")
	}
	if err := monthParam(p.Month); err != nil {
		return nil, err
	}
	q := oversight.Query{Month: p.Month, Day: p.Day}
	if err := q.Check(m.bus.Now()); err != nil {
		return nil, err
	}
	table, err := Tables.Load(ctx, m.bus, events.TableSubject(p.Month))
	if err != nil {
		return nil, err
	}
	if p.Number < 1 || p.Number > len(table.State.Editions) {
		return nil, fault.New(fault.NotFound, fmt.Sprintf("oversight: edition %d of %s", p.Number, p.Month))
	}
	e := table.State.Editions[p.Number-1]
	now, err := m.Now()
	if err != nil {
		return nil, err
	}
	then, err := m.Replay(ctx, e.Sequences)
	if err != nil {
		return nil, err
	}
	d := oversightapi.Difference{Month: p.Month, Number: p.Number, Day: q.Day, Changes: changes(e, then, now, q), Facts: []oversightapi.ChangeFact{}}
	return d, m.explain(ctx, &d, e.Sequences)
}

// changes compares what was told with what stands. Rows are looked at too: one may have come for another that went.
func changes(e events.Edition, then, now *Snapshot, q oversight.Query) []oversightapi.Change {
	out := []oversightapi.Change{}
	today := editionRows(now.Board(q))
	told := map[events.OfficeSlug]events.EditionRow{}
	for _, r := range e.Rows {
		told[r.Office] = r
	}
	for _, r := range e.Rows {
		if !slices.ContainsFunc(today, func(o events.EditionRow) bool { return o.Office == r.Office }) {
			today = append(today, events.EditionRow{Office: r.Office})
		}
	}
	for _, row := range today {
		at := q
		if row.Office != oversightapi.Province {
			at.Office = row.Office
		}
		for _, def := range oversight.Figures() {
			name := string(def.Figure)
			at.Figure, at.Day = def.Figure, q.Day
			is := keys(def, now.Rows(at))
			at.Day = e.Day
			was := keys(def, then.Rows(at))
			c := oversightapi.Change{Office: row.Office, Figure: name, Then: told[row.Office].Figures[name], Now: row.Figures[name], Came: less(is, was), Went: less(was, is)}
			if c.Then != c.Now || len(c.Came)+len(c.Went) > 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

// keys names the records of a figure's rows, sorted: an extension has its number behind it, and for days to close a case how long it took, so that what has changed within a record is seen.
func keys(def oversight.FigureDef, rows []oversight.Row) []string {
	var out []string
	for _, r := range rows {
		switch {
		case r.Extension != nil:
			out = append(out, string(r.Case)+keyPart+strconv.Itoa(*r.Extension))
		case def.Percentile > 0 && r.DaysToClose != nil:
			out = append(out, string(r.Case)+keyPart+strconv.Itoa(*r.DaysToClose))
		case r.Case != "":
			out = append(out, string(r.Case))
		default:
			out = append(out, string(r.Office)+"/"+string(r.Month))
		}
	}
	slices.Sort(out)
	return out
}

// keyPart stands between a record and what tells its rows apart; no record's name has it.
const keyPart = "#"

// less gives the records of what of a isn't in b, both sorted; each once.
func less(a, b []string) []string {
	var out []string
	for _, k := range a {
		if _, ok := slices.BinarySearch(b, k); ok {
			continue
		}
		record, _, _ := strings.Cut(k, keyPart)
		if n := len(out); n < maxRecords && (n == 0 || out[n-1] != record) {
			out = append(out, record)
		}
	}
	return out
}

// explain finds the facts after an edition's sequences of the records behind the changes, and says which changes none explains.
func (m *Model) explain(ctx context.Context, d *oversightapi.Difference, since map[string]uint64) error {
	records := map[string]bool{}
	for _, c := range d.Changes {
		for _, k := range slices.Concat(c.Came, c.Went) {
			records[k] = false
		}
	}
	for _, record := range slices.Sorted(maps.Keys(records)) {
		for _, at := range m.subjects(record) {
			n := len(d.Facts)
			if err := m.facts(ctx, d, record, at[0], at[1], since[at[0]]); err != nil {
				return err
			}
			records[record] = records[record] || len(d.Facts) > n
		}
	}
	lists := len(d.Facts)
	if len(d.Changes) > 0 {
		if err := m.facts(ctx, d, "", events.StreamRegistry, "registry.>", since[events.StreamRegistry]); err != nil {
			return err
		}
	}
	changed := len(d.Facts) > lists
	for i := range d.Changes {
		c := &d.Changes[i]
		c.ByTime = !changed && !slices.ContainsFunc(slices.Concat(c.Came, c.Went), func(k string) bool { return records[k] })
	}
	slices.SortFunc(d.Facts, func(a, b oversightapi.ChangeFact) int {
		return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Sequence, b.Sequence))
	})
	return nil
}

// subjects gives streams and subjects of a record: a case's two, or the return's and those of the cases published in its month.
func (m *Model) subjects(record string) [][2]string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if i, ok := m.slots[events.CaseID(record)]; ok && m.table[i].c != nil {
		c := m.table[i].c
		return [][2]string{{events.StreamCases, events.CaseSubject(c.Office, c.ID)}, {events.StreamRectification, events.RectificationSubject(c.Office, c.ID)}}
	}
	if at := len(record) - len("/2006-01"); at > 0 {
		office, month := events.OfficeSlug(record[:at]), events.Month(record[at+1:])
		out := [][2]string{{events.StreamReturns, events.ReturnSubject(office, month)}}
		for _, e := range m.table {
			if e.c != nil && e.c.Office == office && slices.ContainsFunc(e.c.Exposures, func(p events.Publication) bool { return events.MonthOf(p.PublishedOn) == month }) {
				out = append(out, [2]string{events.StreamCases, events.CaseSubject(office, e.c.ID)})
			}
		}
		return out
	}
	return nil
}

// facts appends a subject's facts after a sequence.
func (m *Model) facts(ctx context.Context, d *oversightapi.Difference, record, stream, subject string, after uint64) error {
	for next := after + 1; ; {
		msg, err := m.bus.Next(ctx, stream, subject, next)
		switch {
		case errors.Is(err, bus.ErrNone):
			return nil
		case err != nil && !errors.Is(err, events.ErrMalformed):
			return err
		case len(d.Facts) >= oversightapi.MaxFacts:
			d.More = true
			return nil
		}
		next = msg.Sequence + 1
		f := oversightapi.ChangeFact{Stream: stream, Sequence: msg.Sequence, Type: msg.Meta.Type, On: msg.Meta.On, At: msg.Meta.Time, Backdated: msg.Meta.Backdated, Record: record,
			Actor: oversightapi.StepActor{Role: msg.Meta.Actor.Role, Office: msg.Meta.Actor.Office}}
		if err == nil && !slices.ContainsFunc(d.Facts, func(o oversightapi.ChangeFact) bool { return o.Stream == f.Stream && o.Sequence == f.Sequence }) {
			d.Facts = append(d.Facts, f)
		}
	}
}
