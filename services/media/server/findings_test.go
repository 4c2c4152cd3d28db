package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// told is what is found of a medium and what it is compared with, in the words of expected.json.
type told struct {
	file string
	with string
}

type expectedFindings struct {
	Exact [][]string `json:"exact_duplicates"`
	Near  [][]string `json:"near_duplicates"`
	Far   []struct {
		File string  `json:"file"`
		Ref  string  `json:"ref"`
		KM   float64 `json:"km"`
	} `json:"gps_far_from_case"`
	Dates []struct {
		File string `json:"file"`
	} `json:"suspicious_dates"`
	Media []struct {
		File   string `json:"file"`
		SHA256 string `json:"sha256"`
		MIME   string `json:"mime"`
		Width  int    `json:"display_width"`
		Height int    `json:"display_height"`
	} `json:"media"`
}

// asExpected holds a medium's record against what is expected of the file.
func (e *expectedFindings) asExpected(t *testing.T, m mediaapi.View) {
	t.Helper()
	for _, want := range e.Media {
		if mediaapi.CleanName(want.File) != m.File {
			continue
		}
		if m.SHA256 != want.SHA256 || m.Type != want.MIME {
			t.Errorf("%s: %+v", want.File, m)
		}
		if x := m.Examination; m.Kind != "audio" && want.Width > 0 && (x == nil || x.DisplayWidth != want.Width || x.DisplayHeight != want.Height) {
			t.Errorf("%s: %+v, want %d × %d", want.File, x, want.Width, want.Height)
		}
		return
	}
}

// pairs gives every ordered pair of each group.
func pairs(groups [][]string) []told {
	var out []told
	for _, g := range groups {
		for _, a := range g {
			for _, b := range g {
				if a != b {
					out = append(out, told{a, b})
				}
			}
		}
	}
	return out
}

// story uploads the media of the sample cases and of their rectifications as their offices do, and states the cases and rectifications that hold them.
func story(t *testing.T, s *site) (media map[events.MediaID]string, refs map[events.CaseID]string) {
	t.Helper()
	media, refs = map[events.MediaID]string{}, map[events.CaseID]string{}
	cases := map[string]events.CaseState{}
	upload := func(office events.OfficeSlug, folder, file string) events.MediaID {
		t.Helper()
		got := s.whole(s.office(office), file, "", sample(t, folder+"/"+file))
		id := events.MediaID(got.header.Get("Songshui-Media-Id"))
		if id == "" {
			t.Fatalf("%s: %d %s", file, got.status, got.body)
		}
		media[id] = file
		return id
	}
	for l := bufio.NewScanner(bytes.NewReader(sample(t, "cases.jsonl"))); l.Scan(); {
		var c events.CaseState
		if err := json.Unmarshal(l.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		c.ID, c.State = events.CaseIDFor(c.Office, c.Ref), events.CaseSubmitted
		for _, p := range c.Exposures {
			if c.State = events.CaseExposed; c.ExposedOn == "" || p.PublishedOn < c.ExposedOn {
				c.ExposedOn = p.PublishedOn
			}
		}
		for i, m := range c.Media {
			c.Media[i].ID = upload(c.Office, "media", m.File)
		}
		refs[c.ID], cases[c.Ref] = c.Ref, c
		s.write(c)
	}
	for l := bufio.NewScanner(bytes.NewReader(sample(t, "followups.jsonl"))); l.Scan(); {
		var f struct {
			Ref                   string
			Progress, Acceptances []struct{ Media []json.RawMessage }
		}
		if err := json.Unmarshal(l.Bytes(), &f); err != nil {
			t.Fatal(err)
		}
		c := cases[f.Ref]
		r := events.RectificationState{ID: c.ID, Office: c.Office}
		for _, step := range append(f.Progress, f.Acceptances...) {
			p := events.Progress{}
			for _, raw := range step.Media {
				var m struct{ File string }
				if json.Unmarshal(raw, &m.File) != nil {
					_ = json.Unmarshal(raw, &m)
				}
				p.Media = append(p.Media, upload(c.Office, "followup-media", m.File))
			}
			r.Progress = append(r.Progress, p)
		}
		s.writeRectification(r)
	}
	return media, refs
}

// TestFindings compares all media of the story: what is found is what is expected, no more.
func TestFindings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	media, refs := story(t, s)
	if len(media) != 66 || len(refs) != 33 {
		t.Fatalf("%d media, %d cases", len(media), len(refs))
	}
	var want, after expectedFindings
	for file, into := range map[string]*expectedFindings{"expected.json": &want, "followups.expected.json": &after} {
		if err := json.Unmarshal(sample(t, file), into); err != nil {
			t.Fatal(err)
		}
	}
	wanted := map[string][]told{"same_bytes": pairs(want.Exact), "looks_like": pairs(want.Near)}
	for _, f := range append(want.Far, after.Far...) {
		wanted["far_from_case"] = append(wanted["far_from_case"], told{f.File, fmt.Sprintf("%s %.1f", f.Ref, f.KM)})
	}
	// Of the two suspicious dates one is a clock that was never set, which no other date is held against.
	wanted["clock_never_set"] = []told{{"manhole-fusong.jpg", ""}}
	wanted["taken_after_publication"] = []told{{"mine-mouth-copy.jpg", "白山安委办〔2026〕曝1 47"}}
	if len(want.Dates) != 2 || want.Dates[0].File != "manhole-fusong.jpg" || want.Dates[1].File != "mine-mouth-copy.jpg" {
		t.Errorf("%+v", want.Dates)
	}
	for id, file := range media {
		within(t, 3*time.Minute, file+" is rendered", func() bool {
			m, err := r.api(r.province()).Get(t.Context(), id)
			return err == nil && m.State == events.MediaRendered
		})
	}
	within(t, time.Minute, "all are compared", func() bool {
		return r.settled(events.StreamCases, "media-taken") && r.settled(events.StreamRectification, "media-taken-after") && r.settled(events.StreamMedia, "media-compare")
	})
	found := map[string][]told{}
	for id, file := range media {
		v, err := r.api(r.province()).Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		want.asExpected(t, v)
		after.asExpected(t, v)
		for _, w := range v.Warnings {
			with := media[w.Media]
			switch {
			case w.KM > 0:
				with = fmt.Sprintf("%s %.1f", refs[w.Case], w.KM)
			case w.Days > 0:
				with = fmt.Sprintf("%s %d", refs[w.Case], w.Days)
			}
			found[w.Code] = append(found[w.Code], told{file, with})
		}
	}
	if len(want.Media) != 49 || len(after.Media) != 17 {
		t.Errorf("%d and %d media expected", len(want.Media), len(after.Media))
	}
	delete(found, "no_metadata")
	order := func(a, b told) int { return bytes.Compare([]byte(a.file+a.with), []byte(b.file+b.with)) }
	for code := range found {
		if wanted[code] == nil {
			t.Errorf("%s: %q", code, found[code])
		}
	}
	for code, w := range wanted {
		slices.SortFunc(w, order)
		slices.SortFunc(found[code], order)
		if !slices.Equal(found[code], w) {
			t.Errorf("%s: %q, want %q", code, found[code], w)
		}
	}
}

// TestPlaceCorrected has a case move to where its picture was taken: nothing is found any more.
func TestPlaceCorrected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	id, c := exposed(t, s, "media/mine-mouth-copy.jpg")
	far := func() bool {
		return slices.ContainsFunc(r.record("jilin", id).Findings, func(f events.Finding) bool { return f.Code == "far_from_case" })
	}
	c.Location, c.FoundOn = &events.Location{Lat: 41, Lon: 122}, "2026-08-11"
	r.write(c)
	eventually(t, "it is far", far)
	c.Location = r.record("jilin", id).Examination.Position
	r.write(c)
	eventually(t, "it is near", func() bool { return !far() })
}
