package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"time"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

const (
	// partSize is that of media's uploads.
	partSize  = 8 << 20
	rawBucket = "bench"
)

// upload alternates a raw multipart upload, hashed, of one stream with an upload by tus of the same bytes.
func upload(ctx context.Context, c Config) ([]Row, error) {
	data, err := clip(c.Bytes)
	if err != nil {
		return nil, err
	}
	var ours, raw []float64
	err = with(ctx, c.Dir, func(s *system) error {
		core := minio.Core{Client: s.Backings().S3}
		if err := core.MakeBucket(ctx, rawBucket, minio.MakeBucketOptions{}); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		client := s.client("changchun-1")
		for i := range c.Rounds {
			// Bytes that the office has are not taken again.
			data[len(data)-1] = byte(i)
			took, err := timed(func() error { return rawUpload(ctx, core, data) })
			if err != nil {
				return err
			}
			raw = append(raw, mebibytes(c.Bytes)/took.Seconds())
			took, err = timed(func() error {
				_, err := client.Upload(ctx, portalapi.File{Name: fmt.Sprintf("测速%d.mp4", i), Size: c.Bytes, Data: bytes.NewReader(data)})
				return err
			})
			if err != nil {
				return fmt.Errorf("bench: upload: %w", err)
			}
			ours = append(ours, mebibytes(c.Bytes)/took.Seconds())
			if err := s.drained(ctx, stack.Durables()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []Row{row("upload", median(ours), median(raw), fmt.Sprintf("%s MiB; ours %s, raw %s", number(mebibytes(c.Bytes)), rounds(ours), rounds(raw)))}, nil
}

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}

// clip is a real MP4 and a free box of bytes that differ everywhere.
func clip(size int64) ([]byte, error) {
	video, err := fs.ReadFile(samples.Files, "media/crane-portrait.mp4")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if size < int64(len(video))+partSize {
		return nil, fmt.Errorf("bench: an upload of %d bytes is too small", size)
	}
	data := make([]byte, size)
	_, _ = rand.Read(data)
	n := copy(data, video)
	binary.BigEndian.PutUint32(data[n:], uint32(len(data)-n))
	copy(data[n+4:], "free")
	return data, nil
}

// rawUpload is what ours can't be faster than: the parts one after another, the hash over all, the object complete. The next one takes its place.
func rawUpload(ctx context.Context, core minio.Core, data []byte) error {
	const key = "raw"
	id, err := core.NewMultipartUpload(ctx, rawBucket, key, minio.PutObjectOptions{ContentType: "video/mp4"})
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	h := sha256.New()
	var parts []minio.CompletePart
	for off := 0; off < len(data); off += partSize {
		part := data[off:min(off+partSize, len(data))]
		h.Write(part)
		p, err := core.PutObjectPart(ctx, rawBucket, key, id, len(parts)+1, bytes.NewReader(part), int64(len(part)), minio.PutObjectPartOptions{DisableContentSha256: true})
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	if _, err := core.CompleteMultipartUpload(ctx, rawBucket, key, id, parts, minio.PutObjectOptions{}); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}
