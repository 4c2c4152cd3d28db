package server_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// TestWay takes media of every type to their copies.
func TestWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	for _, c := range []struct {
		file  string
		state events.MediaStatus
		kind  string
	}{
		{"media/trench.jpg", events.MediaRendered, "image"},
		{"media/gas-detector-offline.png", events.MediaRendered, "image"},
		{"media/boiler.webp", events.MediaRendered, "image"},
		{"media/gas-station-anim.gif", events.MediaRendered, "image"},
		{"media/openpit-liuhe.heic", events.MediaRendered, "image"},
		{"media/IMG_20260715_093012.jpg", events.MediaRendered, "image"},
		{"media/crane-portrait.mp4", events.MediaRendered, "video"},
		{"media/interview-liaoyuan.m4a", events.MediaRendered, "audio"},
		{"media/newspaper-clipping-20260702.pdf", events.MediaRendered, "document"},
	} {
		data := sample(t, c.file)
		got := s.whole(me, c.file, hashOf(data), data)
		if got.status != http.StatusCreated {
			t.Errorf("%s: %d %s", c.file, got.status, got.body)
			continue
		}
		id := events.MediaID(got.header.Get("Songshui-Media-Id"))
		eventually(t, c.file+" is "+string(c.state), func() bool { return r.record("jilin", id).State == c.state })
		m := r.record("jilin", id)
		if m.Kind != c.kind || m.Examination == nil {
			t.Errorf("%s: %+v", c.file, m)
		}
		for _, copied := range m.Renditions {
			checkCopy(t, s, me, m, copied)
		}
		if len(m.Renditions) == 0 || m.Renditions[0].ID != m.Renditions[0].Name+"-1" {
			t.Errorf("%s: copies %+v", c.file, m.Renditions)
		}
	}
}

func checkCopy(t *testing.T, s *site, me string, m events.MediaState, c events.Rendition) {
	t.Helper()
	at := mediaapi.RenditionURL(m.ID, c.Name)
	got := s.do(http.MethodGet, at, me, nil, nil)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != c.Type || hashOf(got.body) != c.SHA256 || int64(len(got.body)) != c.Bytes {
		t.Fatalf("%s %s: %d", m.File, c.Name, got.status)
	}
	if by := s.do(http.MethodGet, mediaapi.RenditionURL(m.ID, c.ID), me, nil, nil); by.status != http.StatusOK || hashOf(by.body) != c.SHA256 {
		t.Errorf("%s by its id: %d", c.ID, by.status)
	}
	if c.Type == "image/jpeg" && m.Kind == "image" {
		checkPicture(t, m, c, got.body)
	}
	if c.Type == "application/pdf" && !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%s is shown inline", m.File)
	}
	for _, token := range []string{s.office("siping"), s.reporter()} {
		if got := s.do(http.MethodGet, at, token, nil, nil); got.status != http.StatusNotFound {
			t.Errorf("a stranger: %d", got.status)
		}
	}
	if got := s.do(http.MethodGet, at, s.province(), nil, nil); got.status != http.StatusOK {
		t.Errorf("the province: %d", got.status)
	}
}

func checkPicture(t *testing.T, m events.MediaState, c events.Rendition, body []byte) {
	t.Helper()
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(body))
	if err != nil || cfg.Width != c.Width || cfg.Height != c.Height {
		t.Errorf("%s %s: %+v, %v", m.File, c.Name, cfg, err)
	}
	e := m.Examination
	if (e.DisplayWidth > e.DisplayHeight) != (c.Width > c.Height) && e.DisplayWidth != e.DisplayHeight {
		t.Errorf("%s %s isn't upright: %d × %d of %+v", m.File, c.Name, c.Width, c.Height, e)
	}
	if bytes.Contains(body, []byte("Exif")) {
		t.Errorf("%s %s has metadata", m.File, c.Name)
	}
}

// TestBadSamples sends every hostile file: refused ones leave nothing but an entry in ACCESS.
func TestBadSamples(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	statuses := map[string][]int{
		"truncated.jpg": {422}, "bomb-30000x30000.png": {413, 422}, "huge-dimensions.jpg": {413, 422}, "script.svg": {415}, "html-as.jpg": {415},
		"polyglot-html.jpg": {201}, "polyglot-zip.jpg": {201, 422}, "mp4-as.jpg": {201, 415}, "javascript.pdf": {201, 422}, "zero.jpg": {422}, "eicar.txt": {415},
		"gif-5000-frames.gif": {413, 422}, "truncated-mdat.mp4": {422},
	}
	refused, taken := 0, 0
	for file, want := range statuses {
		data := sample(t, "bad/"+file)
		var got reply
		if len(data) == 0 {
			got = s.do(http.MethodPost, "/files", me, creation(file, "", 0), nil)
		} else {
			at := s.create(me, file, "", len(data))
			if got = s.patch(me, at, 0, data); got.status == http.StatusNoContent {
				got.status = http.StatusCreated
			}
		}
		ok := false
		for _, w := range want {
			ok = ok || got.status == w
		}
		if !ok {
			t.Errorf("%s: %d %s", file, got.status, got.body)
		}
		if got.status != http.StatusCreated {
			got.fault(t)
			refused++
			continue
		}
		taken++
		m := r.record("jilin", events.MediaID(got.header.Get("Songshui-Media-Id")))
		if file == "mp4-as.jpg" && m.Kind != "video" {
			t.Errorf("%s is a %s", file, m.Kind)
		}
	}
	if n := r.messages(events.StreamAccess, "access.media.upload-refused"); n != refused {
		t.Errorf("%d entries in ACCESS for %d refused", n, refused)
	}
	if keys := r.keys(r.buckets.Originals()); len(keys) != taken {
		t.Errorf("originals of %d: %v", taken, keys)
	}
}

// TestFailed has a medium whose original no longer is what its record says: it ends with a reason, and without a dead letter.
func TestFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(server.Config{})
	data := sample(t, "bad/truncated.jpg")
	if _, err := r.store().Put(t.Context(), r.buckets.Originals(), "jilin/x", data, objects.Options{}); err != nil {
		t.Fatal(err)
	}
	f := events.MediaSealedFact{ID: events.MediaIDFor("jilin", hashOf(data), "a.jpg"), Office: "jilin", File: "a.jpg", SHA256: hashOf(data), Bytes: int64(len(data)),
		Type: "image/jpeg", Kind: "image", Object: "jilin/x"}
	in := bus.Intent{Name: "seal", Actor: events.System("media")}
	_, err := server.Aggregate.Execute(t.Context(), r.bus(), events.MediaSubject("jilin", f.ID), in, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) { return f, nil })
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has failed", func() bool { return r.record("jilin", f.ID).State == events.MediaFailed })
	if m := r.record("jilin", f.ID); m.Reason != "damaged" {
		t.Errorf("%+v", m)
	}
	if n := r.messages(events.StreamDeadLetters, ">"); n != 0 {
		t.Errorf("%d dead letters", n)
	}
	// Tried again, it fails again, once.
	before := r.record("jilin", f.ID).Revision
	r.give(r.office("jilin"), f.ID, "retry", map[string]any{})
	eventually(t, "it has failed again", func() bool {
		m := r.record("jilin", f.ID)
		return m.State == events.MediaFailed && m.Revision == before+2
	})
}

// TestFoldedStates folds each medium's facts from nothing: they give the states that were written.
func TestFoldedStates(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	id := events.MediaID(s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id"))
	eventually(t, "it is rendered", func() bool { return r.record("jilin", id).State == events.MediaRendered })
	areas := []events.Area{{X: 10, Y: 10, Width: 20, Height: 20}}
	r.give(me, id, "mask", map[string]any{"areas": areas})
	eventually(t, "it is rendered anew", func() bool { return r.record("jilin", id).State == events.MediaRendered })
	r.give(me, id, "clear", map[string]any{})
	r.give(me, id, "clear", map[string]any{"areas": []events.Area{}})
	eventually(t, "it is cleared by itself", func() bool { return r.record("jilin", id).State == events.MediaCleared })
	history, err := r.bus().History(t.Context(), events.StreamMedia, events.MediaSubject("jilin", id), 100)
	if err != nil || len(history) != 9 {
		t.Fatalf("%d facts, %v", len(history), err)
	}
	var folded events.MediaState
	for _, m := range history {
		fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
		if err != nil {
			t.Fatal(err)
		}
		if folded, err = server.Aggregate.Step(folded, m.Meta, fact); err != nil {
			t.Fatal(err)
		}
		written, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
		if err != nil || !reflect.DeepEqual(folded, written) {
			t.Errorf("after %s: %+v, written %+v, %v", m.Meta.Type, folded, written, err)
		}
	}
}
