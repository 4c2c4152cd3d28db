package commands

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
)

// maxHistory bounds a history; a record's size ends it far earlier.
const maxHistory = 1000

// Get answers the endpoint return.
func (c *Commands) Get(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.ReturnParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	id := oversight.ReturnID{Office: p.Office, Month: p.Month}
	if err := c.there(ctx, id, r.Actor); err != nil {
		return nil, err
	}
	now, err := c.load(ctx, id)
	if err != nil {
		return nil, err
	}
	cases, err := c.cases.Of(ctx, p.Office)
	if err != nil {
		return nil, err
	}
	v := c.view(now.State, cases, r.Actor)
	if v.History, err = c.history(ctx, now.Subject, now.Sequence); err != nil {
		return nil, err
	}
	v.Names, err = c.names(ctx, now.State)
	return v, err
}

// names gives the names of whoever signed and answers for the filings: they stand on the paper, so whoever may see the return may know them. They live with the accounts alone.
func (c *Commands) names(ctx context.Context, s events.ReturnState) (map[events.AccountID]string, error) {
	out := map[events.AccountID]string{}
	for _, f := range s.Filings {
		for _, id := range []events.AccountID{f.SignedBy, f.Contact} {
			if _, asked := out[id]; asked || id == "" {
				continue
			}
			name, err := c.people.Name(ctx, id)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			out[id] = name
		}
	}
	maps.DeleteFunc(out, func(_ events.AccountID, name string) bool { return name == "" })
	return out, nil
}

// load gives a return as it stands; one that will be opened at once, as it will be then.
func (c *Commands) load(ctx context.Context, id oversight.ReturnID) (loaded, error) {
	now, err := Aggregate.Load(ctx, c.bus, events.ReturnSubject(id.Office, id.Month))
	if err != nil || now.Exists() {
		return now, err
	}
	if fact, ok := oversight.ReturnOpened(c.directory, id.Office, id.Month); ok {
		now.State, err = oversight.FoldReturn(now.State, events.Meta{On: id.Month.First(), Time: c.bus.Now().UTC()}, fact)
	}
	return now, err
}

// day is today; a record written across midnight by another server's clock is shown as of its own last day.
func (c *Commands) day(s events.ReturnState) events.Day { return c.today().Max(s.LastOn) }

// view is the return for an actor's eyes.
func (c *Commands) view(s events.ReturnState, cases []oversight.CaseFile, a access.Actor) oversightapi.Return {
	s.Commands = nil
	v := oversightapi.Return{ReturnState: s, ReturnView: oversight.DeriveReturn(s, c.judged(cases), c.day(s))}
	v.Next, v.NotNow = oversight.ReturnNext(s, a)
	return v
}

// history gives the facts up to the one that the record was read at.
func (c *Commands) history(ctx context.Context, subject string, upTo uint64) ([]oversightapi.Step, error) {
	messages, err := c.bus.History(ctx, events.StreamReturns, subject, maxHistory)
	if err != nil {
		return nil, err
	}
	steps := make([]oversightapi.Step, 0, len(messages))
	for _, m := range messages {
		if m.Sequence > upTo {
			break
		}
		kind := strings.TrimPrefix(m.Meta.Type, "songshui.return.")
		kind, _, _ = strings.Cut(kind, ".")
		steps = append(steps, oversightapi.Step{Stream: events.StreamReturns, Sequence: m.Sequence, Type: kind, On: m.Meta.On, At: m.Meta.Time, Backdated: m.Meta.Backdated,
			Actor: oversightapi.StepActor{Role: m.Meta.Actor.Role, Office: m.Meta.Actor.Office}})
	}
	return steps, nil
}

// List answers the endpoint returns.
func (c *Commands) List(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.ReturnsParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if r.Actor.Role != access.Office && r.Actor.Role != access.Supervisor {
		return nil, fault.New(fault.Forbidden, "oversight: returns")
	}
	if err := checkList(p); err != nil {
		return nil, err
	}
	out := oversightapi.Returns{Returns: []oversightapi.ReturnLine{}}
	judged := map[events.OfficeSlug][]oversight.ReturnCase{}
	for _, id := range oversight.Owing(c.directory, c.today()) {
		if p.Office != "" && id.Office != p.Office || p.Month != "" && id.Month != p.Month || !oversight.SeesReturn(id.Office, r.Actor) {
			continue
		}
		now, err := c.load(ctx, id)
		if err != nil {
			return nil, err
		}
		if _, ok := judged[id.Office]; !ok {
			cases, err := c.cases.Of(ctx, id.Office)
			if err != nil {
				return nil, err
			}
			judged[id.Office] = c.judged(cases)
		}
		if l := c.line(now.State, judged[id.Office]); len(p.States) == 0 || slices.Contains(p.States, l.Shown) {
			out.Returns = append(out.Returns, l)
		}
	}
	return out, nil
}

func checkList(p oversightapi.ReturnsParams) error {
	var wrong []fault.Field
	if m, err := events.ParseMonth(string(p.Month)); p.Month != "" && (err != nil || m != p.Month) {
		wrong = append(wrong, fault.Field{Field: "month", Code: "month"})
	}
	for i, s := range p.States {
		if !slices.Contains(oversight.ShownStates(), s) {
			wrong = append(wrong, fault.Field{Field: fault.Index("state", i, ""), Code: "unknown_value"})
		}
	}
	if len(wrong) > 0 {
		return &fault.Error{Code: fault.BadParameter, Op: "oversight: returns", Fields: wrong}
	}
	return nil
}

func (c *Commands) line(s events.ReturnState, cases []oversight.ReturnCase) oversightapi.ReturnLine {
	v := oversight.DeriveReturn(s, cases, c.day(s))
	l := oversightapi.ReturnLine{Office: s.Office, Month: s.Month, Campaign: s.Campaign, State: s.State, Due: s.Due, ReturnView: v,
		HeldCases: len(v.Held), CountedCases: len(v.Counted), PublishedCases: len(v.Published)}
	l.Held, l.Counted, l.Published = nil, nil, nil
	if n := len(s.Filings); n > 0 {
		l.FiledOn, l.FiledAt = s.Filings[n-1].On, s.Filings[n-1].At
	}
	return l
}

// Ready answers the endpoint ready.
func (c *Commands) Ready(ctx context.Context, _ bus.Request) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, bus.ReadyTimeout)
	defer cancel()
	state := "ok"
	if _, err := c.bus.Last(ctx, events.StreamReturns, "return.>"); err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		state = "unavailable"
	}
	return map[string]string{"nats": state}, nil
}
