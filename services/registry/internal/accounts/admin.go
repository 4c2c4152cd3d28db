package accounts

import (
	"context"
	"errors"
	"fmt"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/registry"
)

// firstAdmin is the name of the administrator that a first start makes.
const firstAdmin = "admin"

var errTaken = errors.New("accounts: somebody can sign in")

// FirstAdmin gives a one-time link for an administrator while nobody can sign in (with password or token): at the first start it makes the account, and at a later one, if no link has been
// used, it adds a link, since the one before may not have been read. made is false, and nothing written, once somebody can.
func (s *Store) FirstAdmin(ctx context.Context) (link string, made bool, err error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return "", false, err
	}
	for _, id := range ids {
		a, _, err := s.ByID(ctx, id)
		if err != nil && !errors.Is(err, ErrNone) {
			return "", false, err
		}
		if a.CanSignIn() {
			return "", false, nil
		}
	}
	id, err := s.Named(ctx, firstAdmin)
	if err != nil {
		return "", false, err
	}
	_, made, err = s.Change(ctx, id, events.System(events.ServiceRegistry), "first-start", func(a *registry.Account) error {
		if a.CanSignIn() {
			return errTaken
		}
		if a.Role != "" && a.Role != access.Admin || a.Disabled {
			return fmt.Errorf("accounts: nobody can sign in, and the account %q is no administrator's; give one in a bootstrap file", firstAdmin)
		}
		a.Name, a.Role = firstAdmin, access.Admin
		link = a.AddLink(s.bus.Now())
		return nil
	})
	if errors.Is(err, errTaken) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return link, made, nil
}
