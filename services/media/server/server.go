// Package server wires media: uploads and bytes on an internal HTTP listener, answers on NATS, and the consumers that take media along.
//
// [New] makes it of outside things, [Server.Handler] is for the listener that portal alone reaches, [Server.Run] works until its context ends.
// Streams, durables and buckets are there before (songshui migrate).
package server

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/internal/allowance"
	"songshui.internal/services/media/internal/answers"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/clips"
	"songshui.internal/services/media/internal/compare"
	"songshui.internal/services/media/internal/judge"
	"songshui.internal/services/media/internal/keeping"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/papers"
	"songshui.internal/services/media/internal/pictures"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/serve"
	"songshui.internal/services/media/internal/sight"
	"songshui.internal/services/media/internal/sniff"
	"songshui.internal/services/media/internal/sound"
	"songshui.internal/services/media/internal/uploads"
	"songshui.internal/services/media/internal/ways"
	"songshui.internal/services/media/mediaapi"
)

// Aggregate is how media are kept, for verify.
var Aggregate = catalog.Aggregate

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable {
	return []bus.Durable{ways.Way, ways.Taken, ways.TakenAfter, ways.TakenForReturn, compare.Compare}
}

// Deps are what media runs on.
type Deps struct {
	Bus      *bus.Bus
	Verifier *access.Verifier
	Objects  *objects.Store
	Buckets  objects.Buckets
}

// Config is for settings; the zero value is right.
type Config struct {
	// Workers is how many media are rendered at once; 2 if zero.
	Workers int
	// Program is the executable whose main calls Child; the running one if empty.
	Program string
	// ChildMemory bounds a decoding child, in bytes; 1 GiB if zero.
	ChildMemory int64
	// Limits are what one office may take up and send; what is zero is as in DefaultLimits.
	Limits Limits
	// Fault, if set, is called between the durable steps of an upload; tests of crashes break off there.
	Fault func(place string)
}

// Limits of one office.
type Limits = allowance.Limits

// DefaultLimits are those without configuration.
func DefaultLimits() Limits { return allowance.Defaults }

// Server is the service.
type Server struct {
	deps    Deps
	config  Config
	catalog *catalog.Catalog
	uploads *uploads.Store
	keeper  *keeping.Keeper
	ways    *ways.Ways
	compare *compare.Comparer
	answers *answers.Answers
	box     *sandbox.Sandbox
	handler http.Handler
}

// New wires the service; it starts nothing.
func New(d Deps, c Config) (*Server, error) {
	if c.Workers <= 0 {
		c.Workers = 2
	}
	s := &Server{deps: d, config: c, catalog: catalog.New(d.Bus)}
	var err error
	if s.box, err = sandbox.New(sandbox.Config{Program: c.Program, MaxMemory: c.ChildMemory, Parallel: c.Workers}); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	decoder := pictures.New(s.box)
	s.keeper = keeping.New(d.Bus, d.Objects, d.Buckets)
	of := kindsOf(s.box, decoder)
	s.uploads = uploads.New(d.Bus, d.Objects, d.Buckets, s.catalog, s.keeper, allowance.New(c.Limits, d.Bus.Now, s.keeper.Used), judge.New(decoder, of))
	if c.Fault != nil {
		s.uploads.Fault(c.Fault)
		s.keeper.Fault(c.Fault)
	}
	s.compare = compare.New(d.Bus, s.catalog, pictures.Alike)
	s.ways = ways.New(d.Bus, d.Objects, d.Buckets, s.catalog, s.compare, of)
	s.answers = &answers.Answers{Bus: d.Bus, Catalog: s.catalog, Objects: d.Objects, Buckets: d.Buckets}
	s.answers.Erased = func(ctx context.Context, id events.MediaID) {
		if err := s.keeper.Erase(ctx, id); err != nil {
			d.Bus.Logger().Warn("an erased medium's bytes go with the next sweep", "media", id, "error", err)
		}
	}
	tus, err := s.uploads.Handler(d.Verifier, mediaapi.HeaderActor)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(uploads.Path, tus)
	mux.Handle(uploads.Path+"/", tus)
	mux.Handle(serve.Pattern, &serve.Handler{Bus: d.Bus, Heads: sight.NewHeads(d.Bus, s.catalog.Get), Objects: d.Objects, Buckets: d.Buckets, Verifier: d.Verifier, ActorHeader: mediaapi.HeaderActor})
	s.handler = mux
	return s, nil
}

// kindsOf says who examines and renders each type.
func kindsOf(box *sandbox.Sandbox, pictures *pictures.Decoder) map[sniff.Type]kinds.Kind {
	cut, heard, read := clips.New(box, clips.Find()), sound.Sound{}, papers.New(box)
	return map[sniff.Type]kinds.Kind{
		sniff.JPEG: pictures, sniff.PNG: pictures, sniff.WebP: pictures, sniff.GIF: pictures, sniff.HEIC: pictures,
		sniff.MP4: cut, sniff.MOV: cut, sniff.M4A: cut, sniff.MP3: heard, sniff.WAV: heard, sniff.PDF: read,
	}
}

// Handler serves /files and /media; every request carries the actor that portal has signed.
func (s *Server) Handler() http.Handler { return s.handler }

// Run answers and works until ctx ends, then returns nil. What is cut off is gone on with at the next start.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.deps.Bus.Serve(s.deps.Verifier, s.answers.Open(), s.answers.Signed())
	if err != nil {
		return fmt.Errorf("media: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	run := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				cancel(err)
			}
		})
	}
	run(s.catalog.Run)
	run(s.uploads.Run)
	run(s.keeper.Run)
	run(s.ways.RunTaken)
	run(s.ways.RunTakenAfter)
	run(s.ways.RunTakenForReturn)
	run(s.ways.RunWaiting)
	run(s.compare.Run)
	for range s.config.Workers {
		run(s.ways.RunWay)
	}
	<-ctx.Done()
	wg.Wait()
	_ = stop()
	_ = s.box.Close()
	if err := context.Cause(ctx); err != nil && ctx.Err() != err {
		return fmt.Errorf("media: %w", err)
	}
	return nil
}
