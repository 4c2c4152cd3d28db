package clips

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// MaxDuration is the longest clip that is taken.
const MaxDuration = 3 * time.Hour

// WarnBrokeOff is a warning of an examination: the recording ended in the middle of a fragment, and what had been recorded of that isn't in the copy.
const WarnBrokeOff = "broke_off"

const opPlan = "clips.plan"

func init() {
	sandbox.Register(opPlan, sandbox.Operation{MaxInput: sniff.MaxIndex + maxMoofs + 16*maxBoxes, MaxOutput: 4 * sniff.MaxIndex, Work: planInChild})
}

// question goes with a moov.
type question struct {
	Mdat  []extent
	Moofs []moof
	// Sound says that only sound is published.
	Sound bool
}

// answer is what becomes of a clip.
type answer struct {
	Examination events.Examination `json:"examination"`
	// Rebuilt says that a copy can be published without recoding as far as its codecs go, CutOff that an edit list hides too much for it; Playable that browsers play it as it is.
	Rebuilt  bool `json:"rebuilt"`
	CutOff   bool `json:"cut_off,omitempty"`
	Playable bool `json:"playable"`
	// Picture says that there is video.
	Picture bool `json:"picture"`
	// Payload is how many bytes of samples the copy has, NAL what the first track's samples are made of.
	Payload int64   `json:"payload"`
	NAL     nalKind `json:"nal"`
}

func planInChild(in sandbox.Input) (any, []sandbox.Blob, error) {
	var w wire
	if err := in.Decode(&w); err != nil {
		return nil, nil, err
	}
	moov, q, err := w.question(in.Data)
	if err != nil {
		return nil, nil, err
	}
	a, head, ranges, err := plan(moov, q)
	if err != nil {
		return nil, nil, err
	}
	return a, []sandbox.Blob{{Name: "head", Data: head}, {Name: "ranges", Data: ranges}}, nil
}

// plan reads a moov's content and the fragments'. head is everything of the copy before its sample data; ranges says in the form of span.append which bytes of the original follow.
// Both are empty where there is nothing to gain: the original is what ffmpeg reads then.
func plan(moov []byte, q question) (a answer, head, ranges []byte, err error) {
	m := metadata{private: map[string]bool{}}
	mvhd, matrix, err := movie(moov)
	if err != nil {
		return a, nil, nil, err
	}
	tracks, err := readTracks(moov, q, &m)
	if err != nil {
		return a, nil, nil, err
	}
	kept := choose(tracks, q.Sound)
	if len(kept) == 0 {
		return a, nil, nil, damaged("neither video nor sound")
	}
	if len(q.Moofs) > 0 {
		settle(mvhd, kept)
	}
	if err := notTooLong(mvhd, tracks, q.Sound); err != nil {
		return a, nil, nil, err
	}
	m.read(moov)
	if mvhd.CreationTime > 0 || mvhd.ModificationTime > 0 {
		m.note("CreateDate")
	}
	a = judge(kept, mvhd.Timescale)
	a.Examination = examination(mvhd, matrix, tracks, kept, &m)
	// ffmpeg goes over edit lists in a file of fragments, and would publish what they hide.
	if !a.Rebuilt && len(q.Moofs) == 0 {
		return a, nil, nil, nil
	}
	l, err := lay(kept)
	if err != nil {
		return a, nil, nil, err
	}
	a.Payload = l.payload
	head, err = newHead(mvhd, matrix, kept, l, fileType(a.Rebuilt, q.Sound))
	return a, head, l.ranges, err
}

func movie(moov []byte) (mvhd *mp4.MvhdBox, matrix [9]int32, err error) {
	body := sniff.Inside(moov, "mvhd")
	if mvhd, err = decode[*mp4.MvhdBox]("mvhd", body); err != nil {
		return nil, matrix, err
	}
	if mvhd == nil || mvhd.Timescale == 0 {
		return nil, matrix, damaged("no mvhd")
	}
	matrix, err = matrixOf(body, len(body)-64)
	return mvhd, matrix, err
}

// judge says what can be made of tracks. Where they can't be published as they are, they get the original's sample entries, for ffmpeg.
func judge(kept []*track, movieScale uint32) answer {
	a := answer{Rebuilt: true, Playable: true, NAL: nalOf(kept[0])}
	for _, t := range kept {
		a.Picture = a.Picture || t.handler == video
		for _, e := range t.entries {
			a.Playable = a.Playable && e.playable
			a.Rebuilt = a.Rebuilt && e.box != nil && e.codec == t.entries[0].codec
		}
		a.CutOff = a.CutOff || t.hides(movieScale)
	}
	a.Playable = a.Playable && a.Rebuilt && !a.CutOff
	if !a.Rebuilt {
		for _, t := range kept {
			for i := range t.entries {
				t.entries[i].box = t.entries[i].old
			}
		}
	}
	return a
}

func readTracks(moov []byte, q question, m *metadata) (tracks []*track, err error) {
	n := 0
	whole := sniff.Boxes(moov, func(name string, body []byte) {
		if name != "trak" || err != nil {
			return
		}
		if n++; n > 32 {
			err = damaged("too many tracks")
			return
		}
		var t *track
		if t, err = readTrack(body, q, m); t != nil && err == nil {
			tracks = append(tracks, t)
		}
	})
	if err == nil && !whole {
		err = damaged("moov")
	}
	if err == nil && len(q.Moofs) > 0 {
		err = grow(moov, q, tracks, m)
	}
	return tracks, err
}

func notTooLong(mvhd *mp4.MvhdBox, tracks []*track, soundOnly bool) error {
	longest := float64(mvhd.Duration) / float64(mvhd.Timescale)
	if mvhd.Duration == math.MaxUint32 || mvhd.Duration == math.MaxUint64 {
		longest = 0
	}
	for _, t := range tracks {
		longest = max(longest, t.seconds(), float64(t.duration(mvhd.Timescale))/float64(mvhd.Timescale))
	}
	if !soundOnly && longest > MaxDuration.Seconds() {
		return refuse(CodeTooLong, strconv.Itoa(int(MaxDuration.Seconds())))
	}
	return nil
}

// choose takes the video and the sound that a browser would show: the first that is enabled, before it one that browsers play. What nobody sees when looking isn't published.
func choose(tracks []*track, soundOnly bool) []*track {
	var kept []*track
	for _, handler := range []string{video, sound} {
		var best *track
		for _, t := range tracks {
			if t.handler == handler && len(t.chunks) > 0 && !(soundOnly && handler == video) && (best == nil || rank(t) > rank(best)) {
				best = t
			}
		}
		if best != nil {
			kept = append(kept, best)
		}
	}
	return kept
}

func rank(t *track) int {
	const enabled = 1
	return 2*btoi(t.tkhd.Flags&enabled != 0) + btoi(t.entries[0].playable)
}

func examination(mvhd *mp4.MvhdBox, matrix [9]int32, tracks, kept []*track, m *metadata) events.Examination {
	x := events.Examination{TakenAt: m.takenAt(mvhd.CreationTime), Camera: m.camera(), Position: m.position, Private: m.names()}
	if m.broke {
		x.Warnings = []string{WarnBrokeOff}
	}
	for _, t := range tracks {
		x.Streams = append(x.Streams, t.entries[0].codec)
	}
	seconds := float64(mvhd.Duration) / float64(mvhd.Timescale)
	if mvhd.Duration == 0 || mvhd.Duration == math.MaxUint32 || mvhd.Duration == math.MaxUint64 {
		for _, t := range kept {
			seconds = max(seconds, t.seconds())
		}
	}
	x.DurationMS = int64(math.Round(seconds * 1000))
	if t := kept[0]; t.handler == video {
		e := t.entries[0]
		x.Width, x.Height = e.width, e.height
		x.Rotation = rotation(t.matrix, matrix)
		x.DisplayWidth, x.DisplayHeight = e.width*e.squeeze[0]/e.squeeze[1], e.height
		if turned := abs(x.Rotation) % 180; turned > 45 && turned < 135 {
			x.DisplayWidth, x.DisplayHeight = x.DisplayHeight, x.DisplayWidth
		}
	}
	return x
}

func abs(n int) int { return max(n, -n) }

// layout is where the chunks of the kept tracks come to lie.
type layout struct {
	payload int64
	ranges  []byte
	// end is where the last range ends in the original.
	end int64
	// at are the new offsets of each track's chunks, from the first byte of sample data.
	at [][]int64
}

// lay puts chunks one behind the other in the order in which the original has them. Chunks that overlap are damaged.
func lay(kept []*track) (layout, error) {
	type piece struct {
		chunk
		track, index int
	}
	var pieces []piece
	l := layout{at: make([][]int64, len(kept))}
	for i, t := range kept {
		l.at[i] = make([]int64, len(t.chunks))
		for j, c := range t.chunks {
			if c.size > 0 {
				pieces = append(pieces, piece{c, i, j})
			}
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	var run span
	for _, p := range pieces {
		if p.at < run.at+run.size {
			return l, damaged("chunks overlap")
		}
		l.at[p.track][p.index] = l.payload
		l.payload += p.size
		if p.at == run.at+run.size && p.track == run.track && run.size > 0 {
			run.size += p.size
			continue
		}
		l.ranges = run.append(l.ranges, &l)
		run = span{at: p.at, size: p.size, track: p.track}
	}
	l.ranges = run.append(l.ranges, &l)
	if l.payload == 0 {
		return l, damaged("no samples")
	}
	return l, nil
}

var errRanges = errors.New("clips: ranges that can't be")

// span is a run of bytes of the original that belong to one track.
type span struct {
	at, size int64
	track    int
}

// append writes a span as two varints: the bytes passed over since the span before, and the size with the track's number (0 or 1) in the last bit.
func (s span) append(b []byte, l *layout) []byte {
	if s.size == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(s.at-l.end))
	l.end = s.at + s.size
	return binary.AppendUvarint(b, uint64(s.size)<<1|uint64(s.track))
}

// cut reads the first span; from is where the one before ended, size the original's.
func cut(b []byte, from, size int64) (s span, rest []byte, err error) {
	gap, n := binary.Uvarint(b)
	if n <= 0 {
		return s, nil, errRanges
	}
	length, k := binary.Uvarint(b[n:])
	if k <= 0 || gap > uint64(size-from) || length>>1 == 0 || length>>1 > uint64(size-from)-gap {
		return s, nil, errRanges
	}
	return span{at: from + int64(gap), size: int64(length >> 1), track: int(length & 1)}, b[n+k:], nil
}
