package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/samples"
)

// goneWithin is how soon a withdrawn case's copies are gone.
const goneWithin = 5 * time.Second

// noted gives the entries of one kind that media has written to ACCESS of an account.
func noted(t *testing.T, kind, account string) []events.AccessEntry {
	t.Helper()
	me, err := client(account).Me(t.Context())
	must(t, err)
	var out []events.AccessEntry
	for next := uint64(1); ; {
		m, err := system.Bus.Next(t.Context(), events.StreamAccess, events.AccessSubject(events.ServiceMedia, kind), next)
		if errors.Is(err, bus.ErrNone) {
			return out
		}
		// Entries aren't facts: they have no envelope.
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			t.Fatal(err)
		}
		next = m.Sequence + 1
		var e events.AccessEntry
		must(t, json.Unmarshal(m.Data, &e))
		if string(e.Actor.Account) == me.Account {
			out = append(out, e)
		}
	}
}

// told is what originals of the samples tell and no public copy may: names of devices and programs, owner, serial number, places, times, and the marks of metadata themselves.
var told = []string{
	"Exif\x00\x00", "http://ns.adobe.com/xap/1.0/", "Photoshop 3.0", "SH-Cam 7", "Baishan Optics", "BS400-SAMPLE-0007", "Sample Editor", "+44.9885+126.0228", "VideoHandler", "Lavc libx264",
	"2026:", "2019:", "/CreationDate", "HeadlessChrome", "Skia/PDF",
}

type expectedSample struct {
	File    string
	Private []string `json:"private_metadata"`
}

func expectedSamples(t *testing.T) map[string]expectedSample {
	t.Helper()
	out := map[string]expectedSample{}
	for _, name := range []string{"expected.json", "followups.expected.json"} {
		var want struct{ Media []expectedSample }
		data, err := fs.ReadFile(samples.Files, name)
		must(t, err)
		must(t, json.Unmarshal(data, &want))
		for _, m := range want.Media {
			out[m.File] = m
		}
	}
	return out
}

// TestPublicCopiesTellNothing looks at every byte of every public copy of every sample, as domain.md's seventh story has it.
func TestPublicCopiesTellNothing(t *testing.T) {
	t.Parallel()
	want, found, seen := expectedSamples(t), map[string]bool{}, map[string]bool{}
	for _, of := range system.cases {
		v, err := client("supervisor").Case(t.Context(), of, 0)
		must(t, err)
		var r events.RectificationState
		if len(v.Rectification) > 0 {
			must(t, json.Unmarshal(v.Rectification, &r))
		}
		ids := r.Media()
		for _, m := range v.Media {
			ids = append(ids, events.MediaID(m.ID))
		}
		for _, id := range ids {
			m := settled(t, "supervisor", string(id))
			w, ok := want[m.File]
			if !ok || seen[m.File] {
				continue
			}
			seen[m.File] = true
			if m.State != "rendered" && m.State != "cleared" && m.Missing == "" || m.Examination == nil {
				t.Errorf("%s: %s %s", m.File, m.State, m.Reason)
				continue
			}
			for _, tag := range w.Private {
				if !slices.Contains(m.Examination.Private, tag) {
					t.Errorf("%s: its office isn't told of %s: %v", m.File, tag, m.Examination.Private)
				}
			}
			secrets := secretsOf(t, m.File, found)
			for _, c := range m.Renditions {
				got := call(t, m.Office+"-1", http.MethodGet, c.URL, nil)
				if got.status != http.StatusOK || len(got.body) == 0 {
					t.Errorf("%s: %d", c.URL, got.status)
				}
				for _, s := range secrets {
					if bytes.Contains(got.body, []byte(s)) {
						t.Errorf("%s of %s holds %q", c.Name, m.File, s)
					}
				}
			}
		}
	}
	for _, s := range told {
		if !found[s] && s != "Photoshop 3.0" {
			t.Errorf("no original holds %q: nothing was proved", s)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d of %d samples looked at", len(seen), len(want))
	}
}

// secretsOf gives what the copies of a sample may not hold; found notes what of it the original does.
func secretsOf(t *testing.T, name string, found map[string]bool) []string {
	t.Helper()
	original, err := fs.ReadFile(samples.Files, "media/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		original, err = fs.ReadFile(samples.Files, "followup-media/"+name)
	}
	must(t, err)
	var out []string
	for _, s := range told {
		if bytes.Contains(original, []byte(s)) {
			found[s] = true
		}
		// Four digits and a colon are in the noise of a clip too.
		if !strings.HasPrefix(s, "20") || bytes.Contains(original, []byte(s)) && bytes.HasPrefix(original, []byte{0xff, 0xd8}) {
			out = append(out, s)
		}
	}
	// The picture in the picture.
	if i := bytes.Index(original, []byte{0xff, 0xd8, 0xff}); i == 0 {
		if j := bytes.Index(original[2:], []byte{0xff, 0xd8, 0xff}); j > 0 && len(original) > j+1024 {
			out = append(out, string(original[j+700:j+764]))
		}
	}
	return out
}

// TestOriginalStaysAsItIs gets sealed originals back byte by byte; whoever looks is in ACCESS, whoever may not isn't given a byte.
func TestOriginalStaysAsItIs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gas-sensor-wrapped.jpg", "overloaded-grain.mp4", "newspaper-clipping-20260702.pdf"} {
		data := sample(t, name)
		r := upload(t, "changbaishan-2", "原件 "+name, data)
		id := r.header.Get(portalapi.HeaderMediaID)
		settled(t, "changbaishan-2", id)
		address, reason := "/media/"+id+"/original", "核对 "+name
		for _, who := range []string{"changbaishan-2", "supervisor"} {
			before := len(noted(t, "original-read", who))
			got := call(t, who, http.MethodGet, address+"?reason="+url.QueryEscape(reason), nil)
			if got.status != http.StatusOK || !bytes.Equal(got.body, data) {
				t.Errorf("%s for %s: %d, %d bytes", name, who, got.status, len(got.body))
			}
			entries := noted(t, "original-read", who)[before:]
			if !slices.ContainsFunc(entries, func(e events.AccessEntry) bool { return e.Detail["media"] == id && e.Detail["reason"] == reason }) {
				t.Errorf("%s: the look of %s isn't noted: %+v", name, who, entries)
			}
		}
		for _, who := range []string{"journalist", "weekly", "jilin-1", "admin"} {
			call(t, who, http.MethodGet, address+"?reason=x", nil).problem(t, http.StatusNotFound, "not_found")
			if e := noted(t, "original-read", who); len(e) != 0 {
				t.Errorf("%s looked: %+v", who, e)
			}
		}
	}
}

// twins are two pictures that differ in an area alone, and in every pixel there.
func twins(t *testing.T, area image.Rectangle) (a, b []byte) {
	t.Helper()
	base, err := jpeg.Decode(bytes.NewReader(sample(t, "trench.jpg")))
	must(t, err)
	m := image.NewRGBA(base.Bounds())
	draw.Draw(m, m.Rect, base, base.Bounds().Min, draw.Src)
	noise := rand.New(rand.NewPCG(6, 7))
	var out [2][]byte
	for i := range out {
		for y := area.Min.Y; y < area.Max.Y; y++ {
			for x := area.Min.X; x < area.Max.X; x++ {
				m.SetRGBA(x, y, color.RGBA{uint8(noise.UintN(256)), uint8(128 * i), uint8(noise.UintN(256)), 255})
			}
		}
		var w bytes.Buffer
		must(t, jpeg.Encode(&w, m, &jpeg.Options{Quality: 90}))
		out[i] = w.Bytes()
	}
	return out[0], out[1]
}

// TestHiddenCantBeRecovered hides the only place where two pictures differ: if no byte of any copy differs then, none tells of what was there.
func TestHiddenCantBeRecovered(t *testing.T) {
	t.Parallel()
	// By whole blocks of the encoder.
	area := image.Rect(640, 320, 960, 480)
	first, second := twins(t, area)
	var before, after [2][]reply
	for i, data := range [][]byte{first, second} {
		name := []string{"沟槽 甲.jpg", "沟槽 乙.jpg"}[i]
		id := upload(t, "siping-1", name, data).header.Get(portalapi.HeaderMediaID)
		m := settled(t, "siping-1", id)
		before[i] = copies(t, "siping-1", m)
		_, err := client("siping-1").CommandMedium(t.Context(), id, "clear", "", map[string]any{"areas": []events.Area{{X: area.Min.X, Y: area.Min.Y, Width: area.Dx(), Height: area.Dy(), Style: events.AreaSolid}}})
		must(t, err)
		hidden := cleared(t, "siping-1", id)
		if len(hidden.Renditions) != len(m.Renditions) {
			t.Fatalf("hidden: %+v", hidden)
		}
		after[i] = copies(t, "siping-1", hidden)
		for _, c := range m.Renditions {
			call(t, "siping-1", http.MethodGet, c.URL, nil).problem(t, http.StatusGone, "gone")
		}
	}
	for i := range after[0] {
		if bytes.Equal(before[0][i].body, before[1][i].body) {
			t.Error("the pictures never differed")
		}
		if !bytes.Equal(after[0][i].body, after[1][i].body) {
			t.Errorf("copy %d tells of what is hidden", i)
		}
	}
}

// cleared waits until a medium that was cleared with areas to hide has its new copies.
func cleared(t *testing.T, as, id string) portalapi.Medium {
	t.Helper()
	for end := time.Now().Add(settledWithin); ; {
		m := settled(t, as, id)
		if m.State == "cleared" {
			return m
		}
		if m.State != "rendered" || time.Now().After(end) {
			t.Fatalf("%s is %s", m.File, m.State)
		}
	}
}

// copies gets all copies of a medium, by their address and by their bare name.
func copies(t *testing.T, as string, m portalapi.Medium) []reply {
	t.Helper()
	var out []reply
	for _, c := range m.Renditions {
		for _, address := range []string{c.URL, "/media/" + m.ID + "/" + c.Name} {
			r := call(t, as, http.MethodGet, address, nil)
			if r.status != http.StatusOK {
				t.Fatalf("%s: %d", address, r.status)
			}
			out = append(out, r)
		}
	}
	return out
}

// TestMediaFollowTheirCase has a journalist see a medium from its clearing to the withdrawal of its case, and not a moment longer.
func TestMediaFollowTheirCase(t *testing.T) {
	t.Parallel()
	id := upload(t, "changchun-1", "撤回 现场.jpg", sample(t, "locked-exit.jpg")).header.Get(portalapi.HeaderMediaID)
	m := settled(t, "changchun-1", id)
	of := submit(t, "测〔2026〕影像撤回", map[string]any{"exposures": []any{}, "media": []map[string]string{{"file": "撤回 现场.jpg", "caption": "出口", "kind": "image"}}}).ID
	address := m.Renditions[0].URL
	unseen := func(when string, held int) {
		t.Helper()
		for _, who := range []string{"journalist", "jilin-1"} {
			call(t, who, http.MethodGet, address, nil).problem(t, http.StatusNotFound, "not_found")
			call(t, who, http.MethodGet, "/api/v1/media/"+id, nil).problem(t, http.StatusNotFound, "not_found")
			if held < 0 {
				call(t, who, http.MethodGet, "/api/v1/cases/"+of, nil).problem(t, http.StatusNotFound, "not_found")
				continue
			}
			v, err := client(who).Case(t.Context(), of, 0)
			must(t, err)
			if len(v.Media) != 0 || v.HeldBack != held {
				t.Errorf("%s, %s: %+v, %d held back", when, who, v.Media, v.HeldBack)
			}
		}
	}
	unseen("before the exposure", -1)
	must(t, ok(command(t, "changchun-1", of, "publish", `{"outlet":"长春安行视界电视栏目","kind":"tv","headline":"曝光","url":"https://tv.example.cn/7","published_on":"2026-11-20"}`)))
	unseen("before a person has looked", 1)
	call(t, "journalist", http.MethodPost, "/api/v1/media/"+id+"/commands/clear", []byte(`{}`)).problem(t, http.StatusNotFound, "not_found")
	_, err := client("changchun-1").CommandMedium(t.Context(), id, "clear", "", map[string]any{})
	must(t, err)
	for _, who := range []string{"journalist", "jilin-1"} {
		v, err := client(who).Case(t.Context(), of, 0)
		must(t, err)
		if r := call(t, who, http.MethodGet, address, nil); r.status != http.StatusOK || len(v.Media) != 1 || v.HeldBack != 0 || r.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s, cleared: %d %v, %+v", who, r.status, r.header, v.Media)
		}
	}
	must(t, ok(command(t, "changchun-1", of, "ask-withdrawal", `{"reason":"事实有误"}`)))
	must(t, ok(command(t, "supervisor", of, "withdraw", `{"reason":"同意"}`)))
	ctx, cancel := context.WithTimeout(t.Context(), goneWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, who := range []string{"journalist", "jilin-1"} {
		for call(t, who, http.MethodGet, address, nil).status != http.StatusGone {
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("%s still gets it %s after the withdrawal", who, goneWithin)
			}
		}
		call(t, who, http.MethodGet, address, nil, "If-None-Match", `"`+m.SHA256+`"`).problem(t, http.StatusGone, "gone")
	}
	if r := call(t, "changchun-2", http.MethodGet, address, nil); r.status != http.StatusOK {
		t.Errorf("its office: %d", r.status)
	}
}
