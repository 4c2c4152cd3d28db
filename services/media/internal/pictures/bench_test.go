package pictures

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"sync"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"songshui.internal/services/media/internal/kinds"
)

// eachTwo does a job 24 times, two at once, and says how long that took.
func eachTwo(b *testing.B, job func() error) time.Duration {
	b.Helper()
	begun := time.Now()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 12 {
				if err := job(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

// BenchmarkRender renders 24 pictures of 12 megapixels with two workers, and does in the same run what must be done at least: decode, scale and encode, by the
// same libraries, one size after the other. ratio-same has our scaling in this program, without child, areas and colour; ratio-draw has golang.org/x/image/draw's.
func BenchmarkRender(b *testing.B) {
	file := read(b, "media", "启衡化工 储罐区 全景.jpg")
	d := decoder(b)
	ours := func() error {
		return d.Render(b.Context(), kinds.Job{Original: original(file)}, func(_ context.Context, c kinds.Copy) error {
			_, err := io.Copy(io.Discard, c.Body)
			return err
		})
	}
	same := func() error { return Plain(file) }
	drawn := func() error {
		m, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			return err
		}
		for _, long := range []int{2560, 1280, 320} {
			w, h := fit(m.Bounds().Dx(), m.Bounds().Dy(), long)
			small := image.NewRGBA(image.Rect(0, 0, w, h))
			draw.BiLinear.Scale(small, small.Rect, m, m.Bounds(), draw.Src, nil)
			if err := jpeg.Encode(io.Discard, small, &jpeg.Options{Quality: quality}); err != nil {
				return err
			}
			m = small
		}
		return nil
	}
	if err := ours(); err != nil { // the children have started
		b.Fatal(err)
	}
	var took [3]time.Duration
	for b.Loop() {
		for i, job := range []func() error{ours, same, drawn} {
			took[i] += eachTwo(b, job)
		}
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "ratio-same")
	b.ReportMetric(took[2].Seconds()/took[0].Seconds(), "ratio-draw")
	b.ReportMetric(24*float64(b.N)/took[0].Seconds(), "pictures/s")
}
