package clips

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

// fragmentedBy has ffmpeg put a clip into fragments without recoding.
func fragmentedBy(t *testing.T, clip []byte, name string, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, name)
	if err := os.WriteFile(in, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), append(append([]string{"-v", "error", "-i", in, "-map", "0", "-c", "copy"}, args...), out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("moof")) {
		t.Fatal("not in fragments")
	}
	return b
}

var (
	withB = []string{"-c:v", "libx264", "-g", "15", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata:s:v", "title=SECRET", "-metadata:s:v", "handler_name=SECRET", "-metadata", "comment=SECRET"}
	ways  = []struct {
		name, file string
		args       []string
	}{
		{"default base", "a.mp4", []string{"-movflags", "frag_keyframe+empty_moov+default_base_moof"}},
		{"base offset", "a.mp4", []string{"-movflags", "frag_keyframe+empty_moov"}},
		{"neither", "a.mp4", []string{"-movflags", "frag_keyframe+empty_moov+omit_tfhd_offset"}},
		{"short", "a.mp4", []string{"-movflags", "empty_moov+default_base_moof", "-frag_duration", "200000"}},
		{"samples in the moov", "a.mp4", []string{"-movflags", "frag_keyframe"}},
		{"edit list", "a.mp4", []string{"-movflags", "frag_keyframe+delay_moov"}},
		{"negative offsets", "a.mp4", []string{"-movflags", "cmaf"}},
		{"separate", "a.mp4", []string{"-movflags", "frag_keyframe+empty_moov+separate_moof"}},
		{"very short", "a.mp4", []string{"-movflags", "empty_moov", "-frag_duration", "70000"}},
		{"sidx and prft", "a.mp4", []string{"-movflags", "dash+global_sidx+frag_keyframe", "-write_prft", "wallclock"}},
		{"smooth", "a.ismv", []string{"-f", "ismv"}},
		{"mov", "a.mov", []string{"-movflags", "frag_keyframe+empty_moov"}},
		{"late", "a.mp4", []string{"-movflags", "frag_keyframe+empty_moov+default_base_moof+frag_discont", "-output_ts_offset", "3600"}},
	}
)

// Whatever way fragments are written, the copy is an ordinary file of the same frames at the same times, and says nothing of who made it.
func TestFragments(t *testing.T) {
	t.Parallel()
	whole := synthesise(t, "whole.mp4", withB...)
	for _, c := range ways {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := fragmentedBy(t, whole, c.file, c.args...)
			k := clips(t, Tools{})
			o := originalOf(b)
			if err := sniff.CheckClip(o, o.Size); err != nil {
				t.Error(err)
			}
			x, err := k.Examine(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			shifted := c.name == "negative offsets" || c.name == "smooth"
			within := 0.05
			if shifted {
				within = 0.2
			}
			if fmt.Sprint(x.Streams) != "[h264 aac]" || math.Abs(float64(x.DurationMS)/1000-length(t, b)) > within || x.Width != 320 || x.Height != 240 {
				t.Errorf("%+v", x)
			}
			if c.name == "sidx and prft" && !slices.Contains(x.Private, "ProducerReferenceTime") || !slices.Contains(x.Private, "HandlerDescription") {
				t.Errorf("private: %v", x.Private)
			}
			out, err := render(t, k, kinds.Job{Original: o})
			if err != nil || names(out) != "clip" {
				t.Fatalf("%s %v", names(out), err)
			}
			stripped := out[NameClip].data
			plainFile(t, k, stripped)
			switch {
			case c.name == "edit list":
				// Edits count in an ordinary file only.
				sameFrames(t, whole, stripped)
			case shifted:
				// In fragments ffmpeg shows pictures later by the most negative offset.
				if x, y := aligned(frames(t, b)), aligned(frames(t, stripped)); x != y {
					t.Errorf("frames differ:\n%.500s\n%.500s", x, y)
				}
			default:
				sameFrames(t, b, stripped)
			}
			sameKeys(t, b, stripped)
		})
	}
}

// aligned puts one stream after the other, each from 0.
func aligned(list string) string {
	var streams [2][]string
	var from [2]int
	for line := range strings.Lines(list) {
		f := strings.Split(strings.ReplaceAll(line, " ", ""), ",")
		i, _ := strconv.Atoi(f[0])
		at, _ := strconv.Atoi(f[2])
		if len(streams[i]) == 0 {
			from[i] = at
		}
		streams[i] = append(streams[i], fmt.Sprint(at-from[i], " ", f[5]))
	}
	return strings.Join(append(streams[0], streams[1]...), "")
}

// plainFile wants a copy of file type, index and samples in which nothing is private.
func plainFile(t *testing.T, k *Clips, stripped []byte) {
	t.Helper()
	o := originalOf(stripped)
	top, err := walk(o, o.Size)
	if err != nil || !slices.Equal(top.boxes, []string{"ftyp", "moov", "mdat"}) {
		t.Fatalf("boxes %v %v", top.boxes, err)
	}
	for _, w := range append([]string{"SECRET", "mvex", "trex", "moof", "sidx", "mfra", "prft", "emsg"}, never...) {
		if bytes.Contains(stripped[:top.mdat[0].Start], []byte(w)) {
			t.Errorf("the index holds %q", w)
		}
	}
	if x, err := k.Examine(t.Context(), o); err != nil || len(x.Private) > 0 || x.TakenAt != "" {
		t.Errorf("%+v %v", x, err)
	}
}

// sameKeys wants the same packets to be key frames.
func sameKeys(t *testing.T, a, b []byte) {
	t.Helper()
	if x, y := keyFrames(t, a), keyFrames(t, b); x != y || !strings.Contains(x, "K") {
		t.Errorf("key frames differ:\n%.300s\n%.300s", x, y)
	}
}

func keyFrames(t *testing.T, clip []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip")
	if err := os.WriteFile(path, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "ffprobe"), "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(out), "_", ""), "\n", " ")
}

// A hole in the times of fragments stays where it is, and tracks that begin later do.
func TestHoles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "holes.mp4")
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15:duration=6", "-itsoffset", "1.5", "-f", "lavfi", "-i", "sine=duration=4", "-vf", "select='lt(t,2)+gt(t,4)'", "-fps_mode", "passthrough"},
		"-c:v", "libx264", "-bf", "2", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+default_base_moof", path)
	if b, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k := clips(t, Tools{})
	out, err := render(t, k, kinds.Job{Original: original(t, b)})
	if err != nil || names(out) != "clip" {
		t.Fatalf("%s %v", names(out), err)
	}
	plainFile(t, k, out[NameClip].data)
	sameFrames(t, b, out[NameClip].data)
}

// What must be recoded is read by ffmpeg as an ordinary file, also of codecs that aren't published.
func TestFragmentsRecoded(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"pcm.mov": {"-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"}, "prores.mov": {"-c:v", "prores_ks", "-c:a", "pcm_s24le"}} {
		b := fragmentedBy(t, synthesise(t, name, args...), name, "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "1000000")
		with := tools(t)
		out, err := render(t, clips(t, with), kinds.Job{Original: original(t, b)})
		if err != nil || names(out) != "h264 poster" {
			t.Fatalf("%s: %s %v", name, names(out), err)
		}
		left(t, with.Dir)
		if x, err := clips(t, Tools{}).Examine(t.Context(), originalOf(out[NameH264].data)); err != nil || fmt.Sprint(x.Streams) != "[h264 aac]" || x.DurationMS < 2900 || x.DurationMS > 3200 {
			t.Errorf("%s: %+v %v", name, x, err)
		}
	}
}

// A recording that broke off is as long as its whole fragments; what an edit list hides in fragments isn't published.
func TestFragmentsCut(t *testing.T) {
	t.Parallel()
	b := fragmentedBy(t, synthesise(t, "whole.mp4", withB...), "a.mp4", "-movflags", "frag_keyframe+delay_moov")
	top, err := walk(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	last := top.mdat[len(top.mdat)-1]
	k := clips(t, tools(t))
	for name, broken := range map[string][]byte{"in the samples": b[:last.End-1], "before the samples": b[:last.Start-8], "in the index": b[:top.moofs[len(top.moofs)-1].at+20]} {
		if err := sniff.CheckClip(bytes.NewReader(broken), int64(len(broken))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		x, err := k.Examine(t.Context(), original(t, broken))
		if err != nil || math.Abs(float64(x.DurationMS)-2000) > 150 {
			t.Errorf("%s: %+v %v", name, x, err)
		}
	}
	at := bytes.Index(b, []byte("elst"))
	hidden := bytes.Clone(b)
	// Of the first track, the video, only from two seconds on.
	copy(hidden[at+16:], u32(2*timescale(t, b)))
	out, err := render(t, k, kinds.Job{Original: original(t, hidden)})
	if err != nil || names(out) != "h264 poster" {
		t.Fatalf("%s %v", names(out), err)
	}
	if got := strings.Count(frames(t, out[NameH264].data), "0, "); got < 1 || durationOf(t, out[NameH264].data, "v") > 1.3 {
		t.Errorf("%f s of video are published", durationOf(t, out[NameH264].data, "v"))
	}
}

func timescale(t *testing.T, b []byte) uint32 {
	t.Helper()
	out, _ := strconv.Atoi(strings.TrimPrefix(probed(t, b, "v").TimeBase, "1/"))
	return uint32(out)
}

func durationOf(t *testing.T, b []byte, stream string) float64 {
	t.Helper()
	d, err := strconv.ParseFloat(probed(t, b, stream).Duration, 64)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// length is the whole file's as ffprobe has it, in seconds.
func length(t *testing.T, b []byte) float64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "ffprobe"), "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	d, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type probedStream struct {
	TimeBase string `json:"time_base"`
	Duration string
}

func probed(t *testing.T, b []byte, stream string) probedStream {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "ffprobe"), "-v", "error", "-select_streams", stream, "-show_streams", "-of", "json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Streams []probedStream }
	if err := json.Unmarshal(out, &p); err != nil || len(p.Streams) != 1 {
		t.Fatal(err, len(p.Streams))
	}
	return p.Streams[0]
}
