package pictures

import (
	"image"

	"songshui.internal/events"
)

// What a blue number plate (GA 36: 440 × 140 mm, white letters) is taken for. Yellow and green ones aren't looked for: signs of warning and of ways out look
// the same. A blue sign with white letters does too, and is proposed.
const (
	// minPlate is the smallest width looked for, in pixels of lookEdge: below it nobody can read the letters.
	minPlate = 24
	// Width to height in tenths, for plates seen from the side too.
	slimPlate, widePlate = 20, 46
	// Per cent of the box that is blue, and light.
	leastBlue, mostBlue, leastLight = 40, 92, 6
	// leastChanges from blue to light and back are in one of three rows: seven letters have some fifteen.
	leastChanges = 8
	maxPlates    = 20
)

type tone byte

const (
	other tone = iota
	blue
	light
	// seen is blue that belongs to a patch already looked at.
	seen
)

func toneOf(c []byte) tone {
	r, g, b := int(c[0]), int(c[1]), int(c[2])
	switch {
	case b >= 60 && b >= 2*r && 4*b >= 5*g:
		return blue
	case min(r, g, b) >= 110 && max(r, g, b)-min(r, g, b) <= 70:
		return light
	}
	return other
}

// plates proposes areas for an upright picture of w × h, of which r is a smaller copy: blue patches of a plate's shape with light letters.
func plates(r raster, w, h int) []events.Area {
	if len(r.planes) == 3 {
		r = r.rgb()
	}
	if r.planes[0].ch != 4 {
		return nil
	}
	tones := make([]tone, r.w*r.h)
	for y := range r.h {
		row := r.planes[0].row(y)
		for x := range r.w {
			tones[y*r.w+x] = toneOf(row[4*x:])
		}
	}
	var out []events.Area
	for i, t := range tones {
		if t != blue {
			continue
		}
		box, n := patch(tones, r.w, r.h, i)
		if !plateLike(tones, r.w, box, n) {
			continue
		}
		out = append(out, events.Area{X: box.Min.X * w / r.w, Y: box.Min.Y * h / r.h, Width: box.Dx() * w / r.w, Height: box.Dy() * h / r.h, Why: "plate"})
		if len(out) == maxPlates {
			break
		}
	}
	return out
}

// patch marks the blue that hangs together with pixel i as seen, and gives its box and how many pixels it has.
func patch(tones []tone, w, h, i int) (image.Rectangle, int) {
	box := image.Rect(i%w, i/w, i%w+1, i/w+1)
	tones[i] = seen
	n := 0
	for stack := []int{i}; len(stack) > 0; n++ {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, y := at%w, at/w
		box = box.Union(image.Rect(x, y, x+1, y+1))
		for _, next := range [4]image.Point{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
			if j := next.Y*w + next.X; next.X >= 0 && next.X < w && next.Y >= 0 && next.Y < h && tones[j] == blue {
				tones[j] = seen
				stack = append(stack, j)
			}
		}
	}
	return box, n
}

func plateLike(tones []tone, w int, box image.Rectangle, n int) bool {
	bw, bh := box.Dx(), box.Dy()
	if bw < minPlate || 10*bw < slimPlate*bh || 10*bw > widePlate*bh || 100*n < leastBlue*bw*bh || 100*n > mostBlue*bw*bh {
		return false
	}
	lit, changes := 0, 0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		in, c := other, 0
		for _, t := range tones[y*w+box.Min.X : y*w+box.Max.X] {
			if t == light {
				lit++
			}
			if t == light && in == seen || t == seen && in == light {
				c++
			}
			if t == light || t == seen {
				in = t
			}
		}
		if c >= leastChanges {
			changes++
		}
	}
	return 100*lit >= leastLight*bw*bh && 3*changes >= bh
}
