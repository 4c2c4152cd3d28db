package accounts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

// Bootstrap is a file of accounts for unattended set-ups.
type Bootstrap struct {
	Accounts []BootstrapAccount `yaml:"accounts"`
}

// BootstrapAccount is one entry; the name is what it is known by. What is missing, of password, token, disabled, stays as it is.
type BootstrapAccount struct {
	Name literal `yaml:"name"`
	Role string  `yaml:"role"`
	// Office is a slug.
	Office string `yaml:"office"`
	// Outlet is an id, a name or an alias of the list.
	Outlet literal `yaml:"outlet"`
	// Duties default to all three, of an office's account.
	Duties []string `yaml:"duties"`
	// Cases are the ids of a unit's or an overseer's.
	Cases []string `yaml:"cases"`
	// Password is taken as it is. The file wins over a password that the person has set since.
	Password literal `yaml:"password"`
	// Token is taken as it is, at least registry.MinToken characters; a new one replaces the one that the file gave before.
	Token    literal `yaml:"token"`
	Disabled *bool   `yaml:"disabled"`
}

// literal is a scalar as it is written: 0123 is a password of four characters, not a number.
type literal string

// UnmarshalYAML takes the scalar's own text.
func (l *literal) UnmarshalYAML(n ast.Node) error {
	switch v := n.(type) {
	case *ast.StringNode:
		*l = literal(v.Value)
	case *ast.LiteralNode:
		*l = literal(v.Value.Value)
	case *ast.NullNode:
		*l = ""
	case ast.ScalarNode:
		*l = literal(v.GetToken().Value)
	default:
		at := n.GetToken().Position
		return fmt.Errorf("[%d:%d] one value is expected", at.Line, at.Column)
	}
	return nil
}

// ErrBootstrap says that a bootstrap file can't be taken; each line of the text names an entry or a place in the file, and never a secret.
var ErrBootstrap = errors.New("bootstrap")

// maxBootstrap bounds the file: ten thousand accounts fit.
const maxBootstrap = 4 << 20

// ParseBootstrap reads the file; unknown fields are refused.
func ParseBootstrap(r io.Reader) (Bootstrap, error) {
	var b Bootstrap
	text, err := io.ReadAll(io.LimitReader(r, maxBootstrap+1))
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrBootstrap, err)
	}
	if len(text) > maxBootstrap {
		return b, fmt.Errorf("%w: over %d bytes", ErrBootstrap, maxBootstrap)
	}
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := d.Decode(&b); err != nil && !errors.Is(err, io.EOF) {
		// Only the first line: the others show the file, secrets and all.
		first, _, _ := strings.Cut(err.Error(), "\n")
		return Bootstrap{}, fmt.Errorf("%w: %s", ErrBootstrap, first)
	}
	if err := d.Decode(&Bootstrap{}); !errors.Is(err, io.EOF) {
		return Bootstrap{}, fmt.Errorf("%w: more than one document", ErrBootstrap)
	}
	return b, nil
}

// Lists are where a bootstrap file's offices and outlets are looked up.
type Lists interface {
	Office(events.OfficeSlug) (events.OfficeState, bool)
	Outlet(string) (events.OutletState, bool)
}

type entry struct {
	BootstrapAccount
	label   string
	account registry.Account
}

// Apply makes the accounts of the file and brings those that are there to what it says; accounts that it doesn't name stay. Applied again it changes nothing and writes nothing.
// Everything is checked first: ErrBootstrap means that nothing was changed, but for a token that another account holds.
func (s *Store) Apply(ctx context.Context, b Bootstrap, lists Lists) error {
	entries, err := s.entries(b, lists)
	if err != nil {
		return err
	}
	errs := make([]error, len(entries))
	slots := make(chan struct{}, maxHashing)
	var wg sync.WaitGroup
	for i, e := range entries {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := s.applyEntry(ctx, e); errors.Is(err, ErrTokenTaken) {
				errs[i] = fmt.Errorf("%w: %s: token: belongs to another account", ErrBootstrap, e.label)
			} else if err != nil {
				errs[i] = fmt.Errorf("accounts: bootstrap: %s: %w", e.label, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// entries checks the whole file and names every mistake.
func (s *Store) entries(b Bootstrap, lists Lists) ([]entry, error) {
	var errs []error
	var out []entry
	names, tokens := map[string]string{}, map[string]string{}
	for i, a := range b.Accounts {
		e := entry{BootstrapAccount: a, label: fmt.Sprintf("accounts[%d] (%q)", i, a.Name)}
		wrong := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%w: %s: %s", ErrBootstrap, e.label, fmt.Sprintf(format, args...)))
		}
		e.account = e.wanted(lists, wrong)
		on := events.DayOf(s.bus.Now())
		for _, f := range e.account.Check(func(o events.OfficeSlug) bool {
			state, ok := lists.Office(o)
			return ok && registry.OfficeExists(state, on)
		}) {
			wrong("%s", explain(f, a))
		}
		key := registry.NameKey(string(a.Name))
		if other, ok := names[key]; ok && key != "" {
			wrong("name: is that of %s too", other)
		}
		names[key] = e.label
		if a.Token != "" {
			if other, ok := tokens[string(a.Token)]; ok {
				wrong("token: is that of %s too", other)
			}
			tokens[string(a.Token)] = e.label
		}
		out = append(out, e)
	}
	return out, errors.Join(errs...)
}

// wanted is the account that an entry asks for, without its secrets.
func (e entry) wanted(lists Lists, wrong func(string, ...any)) registry.Account {
	a := registry.Account{Name: registry.NameKey(string(e.Name)), Role: access.Role(e.Role), Office: events.OfficeSlug(e.Office)}
	if e.Outlet != "" {
		o, ok := lists.Outlet(string(e.Outlet))
		if !ok {
			wrong("outlet: %q is no id, name or alias of the list", e.Outlet)
			o.ID = "unknown" // so that it isn't called missing as well
		}
		a.Outlet = o.ID
	}
	for _, d := range e.Duties {
		a.Duties = append(a.Duties, access.Duty(d))
	}
	if len(a.Duties) == 0 && a.Role == access.Office {
		a.Duties = access.Duties()
	}
	for _, c := range e.Cases {
		a.Cases = append(a.Cases, events.CaseID(c))
	}
	if n := utf8.RuneCountInString(string(e.Token)); n > 0 && n < registry.MinToken {
		wrong("token: has %d characters, at least %d are needed", n, registry.MinToken)
	}
	if len(e.Password) > registry.MaxPassword {
		wrong("password: has %d bytes, at most %d are taken", len(e.Password), registry.MaxPassword)
	}
	return a
}

// explain puts a wrong field into words for an administrator.
func explain(f fault.Field, a BootstrapAccount) string {
	switch {
	case f.Field == "office" && f.Code == "unknown_value":
		return fmt.Sprintf("office: %q is no office of the list, or has ended", a.Office)
	case f.Field == "role" && f.Code == "unknown_value":
		return fmt.Sprintf("role: %q is none of %s", a.Role, f.Arg)
	case f.Code == "unknown_value":
		return fmt.Sprintf("%s: is none of %s", f.Field, f.Arg)
	case f.Code == "required":
		return f.Field + ": is missing"
	case f.Code == "not_for_role":
		return fmt.Sprintf("%s: the role %s has none", f.Field, a.Role)
	case f.Arg != "":
		return fmt.Sprintf("%s: %s (%s)", f.Field, f.Code, f.Arg)
	}
	return f.Field + ": " + f.Code
}

func (s *Store) applyEntry(ctx context.Context, e entry) error {
	id, err := s.Named(ctx, e.account.Name)
	if err != nil {
		return err
	}
	_, _, err = s.Change(ctx, id, events.System(events.ServiceRegistry), "bootstrap", func(a *registry.Account) error {
		w := e.account
		a.Name, a.Role, a.Office, a.Outlet, a.Duties, a.Cases = w.Name, w.Role, w.Office, w.Outlet, slices.Clone(w.Duties), slices.Clone(w.Cases)
		if e.Disabled != nil {
			a.Disabled = *e.Disabled
		}
		if e.Token != "" {
			a.SetBootstrapToken(registry.HashSecret(string(e.Token)))
		}
		return s.setPassword(ctx, a, string(e.Password))
	})
	return err
}

// setPassword leaves the hash alone when it is the password's already: a new salt would be a change.
func (s *Store) setPassword(ctx context.Context, a *registry.Account, password string) error {
	if password == "" {
		return nil
	}
	if a.PasswordHash != "" {
		if same, err := s.hasher.matches(ctx, password, a.PasswordHash); same || err != nil {
			return err
		}
	}
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		a.PasswordHash = hash
	}
	return err
}
