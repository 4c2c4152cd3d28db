package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// TestRefusedBeforeSealing sends what only its index or its pages condemn: the answer says so, and nothing but an entry in ACCESS is left.
func TestRefusedBeforeSealing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	index := bytes.Index(clip(t, mib), []byte("moov")) - 4
	noIndex := clip(t, 9*mib)
	copy(noIndex[index+4:], "skip")
	tests := []struct {
		name string
		data []byte
		code string
	}{
		{"long.mp4", fourHours(t, clip(t, mib)), "too_long"},
		{"long-parts.mp4", fourHours(t, clip(t, 9*mib)), "too_long"},
		{"no-index.mp4", noIndex, "damaged"},
		{"beyond.mp4", slices.Concat(clip(t, 9*mib), []byte{0xff, 0, 0, 0}, []byte("mdat")), "damaged"},
		{"book.pdf", paper(501, 0), "too_many_pages"},
		{"book-parts.pdf", paper(501, 9*mib), "too_many_pages"},
		{"no-sound.mp3", slices.Concat([]byte("ID3\x04\x00\x00\x00\x00\x00\x10"), make([]byte, 4096)), "damaged"},
		{"no-sound.wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"), "damaged"},
	}
	for _, c := range tests {
		at := s.create(me, c.name, "", len(c.data))
		got := s.patch(me, at, 0, c.data)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
			continue
		}
		if f := got.fault(t); len(f.Fields) != 1 || f.Fields[0].Field != "file" || f.Fields[0].Code != c.code {
			t.Errorf("%s: %+v", c.name, f)
		}
		if gone := s.do(http.MethodHead, at, me, nil, nil); gone.status != http.StatusNotFound {
			t.Errorf("%s: %d after the refusal", c.name, gone.status)
		}
	}
	if n := r.messages(events.StreamAccess, "access.media.upload-refused"); n != len(tests) {
		t.Errorf("%d entries in ACCESS", n)
	}
	if n := r.messages(events.StreamMedia, "media.>"); n != 0 {
		t.Errorf("%d facts", n)
	}
	if keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}

// TestRefusedEarly has one server take the beginning of a clip and another one, which knows of it by its state alone, the part that condemns it: long before the end.
func TestRefusedEarly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me := r.office("jilin")
	short := clip(t, mib)
	at := bytes.Index(short, []byte("mvhd"))
	// The index comes behind a free box, so that its header is cut where one server goes and the other comes.
	long := fourHours(t, short)
	index := bytes.Index(long, []byte("moov")) - 4
	free := make([]byte, 17*mib)
	binary.BigEndian.PutUint32(free, uint32(len(free)))
	copy(free[4:], "free")
	data := slices.Concat(long[:index], free, long[index:], make([]byte, 20*mib))
	cut := at + len(free) + 14
	s := r.start(server.Config{})
	up := s.create(me, "a.mp4", "", len(data))
	if got := s.patch(me, up, 0, data[:cut]); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.stop()
	s = r.start(server.Config{})
	got := s.patch(me, up, cut, data[cut:cut+100])
	if got.status != http.StatusUnprocessableEntity || got.fault(t).Fields[0].Code != "too_long" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
	if n := r.unfinished(); n != 0 {
		t.Errorf("%d multipart uploads left open", n)
	}
}

// unfinished counts the multipart uploads to originals.
func (r *rig) unfinished() (n int) {
	r.t.Helper()
	for _, err := range r.store().Unfinished(r.t.Context(), r.buckets.Originals()) {
		if err != nil {
			r.t.Fatal(err)
		}
		n++
	}
	return n
}

// TestForgottenParts drops a multipart upload that was begun for an upload whose state never came to name it, a week later and not before; that of an upload under way stays.
func TestForgottenParts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, data := r.office("jilin"), clip(t, 20*mib)
	s := r.start(server.Config{})
	at := s.create(me, "a.mp4", "", len(data))
	if got := s.patch(me, at, 0, data[:9*mib]); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if _, err := r.store().Begin(t.Context(), r.buckets.Originals(), "jilin/aaaaaaaaaaaaaaaaaaaaaaaaaa", objects.Options{}); err != nil {
		t.Fatal(err)
	}
	s.stop()
	s = r.startLater(server.Config{}, 6*day)
	// The upload goes on, so that its own end is a week from now; a tail would be too old by the store's clock.
	if got := s.patch(me, at, 9*mib, data[9*mib:16*mib]); got.status != http.StatusNoContent || r.unfinished() != 2 {
		t.Errorf("%d %s, %d open", got.status, got.body, r.unfinished())
	}
	s.stop()
	s = r.startLater(server.Config{}, 8*day)
	eventually(t, "only what has a state is left", func() bool { return r.unfinished() == 1 })
	got := s.patch(me, at, 16*mib, data[16*mib:])
	if id := events.MediaID(got.header.Get("Songshui-Media-Id")); got.status != http.StatusNoContent || !bytes.Equal(r.original(r.record("jilin", id)), data) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// fourHours has a clip's header of the movie say so.
func fourHours(t *testing.T, b []byte) []byte {
	t.Helper()
	b = slices.Clone(b)
	body := b[bytes.Index(b, []byte("mvhd"))+4:]
	binary.BigEndian.PutUint32(body[16:], 4*3600*binary.BigEndian.Uint32(body[12:]))
	return b
}

// paper makes a PDF of empty pages, and of so many bytes of stream.
func paper(pages, bulk int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, a ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), fmt.Sprintf(format, a...))
	}
	b.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids bytes.Buffer
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", i+4)
	}
	object("<</Type/Pages/MediaBox[0 0 100 100]/Count %d/Kids[%s]>>", pages, &kids)
	object("<</Length %d>>\nstream\n%s\nendstream", bulk, bytes.Repeat([]byte{' '}, bulk))
	for range pages {
		object("<</Type/Page/Parent 2 0 R/Resources<<>>/Contents 3 0 R>>")
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

// TestPolyglots sends sound and papers that are something else too, before or behind: what is published of them isn't.
func TestPolyglots(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	const script = "<script>alert(1)</script>"
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if w, err := z.Create("a.html"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	frame := append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, 413)...)
	frames := bytes.Repeat(frame, 100)
	wave := slices.Concat([]byte("RIFF\x24\x40\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x40\x00\x00"), make([]byte, 0x4000))
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x00"), byte(len(script)))
	ids := map[string]events.MediaID{}
	for name, data := range map[string][]byte{
		"tag.mp3":     slices.Concat(tag, []byte(script), frames),
		"behind.mp3":  slices.Concat(frames, archive.Bytes()),
		"behind.wav":  slices.Concat(wave, archive.Bytes()),
		"behind.pdf":  slices.Concat(paper(2, 0), archive.Bytes(), []byte("%%EOF")),
		"comment.pdf": bytes.Replace(paper(2, 0), []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n%"+script+"\n"), 1),
	} {
		got := s.whole(me, name, "", data)
		if ids[name] = events.MediaID(got.header.Get("Songshui-Media-Id")); ids[name] == "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for name, id := range ids {
		eventually(t, name+" is rendered", func() bool { return r.record("jilin", id).State == events.MediaRendered })
		for _, c := range r.record("jilin", id).Renditions {
			body := s.do(http.MethodGet, mediaapi.RenditionURL(id, c.ID), me, nil, nil).body
			if _, err := zip.NewReader(bytes.NewReader(body), int64(len(body))); err == nil || len(body) == 0 || bytes.Contains(body, []byte("<script")) || bytes.Contains(body, []byte("PK\x03\x04")) {
				t.Errorf("%s: %s still is something else", name, c.Name)
			}
		}
	}
	// What isn't the paper's end any more is damaged, and so is a file that begins as something else.
	for name, data := range map[string][]byte{
		"far.pdf":   slices.Concat(paper(2, 0), make([]byte, 2000), archive.Bytes()),
		"junk.mp3":  slices.Concat(frames, make([]byte, 10_000)),
		"first.pdf": slices.Concat(archive.Bytes(), paper(2, 0)),
	} {
		if got := s.whole(me, name, "", data); got.status != http.StatusUnprocessableEntity && got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
