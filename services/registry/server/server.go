// Package server wires registry: it seeds the lists of offices, outlets, campaigns, rules and days off, keeps the accounts and answers requests. It owns the
// stream REGISTRY and the bucket accounts, reads nothing else, and writes to ACCESS below access.registry.
//
// While NATS is away at the start it waits; requests are answered only once the lists are in the log. A request that fails half-way
// has changed nothing, or leaves an index entry that nothing believes.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
	"songshui.internal/services/registry/internal/accounts"
	"songshui.internal/services/registry/registryapi"
)

// sweepEvery is how often attempts that don't count any more are forgotten.
const sweepEvery = time.Hour

// Deps are what the service runs on.
type Deps struct {
	Bus      *bus.Bus
	Verifier *access.Verifier
}

// Config is how the service runs; the zero value is ready.
type Config struct {
	// Lists is a directory with an operator's own lists; see FileOffices. Empty = those of the program.
	Lists string
}

// Server is the service. It is safe for concurrent use.
type Server struct {
	bus      *bus.Bus
	verifier *access.Verifier
	hasher   *accounts.Hasher
	lists    string

	mu    sync.Mutex
	store *accounts.Store
}

// New makes the service; it connects to nothing.
func New(d Deps, c Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil {
		return nil, errors.New("registry: a bus and a verifier are needed")
	}
	return &Server{bus: d.Bus, verifier: d.Verifier, hasher: accounts.NewHasher(), lists: c.Lists}, nil
}

// Durables lists the service's durable consumers: none.
func (s *Server) Durables() []bus.Durable { return nil }

// Run seeds the lists and answers requests until ctx ends, then gives nil. An error means that it can't work: the layout is missing or a seed is wrong.
func (s *Server) Run(ctx context.Context) error {
	err := s.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *Server) run(ctx context.Context) error {
	var store *accounts.Store
	err := s.patiently(ctx, "nats", func() (err error) {
		if store, err = s.accounts(ctx); err != nil {
			return err
		}
		return s.Seed(ctx)
	})
	if err != nil {
		return err
	}
	directory, err := registryapi.StartDirectory(ctx, s.bus)
	if err != nil {
		return err
	}
	open, signed := endpoints(s.bus, store, directory)
	stop, err := s.bus.Serve(s.verifier, open, signed)
	if err != nil {
		return err
	}
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return stop()
		case <-t.C:
			if err := store.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.bus.Logger().Warn("attempts not swept", "error", err)
			}
		}
	}
}

// accounts opens the bucket at its first use.
func (s *Server) accounts(ctx context.Context) (*accounts.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store != nil {
		return s.store, nil
	}
	store, err := accounts.Open(ctx, s.bus, s.hasher)
	if err == nil {
		s.store = store
	}
	return store, err
}

// ErrBootstrap says that a bootstrap file can't be taken; each line of the text names the entry and what is wrong with it, and shows no secret.
var ErrBootstrap = accounts.ErrBootstrap

// ApplyBootstrap makes the accounts of a YAML file and brings those that are there to what it says:
//
//	accounts: [{name: yanbian-desk, role: office, office: yanbian, duties: [drafter], password: …, token: …}, …]
//
// A journalist has outlet (an id, name or alias of the list), a unit or overseer cases; disabled shuts an account out. Password, token and disabled stay as they
// are where they are missing, and so does an account that the file doesn't name. Applied again it changes nothing. It needs the layout
// (`songshui migrate`) but not Run. Errors: ErrBootstrap, or fault.Unavailable.
func (s *Server) ApplyBootstrap(ctx context.Context, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBootstrap, err)
	}
	defer func() { _ = f.Close() }()
	b, err := accounts.ParseBootstrap(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	store, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	if err := s.Seed(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	directory, err := registryapi.StartDirectory(ctx, s.bus)
	if err != nil {
		return err
	}
	return store.Apply(ctx, b, directory)
}

// FirstAdmin gives a one-time link (<account id>.<secret>, for Redeem, good for 24 hours) for an administrator while nobody can sign in: created is true then. At the first start
// it makes the account “admin”; at a later one, if no link has been used yet, it adds a link. Once any account has a password or a token, it does nothing.
// It needs the layout but not Run.
func (s *Server) FirstAdmin(ctx context.Context) (linkToken string, created bool, err error) {
	store, err := s.accounts(ctx)
	if err != nil {
		return "", false, err
	}
	return store.FirstAdmin(ctx)
}

func endpoints(b *bus.Bus, store *accounts.Store, d *registryapi.Directory) (open, signed map[string]bus.Endpoint) {
	open = map[string]bus.Endpoint{
		registryapi.EndpointAuthenticate: func(ctx context.Context, r bus.Request) (any, error) {
			var q registryapi.AuthenticateRequest
			if err := decode(r, &q); err != nil {
				return nil, err
			}
			return identity(store.Authenticate(ctx, q.Token))
		},
		registryapi.EndpointSignIn: func(ctx context.Context, r bus.Request) (any, error) {
			var q registryapi.SignInRequest
			if err := decode(r, &q); err != nil {
				return nil, err
			}
			return identity(store.SignIn(ctx, q.Name, q.Password))
		},
		registryapi.EndpointRedeem: func(ctx context.Context, r bus.Request) (any, error) {
			var q registryapi.RedeemRequest
			if err := decode(r, &q); err != nil {
				return nil, err
			}
			return identity(store.Redeem(ctx, q.Link, q.Password))
		},
		registryapi.EndpointAccount: func(ctx context.Context, r bus.Request) (any, error) {
			var q registryapi.AccountRequest
			if err := decode(r, &q); err != nil {
				return nil, err
			}
			return identity(store.Current(ctx, q.ID))
		},
		registryapi.EndpointName: func(ctx context.Context, r bus.Request) (any, error) {
			var q registryapi.AccountRequest
			if err := decode(r, &q); err != nil {
				return nil, err
			}
			a, _, err := store.ByID(ctx, q.ID)
			if errors.Is(err, accounts.ErrNone) {
				return nil, fault.New(fault.NotFound, "registry: name")
			}
			return registryapi.NameReply{Name: a.Name}, err
		},
		registryapi.EndpointReady: func(ctx context.Context, _ bus.Request) (any, error) {
			state := "ok"
			if _, err := b.Last(ctx, events.StreamRegistry, "registry.>"); err != nil {
				state = "unavailable"
			}
			return map[string]string{"nats": state}, nil
		},
	}
	signed = map[string]bus.Endpoint{
		registryapi.EndpointMe: func(ctx context.Context, r bus.Request) (any, error) {
			return identity(store.Current(ctx, r.Actor.Account))
		},
		registryapi.EndpointOffices: func(context.Context, bus.Request) (any, error) {
			return registryapi.OfficesReply{Offices: d.Offices()}, nil
		},
		registryapi.EndpointOutlets: func(context.Context, bus.Request) (any, error) {
			return registryapi.OutletsReply{Outlets: d.Outlets()}, nil
		},
	}
	p := people{store, d}
	maps.Copy(signed, p.signed())
	open[registryapi.EndpointEnter], open[registryapi.EndpointFeed] = p.enter, p.feed
	signed[registryapi.EndpointPlaceOutlet] = outlets{b, d}.place
	return open, signed
}

func decode(r bus.Request, into any) error {
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fault.Wrap(fault.Malformed, "registry: request", err)
	}
	return nil
}

func identity(a registry.Account, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return registryapi.Identity{Actor: a.Actor(), Name: a.Name}, nil
}
