package clips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func unit(b ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }

// sei makes an H.264 unit of one message.
func sei(kind byte, payload string) []byte {
	return unit(append(append([]byte{6, kind, byte(len(payload))}, payload...), 0x80)...)
}

// stream gives the copy of chunks of one track that lie one behind the other in the original.
func stream(t *testing.T, nal nalKind, chunks ...[]byte) ([]byte, error) {
	t.Helper()
	var src, ranges []byte
	var l layout
	for _, c := range chunks {
		src = append(src, "gap with private data"...)
		ranges = span{at: int64(len(src)), size: int64(len(c))}.append(ranges, &l)
		src = append(src, c...)
	}
	return io.ReadAll(iotest.OneByteReader(newBody([]byte("head"), ranges, nal, bytes.NewReader(src), int64(len(src)))))
}

func TestUserData(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("u", 16) + "CAMERA 4711 43.9N\x00\x00\x03\x01 125.3E"
	ours := encoderUUID + "x264 - core 164"
	captions := "\xb5\x00\x31GA94 words"
	other := "\xb5\x00\x99CAMERA 4711"
	slice := unit(0x65, 1, 2, 3, 4)
	private := unit(append([]byte{30}, "CAMERA 4711"...)...)
	filler := unit(12, 'C', 'A', 'M', 'E', 'R', 'A')
	in := bytes.Join([][]byte{sei(5, ours), slice, sei(5, secret), unit(), slice, sei(4, captions), sei(4, other), private, filler, unit(9), slice, sei(1, "timing")}, nil)
	out, err := stream(t, avcNAL, in, sei(5, secret), slice)
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 + len(in) + len(sei(5, secret)) + len(slice); len(out) != want {
		t.Errorf("%d bytes, want %d", len(out), want)
	}
	if bytes.Contains(out, []byte("CAMERA")) || bytes.Contains(out, []byte("43.9")) || bytes.Contains(out, []byte("125.3")) || bytes.Contains(out, []byte("private")) {
		t.Errorf("%q", out)
	}
	for _, kept := range []string{string(slice), ours, captions, "timing", "\x00\x00\x03"} {
		if !bytes.Contains(out, []byte(kept)) {
			t.Errorf("%q is gone", kept)
		}
	}
	if bytes.Contains(out[4:], []byte("\x00\x00\x01u")) {
		t.Error("a start code")
	}
	hevc := unit(append(append([]byte{39 << 1, 1, 5, byte(len(secret))}, secret...), 0x80)...)
	vendor := unit(append([]byte{62 << 1, 1}, "CAMERA"...)...)
	if out, err := stream(t, hevcNAL, append(append(hevc, vendor...), unit(1<<1, 1, 7)...)); err != nil || bytes.Contains(out, []byte("CAMERA")) {
		t.Errorf("%q %v", out, err)
	}
	for name, broken := range map[string][]byte{"too long": {0, 0, 0, 9, 0x65}, "no length": {0, 0, 0}, "SEI too long": {0, 0, 0, 9, 6, 5}, "empty SEI header": {0, 0, 0, 1}} {
		if _, err := stream(t, avcNAL, broken, slice); code(err) != "damaged" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever units, chunks and gaps there are, a copy has the original's bytes where there is no user data, and the source's error comes through.
func TestBody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var src, ranges []byte
		want := []byte("head")
		var l layout
		nal := nalKind(rapid.IntRange(0, 2).Draw(t, "nal"))
		for range rapid.IntRange(1, 12).Draw(t, "spans") {
			src = append(src, make([]byte, rapid.SampledFrom([]int{0, 1, 1000, readOver + 1, window + 7}).Draw(t, "gap"))...)
			track := rapid.IntRange(0, 1).Draw(t, "track")
			var c []byte
			for range rapid.IntRange(1, 4).Draw(t, "units") {
				b := make([]byte, rapid.SampledFrom([]int{1, 2, 3, 500, 70_000, window}).Draw(t, "size"))
				b[0] = 1 // a slice in both codecs
				for i := 1; i < len(b); i += 97 {
					b[i] = byte(i)
				}
				c = append(c, unit(b...)...)
			}
			ranges = span{at: int64(len(src)), size: int64(len(c)), track: track}.append(ranges, &l)
			src, want = append(src, c...), append(want, c...)
		}
		out, err := io.ReadAll(newBody([]byte("head"), ranges, nal, bytes.NewReader(src), int64(len(src))))
		if err != nil || !bytes.Equal(out, want) {
			t.Fatalf("%d bytes, want %d: %v", len(out), len(want), err)
		}
		away := errors.New("the store is away")
		if _, err := io.ReadAll(newBody(nil, ranges, nal, failing{away}, int64(len(src)))); !errors.Is(err, away) {
			t.Fatalf("%v", err)
		}
	})
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// FuzzScrub: no panic; nothing outside the unit's payload changes, no start code comes to be, and a second time changes nothing.
func FuzzScrub(f *testing.F) {
	f.Add([]byte{6, 5, 20, 0, 0, 3, 1, 0, 0, 3, 0, 0, 0, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0x80}, 1)
	f.Add([]byte{78, 1, 5, 255, 255, 3}, 2)
	f.Fuzz(func(t *testing.T, b []byte, head int) {
		if head < 1 || head > 2 || bytes.Contains(b, []byte{0, 0, 1}) || bytes.Contains(b, []byte{0, 0, 0}) {
			return
		}
		once := bytes.Clone(b)
		scrub(once, head)
		if len(b) > head && !bytes.Equal(once[:head], b[:head]) || bytes.Contains(once, []byte{0, 0, 1}) || bytes.Contains(once, []byte{0, 0, 0}) {
			t.Fatalf("%x\n%x", b, once)
		}
		twice := bytes.Clone(once)
		if scrub(twice, head); !bytes.Equal(once, twice) {
			t.Fatalf("%x\n%x", once, twice)
		}
	})
}

// FuzzCut: ranges that aren't ours never lead beyond the original.
func FuzzCut(f *testing.F) {
	f.Add([]byte{1, 4, 0, 3}, int64(100))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		if size < 0 {
			return
		}
		for end := int64(0); len(b) > 0; {
			s, rest, err := cut(b, end, size)
			if err != nil {
				return
			}
			if s.at < end || s.size <= 0 || s.at+s.size > size || len(rest) >= len(b) {
				t.Fatalf("%+v", s)
			}
			end, b = s.at+s.size, rest
		}
	})
}
