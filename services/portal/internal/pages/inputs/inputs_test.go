package inputs

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/services/intake"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/rectification"
)

// tracks gives the fields of every command of both tracks.
func tracks() map[string][]Field {
	out := map[string][]Field{}
	for _, t := range intake.Track() {
		for _, f := range t.Fields {
			out[t.Command] = append(out[t.Command], Field(f))
		}
	}
	for _, t := range rectification.Track() {
		for _, f := range t.Fields(true) {
			out[t.Name] = append(out[t.Name], Field(f))
		}
	}
	return out
}

// TestEveryFieldHasAnInput: whatever type a track's table names, there is a shape for it, and words for it and its members; no slug and no path is shown.
func TestEveryFieldHasAnInput(t *testing.T) {
	t.Parallel()
	for command, fields := range tracks() {
		f := Form{L: messages.Chinese, Fields: fields, Prefix: command + "-", Body: map[string]any{}, Choices: Choices{Outlets: []Option{{Value: "cc-tv", Label: "长春台"}}, Items: []Option{{Value: "0", Label: "换阀门"}}, Media: []Option{{Value: "m", Label: "图.jpg"}}}}
		for _, field := range fields {
			if _, ok := shapes[field.Type]; !ok {
				t.Errorf("%s.%s: no shape of %s", command, field.Name, field.Type)
			}
			f.More = field.Name
			html, err := f.HTML()
			if err != nil {
				t.Fatal(err)
			}
			if label := regexp.MustCompile(`<(label|legend)[^>]*>([a-z_]+)`).FindStringSubmatch(string(html)); label != nil {
				t.Errorf("%s: %q is shown", command, label[2])
			}
		}
	}
}

// TestRead: what is entered comes back as the body that was meant, whatever the command, and a form made of that body shows it again.
func TestRead(t *testing.T) {
	t.Parallel()
	all := tracks()
	words := rapid.StringMatching(`[a-z一-龥]{1,8}`)
	var draw func(r *rapid.T, kind string) any
	draw = func(r *rapid.T, kind string) any {
		s := shapes[kind]
		entry := func() map[string]any {
			e := map[string]any{}
			for _, m := range s.members {
				if rapid.Bool().Draw(r, m.Name) || len(e) == 0 {
					e[m.Name] = draw(r, m.Type)
				}
			}
			return e
		}
		several := func(make func() any) []any {
			out := []any{}
			for range rapid.IntRange(1, 4).Draw(r, "entries") {
				out = append(out, make())
			}
			return out
		}
		switch {
		case s.list:
			return several(func() any { return entry() })
		case s.members != nil:
			return entry()
		}
		switch {
		case kind == "texts" || kind == "outlets":
			return several(func() any { return words.Draw(r, "word") })
		case kind == "media":
			return several(func() any { return map[string]any{"id": words.Draw(r, "id")} })
		case s.control == "number" || s.control == "item" || s.control == "violation":
			return json.Number(rapid.StringMatching(`[1-9][0-9]{0,9}`).Draw(r, "number"))
		case s.control == "decimal":
			return rapid.Float64Range(-180, 180).Draw(r, "degrees")
		case s.control == "yes-no":
			return rapid.Bool().Draw(r, "yes")
		case s.control == "datetime-local":
			return "2026-11-23T15:00:00+08:00"
		case s.control == "select":
			return rapid.SampledFrom(s.slugs).Draw(r, "slug")
		}
		return words.Draw(r, "text")
	}
	rapid.Check(t, func(r *rapid.T) {
		fields := all[rapid.SampledFrom([]string{"resubmit", "start", "publish", "embargo", "accept", "list", "progress", "amend"}).Draw(r, "command")]
		body := map[string]any{}
		for _, f := range fields {
			if rapid.Bool().Draw(r, f.Name) {
				body[f.Name] = draw(r, f.Type)
			}
		}
		f := Form{L: messages.Chinese, Fields: fields, Body: body}
		form := url.Values{}
		for _, field := range fields { // as the inputs have it
			for _, row := range f.group(field).Rows {
				for _, in := range row {
					if in.Control == "media" || in.Control == "outlets" {
						form[in.Name] = in.Chosen
					} else if in.Value != "" {
						form.Set(in.Name, in.Value)
					}
				}
			}
		}
		if got := Read(form, fields, false); !reflect.DeepEqual(got, body) {
			r.Fatalf("%v\nwant %v\ngot  %v", form, body, got)
		}
		if _, err := f.HTML(); err != nil {
			r.Fatal(err)
		}
	})
}

// TestReadOdd: lines left empty are no lines, and what can't be read goes as it is; what is hostile stays harmless.
func TestReadOdd(t *testing.T) {
	t.Parallel()
	fields := []Field{{"violations", "violations", true}, {"penalty_yuan", "yuan", false}, {"location", "location", false}, {"tags", "texts", false}, {"summary", "text", true}}
	form := url.Values{"violations[7].text": {" b\r\nc "}, "violations[2].text": {"a"}, "violations[5].text": {"  "}, "violations[x].text": {"no"}, "penalty_yuan": {"4.8万"}, "location.lat": {"北纬"}, "location.lon": {"125.3"},
		"tags": {" 冷库、, 氨气；"}, "summary": {"<script>alert(1)</script>\u202e"}}
	body := Read(form, fields, false)
	want := map[string]any{"violations": []any{map[string]any{"text": "a"}, map[string]any{"text": "b\nc"}}, "penalty_yuan": "4.8万", "location": map[string]any{"lat": "北纬", "lon": 125.3},
		"tags": []any{"冷库", "氨气"}, "summary": "<script>alert(1)</script>\u202e"}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("%v", body)
	}
	var wrong fault.Fields
	wrong.Add("violations[1].text", "too_long")
	wrong.Add("location.lat", "type")
	wrong.Add("enterprise.name", "required")
	wrong.Add("tags[1]", "duplicate")
	f := Form{L: messages.Chinese, Fields: fields, Prefix: "x-", Body: body, Refused: &fault.Error{Code: fault.Invalid, Fields: wrong}}
	html, err := f.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(html), "<script>") || strings.Count(string(html), `class="wrong"`) != 3 {
		t.Errorf("%s", html)
	}
	if html, err := (Form{L: messages.Chinese, Fields: []Field{{"media", "media", true}}, Body: map[string]any{"media": []any{map[string]any{"id": "gone"}}}, Choices: Choices{Media: []Option{{Value: "m", Label: "图.jpg"}}}}).HTML(); err != nil || !strings.Contains(string(html), `value="gone" checked`) {
		t.Errorf("a chosen medium that isn't offered: %v %s", err, html)
	}
	ids := []string{}
	for _, m := range f.Summary() {
		ids = append(ids, m.ID)
	}
	if got := strings.Join(ids, " "); got != "x-violations[1].text x-location.lat  x-tags" {
		t.Errorf("mistakes at %q", got)
	}
}

// TestPrivate warns of telephone and identity numbers in texts, by path, and of nothing else.
func TestPrivate(t *testing.T) {
	t.Parallel()
	if f := Private(map[string]any{"summary": "联系13800138000", "enterprise": map[string]any{"uscc": "91220101MA0Y1A2B3C", "name": "甲"}, "violations": []any{map[string]any{"text": "x"}, map[string]any{"text": "身份证 220102199003072316"}}}); f == nil || len(f.Fields) != 2 || f.Fields[0].Field != "summary" ||
		f.Fields[1].Field != "violations[1].text" {
		t.Errorf("%+v", f)
	}
	if f := Private(map[string]any{"summary": "罚款 48000 元"}); f != nil {
		t.Errorf("%+v", f)
	}
}

// FuzzRead: whatever is sent as a form becomes a body that is JSON, and a form of it is HTML without a tag of the sender's.
func FuzzRead(f *testing.F) {
	f.Add("violations%5B0%5D.text=a&violations%5B9999%5D.basis=%00&tags=%E3%80%81&location.lat=1e400&media=x&caption-x=%3Cscript%3E")
	f.Add("penalty_yuan=99999999999999999999&found_on=%E2%80%AE&enterprise.name=%FF%FE")
	fields := tracks()["resubmit"]
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		body := Read(form, fields, true)
		if _, err := json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		html, err := Form{L: messages.Chinese, Fields: fields, Body: body}.HTML()
		if err != nil || strings.Contains(string(html), "<script") {
			t.Fatalf("%v %s", err, html)
		}
		_ = Private(body)
	})
}
