package keeping_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/keeping"
)

const (
	day   = 24 * time.Hour
	month = 30 * day
)

// TestRelease releases after thirty days what no case took or names, and nothing else; the bytes follow.
func TestRelease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old, taken, named := r.sealed(r.original("jilin/old", "old.jpg")), r.sealed(r.original("jilin/taken", "taken.jpg")), r.sealed(r.original("jilin/named", "named.jpg"))
	r.must(r.append(events.MediaSubject(office, taken), events.System("media"), events.MediaTakenFact{Case: "c"}))
	r.holds("jilin/taken")
	// A case names this one, and a return that one, but their `taken` were lost.
	r.submitted(named)
	scan := r.sealed(r.original("jilin/scan", "scan.pdf"))
	r.files(scan)
	r.pass(2 * day)
	young := r.sealed(r.original("jilin/young", "young.jpg"))
	k := r.keeper(nil)
	r.pass(28*day - time.Minute)
	r.sweep(k)
	r.wants("before its time", old, events.MediaSealed, "jilin/old", true, true)
	if err := k.Release(t.Context(), old); !fault.Is(err, fault.WrongState) {
		t.Errorf("released before its time: %v", err)
	}
	r.pass(2 * time.Minute)
	if err := k.Release(t.Context(), named); !fault.Is(err, fault.WrongState) {
		t.Errorf("released although a case names it: %v", err)
	}
	if err := k.Release(t.Context(), scan); !fault.Is(err, fault.WrongState) {
		t.Errorf("released although a return names it: %v", err)
	}
	if err := k.Release(t.Context(), events.MediaIDFor(office, "00", "none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("released what isn't there: %v", err)
	}
	r.sweep(k)
	r.wants("at once", old, events.MediaReleased, "jilin/old", true, true)
	r.pass(2 * time.Minute)
	r.sweep(k)
	r.wants("after the grace", old, events.MediaReleased, "jilin/old", false, false)
	r.wants("taken", taken, events.MediaSealed, "jilin/taken", true, true)
	r.wants("named", named, events.MediaSealed, "jilin/named", true, true)
	r.wants("a return's scan", scan, events.MediaSealed, "jilin/scan", true, true)
	r.wants("young", young, events.MediaSealed, "jilin/young", true, true)
	if n := k.Used(t.Context(), office); n != int64(len("jilin/taken")+len("jilin/named")+len("jilin/scan")+len("jilin/young")) {
		t.Errorf("%d bytes used", n)
	}
	// What came back keeps its new object.
	again := r.original("jilin/again", "old.jpg")
	again.ID = old
	r.sealed(again)
	r.sweep(r.keeper(nil))
	r.wants("sealed anew", old, events.MediaSealed, "jilin/again", true, true)
}

// TestRenewed decides between a release and bytes that are sent again on the medium's record: it is either released, and the bytes are needed, or kept for as long as at first.
func TestRenewed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 20
	var ids [n]events.MediaID
	for i := range n {
		ids[i] = r.sealed(r.original(fmt.Sprint("jilin/", i), "a.jpg"))
	}
	k := keeping.New(r.Bus, r.store, r.buckets)
	r.pass(month + time.Minute)
	var wg sync.WaitGroup
	var renewed [n]bool
	for i, id := range ids {
		wg.Go(func() {
			err := r.renew(id)
			if renewed[i] = err == nil; err != nil && !fault.Is(err, fault.WrongState) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := k.Release(t.Context(), id); err != nil && !fault.Is(err, fault.WrongState) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, id := range ids {
		if s := r.status(id); renewed[i] != (s == events.MediaSealed) {
			t.Errorf("%d: renewed %v, %s", i, renewed[i], s)
		}
	}
	for i, id := range ids {
		if renewed[i] {
			r.pass(29 * day)
			if err := k.Release(t.Context(), id); !fault.Is(err, fault.WrongState) {
				t.Errorf("before its time: %v", err)
			}
			r.pass(day + time.Minute)
			if err := k.Release(t.Context(), id); err != nil || r.status(id) != events.MediaReleased {
				t.Errorf("after its time: %v", err)
			}
			break
		}
	}
}

// TestLateCase has a case that saw the medium just before its release: its bytes stay, for a person to decide.
func TestLateCase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, clip, paper := r.sealed(r.original("jilin/a", "a.jpg")), r.sealed(r.original("jilin/b", "b.mp4")), r.sealed(r.original("jilin/c", "c.pdf"))
	k := r.keeper(nil)
	r.pass(month + time.Minute)
	r.sweep(k)
	r.submits(events.CaseState{Media: []events.CaseMedium{{ID: id}}, Exposures: []events.Publication{{Clip: clip}}, Objections: []events.Objection{{Documents: []events.MediaID{paper}}}})
	r.pass(2 * time.Minute)
	r.sweep(k)
	r.wants("named late", id, events.MediaReleased, "jilin/a", true, true)
	r.wants("named late as a clip", clip, events.MediaReleased, "jilin/b", true, true)
	r.wants("named late as a document", paper, events.MediaReleased, "jilin/c", true, true)
}

// TestErase removes the bytes of erased media, whatever holds them; an object that another medium names stays until that one goes too.
func TestErase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := r.original("jilin/a", "a.jpg")
	a := r.sealed(f)
	r.holds("jilin/a")
	b := r.sealed(r.fact("jilin/a", "b.jpg"))
	quiet := keeping.New(r.Bus, r.store, r.buckets)
	if err := quiet.Erase(t.Context(), a); !fault.Is(err, fault.WrongState) {
		t.Fatalf("what isn't erased: %v", err)
	}
	r.wants("before", a, events.MediaSealed, "jilin/a", true, true)
	erased := events.MediaErasedFact{Reason: "court"}
	r.must(r.append(events.MediaSubject(office, a), events.System("media"), erased))
	k := r.keeper(nil)
	r.sweep(k)
	r.wants("shared", a, events.MediaErased, "jilin/a", true, false)
	if n := k.Used(t.Context(), office); n != f.Bytes {
		t.Errorf("%d bytes used", n)
	}
	r.must(r.append(events.MediaSubject(office, b), events.System("media"), erased))
	for range 2 {
		r.must(calm(func() error { return k.Erase(t.Context(), a, b) }))
	}
	r.wants("both", b, events.MediaErased, "jilin/a", false, false)
	if err := r.append(events.MediaSubject(office, a), events.System("media"), f); !fault.Is(err, fault.WrongState) {
		t.Errorf("sealed again: %v", err)
	}
}

// TestErasedByItself needs nobody to ask: whoever states the fact, the bytes go.
func TestErasedByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.sealed(r.original("jilin/a", "a.jpg"))
	r.keeper(nil)
	r.keeper(nil)
	r.must(r.append(events.MediaSubject(office, id), events.System("media"), events.MediaErasedFact{Reason: "court"}))
	tick, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for r.there(r.buckets.Originals(), "jilin/a") || r.there(r.buckets.Renditions(), string(id)+"/1-w320-x") {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("the bytes are still there")
		}
	}
}

// TestRace has uploads point media to objects while two replicas remove them: no medium is left without bytes, and no bytes without a medium.
func TestRace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, two := r.keeper(nil), r.keeper(nil)
	kept, gone := 0, 0
	for round := range 40 {
		object := fmt.Sprint("jilin/", round)
		first := r.sealed(r.original(object, "first.jpg"))
		r.must(r.append(events.MediaSubject(office, first), events.System("media"), events.MediaErasedFact{Reason: "court"}))
		var wg sync.WaitGroup
		named := make([]bool, 3)
		for i := range named {
			wg.Go(func() {
				err := r.adopt(one, r.fact(object, fmt.Sprint(i, ".jpg")))
				if named[i] = err == nil; err != nil && !errors.Is(err, keeping.ErrGoing) {
					t.Error(err)
				}
			})
		}
		for _, k := range []*keeping.Keeper{one, two} {
			wg.Go(func() {
				if err := k.Erase(t.Context(), first); err != nil && !errors.Is(err, keeping.ErrBusy) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		r.must(calm(func() error { return two.Erase(t.Context(), first) }))
		some := false
		for i, n := range named {
			some = some || n
			if s := r.status(r.fact(object, fmt.Sprint(i, ".jpg")).ID); n != (s == events.MediaSealed) {
				t.Errorf("%s %d: told %v, is %q", object, i, n, s)
			}
		}
		if there := r.there(r.buckets.Originals(), object); there != some {
			t.Errorf("%s: named %v, there %v", object, some, there)
		}
		if some {
			kept++
		} else {
			gone++
		}
	}
	t.Logf("%d objects kept, %d removed", kept, gone)
}

// TestStalledClaim has an upload stop between its claim and its fact, for longer than anybody waits: the object goes, and the fact is taken back before anybody is told.
func TestStalledClaim(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.sealed(r.original("jilin/a", "a.jpg"))
	second := r.fact("jilin/a", "b.jpg")
	stuck, goOn := make(chan struct{}), make(chan struct{})
	slow := keeping.New(r.Bus, r.store, r.buckets)
	slow.Fault(func(place string) {
		if place == "claimed" {
			close(stuck)
			<-goOn
		}
	})
	late := make(chan error, 1)
	go func() { late <- r.adopt(slow, second) }()
	<-stuck
	r.must(r.append(events.MediaSubject(office, first), events.System("media"), events.MediaErasedFact{Reason: "court"}))
	k := r.keeper(nil)
	if err := k.Erase(t.Context(), first); !errors.Is(err, keeping.ErrBusy) || !r.there(r.buckets.Originals(), "jilin/a") {
		t.Fatalf("while it is claimed: %v", err)
	}
	r.pass(11 * time.Minute)
	r.must(calm(func() error { return k.Erase(t.Context(), first) }))
	close(goOn)
	if err := <-late; !errors.Is(err, keeping.ErrGoing) {
		t.Errorf("the late one was told %v", err)
	}
	if s := r.status(second.ID); s != events.MediaReleased || r.there(r.buckets.Originals(), "jilin/a") {
		t.Errorf("the late one is %s", s)
	}
}

// TestStalledRemoval has a replica stop while it decides, for longer than anybody waits: meanwhile another medium names the object, which stays.
func TestStalledRemoval(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.sealed(r.original("jilin/a", "a.jpg"))
	second, third := r.fact("jilin/a", "b.jpg"), r.fact("jilin/a", "c.jpg")
	r.must(r.append(events.MediaSubject(office, first), events.System("media"), events.MediaErasedFact{Reason: "court"}))
	stuck, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.keeper(func(place string) {
		if place == "asked" {
			once.Do(func() { close(stuck); <-goOn })
		}
	})
	<-stuck
	quick := keeping.New(r.Bus, r.store, r.buckets)
	if err := r.adopt(quick, second); !errors.Is(err, keeping.ErrGoing) {
		t.Errorf("while it is being decided: %v", err)
	}
	r.pass(11 * time.Minute)
	r.must(r.adopt(quick, third))
	close(goOn)
	r.sweep(r.keeper(nil))
	if s := r.status(third.ID); s != events.MediaSealed || !r.there(r.buckets.Originals(), "jilin/a") {
		t.Errorf("%s without its bytes", s)
	}
}

// TestCrash ends a replica after it has decided; another one removes the bytes, even when the medium was sealed anew and no longer names them.
func TestCrash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := r.original("jilin/a", "a.jpg")
	id := r.sealed(f)
	r.must(r.append(events.MediaSubject(office, id), events.System("media"), events.MediaReleasedFact{Reason: "untaken"}))
	dead := make(chan struct{})
	var once sync.Once
	r.pass(2 * time.Minute)
	k := r.keeper(func(place string) {
		if place == "going" {
			once.Do(func() { close(dead) })
			<-t.Context().Done() // never comes back
		}
	})
	<-dead
	again := r.original("jilin/again", "a.jpg")
	again.ID = id
	r.sealed(again)
	r.sweep(r.keeper(nil))
	if r.there(r.buckets.Originals(), "jilin/a") || !r.there(r.buckets.Originals(), "jilin/again") {
		t.Error("the wrong bytes are there")
	}
	if err := r.adopt(k, r.fact("jilin/a", "b.jpg")); !errors.Is(err, keeping.ErrGoing) {
		t.Errorf("claimed what is gone: %v", err)
	}
}

// calm repeats what finds the keeper's own sweep at the object.
func calm(do func() error) (err error) {
	for err = keeping.ErrBusy; errors.Is(err, keeping.ErrBusy); {
		err = do()
	}
	return err
}

func (r *rig) sweep(k *keeping.Keeper) {
	r.Helper()
	r.must(calm(func() error { return k.Sweep(r.Context()) }))
}

// holds puts an original under legal hold, as a case does.
func (r *rig) holds(object string) {
	r.Helper()
	r.must(r.store.LegalHold(r.Context(), r.buckets.Originals(), object, true))
}

var cases = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema,
	Fold: func(_ events.CaseState, _ events.Meta, f events.Fact) (events.CaseState, error) {
		return f.(events.CaseRestatedFact).State, nil
	}}

// submitted writes a case that names a medium.
func (r *rig) submitted(id events.MediaID) {
	r.Helper()
	r.submits(events.CaseState{Media: []events.CaseMedium{{ID: id}}})
}

// submits writes a case of the office.
func (r *rig) submits(s events.CaseState) {
	r.Helper()
	c := events.CaseIDFor(office, "r")
	s.ID, s.Office = c, office
	fact := events.CaseRestatedFact{State: s}
	in := bus.Intent{Name: "submit", Actor: events.System("intake"), Given: access.Given{On: events.DayOf(r.now())}}
	_, err := cases.Execute(r.Context(), r.Bus, events.CaseSubject(office, c), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) { return fact, nil })
	r.must(err)
}

var returns = bus.Aggregate[events.ReturnState, *events.ReturnState]{Stream: events.StreamReturns, Schema: events.ReturnSchema,
	Fold: func(_ events.ReturnState, _ events.Meta, f events.Fact) (events.ReturnState, error) {
		return f.(events.ReturnRestatedFact).State, nil
	}}

// files writes a return of the office that has a medium as its scan, beside a filing without one.
func (r *rig) files(scan events.MediaID) {
	r.Helper()
	fact := events.ReturnRestatedFact{State: events.ReturnState{Office: office, Month: "2026-06", Filings: []events.Filing{{Scan: scan}, {}}}}
	in := bus.Intent{Name: "file", Actor: events.System("oversight"), Given: access.Given{On: events.DayOf(r.now())}}
	_, err := returns.Execute(r.Context(), r.Bus, events.ReturnSubject(office, "2026-06"), in, func(bus.Loaded[events.ReturnState], *access.Given) (events.Fact, error) { return fact, nil })
	r.must(err)
}
