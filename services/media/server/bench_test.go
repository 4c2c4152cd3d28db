package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"testing"

	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/server"
)

// BenchmarkUpload sends clips by tus, in one PATCH, and the same bytes raw: one multipart upload of the same part size, with SHA-256.
func BenchmarkUpload(b *testing.B) {
	const size, part = 256 * mib, 8 * mib
	r := newRig(b)
	s := r.start(server.Config{})
	me := r.office("jilin")
	real, err := os.ReadFile(samples + "/media/crane-portrait.mp4")
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, size)
	_, _ = rand.Read(data)
	copy(data, real)
	binary.BigEndian.PutUint32(data[len(real):], uint32(size-len(real)))
	copy(data[len(real)+4:], "free")
	b.Run("tus", func(b *testing.B) {
		b.SetBytes(size)
		for i := range b.N {
			data[size-1] = byte(i)
			data[size-2]++
			at := s.create(me, fmt.Sprint(i), "", size)
			if got := s.patch(me, at, 0, data); got.status != http.StatusNoContent {
				b.Fatal(got.status, string(got.body))
			}
		}
	})
	b.Run("raw", func(b *testing.B) {
		b.SetBytes(size)
		store, bucket := r.store(), r.buckets.Originals()
		for i := range b.N {
			key := fmt.Sprint("raw/", i)
			id, err := store.Begin(b.Context(), bucket, key, objects.Options{})
			if err != nil {
				b.Fatal(err)
			}
			h := sha256.New()
			var parts []objects.Part
			for off := 0; off < size; off += part {
				h.Write(data[off : off+part])
				p, err := store.Part(b.Context(), bucket, key, id, off/part+1, bytes.NewReader(data[off:off+part]), part)
				if err != nil {
					b.Fatal(err)
				}
				parts = append(parts, p)
			}
			if _, err := store.Complete(b.Context(), bucket, key, id, parts, false); err != nil {
				b.Fatal(err)
			}
		}
	})
}
