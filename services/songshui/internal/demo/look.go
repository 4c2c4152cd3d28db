package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/portal/portalapi"
)

const (
	// Those of the sample media that are told of by name: a picture taken far from its case, one of a camera whose clock was never set, a lorry with its number plate, and a clip that says where it
	// was taken.
	farPicture   = "mine-mouth-copy.jpg"
	clockPicture = "manhole-fusong.jpg"
	platePicture = "overloaded-grain.jpg"
	clip         = "overloaded-grain.mp4"
	// shownWithin bounds the wait for the public copies of what is told of by name.
	shownWithin = time.Minute
	// renderedBy is how long after the beginning the story goes on with the public copies that are there; the others are held back.
	renderedBy = 20 * time.Second
	lookEvery  = 20 * time.Millisecond
)

// plate is where the lorry has it, in pixels of the upright picture.
var plate = []events.Area{{X: 1760, Y: 925, Width: 230, Height: 75, Style: events.AreaMosaic, Why: "plate"}}

// doubtful are the warnings for which an office holds a medium back.
var doubtful = []string{"far_from_case", "clock_never_set"}

// look has the offices look at the public copies: what is doubtful is held back, a number plate is hidden, the rest of exposed cases is cleared.
func (d *Demo) look(ctx context.Context) error {
	fmt.Fprintln(d.Out, d.Say("各单位审看公开副本……", "the offices look at the public copies…"))
	far := func(ctx context.Context) error { return d.warned(ctx, farPicture, "far_from_case") }
	clock := func(ctx context.Context) error { return d.warned(ctx, clockPicture, "clock_never_set") }
	for _, step := range []func(context.Context) error{d.published, d.rendered, far, clock, d.hidden, d.stripped} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, office := range offices {
		g.Go(func() error { return d.clear(ctx, office) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return d.seen(ctx)
}

// rendered waits until every medium has its public copies, or until it is time to go on.
func (d *Demo) rendered(ctx context.Context) error {
	c, all, before := d.client("supervisor"), len(d.media)+len(d.after), 0
	return d.until(ctx, func() (bool, error) {
		left := 0
		for _, state := range []string{"sealed", "examined"} {
			m, err := c.MediaInState(ctx, state, "", 1, 1)
			if err != nil {
				return false, err
			}
			left += m.Total
		}
		if all-left != before {
			before = all - left
			d.step(d.Say("公开副本", "public copies"), before, all)
		}
		return left == 0 || time.Since(d.began) > renderedBy, nil
	})
}

func (d *Demo) until(ctx context.Context, is func() (bool, error)) error {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// named gives the id of a medium of the cases by its file.
func (d *Demo) named(file string) string {
	for id, f := range d.media {
		if f == file {
			return id
		}
	}
	return ""
}

// wait waits until a medium is as wanted.
func (d *Demo) wait(ctx context.Context, id string, wanted func(portalapi.Medium) bool) (m portalapi.Medium, err error) {
	bounded, cancel := context.WithTimeout(ctx, shownWithin)
	defer cancel()
	c := d.client("supervisor")
	err = d.until(bounded, func() (bool, error) {
		m, err = c.Medium(bounded, id)
		return wanted(m) || m.State == "failed", err
	})
	if ctx.Err() == nil && bounded.Err() != nil {
		d.wrong("%s: still %s after %s", m.File, m.State, shownWithin)
		return m, nil
	}
	return m, err
}

func done(m portalapi.Medium) bool { return m.State == "rendered" || m.State == "cleared" }

func warning(m portalapi.Medium, code string) (portalapi.Warning, bool) {
	i := slices.IndexFunc(m.Warnings, func(w portalapi.Warning) bool { return w.Code == code })
	if i < 0 {
		return portalapi.Warning{}, false
	}
	return m.Warnings[i], true
}

func (d *Demo) warned(ctx context.Context, file, code string) error {
	m, err := d.wait(ctx, d.named(file), func(m portalapi.Medium) bool {
		_, ok := warning(m, code)
		return ok
	})
	if err != nil {
		return err
	}
	w, ok := warning(m, code)
	if !ok {
		d.wrong("%s: no warning %s", file, code)
	}
	fmt.Fprintf(d.Out, d.Say("  提示：%s %s\n", "  warning: %s %s\n"), file, w.Message)
	return nil
}

// hidden is what came of hiding the number plate.
type hidden struct {
	areas, old int
}

// hide has the office look for the number plate's picture among media, hide the plate and clear the picture at once; the copy that it looked at is gone then. It is done before the other offices
// submit, since media wait for each other.
func (d *Demo) hide(ctx context.Context, c *portalapi.Client, media []string) error {
	for _, id := range media {
		if m, err := c.Medium(ctx, id); err != nil || m.File != platePicture {
			continue
		}
		before, err := d.wait(ctx, id, done)
		if err != nil || len(before.Renditions) == 0 {
			return err
		}
		if _, err := c.CommandMedium(ctx, id, "clear", "demo-plate", map[string]any{"areas": plate}); err != nil {
			d.wrong("%s: %v", platePicture, err)
			return nil
		}
		after, err := d.wait(ctx, id, func(m portalapi.Medium) bool { return m.State == "cleared" })
		if err != nil {
			return err
		}
		if len(after.Renditions) == 0 || after.Renditions[0].URL == before.Renditions[0].URL {
			d.wrong("%s isn't made anew: %+v", platePicture, after)
		}
		old, err := d.status(ctx, c.Token, before.Renditions[0].URL)
		d.plate = hidden{len(after.Areas), old}
		return err
	}
	return nil
}

func (d *Demo) hidden(context.Context) error {
	if d.plate != (hidden{len(plate), http.StatusGone}) {
		d.wrong("%s: %+v", platePicture, d.plate)
	}
	fmt.Fprintf(d.Out, d.Say("  打码：%s 车牌 %d 处，副本重新生成，旧地址 %d\n", "  hidden: %s, %d number plate; made anew, the old address answers %d\n"), platePicture, d.plate.areas, d.plate.old)
	return nil
}

// stripped tells of the clip's copies and what isn't in them.
func (d *Demo) stripped(ctx context.Context) error {
	m, err := d.wait(ctx, d.named(clip), done)
	if err != nil || m.Examination == nil {
		return err
	}
	var names []string
	for _, r := range m.Renditions {
		names = append(names, r.Name)
	}
	if len(m.Examination.Private) == 0 || !slices.Contains(names, "clip") {
		d.wrong("%s: private %v, copies %v", clip, m.Examination.Private, names)
	}
	fmt.Fprintf(d.Out, d.Say("  影片：%s 不重编码，去除 %s，副本 %s", "  clip: %s, not recoded, without %s; copies %s"), clip, strings.Join(m.Examination.Private, "、"), strings.Join(names, "、"))
	if !slices.Contains(names, "poster") {
		fmt.Fprint(d.Out, d.Say("（没有 ffmpeg，不做封面）", " (no ffmpeg, no poster)"))
	}
	fmt.Fprintln(d.Out)
	return nil
}

// perPage is the most that a page of media holds.
const perPage = 100

// clear has an office clear what waits to be looked at and belongs to an exposed case.
func (d *Demo) clear(ctx context.Context, office string) error {
	c := d.client(office + "-1")
	waiting, err := c.MediaInState(ctx, "rendered", office, 1, perPage)
	if err != nil {
		return err
	}
	for _, m := range waiting.Media {
		if slices.ContainsFunc(doubtful, func(code string) bool { _, ok := warning(m, code); return ok }) || !slices.ContainsFunc(m.TakenBy, func(id string) bool { return d.public[id] }) {
			continue
		}
		if _, err := c.CommandMedium(ctx, m.ID, "clear", "demo-"+m.ID, map[string]any{}); err != nil {
			d.wrong("%s: clear: %v", m.File, err)
		}
	}
	return nil
}

// seen has the journalist open every exposed case, and a copy of each medium that is there.
func (d *Demo) seen(ctx context.Context) error {
	c := d.client("journalist")
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atOnce)
	seen, held := 0, 0
	for _, id := range d.cases {
		if !d.public[id] {
			continue
		}
		g.Go(func() error {
			v, err := c.Case(ctx, id, 0)
			if err != nil {
				d.wrong("the journalist opens %s: %v", id, err)
				return nil
			}
			for _, m := range v.Media {
				status, err := d.status(ctx, c.Token, m.Renditions[0].URL)
				if err != nil {
					return err
				}
				if status != http.StatusOK {
					d.wrong("the journalist gets %d for %s", status, m.File)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			seen, held = seen+len(v.Media), held+v.HeldBack
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if seen == 0 {
		d.wrong("the journalist sees no medium")
	}
	fmt.Fprintf(d.Out, d.Say("  记者在公开案例中看到影像 %d 件，另有 %d 件未公开\n", "  the journalist sees %d media of exposed cases; %d are held back\n"), seen, held)
	return nil
}

// status asks for a copy and reads it to its end.
func (d *Demo) status(ctx context.Context, token, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL+address, nil)
	if err != nil {
		return 0, fmt.Errorf("demo: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("demo: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// looked counts media as they stand.
func (d *Demo) looked(r *Report, m portalapi.Medium) {
	if len(m.Renditions) > 0 {
		r.MediaRendered++
	}
	if len(m.Warnings) > 0 {
		r.MediaWarnings++
	}
	if len(m.Areas) > 0 {
		r.MediaHidden++
	}
	switch m.State {
	case "cleared":
		r.MediaCleared++
	case "waiting":
		r.MediaWaiting++
	case "failed":
		d.wrong("%s failed: %s", m.File, m.Reason)
	}
}

// published notes which cases everybody sees.
func (d *Demo) published(ctx context.Context) error {
	c := d.client("supervisor")
	for _, id := range d.cases {
		v, err := c.Case(ctx, id, 0)
		if err != nil {
			return err
		}
		var s struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal(v.Case, &s); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		d.public[id] = s.State == "exposed"
	}
	return nil
}
