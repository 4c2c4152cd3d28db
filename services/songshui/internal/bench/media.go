package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/objects"
	media "songshui.internal/services/media/server"
	"songshui.internal/services/songshui/internal/samples"
)

const (
	// workers is how many pictures are made at once, by ours and by the peer.
	workers = 2
	// photograph has 12 megapixels.
	photograph = "media/启衡化工 储罐区 全景.jpg"
	// frame and tone are the bytes of a chunk of the clip that is stripped: a picture as of 1080p at 16 Mbit/s, and some sound.
	frame, tone = 64 << 10, 1 << 10
	// memoryEvery is how often memory is read.
	memoryEvery = 20 * time.Millisecond
)

// pictures alternates rounds of rendering photographs, each in a child, with rounds of doing the least in this process.
func pictures(ctx context.Context, c Config) ([]Row, error) {
	file, err := fs.ReadFile(samples.Files, photograph)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	b, err := media.NewBench(nil, objects.Buckets{}, workers)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	render := func() error { return b.Picture(ctx, file) }
	if _, err := shared(workers, render); err != nil { // the children have started
		return nil, err
	}
	var ours, raw []float64
	for range c.Rounds {
		for _, round := range []struct {
			do  func() error
			out *[]float64
		}{{func() error { return b.PlainPicture(file) }, &raw}, {render, &ours}} {
			took, err := shared(c.Pictures, round.do)
			if err != nil {
				return nil, fmt.Errorf("bench: pictures: %w", err)
			}
			*round.out = append(*round.out, float64(c.Pictures)/took.Seconds())
		}
	}
	return []Row{row("pictures", median(ours), median(raw), fmt.Sprintf("%d pictures; ours %s, raw %s", c.Pictures, rounds(ours), rounds(raw)))}, nil
}

// shared does a thing n times by the workers.
func shared(n int, do func() error) (time.Duration, error) {
	var next atomic.Int64
	errs := make([]error, workers)
	var group sync.WaitGroup
	began := time.Now()
	for i := range workers {
		group.Go(func() {
			for errs[i] == nil && next.Add(1) <= int64(n) {
				errs[i] = do()
			}
		})
	}
	group.Wait()
	return time.Since(began), errors.Join(errs...)
}

// strip alternates plain copies of a clip, from a bucket to a bucket in parts, with stripping it from the originals to the renditions.
func strip(ctx context.Context, c Config) ([]Row, error) {
	var ours, raw, grew, rawGrew []float64
	var size int64
	err := with(ctx, c.Dir, func(s *system) error {
		store, buckets := objects.NewStore(s.Backings().S3), s.Backings().Buckets
		core := minio.Core{Client: s.Backings().S3}
		if err := core.MakeBucket(ctx, rawBucket, minio.MakeBucketOptions{}); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		const key = "bench/clip"
		clip, n, err := longClip(c.Clip)
		if err != nil {
			return err
		}
		size = n
		if err := putParts(ctx, core, string(buckets.Originals()), key, clip, size); err != nil {
			return err
		}
		b, err := media.NewBench(store, buckets, 1)
		if err != nil {
			return err
		}
		defer b.Close()
		plain := func() error {
			body, _, err := store.Get(ctx, buckets.Originals(), key)
			if err != nil {
				return err
			}
			defer body.Close()
			return putParts(ctx, core, rawBucket, "copy", body, size)
		}
		stripped := func() error {
			kept, err := b.Strip(ctx, key, size)
			if err != nil {
				return err
			}
			return store.Delete(ctx, buckets.Renditions(), kept.Key)
		}
		for range c.Rounds {
			for _, round := range []struct {
				do         func() error
				rate, grew *[]float64
			}{{plain, &raw, &rawGrew}, {stripped, &ours, &grew}} {
				took, peak, err := watchedFor(round.do)
				if err != nil {
					return fmt.Errorf("bench: strip: %w", err)
				}
				*round.rate, *round.grew = append(*round.rate, mebibytes(size)/took.Seconds()), append(*round.grew, mebibytes(peak))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []Row{row("strip", median(ours), median(raw), fmt.Sprintf("%s MiB; ours %s, raw %s", number(mebibytes(size)), rounds(ours), rounds(raw))),
		row("strip-memory", median(grew), 0, fmt.Sprintf("of the whole process and its child, store included; %s; the plain copy %s", rounds(grew), rounds(rawGrew)))}, nil
}

// putParts is what a copy costs at least: parts one after another, complete.
func putParts(ctx context.Context, core minio.Core, bucket, key string, r io.Reader, size int64) error {
	id, err := core.NewMultipartUpload(ctx, bucket, key, minio.PutObjectOptions{ContentType: "video/mp4"})
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	var parts []minio.CompletePart
	buffer := make([]byte, partSize)
	for left := size; left > 0; {
		part := buffer[:min(left, partSize)]
		if _, err := io.ReadFull(r, part); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		p, err := core.PutObjectPart(ctx, bucket, key, id, len(parts)+1, bytes.NewReader(part), int64(len(part)), minio.PutObjectPartOptions{DisableContentSha256: true})
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		parts, left = append(parts, minio.CompletePart{PartNumber: p.PartNumber, ETag: p.ETag}), left-int64(len(part))
	}
	if _, err := core.CompleteMultipartUpload(ctx, bucket, key, id, parts, minio.PutObjectOptions{}); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// watchedFor does something and says by how many bytes the anonymous memory of this process and its children grew at most.
func watchedFor(do func() error) (took time.Duration, peak int64, err error) {
	debug.FreeOSMemory()
	idle, err := residentOf(os.Getpid())
	if err != nil {
		return 0, 0, err
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(memoryEvery)
		defer t.Stop()
		for {
			if now, err := residentOf(os.Getpid()); err == nil {
				peak = max(peak, now.anonymous-idle.anonymous)
			}
			select {
			case <-t.C:
			case <-end:
				return
			}
		}
	}()
	took, err = timed(do)
	close(end)
	<-ended
	return took, peak, err
}

// longClip gives a clip of about size bytes as a camera writes it, the index last: the tracks of a sample, whose chunks are one long frame and some sound each.
func longClip(size int64) (io.Reader, int64, error) {
	data, err := fs.ReadFile(samples.Files, "media/wind-lift.mp4")
	if err != nil {
		return nil, 0, fmt.Errorf("bench: %w", err)
	}
	file, err := mp4.DecodeFile(bytes.NewReader(data))
	if err != nil {
		return nil, 0, fmt.Errorf("bench: %w", err)
	}
	front := []byte("\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom\x00\x00\x00\x01mdat")
	n := max(1, size/(frame+tone))
	front = binary.BigEndian.AppendUint64(front, uint64(16+n*(frame+tone)))
	for i, trak := range file.Moov.Traks {
		s := trak.Mdia.Minf.Stbl
		at, length := int64(len(front)), frame
		if i > 0 {
			at, length = at+frame, tone
		}
		offsets := make([]uint64, n)
		for j := range offsets {
			offsets[j] = uint64(at + int64(j)*(frame+tone))
		}
		s.Stts.SampleCount, s.Stts.SampleTimeDelta = []uint32{uint32(n)}, s.Stts.SampleTimeDelta[:1]
		s.Stsc.Entries = []mp4.StscEntry{{FirstChunk: 1, SamplesPerChunk: 1, FirstSampleNr: 1}}
		s.Stsz.SampleUniformSize, s.Stsz.SampleNumber, s.Stsz.SampleSize = uint32(length), uint32(n), nil
		table := mp4.NewStblBox()
		for _, b := range []mp4.Box{s.Stsd, s.Stts, s.Stsc, s.Stsz, &mp4.Co64Box{ChunkOffset: offsets}} {
			table.AddChild(b)
		}
		minf := trak.Mdia.Minf
		minf.Children[len(minf.Children)-1], minf.Stbl = table, table
		trak.Children = nil
		trak.AddChild(trak.Tkhd)
		trak.AddChild(trak.Mdia)
	}
	var index bytes.Buffer
	if err := file.Moov.Encode(&index); err != nil {
		return nil, 0, fmt.Errorf("bench: %w", err)
	}
	// A frame is one NAL unit, a slice.
	chunk := bytes.Repeat([]byte{0x41}, frame+tone)
	binary.BigEndian.PutUint32(chunk, frame-4)
	return io.MultiReader(bytes.NewReader(front), &repeated{chunk: chunk, left: n * int64(len(chunk))}, &index), int64(len(front)) + n*int64(len(chunk)) + int64(index.Len()), nil
}

// repeated is the same bytes again and again.
type repeated struct {
	chunk []byte
	at    int
	left  int64
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.chunk[r.at:])
	r.at, r.left = (r.at+n)%len(r.chunk), r.left-int64(n)
	return n, nil
}
