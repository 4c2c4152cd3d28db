package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/portal/portalapi"
)

// Follower takes follow-ups through the rectification track. Each step is given by the first account that may. It is safe for concurrent use once Start has returned.
type Follower struct {
	Media fs.FS
	// Stepped, if set, is told of each command given.
	Stepped func(ref, command, on string)

	accounts []account
}

type account struct {
	client *portalapi.Client
	me     portalapi.Me
	upload *Submitter
}

// Start asks who each account is.
func (f *Follower) Start(ctx context.Context, clients ...*portalapi.Client) error {
	for _, c := range clients {
		me, err := c.Me(ctx)
		if err != nil {
			return fmt.Errorf("bulk: who am I: %w", err)
		}
		f.accounts = append(f.accounts, account{client: c, me: me, upload: &Submitter{Client: c, Media: f.Media}})
	}
	return nil
}

// Follow takes one line through its commands, going on where an earlier run stopped. An error is not the line's fault.
func (f *Follower) Follow(ctx context.Context, number int, line []byte) (Line, error) {
	report := Line{Line: number}
	var up Followup
	if err := strict.Decode(line, &up); err != nil {
		report.Status = Refused
		for _, e := range fault.Of(err).Fields {
			report.Errors = append(report.Errors, portalapi.Wrong(e, f.speaker().Language))
		}
		if len(report.Errors) == 0 {
			report.Errors = []portalapi.FieldError{wrong(f.speaker(), "", "malformed")}
		}
		return report, nil
	}
	report.Ref = up.Ref
	office, err := f.find(ctx, &report, up.Ref)
	if err != nil || report.Status == Refused {
		return report, err
	}
	view, err := f.accounts[0].client.Case(ctx, report.ID, 0)
	if err != nil {
		return refused(report, err)
	}
	steps := up.steps()
	if report.Errors = f.wrongDays(steps); len(report.Errors) > 0 {
		report.Status = Refused
		return report, nil
	}
	done := doneSteps(view.History, steps)
	report.Status = Exists
	for _, s := range steps[done:] {
		report.Status = Accepted
		if err := f.give(ctx, &report, office, s); err != nil {
			return report, err
		}
		if report.Status == Refused {
			break
		}
	}
	return report, nil
}

// speaker is the client in whose language refusals are.
func (f *Follower) speaker() *portalapi.Client { return f.accounts[0].client }

// find looks the case up and notes its id; a case that isn't there or not exposed refuses the line.
func (f *Follower) find(ctx context.Context, report *Line, ref string) (office string, err error) {
	for _, a := range f.accounts {
		found, err := a.client.ByRef(ctx, ref, "")
		if err != nil {
			_, err = refused(*report, err)
			return "", err
		}
		if len(found.Cases) == 0 {
			continue
		}
		var c struct {
			ID     string `json:"id"`
			Office string `json:"office"`
			State  string `json:"state"`
		}
		if err := json.Unmarshal(found.Cases[0], &c); err != nil {
			return "", fmt.Errorf("bulk: %w", err)
		}
		if c.State != "exposed" {
			report.Status, report.Errors = Refused, []portalapi.FieldError{wrong(f.speaker(), "ref", "not_exposed")}
		}
		report.ID = c.ID
		return c.Office, nil
	}
	report.Status, report.Errors = Refused, []portalapi.FieldError{wrong(f.speaker(), "ref", "unknown_ref")}
	return "", nil
}

// wrongDays names the steps whose day isn't one or lies ahead. The order of the steps rests on their days, so a line with such a day isn't begun.
func (f *Follower) wrongDays(steps []step) []portalapi.FieldError {
	var found []portalapi.FieldError
	today := events.DayOf(time.Now())
	for _, s := range steps {
		if s.on == "" {
			continue
		}
		day, err := events.ParseDay(s.on)
		switch {
		case err != nil:
			found = append(found, wrong(f.speaker(), s.path("on"), "day"))
		case day > today:
			found = append(found, wrong(f.speaker(), s.path("on"), "in_future"))
		}
	}
	return found
}

// doneSteps counts the steps that the history shows already.
func doneSteps(history []portalapi.Step, steps []step) int {
	done := 0
	for _, h := range history {
		if h.Stream != "RECTIFICATION" || h.Type == "opened" {
			continue
		}
		if done == len(steps) || h.Type != steps[done].fact {
			break
		}
		if on := steps[done].on; on != "" && h.On != on {
			break
		}
		done++
	}
	return done
}

// give gives one command as the first account that may.
func (f *Follower) give(ctx context.Context, report *Line, office string, s step) error {
	var last error
	for _, a := range f.candidates(office, s) {
		body, err := f.body(ctx, report, a, s)
		if err != nil || report.Status == Refused {
			return err
		}
		_, err = a.client.Command(ctx, report.ID, s.command, key(report.Ref, s, body), body)
		if err == nil {
			if f.Stepped != nil {
				f.Stepped(report.Ref, s.command, s.on)
			}
			return nil
		}
		last = err
		var p *portalapi.Problem
		if !errors.As(err, &p) || p.Status != http.StatusForbidden {
			break
		}
	}
	var p *portalapi.Problem
	switch {
	case last == nil:
		report.Status, report.Errors = Refused, []portalapi.FieldError{{Field: "ref", Code: "forbidden", Message: noAccount.to(f.speaker())}}
	case errors.As(last, &p) && !portalapi.Away(last):
		report.Status, report.Errors = Refused, s.errors(p)
	default:
		return last
	}
	return nil
}

// candidates gives the accounts in the order in which they are tried.
func (f *Follower) candidates(office string, s step) []account {
	var own, province []account
	for _, a := range f.accounts {
		switch {
		case a.me.Role == "supervisor":
			province = append(province, a)
		case a.me.Office == office:
			own = append(own, a)
		}
	}
	if s.province {
		return append(province, own...)
	}
	return append(own, province...)
}

func (f *Follower) body(ctx context.Context, report *Line, a account, s step) (map[string]any, error) {
	body := map[string]any{"backdate_reason": backdateReason}
	for k, v := range s.body {
		body[k] = v
	}
	if s.on != "" {
		body["on"] = s.on
	}
	if s.command == "progress" || s.command == "ask-acceptance" {
		media := []map[string]string{}
		for _, file := range s.media {
			id, _, err := a.upload.upload(ctx, file)
			var here *portalapi.FieldError
			if errors.As(err, &here) {
				report.Status = Refused
				report.Errors = append(report.Errors, portalapi.FieldError{Field: s.path("media"), Code: "unknown_file", Message: here.Message})
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			report.Media = append(report.Media, id)
			media = append(media, map[string]string{"id": id})
		}
		body["media"] = media
	}
	return body, nil
}

// key makes a command's idempotency key of what it says, so that a lost answer can be asked for again.
func key(ref string, s step, body map[string]any) string {
	b, _ := json.Marshal([]any{ref, s.command, s.prefix, body})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
