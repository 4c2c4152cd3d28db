// Package answers serves rpc.media: find, list, get, by-hash, browse, command, ready. It reads MEDIA and what sight reads, and writes MEDIA by people's commands. What an actor may not see
// answers like what isn't there.
package answers

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/sight"
	"songshui.internal/services/media/mediaapi"
)

const (
	// loads is how many records of one list are read at once.
	loads = 8
	// maxSteps bounds a history: a medium has a handful of facts and one for each case.
	maxSteps = 300
)

// Answers are the endpoints.
type Answers struct {
	Bus     *bus.Bus
	Catalog *catalog.Catalog
	Objects *objects.Store
	Buckets objects.Buckets
	// Erased, if set, removes the bytes of a medium whose record says `erased`.
	Erased func(context.Context, events.MediaID)
}

// Signed are the endpoints that need an actor.
func (a *Answers) Signed() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{
		mediaapi.EndpointFind:    a.find,
		mediaapi.EndpointList:    a.list,
		mediaapi.EndpointGet:     a.get,
		mediaapi.EndpointByHash:  a.byHash,
		mediaapi.EndpointBrowse:  a.browse,
		mediaapi.EndpointCommand: a.command,
	}
}

// Open are the endpoints that anybody inside may ask.
func (a *Answers) Open() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{mediaapi.EndpointReady: a.ready}
}

func (a *Answers) find(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.FindParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	office := p.Office
	if r.Actor.Role == access.Office {
		if office == "" {
			office = r.Actor.Office
		}
		if office != r.Actor.Office {
			return mediaapi.Found{Media: []events.MediaState{}}, nil
		}
	} else if r.Actor.Role != access.Supervisor {
		return nil, fault.New(fault.Forbidden, "media: find")
	}
	if _, err := events.ParseOfficeSlug(string(office)); err != nil || p.ID == "" && p.File == "" && p.SHA256 == "" {
		return mediaapi.Found{Media: []events.MediaState{}}, nil
	}
	w := catalog.Wanted{ID: p.ID, SHA256: strings.ToLower(p.SHA256)}
	if p.File != "" {
		w.File = mediaapi.CleanName(p.File)
	}
	if w.ID != "" {
		if _, err := events.ParseMediaID(string(w.ID)); err != nil {
			return mediaapi.Found{Media: []events.MediaState{}}, nil
		}
	}
	found, err := a.Catalog.Find(ctx, office, w, mediaapi.MaxFound)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Commands = nil // the record's own bookkeeping; replies stay small
	}
	return mediaapi.Found{Media: found}, nil
}

func (a *Answers) byHash(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.HashParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	reply := mediaapi.Hashed{Media: []mediaapi.View{}}
	if r.Actor.Role != access.Office || p.SHA256 == "" {
		return reply, nil
	}
	found, err := a.Catalog.Find(ctx, r.Actor.Office, catalog.Wanted{SHA256: strings.ToLower(p.SHA256)}, mediaapi.MaxFound)
	if err != nil {
		return nil, err
	}
	for _, m := range found {
		reply.Media = append(reply.Media, a.inside(r.Actor, m, mediaapi.MaxCopies))
	}
	return reply, nil
}

func (a *Answers) list(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.ListParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if len(p.IDs) > mediaapi.MaxList {
		var f fault.Fields
		f.AddArg("ids", "too_many", strconv.Itoa(mediaapi.MaxList))
		return nil, f.Err("media: list")
	}
	records, err := a.load(ctx, p)
	if err != nil {
		return nil, err
	}
	reply := mediaapi.Listed{Media: []mediaapi.View{}}
	look := sight.New(a.Bus, r.Actor)
	for _, m := range records {
		if m.ID == "" {
			continue
		}
		of, err := look.At(ctx, m)
		switch {
		case err != nil:
			return nil, err
		case of.Inside:
			reply.Media = append(reply.Media, a.inside(r.Actor, m, mediaapi.MaxCopies))
		case of.Sees(m):
			reply.Media = append(reply.Media, mediaapi.ViewOf(m, mediaapi.MaxCopies))
		case media.HasBytes(m):
			reply.HeldBack++
		}
	}
	return reply, nil
}

// load reads the records in the order asked for; one that isn't there stays empty.
func (a *Answers) load(ctx context.Context, p mediaapi.ListParams) ([]events.MediaState, error) {
	records, errs := make([]events.MediaState, len(p.IDs)), make([]error, len(p.IDs))
	slots := make(chan struct{}, loads)
	var wg sync.WaitGroup
	for i, id := range p.IDs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			records[i], errs[i] = a.one(ctx, p.Office, id)
		})
	}
	wg.Wait()
	return records, errors.Join(errs...)
}

func (a *Answers) one(ctx context.Context, office events.OfficeSlug, id events.MediaID) (events.MediaState, error) {
	if _, err := events.ParseMediaID(string(id)); err != nil {
		return events.MediaState{}, nil
	}
	if office == "" {
		l, err := a.Catalog.Get(ctx, id)
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return l.State, err
	}
	l, err := catalog.Aggregate.Load(ctx, a.Bus, events.MediaSubject(office, id))
	return l.State, err
}

func (a *Answers) get(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.GetParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	l, err := a.Catalog.Get(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	v, full, err := a.view(ctx, r.Actor, l.State)
	if err != nil || !full {
		return v, err
	}
	history, err := a.Bus.History(ctx, events.StreamMedia, l.Subject, maxSteps)
	if err != nil {
		return nil, err
	}
	for _, m := range history {
		s := mediaapi.Step{Stream: m.Stream, Sequence: m.Sequence, Type: m.Meta.Type, At: m.Meta.Time}
		s.Actor.Role, s.Actor.Office = m.Meta.Actor.Role, m.Meta.Actor.Office
		v.History = append(v.History, s)
	}
	return v, nil
}

// ready looks for an object that isn't there: the cheapest question that goes all the way.
func (a *Answers) ready(ctx context.Context, _ bus.Request) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, bus.ReadyTimeout)
	defer cancel()
	_, err := a.Objects.Stat(ctx, a.Buckets.Uploads(), "ready")
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		a.Bus.Logger().Warn("S3 doesn't answer", "error", err)
		return map[string]string{"s3": "away"}, nil
	}
	return map[string]string{"s3": "ok"}, nil
}
