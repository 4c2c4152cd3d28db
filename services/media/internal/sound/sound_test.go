package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

var silent = []byte{0xff, 0xfb, 0x90, 0xc0} // MPEG 1, 128 kbit/s, 44.1 kHz, mono: 417 bytes

func mp3Frames(n int, fill byte) []byte {
	var out []byte
	for range n {
		out = append(append(out, silent...), bytes.Repeat([]byte{fill}, 413)...)
	}
	return out
}

func id3(text string) []byte {
	frame := append([]byte("TPE1\x00\x00\x00"), byte(len(text)+1), 0, 0, 3)
	frame = append(frame, text...)
	return append([]byte{'I', 'D', '3', 4, 0, 0, 0, 0, 0, byte(len(frame))}, frame...)
}

func id3v1(text string) []byte {
	b := make([]byte, 128)
	copy(b, "TAG"+text)
	return b
}

func ape(text string) []byte {
	f := make([]byte, 32)
	copy(f, "APETAGEX")
	f[12] = byte(len(text) + 32)
	return append([]byte(text), f...)
}

func lyrics(text string) []byte {
	body := "LYRICSBEGIN" + text
	return []byte(body + "000" + string([]byte{'0', '0' + byte(len(body)/10), '0' + byte(len(body)%10)}) + "LYRICS200")
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func original(t testing.TB, b []byte) kinds.Original {
	t.Helper()
	typ, ok := sniff.Sniff(b)
	if !ok {
		t.Fatal("not a type that is taken")
	}
	return kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: typ}
}

func render(t testing.TB, o kinds.Original) ([]byte, error) {
	t.Helper()
	var out []byte
	err := Sound{}.Render(t.Context(), kinds.Job{Original: o, Areas: []events.Area{{Width: 1, Height: 1}}}, func(_ context.Context, c kinds.Copy) error {
		var err error
		if out, err = io.ReadAll(iotest.OneByteReader(c.Body)); err == nil && (int64(len(out)) != c.Size || c.Name != "sound" || c.Type != o.Type.MIME) {
			t.Errorf("%d bytes, said %+v", len(out), c)
		}
		return err
	})
	return out, err
}

func chunk(name string, body string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	return append(append(b, body...), make([]byte, len(body)&1)...)
}

func wave(parts ...[]byte) []byte {
	body := join(parts...)
	return join([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body)+4)), []byte("WAVE"), body)
}

// 8 kHz, 16 bits, mono.
const format = "\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00"

func TestSound(t *testing.T) {
	t.Parallel()
	sound := mp3Frames(100, 0x55)
	data := strings.Repeat("\x01\x02", 8000)
	for _, c := range []struct {
		name    string
		in, out []byte
		ms      int64
		codec   string
		private string
	}{
		{"bare", sound, sound, 2612, "mp3", ""},
		{"tags", join(id3("SECRET"), id3("SECRET"), sound, lyrics("SECRET"), ape("SECRET"), id3v1("SECRET")), sound, 2612, "mp3", "APE Artist ID3 Lyrics"},
		{"between", join(sound[:417*50], []byte("SECRET"), sound[417*50:]), sound, 2612, "mp3", ""},
		{"cut", sound[:len(sound)-7], sound[:417*99], 2586, "mp3", ""},
		{"wav", wave(chunk("bext", "SECRET"), chunk("fmt ", format), chunk("LIST", "SECRET"), chunk("data", data), chunk("iXML", "SECRET")), wave(chunk("fmt ", format), chunk("data", data)), 1000, "pcm_s16le",
			"BroadcastExtension Information XMP"},
		{"wav without length", append(wave(chunk("fmt ", format)), "data\xff\xff\xff\xff"+data+"x"...), wave(chunk("fmt ", format), chunk("data", data)), 1000, "pcm_s16le", ""},
	} {
		x, err := Sound{}.Examine(t.Context(), original(t, c.in))
		if err != nil || x.DurationMS != c.ms || !slices.Equal(x.Streams, []string{c.codec}) || strings.Join(x.Private, " ") != c.private {
			t.Errorf("%s: %+v %v", c.name, x, err)
		}
		if out, err := render(t, original(t, c.in)); err != nil || !bytes.Equal(out, c.out) || bytes.Contains(out, []byte("SECRET")) {
			t.Errorf("%s: %d bytes, want %d: %v", c.name, len(out), len(c.out), err)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	first := make([]byte, 417)
	copy(first, silent)
	copy(first[21:], "Xing\x00\x00\x00\x01\x00\x00\x00\x64LAME3.100")
	copy(first[21+12+36:], "SECRET")
	out, err := render(t, original(t, join(first, mp3Frames(100, 0))))
	if err != nil || len(out) != 417*101 || bytes.Contains(out, []byte("SECRET")) || !bytes.Contains(out, []byte("LAME3.100")) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if x, err := (Sound{}).Examine(t.Context(), original(t, join(first, mp3Frames(100, 0)))); err != nil || x.DurationMS != 2612 {
		t.Errorf("%+v %v", x, err)
	}
	if _, err := render(t, original(t, join(first, mp3Frames(60, 0)))); code(err) != sniff.CodeDamaged {
		t.Errorf("cut at 60 %%: %v", err)
	}
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	e := fault.Of(err)
	if e.Code == fault.Invalid && len(e.Fields) == 1 && e.Fields[0].Field == sniff.Field {
		return e.Fields[0].Code
	}
	return string(e.Code)
}

func TestBad(t *testing.T) {
	t.Parallel()
	adpcm := "\x11\x00" + format[2:]
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"tag only":      {id3("x"), "damaged"},
		"long tag":      {[]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f rest"), "damaged"},
		"junk":          {join(mp3Frames(20, 0), bytes.Repeat([]byte("junk"), 1000)), "damaged"},
		"wav no data":   {wave(chunk("fmt ", format)), "damaged"},
		"wav no fmt":    {wave(chunk("data", "1234")), "damaged"},
		"wav cut":       {wave(chunk("fmt ", format), chunk("data", strings.Repeat("x", 1000)))[:400], "damaged"},
		"wav no blocks": {wave(chunk("fmt ", format), chunk("data", "x")), "damaged"},
		"wav adpcm":     {wave(chunk("fmt ", adpcm), chunk("data", "xxxx")), "unsupported_type"},
	} {
		if _, err := (Sound{}).Examine(t.Context(), original(t, c.in)); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := render(t, original(t, c.in)); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	away := errors.New("the store is away")
	for _, typ := range []sniff.Type{sniff.MP3, sniff.WAV} {
		if _, err := (Sound{}).Examine(t.Context(), kinds.Original{ReaderAt: broken{away}, Size: 1 << 20, Type: typ}); !errors.Is(err, away) {
			t.Errorf("%s: %v", typ.MIME, err)
		}
	}
}

type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

// What ffmpeg made is decoded the same after its tags are gone.
func TestDecodes(t *testing.T) {
	t.Parallel()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal("ffmpeg is required")
		}
		t.Skip("left out: no ffmpeg on the PATH")
	}
	dir := t.TempDir()
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), ffmpeg, append([]string{"-v", "error"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, args := range map[string][]string{"vbr.mp3": {"-q:a", "4"}, "low.mp3": {"-ar", "16000", "-ac", "1"}, "id3v1.mp3": {"-write_id3v1", "1"}, "s16.wav": {"-c:a", "pcm_s16le"}, "s24.wav": {"-c:a", "pcm_s24le", "-ac", "6"}} {
		in, out := filepath.Join(dir, name), filepath.Join(dir, "stripped-"+name)
		run(append(append([]string{"-f", "lavfi", "-i", "sine=duration=3", "-metadata", "artist=SECRET", "-metadata", "title=SECRET"}, args...), in)...)
		b, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte("SECRET")) {
			t.Fatalf("%s has no tag", name)
		}
		x, err := Sound{}.Examine(t.Context(), original(t, b))
		if err != nil || x.DurationMS < 2950 || x.DurationMS > 3200 || len(x.Private) == 0 {
			t.Errorf("%s: %+v %v", name, x, err)
		}
		stripped, err := render(t, original(t, b))
		if err != nil || bytes.Contains(stripped, []byte("SECRET")) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(out, stripped, 0o600); err != nil {
			t.Fatal(err)
		}
		if a, b := run("-i", in, "-f", "framemd5", "-"), run("-i", out, "-f", "framemd5", "-"); a != b {
			t.Errorf("%s decodes otherwise:\n%.600s\n%.600s", name, a, b)
		}
	}
}

// FuzzSound: no panic, no endless loop; what is given out is what was said, and is sound again.
func FuzzSound(f *testing.F) {
	f.Add(join(id3("x"), mp3Frames(3, 0), ape("y"), id3v1("z")))
	f.Add(join(mp3Frames(2, 0), lyrics("words"), id3v1("z")))
	f.Add(wave(chunk("bext", "x"), chunk("fmt ", format), chunk("data", "12345678")))
	f.Add(wave(chunk("fmt ", "\xfe\xff"+format[2:]+"\x16\x00\x10\x00\x01\x00\x00\x00\x01\x00"+guidTail), chunk("data", "1234")))
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, ok := sniff.Sniff(b)
		if !ok || typ != sniff.MP3 && typ != sniff.WAV {
			return
		}
		o := kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: typ}
		x, err := Sound{}.Examine(t.Context(), o)
		if err != nil {
			if c := code(err); c != "damaged" && c != "unsupported_type" {
				t.Fatal(err)
			}
			return
		}
		out, err := render(t, o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Sound{}.Examine(t.Context(), kinds.Original{ReaderAt: bytes.NewReader(out), Size: int64(len(out)), Type: typ})
		if err != nil || again.DurationMS != x.DurationMS || len(again.Private) > 0 {
			t.Fatalf("%+v, before %+v: %v", again, x, err)
		}
	})
}
