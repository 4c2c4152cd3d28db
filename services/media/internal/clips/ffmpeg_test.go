package clips

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

var area = []events.Area{{X: 100, Y: 50, Width: 200, Height: 120}, {X: 40, Y: 500, Width: 500, Height: 160, FromMS: 2000, UntilMS: 4000, Style: events.AreaMosaic}}

func tools(t testing.TB) Tools { return Tools{FFmpeg: tool(t, "ffmpeg"), Dir: t.TempDir()} }

// left says whether a directory is empty: every run cleans up.
func left(t *testing.T, dir string) {
	t.Helper()
	if e, err := os.ReadDir(dir); err != nil || len(e) > 0 {
		t.Errorf("left behind: %v %v", e, err)
	}
}

func TestPoster(t *testing.T) {
	t.Parallel()
	with := tools(t)
	out, err := render(t, clips(t, with), kinds.Job{Original: original(t, read(t, "media", "crane-portrait.mp4"))})
	if err != nil || names(out) != "clip poster" {
		t.Fatalf("%s %v", names(out), err)
	}
	p := out[NamePoster]
	img, err := jpeg.Decode(bytes.NewReader(p.data))
	if err != nil || img.Bounds().Dx() != 480 || img.Bounds().Dy() != 854 || p.Width != 480 || p.Height != 854 || p.Type != "image/jpeg" {
		t.Fatalf("%+v %v", p.Copy, err)
	}
	if bytes.Contains(p.data, []byte("Lavc")) || bytes.Contains(p.data, []byte("Exif")) {
		t.Error("the poster says who made it")
	}
	left(t, with.Dir)
}

func TestHidden(t *testing.T) {
	t.Parallel()
	with := tools(t)
	b := synthesise(t, "plate.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", "scale=1280:720:flags=neighbor,setsar=1,drawgrid=w=8:h=8:t=2:color=white,tpad=stop_mode=clone:stop_duration=4", "-c:a", "aac")
	out, err := render(t, clips(t, with), kinds.Job{Original: original(t, b), Areas: area})
	if err != nil || names(out) != "h264 poster" {
		t.Fatalf("%s %v", names(out), err)
	}
	left(t, with.Dir)
	if c := out[NameH264]; c.Width != 1280 || c.Height != 720 || c.Type != "video/mp4" {
		t.Errorf("%+v", c.Copy)
	}
	poster, err := jpeg.Decode(bytes.NewReader(out[NamePoster].data))
	if err != nil {
		t.Fatal(err)
	}
	black(t, "poster", poster, area[0])
	for _, c := range []struct {
		at     string
		mosaic bool
	}{{"1.0", false}, {"2.0", true}, {"3.0", true}, {"4.0", true}, {"5.5", false}} {
		f := frame(t, out[NameH264].data, c.at)
		black(t, "at "+c.at, f, area[0])
		if got := edges(f, area[1]); (got < 0.06) != c.mosaic {
			t.Errorf("at %s: %.3f of the pixels are edges", c.at, got)
		}
	}
	x, err := clips(t, Tools{}).Examine(t.Context(), originalOf(out[NameH264].data))
	if err != nil || len(x.Private) > 0 || x.TakenAt != "" {
		t.Errorf("%+v %v", x, err)
	}
}

func originalOf(b []byte) kinds.Original {
	return kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: sniff.MP4}
}

// Turned pictures: areas are named in upright pixels.
func TestHiddenUpright(t *testing.T) {
	t.Parallel()
	hide := []events.Area{{X: 300, Y: 700, Width: 101, Height: 99}}
	out, err := render(t, clips(t, tools(t)), kinds.Job{Original: original(t, read(t, "media", "crane-portrait.mp4")), Areas: hide})
	if err != nil || names(out) != "h264 poster" {
		t.Fatalf("%s %v", names(out), err)
	}
	f := frame(t, out[NameH264].data, "0")
	if b := f.Bounds(); b.Dx() != 480 || b.Dy() != 854 {
		t.Fatalf("%v", b)
	}
	black(t, "turned", f, hide[0])
}

func frame(t *testing.T, clip []byte, at string) image.Image {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "clip"), filepath.Join(dir, "frame.jpg")
	if err := os.WriteFile(in, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), "-v", "error", "-ss", at, "-i", in, "-frames:v", "1", "-q:v", "1", out).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func black(t *testing.T, what string, img image.Image, a events.Area) {
	t.Helper()
	// What compression spills over an edge isn't what lay under it.
	const edge = 4
	for y := a.Y + edge; y < a.Y+a.Height-edge; y++ {
		for x := a.X + edge; x < a.X+a.Width-edge; x++ {
			if v := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y; v > 24 {
				t.Errorf("%s: %d at %d, %d", what, v, x, y)
				return
			}
		}
	}
}

// edges is the share of pixels that differ much from the one before: in a mosaic only those between its cells can.
func edges(img image.Image, a events.Area) float64 {
	n := 0
	for y := a.Y; y < a.Y+a.Height; y++ {
		for x := a.X + 1; x < a.X+a.Width; x++ {
			p, q := color.GrayModel.Convert(img.At(x-1, y)).(color.Gray).Y, color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
			if int(p)-int(q) > 16 || int(q)-int(p) > 16 {
				n++
			}
		}
	}
	return float64(n) / float64(a.Width*a.Height)
}

// synthesise has ffmpeg make a clip of a test picture and a tone.
func synthesise(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15:duration=3", "-f", "lavfi", "-i", "sine=duration=3"}, append(args, path)...)
	if b, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), all...).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What browsers can't play is recoded; without ffmpeg it waits.
func TestRecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"hevc.mp4", []string{"-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", "-c:a", "aac"}, "clip h264 poster"},
		{"pcm.mov", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"}, "h264 poster"},
		{"prores.mov", []string{"-c:v", "prores_ks", "-c:a", "pcm_s24le"}, "h264 poster"},
		{"ten-bit.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-c:a", "aac"}, "clip h264 poster"},
		{"mpeg4.mp4", []string{"-c:v", "mpeg4", "-c:a", "aac"}, "h264 poster"},
		{"squeezed.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", "setsar=4/3", "-an"}, "clip poster"},
		{"alac.m4a", []string{"-vn", "-c:a", "alac", "-f", "ipod"}, "sound"},
		{"mp3.mp4", []string{"-vn", "-c:a", "libmp3lame", "-f", "mp4"}, "clip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := synthesise(t, c.name, c.args...)
			with := tools(t)
			out, err := render(t, clips(t, with), kinds.Job{Original: original(t, b)})
			if err != nil || names(out) != c.want {
				t.Fatalf("%s %v", names(out), err)
			}
			left(t, with.Dir)
			for _, name := range []string{NameClip, NameSound} {
				if copied, ok := out[name]; ok && c.name != "alac.m4a" {
					sameFrames(t, b, copied.data)
				}
			}
			if again, ok := out[NameH264]; ok {
				x, err := clips(t, Tools{}).Examine(t.Context(), originalOf(again.data))
				if err != nil || fmt.Sprint(x.Streams) != "[h264 aac]" || x.DurationMS < 2900 || x.DurationMS > 3200 {
					t.Errorf("%+v %v", x, err)
				}
			}
			_, err = render(t, clips(t, Tools{}), kinds.Job{Original: original(t, b)})
			var waits bool
			if _, waits = err.(*kinds.Missing); waits != (c.want == "sound" || bytes.Contains([]byte(c.want), []byte("h264"))) {
				t.Errorf("without ffmpeg: %v", err)
			}
		})
	}
}

// What somebody cut off with an edit list isn't published.
func TestCutOff(t *testing.T) {
	t.Parallel()
	whole := synthesise(t, "whole.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.mp4"), filepath.Join(dir, "out.mp4")
	if err := os.WriteFile(in, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	// Copying from the middle keeps the frames since the last key frame and hides them.
	if b, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), "-v", "error", "-ss", "2", "-i", in, "-c", "copy", out).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	made, err := render(t, clips(t, tools(t)), kinds.Job{Original: original(t, b)})
	if err != nil || names(made) != "h264 poster" {
		t.Fatalf("%s %v", names(made), err)
	}
}

// Rotation, size and codecs are ffprobe's.
func TestLikeProbe(t *testing.T) {
	t.Parallel()
	probe := tool(t, "ffprobe")
	for _, turn := range []string{"0", "90", "180", "270"} {
		b := synthesise(t, "turned.mov", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-metadata:s:v:0", "rotate="+turn, "-c:a", "aac")
		path := filepath.Join(t.TempDir(), "clip.mov")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), probe, "-v", "error", "-show_streams", "-of", "json", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			Streams []struct {
				Name string                   `json:"codec_name"`
				Side []struct{ Rotation int } `json:"side_data_list"`
			}
		}
		if err := json.Unmarshal(out, &p); err != nil {
			t.Fatal(err)
		}
		want := 0
		if s := p.Streams[0].Side; len(s) > 0 {
			want = s[0].Rotation
		}
		x, err := clips(t, Tools{}).Examine(t.Context(), original(t, b))
		if err != nil || x.Rotation != want || x.Streams[0] != p.Streams[0].Name {
			t.Errorf("turned %s: %+v %v, want %d", turn, x, err, want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := clips(t, tools(t))
	err := c.run(t.Context(), c.tools.Dir, 300*time.Millisecond, nil, []string{"-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=duration=60", "-f", "null", "-"})
	if code(err) != sniff.CodeTooDemanding {
		t.Errorf("endless: %v", err)
	}
	err = c.run(t.Context(), c.tools.Dir, time.Minute, nil, append(input(filepath.Join(c.tools.Dir, "none")), "-f", "null", "-"))
	if code(err) != sniff.CodeDamaged {
		t.Errorf("no clip: %v", err)
	}
}
