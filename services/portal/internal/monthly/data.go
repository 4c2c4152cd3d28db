package monthly

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/rectification/rectificationapi"
)

// Return is what is printed of an office's month.
type Return struct {
	oversightapi.Return
	Cases []Case
	Today events.Day
}

// Case is a row of the table.
type Case struct {
	events.CaseState
	// Rectification is nil where there is none that the caller may see.
	Rectification *rectificationapi.View
	// Backdated 补录: the case or its exposure was entered later from paper.
	Backdated bool
}

// Gather asks for an office's return and its cases in the caller's name. Refusals are those of the services, fault.NotFound for a return that isn't the caller's to see.
func Gather(ctx context.Context, c bus.Client, office events.OfficeSlug, month events.Month, now time.Time) (Return, error) {
	got, err := oversightapi.ReturnClient{Client: c}.Get(ctx, office, month)
	if err != nil {
		return Return{}, err
	}
	r := Return{Return: got, Today: events.DayOf(now)}
	ids := got.Published
	if len(got.Filings) > 0 {
		ids = got.Held
	}
	if len(ids) > MaxCases {
		return r, &fault.Error{Code: fault.TooLarge, Op: "portal: month's return"}
	}
	r.Cases = make([]Case, len(ids))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, id := range ids {
		g.Go(func() error {
			var err error
			r.Cases[i], err = caseOf(gctx, c, id)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return r, err
	}
	slices.SortStableFunc(r.Cases, byDay)
	return r, nil
}

// byDay puts cases in the order of the table: by the day of exposure, then by reference; shorter ones first, so that 9号 stands before 10号.
func byDay(a, b Case) int {
	return cmp.Or(cmp.Compare(a.ExposedOn, b.ExposedOn), cmp.Compare(len(a.Ref), len(b.Ref)), cmp.Compare(a.Ref, b.Ref))
}

func caseOf(ctx context.Context, c bus.Client, id events.CaseID) (Case, error) {
	var out Case
	got, err := intakeapi.Client{Client: c}.Get(ctx, intakeapi.GetParams{ID: id})
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(got.Case, &out.CaseState); err != nil {
		return out, fmt.Errorf("portal: case %s: %w", id, err)
	}
	out.Backdated = slices.ContainsFunc(got.History, func(s intakeapi.Step) bool {
		return s.Backdated && slices.Contains([]string{"submitted", "exposed", "publication-added"}, s.Type)
	})
	v, err := rectificationapi.Get(ctx, c, id)
	switch {
	case err == nil:
		out.Rectification = &v
	case !fault.Is(err, fault.NotFound):
		return out, err
	}
	return out, nil
}

// filing is the newest, nil before the first.
func (r *Return) filing() *events.Filing {
	if len(r.Filings) == 0 {
		return nil
	}
	return &r.Filings[len(r.Filings)-1]
}

// backdated says that the return, as it is printed, came in later from paper.
func (r *Return) backdated() bool {
	f := r.filing()
	return f != nil && f.Backdated || r.Recognition != nil && r.Recognition.Kind == events.RecognisedFromPaper
}

func (r *Return) officeName() string {
	return messages.Term("office", string(r.Office), messages.Chinese)
}

// shown is the month's worth in words.
func (r *Return) shown() string {
	if r.Kind != "" {
		return messages.Term("recognition", r.Kind, messages.Chinese)
	}
	return messages.Term("return_shown", string(r.Shown), messages.Chinese)
}

func (c *Case) state() string {
	if c.State == events.CaseWithdrawn {
		return "已撤回"
	}
	if c.Rectification == nil {
		return messages.Term("state", string(c.State), messages.Chinese)
	}
	return messages.Term("rectification_state", string(c.Rectification.State), messages.Chinese)
}
