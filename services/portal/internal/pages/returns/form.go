package returns

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
	"songshui.internal/services/portal/internal/messages"
)

// form is what a person has entered for a command, and how it was refused.
type form struct {
	Command, Key string
	values       map[string]string
	cases        []string
	// reasons are those of single cases, by id.
	reasons map[string]string
	refused *fault.Error
	// rows are the cases in the order in which the body named them, by which a refusal names them.
	rows []string
	// Sure says that the person was warned of what looks like a telephone or identity number, and sends it all the same.
	Sure bool
}

// single are the fields of all commands that hold one text.
var single = []string{"document_no", "signed_by", "contact", "scan", "zero_reason", "reason", "kind", "on", "backdate_reason"}

// read takes a command from its form: what was left empty isn't in the body. A form for a zero return holds no cases.
func read(r *http.Request) (form, []byte, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, nil, fault.Wrap(fault.Malformed, "portal: form of a return", err)
	}
	f := form{Command: r.PathValue("command"), Key: r.PostFormValue("key"), Sure: r.PostFormValue("sure") != "", values: map[string]string{}, reasons: map[string]string{}, cases: r.PostForm["case"]}
	body := map[string]any{}
	for _, name := range single {
		if v := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n")); v != "" {
			f.values[name], body[name] = v, v
		}
	}
	switch f.Command {
	case "file":
		// No case ticked is said, since a filing without the field holds all.
		body["cases"] = append([]string{}, f.cases...)
		f.rows = f.cases
	case "supplement":
		body["cases"], f.rows = append([]string{}, f.cases...), f.cases
	case "return":
		f.named(r, body)
	}
	data, err := json.Marshal(body)
	return f, data, err
}

// named takes the reasons of single cases, in the order of their ids.
func (f *form) named(r *http.Request, body map[string]any) {
	var out []map[string]string
	for name, v := range r.PostForm {
		id, ok := strings.CutPrefix(name, "reason-")
		if reason := strings.TrimSpace(strings.Join(v, "")); ok && reason != "" {
			f.reasons[id] = reason
			f.rows = append(f.rows, id)
		}
	}
	slices.Sort(f.rows)
	for _, id := range f.rows {
		out = append(out, map[string]string{"case": id, "reason": f.reasons[id]})
	}
	if out != nil {
		body["cases"] = out
	}
}

// private names what looks like a telephone or identity number, of which a person is warned before it is sent; nil once they were.
func (f *form) private() *fault.Error {
	if f.Sure {
		return nil
	}
	var w fault.Fields
	for _, name := range []string{"document_no", "zero_reason", "reason", "backdate_reason"} {
		if personal.In(f.values[name]) {
			w.Add(name, personal.Code)
		}
	}
	for i, id := range f.rows {
		if personal.In(f.reasons[id]) {
			w.Add(fault.Index("cases", i, "reason"), personal.Code)
		}
	}
	if len(w) == 0 {
		return nil
	}
	f.Sure = true
	return &fault.Error{Code: fault.Invalid, Op: "portal: form of a return", Fields: w}
}

// of says whether the form is of a command.
func (f form) of(command string) bool { return f.Command == command && f.Command != "" }

var nth = regexp.MustCompile(`^cases\[(\d+)\]`)

// wrong gives the words for one field of a command, or, with a case's id, for that case; "" if it is right.
func (f form) wrong(command, field, id string, l messages.Language) string {
	if !f.of(command) || f.refused == nil {
		return ""
	}
	var out []string
	for _, w := range f.refused.Fields {
		at, of := w.Field, ""
		if m := nth.FindStringSubmatch(w.Field); m != nil {
			if i, _ := strconv.Atoi(m[1]); i < len(f.rows) {
				at, of = "cases", f.rows[i]
			}
		}
		if at == field && of == id {
			w.Field = ""
			out = append(out, messages.Field(w, l))
		}
	}
	return strings.Join(out, "；")
}

// newKey is a form's own: sent twice, it is one fact.
func newKey() string { return rand.Text() }
