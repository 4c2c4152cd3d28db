package strict_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
)

type ref struct {
	File string `json:"file"`
	ID   string `json:"id"`
}

func (r *ref) FromText(s string) { r.File = s }

type place struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type inner struct {
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
}

type body struct {
	inner
	On      string          `json:"on"`
	Yuan    *int64          `json:"yuan"`
	Small   int8            `json:"small"`
	Count   uint            `json:"count"`
	Place   *place          `json:"place"`
	Media   []ref           `json:"media"`
	Items   []inner         `json:"items"`
	Yes     bool            `json:"yes"`
	Until   time.Time       `json:"until"`
	Raw     json.RawMessage `json:"raw"`
	Private string          `json:"-"`
}

func decode(t *testing.T, text string) (body, *fault.Error) {
	t.Helper()
	var b body
	err := strict.Decode([]byte(text), &b)
	if err == nil {
		return b, nil
	}
	return b, fault.Of(err)
}

func TestReads(t *testing.T) {
	t.Parallel()
	b, err := decode(t, ` {"title":"a\u00e9\ud83d\ude00\n","tags":["x","y"],"yuan":-5,"small":127,"count":7,"place":{"lat":1.5e1,"lon":-2},"media":["a.jpg",{"id":"b"}],
		"items":[{"title":"儲罐"}],"yes":true,"until":"2026-06-01T00:00:00Z","raw":{"a":[1]},"on":null} `)
	if err != nil {
		t.Fatal(err)
	}
	yuan := int64(-5)
	want := body{inner: inner{"aé😀\n", []string{"x", "y"}}, Yuan: &yuan, Small: 127, Count: 7, Place: &place{15, -2}, Media: []ref{{File: "a.jpg"}, {ID: "b"}},
		Items: []inner{{Title: "儲罐"}}, Yes: true, Until: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Raw: json.RawMessage(`{"a":[1]}`)}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("read %+v, want %+v", b, want)
	}
}

func TestNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		code fault.Code
		want string
	}{
		"types":            {`{"title":1,"tags":"x","yuan":1.0,"small":128,"count":-1,"place":[],"media":[1],"yes":"no","until":"soon","items":[{"title":[]},null]}`, fault.Invalid, "title:type tags:type yuan:type small:out_of_range count:out_of_range place:type media[0]:type yes:type until:format items[0].title:type items[1]:type"},
		"unknown":          {`{"Title":"x","auto":1,"media":[{"x":{"y":2}}],"-":"p","Private":"q"}`, fault.Invalid, "Title:unknown_field auto:unknown_field media[0].x:unknown_field -:unknown_field Private:unknown_field"},
		"twice":            {`{"title":"x","title":"y"}`, fault.Invalid, "title:duplicate_field"},
		"controls":         {"{\"title\":\"a\\u0000\",\"on\":\"\\r\",\"tags\":[\"ok\\n\",\"\u202e\",\"a\x07\"],\"items\":[{\"title\":\"\u0085\"}]}", fault.Invalid, "title:control_character on:control_character tags[1]:control_character tags[2]:control_character items[0].title:control_character"},
		"not an object":    {`["x"]`, fault.Invalid, ":type"},
		"GBK":              {"{\"title\":\"\xb3\xb5\xbc\xe4\",\"tags\":[\"\xff\"],\"yuan\":\"x\"}", fault.Malformed, "title:encoding tags[0]:encoding"},
		"GBK, quote eaten": {"{\"title\":\"\xb3\x5c\",\"on\":\"\"}", fault.Malformed, "title:encoding"},
		"half a pair":      {`{"title":"\ud800x","on":"\udc00\ud800"}`, fault.Malformed, "title:encoding on:encoding"},
		"name not UTF-8":   {"{\"items\":[{\"\xff\":1}]}", fault.Malformed, "items[0]:encoding"},
		"deep":             {`{"tags":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, fault.Malformed, ":malformed"},
		"deep, unknown":    {strings.Repeat(`{"a":`, 100_000), fault.Malformed, ":malformed"},
		"cut off":          {`{"title":"x`, fault.Malformed, ":malformed"},
		"rest":             {`{} {}`, fault.Malformed, ":malformed"},
		"nothing":          {` `, fault.Malformed, ":malformed"},
		"comma":            {`{"title":"x",}`, fault.Malformed, ":malformed"},
		"leading zero":     {`{"count":01}`, fault.Malformed, ":malformed"},
		"bad word":         {`{"yes":tru}`, fault.Malformed, ":malformed"},
		"bad escape":       {`{"title":"\x"}`, fault.Malformed, ":malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(t, c.text)
			if err == nil {
				t.Fatal("taken")
			}
			var got []string
			for _, f := range err.Fields {
				got = append(got, f.Field+":"+f.Code)
			}
			if err.Code != c.code || strings.Join(got, " ") != c.want {
				t.Errorf("%s %v, want %s %s", err.Code, got, c.code, c.want)
			}
		})
	}
}

func TestWrongFieldsAreBounded(t *testing.T) {
	t.Parallel()
	_, err := decode(t, "{"+strings.Repeat(`"`+strings.Repeat("長", 1000)+`":1,`, 1000)+`"on":""}`)
	if err == nil || len(err.Fields) != strict.MaxWrong || len(err.Fields[0].Field) > 70 {
		t.Errorf("%d fields", len(err.Fields))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"title":"a\u00e9","tags":["x"],"media":["a",{"id":"b"}],"place":{"lat":1e3},"yuan":null}`))
	f.Add([]byte("{\"title\":\"\xff\\ud800\",\"x\":[[{}]]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b body
		err := strict.Decode(data, &b)
		// What is taken, encoding/json takes too and reads alike.
		if err == nil {
			var want body
			if err := json.Unmarshal(data, &want); err != nil && !bytes.Contains(data, []byte("media")) {
				t.Fatalf("taken, but: %v", err)
			} else if err == nil && !reflect.DeepEqual(b, want) {
				t.Fatalf("read %+v, want %+v", b, want)
			}
			return
		}
		if fe := fault.Of(err); fe.Code != fault.Malformed && fe.Code != fault.Invalid || len(fe.Fields) == 0 {
			t.Fatalf("refused with %v", err)
		} else if fe.Fields[0].Code == strict.BrokenJSON && json.Valid(data) && bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) < strict.MaxDepth {
			t.Fatalf("valid JSON called malformed: %q", data)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data, err := os.ReadFile("testdata/case.json")
	if err != nil {
		b.Fatal(err)
	}
	type pair struct {
		Text  string `json:"text"`
		Basis string `json:"basis"`
	}
	type publication struct {
		Outlet      string `json:"outlet"`
		Level       string `json:"outlet_level"`
		Kind        string `json:"kind"`
		Headline    string `json:"headline"`
		URL         string `json:"url"`
		PublishedOn string `json:"published_on"`
	}
	type submission struct {
		Ref        string `json:"ref"`
		Office     string `json:"office"`
		Sector     string `json:"sector"`
		Category   string `json:"category"`
		Hazard     string `json:"hazard_level"`
		Title      string `json:"title"`
		Summary    string `json:"summary"`
		Violations []pair `json:"violations"`
		Enterprise struct {
			Name    string `json:"name"`
			USCC    string `json:"uscc"`
			Address string `json:"address"`
			County  string `json:"county"`
		} `json:"enterprise"`
		Location  *place        `json:"location"`
		FoundOn   string        `json:"found_on"`
		Exposures []publication `json:"exposures"`
		Penalty   *int64        `json:"penalty_yuan"`
		Plan      struct {
			Unit     string `json:"responsible_unit"`
			Measures string `json:"measures"`
			Deadline string `json:"deadline"`
		} `json:"rectification"`
		Tags  []string `json:"tags"`
		Media []struct {
			File    string `json:"file"`
			Caption string `json:"caption"`
			Kind    string `json:"kind"`
		} `json:"media"`
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var s submission
		if err := strict.Decode(data, &s); err != nil {
			b.Fatal(err)
		}
	}
}
