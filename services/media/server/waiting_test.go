package server_test

import (
	"os"
	"os/exec"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/media/server"
)

// TestWaiting has areas of a clip hidden where ffmpeg is missing: the clip waits, also over a start that doesn't find the program, and goes on at one that does. It isn't parallel,
// since it changes the PATH.
func TestWaiting(t *testing.T) {
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	id := events.MediaID(s.whole(me, "a.mp4", "", sample(t, "media/crane-portrait.mp4")).header.Get("Songshui-Media-Id"))
	eventually(t, "it is rendered", func() bool { return r.record("jilin", id).State == events.MediaRendered })
	r.give(me, id, "clear", map[string]any{"areas": []events.Area{{X: 10, Y: 10, Width: 100, Height: 100, UntilMS: 3000}}})
	waits := func() bool {
		m := r.record("jilin", id)
		return m.State == events.MediaWaiting && m.Missing == "ffmpeg"
	}
	eventually(t, "it waits", waits)
	if v, err := r.api(me).Get(t.Context(), id); err != nil || v.Missing != "ffmpeg" || len(v.Renditions) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	s.stop()
	before := r.record("jilin", id).Revision
	s = r.start(server.Config{})
	// What is sealed after the start is rendered, so the start has looked at what waits.
	other := events.MediaID(s.whole(me, "b.jpg", "", sample(t, "media/trench.jpg")).header.Get("Songshui-Media-Id"))
	eventually(t, "another is rendered", func() bool { return r.record("jilin", other).State == events.MediaRendered })
	if !waits() || r.record("jilin", id).Revision != before {
		t.Errorf("after a start without the program: %+v", r.record("jilin", id))
	}
	s.stop()
	t.Setenv("PATH", path)
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal(err)
		}
		t.Skip("left out: ffmpeg is missing")
	}
	r.start(server.Config{})
	eventually(t, "it is rendered and cleared by itself", func() bool { return r.record("jilin", id).State == events.MediaCleared })
	if m := r.record("jilin", id); string(m.ClearedBy) != "jilin-desk" || m.Missing != "" || len(m.Renditions) == 0 {
		t.Errorf("%+v", m)
	}
}
