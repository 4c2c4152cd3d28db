// Package inputs makes the inputs of a form out of the fields that a service lists for a command or a submission, and reads them back as the command's body. So the services' tables drive the pages: a
// command that gets a field has an input for it at once. An input's name is the path by which a refusal names it (enterprise.uscc, violations[0].text), so that every refusal stands beside what it is about
// and nothing that was entered is lost. All works without script. It owns and writes nothing.
package inputs

import (
	"embed"
	"encoding/json"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed inputs.tmpl
var files embed.FS

var page = shell.Parse("inputs.tmpl", files)

// Field is a field as a service lists it: its name in the body, its type, whether it must be there.
type Field struct {
	Name, Type string
	Required   bool
}

// Form is a form: what it asks for, what stands in it, and how it was refused.
type Form struct {
	L      messages.Language
	Fields []Field
	// Prefix goes before ids, where a page has several forms.
	Prefix string
	// Body is what was entered or what stands, as decoded JSON.
	Body map[string]any
	// More are lists to which the person wants to add a line.
	More string
	// Refused is why it wasn't taken.
	Refused *fault.Error
	Choices Choices
}

// Choices are what may be chosen of what the province and the office have.
type Choices struct {
	// Outlets are names of outlets with their ids.
	Outlets []Option
	// Media are the office's media, Captioned says that one may be described where it is chosen.
	Media     []Option
	Captioned bool
	// Items are what is to be mended, Violations what the case names, in order.
	Items, Violations []Option
}

// Option is one choice. Picture and Note are shown beside it.
type Option struct {
	Value, Label, Note, Picture string
}

// Outlets makes choices of the province's list.
func Outlets(list []events.OutletState) (out []Option) {
	for _, o := range list {
		out = append(out, Option{Value: string(o.ID), Label: o.Name})
	}
	return out
}

// shape says how a type is entered: by one control, by members, or, for a list, by a line of members each.
type shape struct {
	control string
	term    string
	slugs   []string
	members []Field
	list    bool
}

// shapes has every type that the tracks' tables name (a test compares).
var shapes = map[string]shape{
	"text": {control: "textarea"}, "line": {control: "line"}, "url": {control: "url"}, "day": {control: "date"}, "time": {control: "datetime-local"},
	"yuan": {control: "number"}, "number": {control: "number"}, "grade": {control: "number"}, "degrees": {control: "decimal"}, "texts": {control: "line"},
	"sector": {control: "select", term: "sector", slugs: intakeapi.Sectors}, "category": {control: "select", term: "category", slugs: intakeapi.Categories},
	"hazard_level": {control: "select", term: "hazard_level", slugs: intakeapi.HazardLevels}, "level": {control: "select", term: "level", slugs: intakeapi.OutletLevels},
	"outlet_kind": {control: "select", term: "outlet_kind", slugs: intakeapi.OutletKinds},
	"outlet":      {control: "outlet"}, "outlets": {control: "outlets"}, "media": {control: "media"}, "medium": {control: "medium"}, "item": {control: "item"}, "violation": {control: "violation"}, "yes-no": {control: "yes-no"}, "office": {control: "hidden"},
	"enterprise": {members: []Field{{"name", "line", true}, {"uscc", "line", false}, {"address", "line", true}, {"county", "line", false}}},
	"location":   {members: []Field{{"lat", "degrees", false}, {"lon", "degrees", false}}},
	"plan":       {members: []Field{{"responsible_unit", "line", true}, {"measures", "text", true}, {"deadline", "day", false}}},
	"violations": {list: true, members: []Field{{"text", "text", true}, {"basis", "line", false}}},
	"exposures": {list: true, members: []Field{{"outlet", "outlet", true}, {"kind", "outlet_kind", true}, {"headline", "line", true}, {"url", "url", false}, {"clip", "medium", false},
		{"published_on", "day", true}}},
	"items":     {list: true, members: []Field{{"violation", "violation", true}, {"measure", "line", true}, {"due", "day", false}}},
	"item_dues": {list: true, members: []Field{{"item", "item", true}, {"due", "day", true}}},
	"officers":  {list: true, members: []Field{{"title", "line", true}, {"certificate", "line", true}}},
}

// lines are fields of type text that take one line.
var lines = []string{"title", "headline", "ref"}

// group is what is shown together: one input, the members of a field, the lines of a list.
type group struct {
	// Legend names several inputs; it is empty for one.
	Legend   string
	Name     string
	Rows     [][]input
	List     bool
	Required bool
}

// late are the fields of an entry of the past 补录, which are folded.
var late = []string{"on", "backdate_reason"}

// input is one control.
type input struct {
	Name, ID, Control, Label, Value, Note, Wrong string
	Required                                     bool
	Options                                      []Option
	Chosen                                       []string
	Captions                                     map[string]string
}

func (i input) Has(value string) bool { return slices.Contains(i.Chosen, value) }

// HTML gives the inputs, without the form around them and its button.
func (f Form) HTML() (template.HTML, error) {
	var groups []group
	var folded []input
	open := false
	for _, field := range f.Fields {
		g := f.group(field)
		if !slices.Contains(late, field.Name) {
			groups = append(groups, g)
			continue
		}
		in := g.Rows[0][0]
		folded, open = append(folded, in), open || in.Value != "" || in.Wrong != ""
	}
	return page.HTML(map[string]any{"L": f.L, "Groups": groups, "Prefix": f.Prefix, "Captioned": f.Choices.Captioned, "Late": folded, "Open": open})
}

func (f Form) group(field Field) group {
	s := shapes[field.Type]
	if len(s.members) == 0 {
		return group{Name: field.Name, Rows: [][]input{{f.input(field, field.Name, f.Body[field.Name])}}, Required: field.Required}
	}
	g := group{Legend: messages.Label(field.Name, f.L), Name: field.Name, List: s.list, Required: field.Required}
	if !s.list {
		of, _ := f.Body[field.Name].(map[string]any)
		g.Rows = [][]input{f.row(s, field.Name, of, field.Required)}
		return g
	}
	entries, _ := f.Body[field.Name].([]any)
	blank := 0
	if f.More == field.Name || field.Required && len(entries) == 0 {
		blank = 1
	}
	for i := range len(entries) + blank {
		var of map[string]any
		if i < len(entries) {
			of, _ = entries[i].(map[string]any)
		}
		g.Rows = append(g.Rows, f.row(s, fault.Index(field.Name, i, ""), of, field.Required && i == 0))
	}
	return g
}

func (f Form) row(s shape, at string, of map[string]any, required bool) (row []input) {
	for _, m := range s.members {
		m.Required = m.Required && required
		row = append(row, f.input(m, at+"."+m.Name, of[m.Name]))
	}
	return row
}

func (f Form) input(field Field, name string, value any) input {
	s := shapes[field.Type]
	last := name[strings.LastIndex(name, ".")+1:]
	in := input{Name: name, ID: f.Prefix + name, Control: s.control, Label: messages.Label(last, f.L), Required: field.Required, Wrong: f.wrong(name, s.control)}
	if strings.HasSuffix(name, "enterprise.name") {
		between := ""
		if f.L == messages.English {
			between = " "
		}
		in.Label = messages.Label("enterprise", f.L) + between + messages.Label(last, f.L)
	}
	if slices.Contains(lines, field.Name) && in.Control == "textarea" {
		in.Control = "line"
	}
	switch s.control {
	case "select":
		for _, slug := range s.slugs {
			in.Options = append(in.Options, Option{Value: slug, Label: messages.Term(s.term, slug, f.L)})
		}
	case "outlet", "outlets":
		in.Options = f.Choices.Outlets
	case "medium":
		in.Options = f.Choices.Media
	case "media":
		in.Options, in.Captions = f.Choices.Media, map[string]string{}
	case "item":
		in.Options = f.Choices.Items
	case "violation":
		in.Options = f.Choices.Violations
	}
	switch v := value.(type) {
	case string:
		in.Value = v
	case json.Number:
		in.Value = v.String()
	case float64:
		in.Value = strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		in.Value = strconv.FormatBool(v)
	case []any:
		for _, e := range v {
			switch e := e.(type) {
			case string:
				in.Chosen = append(in.Chosen, e)
			case map[string]any:
				id, _ := e["id"].(string)
				caption, _ := e["caption"].(string)
				in.Chosen = append(in.Chosen, id)
				if in.Captions != nil {
					in.Captions[id] = caption
				}
			}
		}
		in.Value = strings.Join(in.Chosen, "、")
	}
	switch s.control { // what was chosen and can't be offered now stays chosen
	case "media", "outlets":
		for _, v := range in.Chosen {
			in.Options = offered(in.Options, v, f.L)
		}
	case "medium":
		in.Options = offered(in.Options, in.Value, f.L)
	}
	if s.control == "datetime-local" {
		if t, err := time.Parse(time.RFC3339, in.Value); err == nil {
			in.Value = t.In(shanghai).Format(localTime)
		}
	}
	return in
}

// offered adds a choice that isn't among those that there are.
func offered(options []Option, value string, l messages.Language) []Option {
	if value == "" || slices.ContainsFunc(options, func(o Option) bool { return o.Value == value }) {
		return options
	}
	label := "已选，未在列表中：" + value
	if l == messages.English {
		label = "chosen, not in the list: " + value
	}
	return append(slices.Clip(options), Option{Value: value, Label: label})
}

// wrong gives the words for what is wrong with an input.
func (f Form) wrong(name, control string) string {
	if f.Refused == nil {
		return ""
	}
	var out []string
	for _, w := range f.Refused.Fields {
		if w.Field == name || (control == "media" || control == "outlets" || control == "line") && strings.HasPrefix(w.Field, name+"[") {
			nth := ""
			if w.Field != name {
				nth = messages.Label(w.Field, f.L) + "："
			}
			w.Field = ""
			out = append(out, nth+messages.Field(w, f.L))
		}
	}
	return strings.Join(out, "；")
}

// Summary names every wrong field with the id of its input; what stands beside no input has none.
func (f Form) Summary() (out []Mistake) {
	if f.Refused == nil {
		return nil
	}
	ids := map[string]string{}
	for _, field := range f.Fields {
		g := f.group(field)
		for _, row := range g.Rows {
			for _, in := range row {
				ids[in.Name] = in.ID
			}
		}
		if g.Legend != "" || g.List {
			ids[field.Name] = f.Prefix + field.Name
		}
	}
	for _, w := range f.Refused.Fields {
		m := Mistake{Words: messages.Field(w, f.L)}
		for at := w.Field; at != "" && m.ID == ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
			m.ID = ids[at]
		}
		out = append(out, m)
	}
	return out
}

// Mistake is what is wrong with one field.
type Mistake struct{ ID, Words string }
