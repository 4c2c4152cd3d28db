package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	media "songshui.internal/services/media/server"
)

// mediaLog writes MEDIA as the media service does; what bytes stand behind a record doesn't matter to intake.
type mediaLog struct {
	r   *rig
	bus *bus.Bus
}

func newMediaLog(r *rig) mediaLog {
	b, err := bus.New(r.conn, events.ServiceMedia, bus.Options{})
	must(r.t, err)
	return mediaLog{r, b}
}

func (l mediaLog) append(o events.OfficeSlug, id events.MediaID, fact events.Fact) {
	l.r.t.Helper()
	in := bus.Intent{Name: "test", Actor: events.System(events.ServiceMedia), Given: access.Given{On: events.DayOf(l.bus.Now())}}
	_, err := media.Aggregate.Execute(context.Background(), l.bus, events.MediaSubject(o, id), in, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) { return fact, nil })
	must(l.r.t, err)
}

// sealed seals an image.
func (l mediaLog) sealed(o events.OfficeSlug, file string) events.CaseMedium {
	l.r.t.Helper()
	sum := sha256.Sum256([]byte(file))
	hash := hex.EncodeToString(sum[:])
	id := events.MediaIDFor(o, hash, file)
	l.append(o, id, events.MediaSealedFact{ID: id, Office: o, File: file, SHA256: hash, Bytes: 1, Type: "image/jpeg", Kind: "image", Object: "originals/x"})
	return events.CaseMedium{ID: id, File: file, Kind: "image", SHA256: hash}
}

func named(m events.CaseMedium) map[string]any {
	return map[string]any{"file": m.File, "sha256": m.SHA256, "kind": m.Kind, "caption": "现场"}
}

func paths(err error) []string {
	if err == nil {
		return nil
	}
	var out []string
	for _, f := range fault.Of(err).Fields {
		out = append(out, f.Field+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

func TestMediaOfASubmission(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	log := newMediaLog(r)
	own, second, foreign := log.sealed("changchun", "a.jpg"), log.sealed("changchun", "b.jpg"), log.sealed("jilin", "c.jpg")
	c := r.client(office("changchun", "a"))
	video := named(second)
	video["kind"] = "video"
	publication := map[string]any{"outlet": "cc-tv", "kind": "tv", "headline": "曝光", "clip": foreign.ID, "published_on": "2026-06-12"}
	_, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"exposures": []any{publication},
		"media": []any{named(own), map[string]any{"id": own.ID}, video, named(foreign), map[string]any{"id": foreign.ID}}}))
	if got, want := paths(err), []string{"exposures[0].clip not_found", "media[1].id duplicate", "media[2].kind kind_mismatch", "media[3].file not_found", "media[4].id not_found"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	publication["clip"] = second.ID
	body := change(t, line(t, 0), map[string]any{"exposures": []any{publication}, "media": []any{named(own)}})
	first, err := c.Submit(ctx, intakeapi.SubmitParams{}, body)
	must(t, err)

	// Released meanwhile: the same submission is still the same, another one still another.
	log.append("changchun", own.ID, events.MediaReleasedFact{Reason: "test"})
	again, err := c.Submit(ctx, intakeapi.SubmitParams{}, body)
	if err != nil || again.Status != intakeapi.Exists || again.ID != first.ID || again.Sequence != first.Sequence {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	if _, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, body, map[string]any{"title": "另一个"})); !fault.Is(err, fault.Duplicate) {
		t.Errorf("other content: %v", err)
	}
	if _, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, body, map[string]any{"ref": "别的号"})); !slices.Contains(paths(err), "media[0].file not_found") {
		t.Errorf("a released medium in another case: %v", err)
	}
}

func TestAttachAndDetach(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	log := newMediaLog(r)
	a, foreign := log.sealed("changchun", "a.jpg"), log.sealed("jilin", "c.jpg")
	id := r.unexposed("changchun").ID
	c := r.client(office("changchun", "b"))
	give := func(name, body string) error {
		_, err := c.Command(ctx, intakeapi.CommandParams{ID: id, Name: name}, []byte(body))
		return err
	}
	must(t, give("attach", fmt.Sprintf(`{"media":[{"id":%q,"caption":"现场"}]}`, a.ID)))
	for body, want := range map[string]string{
		fmt.Sprintf(`{"media":[{"id":%q}]}`, a.ID):       "media[0].id duplicate",
		fmt.Sprintf(`{"media":[{"id":%q}]}`, foreign.ID): "media[0].id not_found",
	} {
		if got := paths(give("attach", body)); !slices.Equal(got, []string{want}) {
			t.Errorf("attach %s: %q, want %s", body, got, want)
		}
	}
	must(t, give("detach", `{"media":[{"file":"a.jpg"}],"reason":"拍错"}`))
	got, err := c.Get(ctx, intakeapi.GetParams{ID: id})
	if err != nil || len(got.Media) != 0 || len(got.History) != 3 {
		t.Errorf("%v, %d facts, %v", got.Media, len(got.History), err)
	}
}

// Several cases want one new reference at once: one gets it, the rest hear `duplicate`, and a submission under it finds it taken.
func TestRenumberRace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	c := r.client(office("changchun", "a"))
	const racers = 12
	ids := make([]events.CaseID, racers)
	for i := range ids {
		s, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"ref": fmt.Sprintf("竞争%d号", i), "exposures": []any{}}))
		must(t, err)
		ids[i] = s.ID
	}
	results := make([]error, racers)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			_, results[i] = c.Command(ctx, intakeapi.CommandParams{ID: ids[i], Name: "renumber"}, []byte(`{"ref":"共同的号"}`))
		})
	}
	wg.Wait()
	won := 0
	for i, err := range results {
		got, gerr := c.Get(ctx, intakeapi.GetParams{ID: ids[i]})
		must(t, gerr)
		if err == nil {
			won++
		} else if !slices.Equal(paths(err), []string{"ref duplicate"}) || len(got.History) != 1 {
			t.Errorf("a loser hears %v and has %d facts", err, len(got.History))
		}
	}
	if won != 1 {
		t.Errorf("%d cases got the reference", won)
	}
	if _, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"ref": "共同的号"})); !fault.Is(err, fault.Duplicate) {
		t.Errorf("a submission under it: %v", err)
	}
	found, err := c.Find(ctx, intakeapi.FindParams{Ref: "共同的号", Office: "changchun"})
	if err != nil || len(found.Cases) != 1 {
		t.Errorf("found %d, %v", len(found.Cases), err)
	}
}
