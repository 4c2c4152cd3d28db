// Package access says who acts: the actor that portal signs into every request inside, what an actor may see, and the rule
// of given days. Services believe no other statement of identity than a token that Verifier has checked.
// It imports the standard library and events only.
package access

import (
	"slices"

	"songshui.internal/events"
)

// Role is what an account is for; see domain.md, “Who uses the system”.
type Role string

// The roles.
const (
	Office     Role = "office"
	Overseer   Role = "overseer"
	Unit       Role = "unit"
	Journalist Role = "journalist"
	Supervisor Role = "supervisor"
	Admin      Role = "admin"
)

// Roles lists every role that an account can have.
func Roles() []Role { return []Role{Office, Overseer, Unit, Journalist, Supervisor, Admin} }

// Duty is a part within an office.
type Duty string

// The duties: 经办, 审核, 签发.
const (
	Drafter  Duty = "drafter"
	Reviewer Duty = "reviewer"
	Signer   Duty = "signer"
)

// Duties lists every duty; an account without a list has all.
func Duties() []Duty { return []Duty{Drafter, Reviewer, Signer} }

// Actor is who acts.
type Actor struct {
	Account events.AccountID  `json:"account"`
	Role    Role              `json:"role"`
	Duties  []Duty            `json:"duties,omitempty"`
	Office  events.OfficeSlug `json:"office,omitempty"`
	Outlet  events.OutletID   `json:"outlet,omitempty"`
	// Cases are those of a unit or an overseer.
	Cases []events.CaseID `json:"cases,omitempty"`
}

// Has says whether the actor has a duty.
func (a Actor) Has(d Duty) bool { return slices.Contains(a.Duties, d) }

// Of says whether the actor belongs to the office.
func (a Actor) Of(o events.OfficeSlug) bool { return a.Role == Office && a.Office == o }

// OnCase says whether the actor is a unit or overseer of the case.
func (a Actor) OnCase(id events.CaseID) bool { return slices.Contains(a.Cases, id) }

// Event gives the form that facts carry.
func (a Actor) Event() events.Actor {
	return events.Actor{Account: a.Account, Role: string(a.Role), Office: a.Office}
}

// Holds gives the holders that the actor is; something is visible to the actor when its audience names one of them.
// An administrator holds no case content beyond what is public.
func (a Actor) Holds() []string {
	held := []string{events.HolderPublic}
	switch a.Role {
	case Office:
		held = append(held, events.HolderSignedIn, events.HolderOffice(a.Office))
	case Supervisor:
		held = append(held, events.HolderSignedIn, events.HolderSupervisor)
	case Journalist:
		held = append(held, events.HolderSignedIn)
		if a.Outlet != "" {
			held = append(held, events.HolderOutlet(a.Outlet))
		}
	case Unit, Overseer:
		for _, id := range a.Cases {
			held = append(held, events.HolderCase(id))
		}
	case Admin:
	}
	return held
}

// Sees says whether the actor is among an audience.
func (a Actor) Sees(audience []string) bool {
	for _, h := range a.Holds() {
		if slices.Contains(audience, h) {
			return true
		}
	}
	return false
}
