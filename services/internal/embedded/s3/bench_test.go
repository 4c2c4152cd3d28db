package s3_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3/s3test"
)

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{5, 1 << 20, 100 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			client, prefix := s3test.New(b)
			if err := client.MakeBucket(b.Context(), prefix+"b", minio.MakeBucketOptions{}); err != nil {
				b.Fatal(err)
			}
			c, data := minio.Core{Client: client}, make([]byte, size)
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				opts := minio.PutObjectOptions{DisableContentSha256: true}
				_, err := c.PutObject(b.Context(), prefix+"b", fmt.Sprintf("office/%d", i%8), bytes.NewReader(data), int64(size), "", "", opts)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
