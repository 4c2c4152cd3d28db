package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/intake/internal/refs"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// shown is a case without what is the log's own, and, for other eyes than the office's and the province's, without what is theirs.
type shown struct {
	events.CaseState
	// The outer fields take the place of the inner ones of the same name.
	Schema     *int                 `json:"schema,omitempty"`
	Commands   *int                 `json:"commands,omitempty"`
	Digest     *int                 `json:"digest,omitempty"`
	RefKey     *int                 `json:"ref_key,omitempty"`
	Media      *[]events.CaseMedium `json:"media,omitempty"`
	Objections []objection          `json:"objections,omitempty"`
	Withdrawal *events.Withdrawal   `json:"withdrawal,omitempty"`
	Reminders  *int                 `json:"reminders,omitempty"`
	Submitter  *events.AccountID    `json:"submitted_by,omitempty"`
	Reviewer   *events.AccountID    `json:"reviewed_by,omitempty"`
	Embargo    *events.Embargo      `json:"embargo,omitempty"`
	// Awaiting says that an embargo's end has passed without a publication 到期待刊发.
	Awaiting bool `json:"awaiting_publication,omitempty"`
}

// view gives a case as the actor may see it. Which media a case has is told to its office and the province; the rest see those that are cleared, from media itself.
func view(a access.Actor, c events.CaseState, n intake.Numbers, now time.Time) (json.RawMessage, error) {
	v := shown{CaseState: c, Awaiting: intake.AwaitingPublication(c, now)}
	own := a.Of(c.Office) || a.Role == access.Supervisor
	switch {
	case own:
		v.Media, v.Withdrawal, v.Embargo = &c.Media, c.Withdrawal, c.Embargo
	case c.Embargo != nil:
		// A named outlet is told its end, not who else is named.
		v.Embargo = &events.Embargo{Outlets: []events.OutletID{a.Outlet}, Until: c.Embargo.Until, SetOn: c.Embargo.SetOn}
	}
	if own || a.Role == access.Unit && a.OnCase(c.ID) {
		for _, o := range c.Objections {
			by := n.AnswerBy(c, o)
			v.Objections = append(v.Objections, objection{o, by, o.Answer == "" && events.DayOf(now) > by})
		}
	}
	return json.Marshal(v)
}

// objection is an objection with its clock.
type objection struct {
	events.Objection
	AnswerBy events.Day `json:"answer_by"`
	Late     bool       `json:"late"`
}

// view is the package's view with the numbers as they are now.
func (s *Server) view(a access.Actor, c events.CaseState) (json.RawMessage, error) {
	return view(a, c, s.numbers(), s.bus.Now())
}

// historyLimit bounds a case's history in an answer; a record of more facts would be over its size first.
const historyLimit = 1000

func (s *Server) get(ctx context.Context, r bus.Request) (any, error) {
	var params intakeapi.GetParams
	if err := r.Decode(&params); err != nil {
		return nil, err
	}
	if err := s.await(ctx, params.MinSeq); err != nil {
		return nil, err
	}
	subject, c, err := s.load(ctx, params.ID)
	if err != nil {
		return nil, err
	}
	if err := intake.Audience(r.Actor, c); err != nil {
		return nil, err
	}
	got := intakeapi.Got{Office: c.Office, Media: c.Media, Next: []intakeapi.Next{}, NotNow: []intakeapi.NotNow{}, History: []intakeapi.Step{}}
	if got.Case, err = s.view(r.Actor, c); err != nil {
		return nil, err
	}
	for _, t := range intake.Next(r.Actor, c) {
		n := intakeapi.Next{Command: t.Command}
		for _, f := range t.Fields {
			n.Fields = append(n.Fields, intakeapi.Field(f))
		}
		got.Next = append(got.Next, n)
	}
	for _, b := range intake.NotNow(r.Actor, c) {
		got.NotNow = append(got.NotNow, intakeapi.NotNow(b))
	}
	messages, err := s.bus.History(ctx, events.StreamCases, subject, historyLimit)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		got.History = append(got.History, step(m))
		got.Sequence = m.Sequence
	}
	return got, nil
}

func step(m bus.Message) intakeapi.Step {
	parts := strings.Split(m.Meta.Type, ".")
	st := intakeapi.Step{Stream: m.Stream, Sequence: m.Sequence, On: m.Meta.On, At: m.Meta.Time, Backdated: m.Meta.Backdated}
	if len(parts) > 2 {
		st.Type = parts[2]
	}
	st.Actor.Role, st.Actor.Office = m.Meta.Actor.Role, m.Meta.Actor.Office
	return st
}

const (
	awaitFor   = 3 * time.Second
	awaitEvery = 10 * time.Millisecond
)

// await waits until an own write is in what is read here: a replica may be behind. The sequence is of either track's stream, so the one that has come so far decides.
func (s *Server) await(ctx context.Context, sequence uint64) error {
	if sequence == 0 {
		return nil
	}
	end := time.Now().Add(awaitFor)
	for {
		for _, stream := range []string{events.StreamCases, events.StreamRectification} {
			_, err := s.bus.Next(ctx, stream, ">", sequence)
			if err == nil || errors.Is(err, events.ErrMalformed) {
				return nil
			}
			if !errors.Is(err, bus.ErrNone) {
				return err
			}
		}
		if time.Now().After(end) {
			return &fault.Error{Code: fault.Unavailable, Op: "intake: get", Detail: "nats"}
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, "intake: get", ctx.Err())
		case <-time.After(awaitEvery):
		}
	}
}

func (s *Server) find(ctx context.Context, r bus.Request) (any, error) {
	var params intakeapi.FindParams
	if err := r.Decode(&params); err != nil {
		return nil, err
	}
	key := refs.Key(params.Ref)
	offices := []events.OfficeSlug{params.Office}
	if params.Office == "" {
		offices = nil
		for _, o := range s.lookup.Directory.Offices() {
			offices = append(offices, o.Slug)
		}
	}
	found := intakeapi.Found{Cases: []json.RawMessage{}}
	for _, o := range offices {
		if _, err := events.ParseOfficeSlug(string(o)); err != nil {
			continue
		}
		c, err := s.byRef(ctx, o, key)
		if err != nil {
			return nil, err
		}
		if intake.Audience(r.Actor, c) != nil {
			continue
		}
		v, err := s.view(r.Actor, c)
		if err != nil {
			return nil, err
		}
		found.Cases = append(found.Cases, v)
	}
	return found, nil
}

// byRef gives the office's case of a reference: the one that was first submitted under it, or renumbered to it.
func (s *Server) byRef(ctx context.Context, o events.OfficeSlug, key string) (events.CaseState, error) {
	found, err := Aggregate.Load(ctx, s.bus, events.CaseSubject(o, events.CaseIDFor(o, key)))
	if err != nil || found.State.State != events.CaseReserved {
		return found.State, err
	}
	found, err = Aggregate.Load(ctx, s.bus, events.CaseSubject(o, found.State.ReservedFor))
	return found.State, err
}
