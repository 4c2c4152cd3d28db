package casepage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/inputs"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

// given is a command as a person sent it with its form, and how it was refused.
type given struct {
	Command, Key string
	form         inputs.Form
	// was marks the values that the form began with.
	was map[string]string
	// Sure says that the person was warned of what looks like a telephone or identity number, and sends it all the same.
	Sure bool
}

// act is a command that may be given now, with its form.
type act struct {
	Command, Key string
	Open, Sure   bool
	// Wrong is a refusal that belongs to no field, Mistakes are those of fields.
	Wrong    []string
	Mistakes []inputs.Mistake
	Inputs   template.HTML
	// Was marks the values that the form begins with, where only what was changed is sent.
	Was map[string]string
}

// notNow is a command of the person's role that can't be given, and why.
type notNow struct{ Command, Why string }

// whole are the commands whose form begins with the case as it stands; of those in changes only what was changed is sent.
var (
	whole   = []string{"amend", "correct", "resubmit"}
	changes = []string{"amend", "correct"}
)

// give gives a command from its form. A refusal that the person can mend comes back with the form and all that was entered.
func (h Handler) give(w http.ResponseWriter, r *http.Request) {
	path := "/cases/" + r.PathValue("id")
	if !people.Known(w, r, path) {
		return
	}
	c, name := front.Of(r.Context()), r.PathValue("name")
	if err := r.ParseForm(); err != nil {
		shell.Fail(w, r, fault.Wrap(fault.Malformed, "portal: form of a case", err))
		return
	}
	g := given{Command: name, Key: r.PostFormValue("key"), Sure: r.PostFormValue("sure") != "", was: map[string]string{}}
	g.form.Body = inputs.Read(r.PostForm, fieldsOf(view.Fields(name)), false)
	for field := range r.PostForm {
		if of, ok := strings.CutPrefix(field, "was."); ok {
			g.was[of] = r.PostFormValue(field)
		}
	}
	if g.form.More = r.PostFormValue("more"); g.form.More != "" {
		h.write(w, r, http.StatusOK, g)
		return
	}
	if warned := inputs.Private(g.form.Body); warned != nil && !g.Sure {
		g.Sure, g.form.Refused = true, warned
		h.write(w, r, fault.Lookup(warned.Code).Status, g)
		return
	}
	body := g.form.Body
	if slices.Contains(changes, name) {
		body = changed(body, g.was)
	}
	data, err := json.Marshal(body)
	if err == nil {
		_, err = view.Command(r.Context(), c.Client, r.PathValue("id"), name, g.Key, data)
	}
	if err == nil {
		http.Redirect(w, r, path+"#history", http.StatusSeeOther)
		return
	}
	h.refused(w, r, g, err)
}

func (h Handler) refused(w http.ResponseWriter, r *http.Request, g given, err error) {
	switch f := fault.Of(err); f.Code {
	case fault.Invalid, fault.WrongState, fault.Conflict, fault.KeyReused:
		g.form.Refused = f
		h.write(w, r, fault.Lookup(f.Code).Status, g)
	default:
		shell.Fail(w, r, err)
	}
}

// changed leaves what isn't as it was when the form was made: what others have changed since stays, and a form that is sent twice is one command.
func changed(body map[string]any, was map[string]string) map[string]any {
	out := map[string]any{}
	for name, v := range body {
		if mark(v) != was[name] {
			out[name] = v
		}
	}
	return out
}

// mark is a short mark of a value.
func mark(v any) string {
	data, _ := json.Marshal(v)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

func decoded(data []byte) (out any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	_ = d.Decode(&out)
	return out
}

// contentOf gives what a case says, without what is empty.
func contentOf(raw json.RawMessage) map[string]any {
	of, _ := decoded(raw).(map[string]any)
	for name, v := range of {
		if of[name] = filled(v); of[name] == nil {
			delete(of, name)
		}
	}
	return of
}

// filled takes empty texts and lists away, as a form has none.
func filled(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case map[string]any:
		for name, e := range v {
			if v[name] = filled(e); v[name] == nil {
				delete(v, name)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	}
	return v
}

func fieldsOf(fields []portalapi.NextField) (out []inputs.Field) {
	for _, f := range fields {
		out = append(out, inputs.Field(f))
	}
	return out
}

// acts makes the forms of all commands that may be given now, and says why others can't.
func (h Handler) acts(ctx context.Context, l messages.Language, v portalapi.CaseView, items, violations []string, g given) (out []act, not []notNow, lost []string, err error) {
	choices, err := h.choices(ctx, l, v, items, violations)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, n := range v.Next {
		a := act{Command: n.Command, Key: rand.Text()}
		f := inputs.Form{L: l, Fields: fieldsOf(n.Fields), Prefix: n.Command + "-", Choices: choices}
		if slices.Contains(whole, n.Command) {
			f.Body = contentOf(v.Case)
		}
		if slices.Contains(changes, n.Command) {
			a.Was = map[string]string{}
			for _, field := range n.Fields {
				if stands, ok := f.Body[field.Name]; ok {
					a.Was[field.Name] = mark(stands)
				}
			}
		}
		if n.Command == "detach" {
			f.Choices.Media = nil
			for _, m := range v.Media {
				f.Choices.Media = append(f.Choices.Media, option(m, l))
			}
		}
		if g.Command == n.Command {
			a.Open, a.Sure = true, g.Sure
			f.Body, f.More, f.Refused = g.form.Body, g.form.More, g.form.Refused
			if a.Was != nil {
				a.Was = g.was
			}
			if a.Mistakes = f.Summary(); f.Refused != nil && len(a.Mistakes) == 0 {
				a.Wrong = people.Words(f.Refused, l)
			}
		}
		if a.Inputs, err = f.HTML(); err != nil {
			return nil, nil, nil, fault.Wrap(fault.Internal, "portal: form of a case", err)
		}
		out = append(out, a)
	}
	for _, n := range v.NotNow {
		not = append(not, notNow{n.Command, messages.Detail(&fault.Error{Code: fault.Code(n.Code), Detail: n.Detail}, l)})
	}
	if g.form.Refused != nil && !slices.ContainsFunc(out, func(a act) bool { return a.Command == g.Command }) {
		lost = people.Words(g.form.Refused, l)
	}
	return out, not, lost, nil
}

// choices gives what may be chosen: the province's outlets, the media of the case and those of the office that no case has taken.
func (h Handler) choices(ctx context.Context, l messages.Language, v portalapi.CaseView, items, violations []string) (c inputs.Choices, err error) {
	if len(v.Next) == 0 {
		return c, nil
	}
	c.Outlets = inputs.Outlets(h.Lists.Outlets())
	c.Items, c.Violations = numbered(items), numbered(violations)
	if front.Of(ctx).Actor.Role != access.Office {
		return c, nil
	}
	// The page does without them while media doesn't answer.
	if c.Media, err = Untaken(ctx, l); fault.Is(err, fault.Unavailable) {
		err = nil
	}
	return c, err
}

// numbered are choices by place.
func numbered(words []string) (out []inputs.Option) {
	for i, w := range words {
		out = append(out, inputs.Option{Value: strconv.Itoa(i), Label: w})
	}
	return out
}

// Media that are offered: untakenMost of those that no case has taken, among the newest lookedThrough pages of the office's. Older ones are named in a table or through the API.
const (
	untakenMost   = 40
	lookedThrough = 3
)

// Untaken are the caller's office's media that no case has taken, the newest first.
func Untaken(ctx context.Context, l messages.Language) (out []inputs.Option, err error) {
	c := front.Of(ctx).Client
	got, err := view.Media(ctx, c, mediaapi.BrowseParams{Page: 1, PerPage: mediaapi.MaxPerPage})
	if err != nil {
		return nil, err
	}
	newest := max(1, (got.Total+mediaapi.MaxPerPage-1)/mediaapi.MaxPerPage)
	for page := newest; page >= max(1, newest-lookedThrough+1) && len(out) < untakenMost; page-- {
		if newest > 1 {
			if got, err = view.Media(ctx, c, mediaapi.BrowseParams{Page: page, PerPage: mediaapi.MaxPerPage}); err != nil {
				return nil, err
			}
		}
		for _, m := range slices.Backward(got.Media) {
			if len(m.TakenBy) == 0 && m.State != string(events.MediaFailed) && len(out) < untakenMost {
				out = append(out, option(m, l))
			}
		}
	}
	return out, nil
}

func option(m portalapi.Medium, l messages.Language) inputs.Option {
	s := shown(m, false, l)
	o := inputs.Option{Value: m.ID, Label: m.File, Note: messages.Term("kind", m.Kind, l), Picture: s.Picture}
	if m.Caption != "" {
		o.Label = m.Caption + " · " + m.File
	}
	return o
}
