package clips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Limits of one run of ffmpeg.
const (
	// maxMemory is the address space: a clip of 4K decoded in two threads takes below 1.5 GiB of it.
	maxMemory = 3 << 30
	// threads of the decoder and of the encoder each.
	threads = 2
	// leastTime and timesLength bound a run by the clock: some minutes, and so many times the clip's length.
	leastTime   = 5 * time.Minute
	timesLength = 6
	// maxRecoded is the most that a recoded clip may have: three hours at 3 Mbit/s.
	maxRecoded = 4 << 30
)

// timeFor bounds a run on a clip.
func timeFor(p planned) time.Duration {
	return leastTime + timesLength*time.Duration(min(p.Examination.DurationMS, MaxDuration.Milliseconds()))*time.Millisecond
}

// recode makes the copy for every browser, strips it too, and gives its path.
func (c *Clips) recode(ctx context.Context, dir, local string, p planned, hide []events.Area, soundOnly bool, keep kinds.Keep) (string, error) {
	args := input(local)
	x := p.Examination
	w, h := fit(x.DisplayWidth, x.DisplayHeight, 720, 1920)
	if p.Picture {
		args = append(args, "-filter_complex", filters(x, hide, w, h), "-map", "[out]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-profile:v", "high",
			"-pix_fmt", "yuv420p", "-g", "60", "-maxrate", "3M", "-bufsize", "6M", "-threads:v", strconv.Itoa(threads))
	}
	args = append(args, "-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000", "-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn",
		"-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-fs", strconv.Itoa(maxRecoded), "-f", "mp4", pathIn(dir, "recoded"))
	if err := c.run(ctx, dir, timeFor(p), nil, args); err != nil {
		return "", err
	}
	f, err := os.Open(pathIn(dir, "recoded"))
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	made := kinds.Original{ReaderAt: f, Size: info.Size(), Type: sniff.MP4}
	q, err := c.plan(ctx, made, soundOnly)
	if err != nil || !q.Playable || q.Picture != p.Picture {
		return "", fmt.Errorf("clips: what ffmpeg made: %w", errors.Join(err, errors.New("not as asked for")))
	}
	// A file that reached the limit of size looks whole.
	if q.Examination.DurationMS < x.DurationMS*9/10-1000 {
		return "", sandbox.Refuse(sniff.CodeTooDemanding, errors.New("clips: the recoded clip is cut short"))
	}
	out := kinds.Copy{Name: NameH264, Type: sniff.MP4.MIME, Width: w, Height: h, Size: q.size()}
	if soundOnly {
		out = kinds.Copy{Name: NameSound, Type: sniff.M4A.MIME, Size: q.size()}
	}
	return f.Name(), q.strip(made, func(r io.Reader) error {
		out.Body = r
		return keep(ctx, out)
	})
}

// poster keeps a JPEG of a frame near a tenth of the clip. ffmpeg gives bare pixels, so nothing but them can get into it.
func (c *Clips) poster(ctx context.Context, dir, local string, p planned, keep kinds.Keep) error {
	x := p.Examination
	w, h := fit(x.DisplayWidth, x.DisplayHeight, 1280, 1280)
	var pixels []byte
	for _, at := range []int64{x.DurationMS / 10, 0} {
		out := &limited{max: 3 * w * h}
		args := append(input(local, "-ss", seconds(at)), "-map", "0:v:0", "-frames:v", "1", "-vf", fmt.Sprintf("scale=%d:%d,setsar=1", w, h), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
		if err := c.run(ctx, dir, leastTime, out, args); err != nil {
			return err
		}
		if pixels = out.Bytes(); len(pixels) == out.max {
			break
		}
	}
	if len(pixels) != 3*w*h {
		return damaged("no frame for a poster")
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, o := 0, 0; i < len(pixels); i, o = i+3, o+4 {
		copy(img.Pix[o:], pixels[i:i+3])
		img.Pix[o+3] = 0xff
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		return err
	}
	return keep(ctx, kinds.Copy{Name: NamePoster, Type: sniff.JPEG.MIME, Width: w, Height: h, Size: int64(out.Len()), Body: &out})
}

// fit scales a size down so that the shorter edge is at most short and the longer at most long; even numbers, at least 2.
func fit(w, h, short, long int) (int, int) {
	factor := min(1, float64(short)/float64(max(1, min(w, h))), float64(long)/float64(max(1, w, h)))
	even := func(n int) int { return max(2, int(float64(n)*factor/2+0.5)*2) }
	return even(w), even(h)
}

// input opens a local file as MP4 or MOV and as nothing else: no other demuxer, which might follow a name in the file, and no protocol but file and pipe.
func input(path string, before ...string) []string {
	args := []string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-protocol_whitelist", "file,pipe", "-format_whitelist", "mov", "-threads", strconv.Itoa(threads), "-filter_threads", "1", "-f", "mov"}
	return append(append(args, before...), "-i", path)
}

// run starts ffmpeg in a shell that sets its limits: an empty environment, a process group of its own, nothing on its input.
func (c *Clips) run(ctx context.Context, dir string, limit time.Duration, out io.Writer, args []string) error {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said := &limited{max: 2 << 10}
	cmd := limitedCommand(timed, c.tools.FFmpeg, 2*limit, args)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = []string{}, dir, out, said
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case timed.Err() != nil:
		return sandbox.Refuse(sniff.CodeTooDemanding, fmt.Errorf("ffmpeg took more than %v", limit))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("clips: ffmpeg: %w", err)
	}
	cause := fmt.Errorf("ffmpeg: %w: %s", err, said.Bytes())
	if exit.ExitCode() < 0 || exit.ExitCode() > 128 || bytes.Contains(said.Bytes(), []byte("Cannot allocate memory")) {
		return sandbox.Refuse(sniff.CodeTooDemanding, cause)
	}
	return sandbox.Refuse(sniff.CodeDamaged, cause)
}

// limited holds the first bytes written and lets the others go.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(p []byte) (int, error) {
	_, _ = l.Buffer.Write(p[:min(len(p), l.max-l.Len())])
	return len(p), nil
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }
