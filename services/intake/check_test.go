package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/intake"
)

// expect submits the first sample with changes and compares the wrong fields.
func expect(t *testing.T, name string, changes fields, want ...string) {
	t.Helper()
	_, _, err := newWorld(t).submit(desk("changchun", "a"), encode(sample(t, 0).with(changes)), clock)
	slices.Sort(want)
	if got := wrong(err); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q (%v)", name, got, want, err)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"a < b":                    "",
		"压力 <0.3MPa":               "",
		"<b>":                      "markup",
		"x</p>":                    "markup",
		"<!-- -->":                 "markup",
		"<?php":                    "markup",
		"\u3000\u00a0\u200b\ufeff": "empty",
		"\u3164":                   "empty",
		"":                         "required",
		strings.Repeat("长", 200):   "",
		strings.Repeat("长", 201):   "too_long",
		"a\u0007":                  "control_character",
	} {
		if want != "" {
			want = "title " + want
			expect(t, fmt.Sprintf("%.20q", title), fields{"title": title}, want)
			continue
		}
		expect(t, fmt.Sprintf("%.20q", title), fields{"title": title})
	}
}

// The codes were worked out by hand from GB 32100-2015 (weights 1, 3, 9, 27, 19, 26 …, alphabet without I, O, S, V, Z).
func TestUSCC(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"91220113MAY1Q7HC7P":  "",
		"91220103MAY3XK2M95":  "",
		"91220103MAY3XK2M96":  "check_digit",
		"19220103MAY3XK2M95":  "check_digit", // two characters changed places
		"91220103MAY3XK2M9":   "format",
		"91220103MAY3XK2M955": "format",
		"91220103MAY3XK2MI5":  "format",
		"91220103may3xk2m95":  "format",
	} {
		var all []string
		if want != "" {
			all = []string{"enterprise.uscc " + want}
		}
		expect(t, code, fields{"enterprise": fields{"name": "甲", "address": "乙", "county": "丙", "uscc": code}}, all...)
	}
	expect(t, "none", fields{"enterprise": fields{"name": "甲", "address": "乙", "county": "丙"}})
}

func TestWrongFields(t *testing.T) {
	t.Parallel()
	exposure := fields{"outlet": "长春安行视界", "kind": "tv", "headline": "曝光", "url": "https://example.cn/1", "published_on": "2026-06-12"}
	image := fields{"file": "a.jpg", "caption": "现场", "kind": "image"}
	list := func(n int, one any) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = one
		}
		return out
	}
	for name, c := range map[string]struct {
		body fields
		want []string
	}{
		"nothing at all": {fields{"sector": nil, "category": nil, "hazard_level": nil, "title": nil, "summary": nil, "violations": nil, "enterprise": nil, "found_on": nil, "rectification": nil, "ref": nil},
			[]string{"category required", "enterprise required", "found_on required", "hazard_level required", "rectification required", "ref required", "sector required", "summary required", "title required", "violations required"}},
		"office":              {fields{"office": nil}, []string{"office required"}},
		"another office":      {fields{"office": "jilin"}, []string{"office forbidden"}},
		"unknown office":      {fields{"office": "harbin"}, []string{"office unknown_value"}},
		"a ref of blanks":     {fields{"ref": "\u3000\u200b"}, []string{"ref empty"}},
		"found tomorrow":      {fields{"found_on": "2026-11-25", "rectification": nil}, []string{"found_on in_future", "rectification required"}},
		"no such day":         {fields{"found_on": "2026-02-30"}, []string{"found_on day"}},
		"on tomorrow":         {fields{"on": "2026-11-25"}, []string{"on in_future"}},
		"on before found":     {fields{"on": "2026-06-02", "backdate_reason": "纸质"}, []string{"on before_found_on"}},
		"backdated, no word":  {fields{"on": "2026-11-20"}, []string{"backdate_reason required"}},
		"three days back":     {fields{"on": "2026-11-21"}, nil},
		"penalty":             {fields{"penalty_yuan": -1}, []string{"penalty_yuan out_of_range"}},
		"latitude alone":      {fields{"location": fields{"lat": 44.1}}, []string{"location.lon required"}},
		"north of Jilin":      {fields{"location": fields{"lat": 46.5, "lon": 125.0}}, []string{"location outside_province"}},
		"west of Jilin":       {fields{"location": fields{"lat": 44.0, "lon": 121.5}}, []string{"location outside_province"}},
		"no location":         {fields{"location": nil}, nil},
		"deadline too early":  {fields{"rectification": fields{"responsible_unit": "甲", "measures": "乙", "deadline": "2026-06-02"}}, []string{"rectification.deadline before_found_on"}},
		"no deadline":         {fields{"rectification": fields{"responsible_unit": "甲", "measures": "乙"}}, nil},
		"exposure":            {fields{"exposures": []any{exposure.with(fields{"kind": "blog", "url": "ftp://x.cn/", "published_on": "2026-11-25", "outlet_level": "world"})}}, []string{"exposures[0].kind unknown_value", "exposures[0].outlet_level unknown_value", "exposures[0].published_on in_future", "exposures[0].url scheme"}},
		"neither link, clip":  {fields{"exposures": []any{exposure.with(fields{"url": nil})}}, []string{"exposures[0].url required"}},
		"a link without host": {fields{"exposures": []any{exposure.with(fields{"url": "https://"})}}, []string{"exposures[0].url format"}},
		"51 exposures":        {fields{"exposures": list(51, exposure)}, []string{"exposures too_many"}},
		"51 violations":       {fields{"violations": list(51, fields{"text": "甲", "basis": ""})}, []string{"violations too_many"}},
		"31 tags":             {fields{"tags": list(31, "甲")}, []string{"tags too_many"}},
		"a tag of markup":     {fields{"tags": []any{"甲", "<i>"}}, []string{"tags[1] markup"}},
		"medium":              {fields{"media": []any{image.with(fields{"kind": "hologram", "caption": strings.Repeat("长", 201)})}}, []string{"media[0].caption too_long", "media[0].kind unknown_value"}},
		"medium twice":        {fields{"media": []any{image, image}}, []string{"media[1].file duplicate"}},
		"medium not there":    {fields{"media": []any{image, image.with(fields{"file": "missing.jpg"})}}, []string{"media[1].file not_found"}},
		"paths":               {fields{"media": []any{image.with(fields{"file": "../a.jpg"}), image.with(fields{"file": `c:\a.jpg`}), image.with(fields{"file": ".."})}}, []string{"media[0].file path", "media[1].file path", "media[2].file path"}},
		"a hash that is none": {fields{"media": []any{image.with(fields{"sha256": "abc"})}}, []string{"media[0].sha256 format"}},
		"types":               {fields{"title": 1, "tags": "甲", "nonsense": true}, []string{"nonsense unknown_field", "tags type", "title type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, name, c.body, c.want...)
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	exposure := fields{"outlet": "长春安行视界", "outlet_level": "provincial", "kind": "tv", "headline": "曝光", "url": "https://example.cn/1", "published_on": "2026-06-12"}
	body := sample(t, 0).with(fields{"title": "联系13812345678", "summary": "身份证22010419990101123X，文号20261105001", "tags": []any{"0431-88888888", "GB/T 50493-2019"},
		"exposures": []any{exposure, exposure.with(fields{"outlet": "某某网"})}})
	fact, _, err := newWorld(t).submit(desk("changchun", "a"), encode(body), clock)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range intake.Warnings(fact.Submission) {
		got = append(got, w.Field+" "+w.Code)
	}
	want := []string{"title personal_data", "summary personal_data", "tags[0] personal_data", "exposures[0].outlet_level outlet_level_differs", "exposures[1].outlet outlet_pending"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if p := fact.Exposures; p[0].OutletID != "cc-tv" || p[0].Level != "municipal" || p[0].ClaimedLevel != "provincial" || p[1].OutletID != "" || p[1].Level != "" {
		t.Errorf("publications %+v", p)
	}
}

// A submission is the same whatever its keys' order, blanks, brackets of its reference or day of entry; any other word makes it another.
func TestSameSubmission(t *testing.T) {
	t.Parallel()
	w, a := newWorld(t), desk("changchun", "a")
	first, _, err := w.submit(a, goodLines(t)[0], clock)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		changes fields
		same    bool
	}{
		"keys in another order": {fields{}, true},
		"day of entry":          {fields{"on": "2026-11-23"}, true},
		"brackets":              {fields{"ref": " 长安委办曝（2026）1号"}, true},
		"no penalty":            {fields{"penalty_yuan": nil}, false},
		"title":                 {fields{"title": "另一个"}, false},
		"a publication less":    {fields{"exposures": []any{}}, false},
		"media less":            {fields{"media": []any{}}, false},
	} {
		again, _, err := w.submit(a, encode(sample(t, 0).with(c.changes)), clock)
		if err != nil || again.ID != first.ID || (again.Digest == first.Digest) != c.same {
			t.Errorf("%s: id %s, %s, same %v, %v", name, again.ID, first.ID, again.Digest == first.Digest, err)
		}
	}
}

func FuzzSubmission(f *testing.F) {
	f.Add(goodLines(f)[0])
	f.Add([]byte(`{"title":5,"media":[{}],"exposures":[{}],"location":{},"enterprise":{},"rectification":{}}`))
	w, a := newWorld(f), desk("changchun", "a")
	f.Fuzz(func(t *testing.T, line []byte) {
		fact, _, err := w.submit(a, line, clock)
		if err != nil {
			return
		}
		again, _, err := w.submit(a, line, clock)
		if err != nil || again.Digest != fact.Digest || fact.ID == "" || fact.RefKey == "" || fact.Office != "changchun" {
			t.Errorf("taken, but then %v; %+v", err, fact)
		}
	})
}
