package clips

import (
	"fmt"
	"strings"

	"songshui.internal/events"
)

const (
	// frameRate is the recoded clip's at most: with frames at least so often, no area's time can begin in the middle of a long one.
	frameRate = 30
	// marginMS is added to an area's time on both sides, marginPixels on each edge: the colour of a pixel is shared with its neighbours.
	marginMS     = 100
	marginPixels = 2
	// mosaicCells is how many cells of a mosaic lie along the longer edge: too few for a face or a number.
	mosaicCells = 6
)

// filters is the graph from the upright picture to [out]: its full size with square pixels and full colour, the areas, and only then the smaller size.
func filters(x events.Examination, hide []events.Area, w, h int) string {
	var g strings.Builder
	fmt.Fprintf(&g, "[0:v:0]fps=%d,scale=%d:%d,setsar=1,format=yuv444p", frameRate, x.DisplayWidth, x.DisplayHeight)
	label := 0
	for _, a := range hide {
		r, ok := outward(a, x.DisplayWidth, x.DisplayHeight)
		if !ok {
			continue
		}
		if a.Style != events.AreaMosaic {
			fmt.Fprintf(&g, ",drawbox=x=%d:y=%d:w=%d:h=%d:color=black:t=fill%s", r.X, r.Y, r.Width, r.Height, between(a))
			continue
		}
		cell := max(1, (max(r.Width, r.Height)+mosaicCells-1)/mosaicCells)
		label++
		fmt.Fprintf(&g, ",split[a%[1]d][b%[1]d];[b%[1]d]crop=%[2]d:%[3]d:%[4]d:%[5]d,scale=%[6]d:%[7]d:flags=area,scale=%[2]d:%[3]d:flags=neighbor[m%[1]d];[a%[1]d][m%[1]d]overlay=%[4]d:%[5]d:format=yuv444%[8]s",
			label, r.Width, r.Height, r.X, r.Y, max(1, r.Width/cell), max(1, r.Height/cell), between(a))
	}
	fmt.Fprintf(&g, ",scale=%d:%d,format=yuv420p[out]", w, h)
	return g.String()
}

// outward widens an area and cuts it to the picture; false for one that lies outside.
func outward(a events.Area, w, h int) (events.Area, bool) {
	left, top := max(0, a.X-marginPixels), max(0, a.Y-marginPixels)
	right, bottom := min(w, a.X+a.Width+marginPixels), min(h, a.Y+a.Height+marginPixels)
	if right <= left || bottom <= top || a.Width <= 0 || a.Height <= 0 {
		return a, false
	}
	a.X, a.Y, a.Width, a.Height = left, top, right-left, bottom-top
	return a, true
}

// between is the filter's timeline; an area without times has none. One without an end lasts to the clip's.
func between(a events.Area) string {
	switch {
	case a.FromMS <= 0 && a.UntilMS <= 0:
		return ""
	case a.UntilMS <= 0:
		return fmt.Sprintf(":enable='gte(t,%s)'", seconds(max(0, a.FromMS-marginMS)))
	}
	return fmt.Sprintf(":enable='between(t,%s,%s)'", seconds(max(0, a.FromMS-marginMS)), seconds(a.UntilMS+marginMS))
}
