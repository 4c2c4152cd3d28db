package clips

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

// bigClip is a sample clip whose samples were made longer, as a file that isn't stored: video chunks are single NAL units of one byte's value, sound is that value too.
type bigClip struct {
	front, moov []byte
	o           outer
	size        int64
	// every is the length of the video's NAL units.
	starts []int64
	unit   int64
}

// grown makes a clip of about size bytes: chunks of video of some 512 KiB and of sound of 8 KiB in turn.
func grown(t testing.TB, clip []byte, size int64) *bigClip {
	t.Helper()
	top, err := walk(bytes.NewReader(clip), int64(len(clip)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := mp4.DecodeBox(0, bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(top.moov.End-top.moov.Start+8)), append([]byte("moov"), clip[top.moov.Start:top.moov.End]...)...)))
	if err != nil {
		t.Fatal(err)
	}
	moov := b.(*mp4.MoovBox)
	const picture, tone = 512 << 10, 8 << 10
	n := int(size/(picture+tone)) + 1
	out := &bigClip{unit: picture, front: append([]byte("\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom\x00\x00\x00\x01mdat"), make([]byte, 8)...)}
	at := int64(len(out.front))
	binary.BigEndian.PutUint64(out.front[len(out.front)-8:], uint64(n)*(picture+tone)+16)
	var offsets [2][]uint64
	for range n {
		offsets[0], offsets[1] = append(offsets[0], uint64(at)), append(offsets[1], uint64(at+picture))
		out.starts = append(out.starts, at)
		at += picture + tone
	}
	for i, trak := range moov.Traks {
		s := trak.Mdia.Minf.Stbl
		length := uint32([]int{picture, tone}[i])
		s.Stsz.SampleUniformSize, s.Stsz.SampleNumber, s.Stsz.SampleSize = length, uint32(n), nil
		s.Stsc.Entries = []mp4.StscEntry{{FirstChunk: 1, SamplesPerChunk: 1, FirstSampleNr: 1}}
		s.Stts.SampleCount, s.Stts.SampleTimeDelta = []uint32{uint32(n)}, []uint32{512}
		fresh := mp4.NewStblBox()
		for _, c := range []mp4.Box{s.Stsd, s.Stts, s.Stsc, s.Stsz, &mp4.Co64Box{ChunkOffset: offsets[i]}} {
			fresh.AddChild(c)
		}
		trak.Mdia.Minf.Children[len(trak.Mdia.Minf.Children)-1], trak.Mdia.Minf.Stbl = fresh, fresh
		trak.Children = trak.Children[:0:0]
		trak.AddChild(trak.Tkhd)
		trak.AddChild(trak.Mdia)
	}
	var index bytes.Buffer
	if err := moov.Encode(&index); err != nil {
		t.Fatal(err)
	}
	out.moov, out.size = index.Bytes(), at+int64(index.Len())
	if out.o, err = walk(out, out.size); err != nil {
		t.Fatal(err)
	}
	return out
}

// ReadAt implements io.ReaderAt: front, samples, moov.
func (b *bigClip) ReadAt(p []byte, at int64) (int, error) {
	if at >= b.size {
		return 0, io.EOF
	}
	whole := len(p)
	p = p[:min(int64(whole), b.size-at)]
	for i := range p {
		p[i] = 0x41
	}
	put := func(part []byte, from int64) {
		if lo, hi := max(at, from), min(at+int64(len(p)), from+int64(len(part))); lo < hi {
			copy(p[lo-at:hi-at], part[lo-from:])
		}
	}
	put(b.front, 0)
	put(b.moov, b.size-int64(len(b.moov)))
	length := binary.BigEndian.AppendUint32(nil, uint32(b.unit-4))
	step := int64(1)
	if len(b.starts) > 1 {
		step = b.starts[1] - b.starts[0]
	}
	for i := max(0, (at-b.starts[0])/step-1); i < int64(len(b.starts)) && b.starts[i] < at+int64(len(p)); i++ {
		put(length, b.starts[i])
	}
	if len(p) < whole {
		return len(p), io.EOF
	}
	return len(p), nil
}

// BenchmarkStrip strips a clip of 1 GiB from a file to a file, and copies it plainly by the same reader and writer: ratio is the plain copy's time by the strip's, at least 0.7 by the
// issue; peak-MiB is what the heap grew by meanwhile, at most 64.
func BenchmarkStrip(b *testing.B) {
	big := grown(b, read(b, "media", "wind-lift.mp4"), 1<<30)
	strip(b, big, big.size)
}

// BenchmarkStripFragments does so with a clip of a fragment for every 256 KiB.
func BenchmarkStripFragments(b *testing.B) {
	clip := read(b, "media", "wind-lift.mp4")
	o, tracks := indexOf(b, clip)
	front := box("ftyp", "iso5", u32(0x200), "iso5mp42") + emptied(b, clip, o, tracks, box("trex", u32(0, 1, 1, 512, 0, 0)))
	const picture = 32 << 10
	sample := string(unit(append([]byte{0x41}, make([]byte, picture-5)...)...))
	moof := func(n int, at uint32) string {
		return box("moof", box("mfhd", u32(0, uint32(n))), traf(box("tfhd", u32(tfhdBaseIsMoof|tfhdSize, 1, picture)), box("tfdt", u32(0, uint32(n*8*512))), box("trun", u32(trunOffset, 8, at))))
	}
	index := len(moof(0, 0))
	one := index + 8 + len(sample)*8
	mdat := box("mdat", strings.Repeat(sample, 8))
	src := repeated{front: front, every: one, head: index, tail: mdat, index: func(n int) string { return moof(n, uint32(index+8)) }}
	strip(b, src, int64(len(front))+int64(one)*((1<<30)/int64(one)))
}

// repeated is a file of one piece again and again, of which only the heads differ.
type repeated struct {
	front, tail string
	every, head int
	index       func(int) string
}

// ReadAt implements io.ReaderAt.
func (r repeated) ReadAt(p []byte, at int64) (int, error) {
	for n := 0; n < len(p); {
		if at < int64(len(r.front)) {
			k := copy(p[n:], r.front[at:])
			n, at = n+k, at+int64(k)
			continue
		}
		rest := at - int64(len(r.front))
		i, in := int(rest/int64(r.every)), int(rest%int64(r.every))
		part := r.tail
		if in < r.head {
			part = r.index(i)
		} else {
			in -= r.head
		}
		k := copy(p[n:], part[in:])
		n, at = n+k, at+int64(k)
	}
	return len(p), nil
}

func strip(b *testing.B, big io.ReaderAt, size int64) {
	dir := b.TempDir()
	src, err := os.Create(dir + "/original")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if _, err := io.CopyBuffer(src, io.NewSectionReader(big, 0, size), make([]byte, 4<<20)); err != nil {
		b.Fatal(err)
	}
	c := clips(b, Tools{})
	o := kinds.Original{ReaderAt: src, Size: size, Type: sniff.MP4}
	write := func(r io.Reader) error {
		f, err := os.Create(dir + "/copy")
		if err != nil {
			return err
		}
		// Both by the same buffer, without the kernel's own way from file to file.
		_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{r}, make([]byte, 1<<20))
		if err == nil {
			err = f.Sync()
		}
		_ = f.Close()
		return err
	}
	if err := write(io.NewSectionReader(o, 0, o.Size)); err != nil {
		b.Fatal(err)
	}
	var plain, stripped time.Duration
	b.SetBytes(size)
	peak := watch()
	for b.Loop() {
		begun := time.Now()
		if err := write(io.NewSectionReader(o, 0, o.Size)); err != nil {
			b.Fatal(err)
		}
		plain += time.Since(begun)
		begun = time.Now()
		if err := c.Render(context.Background(), kinds.Job{Original: o}, func(_ context.Context, c kinds.Copy) error { return write(c.Body) }); err != nil {
			b.Fatal(err)
		}
		stripped += time.Since(begun)
	}
	b.ReportMetric(plain.Seconds()/stripped.Seconds(), "ratio")
	b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
}

// watch gives a function that ends watching and says by how many bytes the heap grew at most.
func watch() func() uint64 {
	var peak atomic.Uint64
	end, ended := make(chan struct{}), make(chan struct{})
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	before := held()
	go func() {
		defer close(ended)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-end:
				return
			case <-tick.C:
				peak.Store(max(peak.Load(), held()))
			}
		}
	}()
	return func() uint64 {
		close(end)
		<-ended
		return max(peak.Load(), before) - before
	}
}
