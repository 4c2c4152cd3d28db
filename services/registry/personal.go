package registry

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

const (
	// MaxWrongCodes is after how many wrong codes a personal link is shut until the office renews it: a code has a million values.
	MaxWrongCodes = 5
	// CodeDigits of the code that the office tells by telephone.
	CodeDigits = 6
	// MaxPeople is how many personal links one rectification may have; each names a person of its unit or overseer.
	MaxPeople = 20
)

// Personal is the way in of a unit's 责任单位 or an overseer's 督办单位 person who has no password: a link for one rectification, and a code of six digits told by telephone. The link is good until
// the rectification is closed, and any number of times; it does nothing by itself, so the preview of a chat can't use it up.
type Personal struct {
	Case events.CaseID `json:"case"`
	// Hash is of the link's secret; CodeHash of secret and code together, so that a code can't be found from here.
	Hash     string           `json:"hash"`
	CodeHash string           `json:"code_hash"`
	Wrong    int              `json:"wrong,omitempty"`
	MadeAt   time.Time        `json:"made_at"`
	MadeBy   events.AccountID `json:"made_by"`
	// EnteredAt is when it was last used; zero = never.
	EnteredAt time.Time `json:"entered_at,omitzero"`
}

// NewPersonal makes a personal link: what is kept, the link <account id>.<secret>, and the code. Neither can be had again.
func NewPersonal(id events.AccountID, c events.CaseID, by events.AccountID, now time.Time) (p *Personal, link, code string) {
	secret := NewSecret()
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
	code = fmt.Sprintf("%0*d", CodeDigits, n)
	return &Personal{Case: c, Hash: HashSecret(secret), CodeHash: HashSecret(secret + code), MadeAt: now.UTC(), MadeBy: by}, string(id) + "." + secret, code
}

// HasSecret says whether this is the link's secret.
func (p *Personal) HasSecret(secret string) bool {
	return p != nil && subtle.ConstantTimeCompare([]byte(p.Hash), []byte(HashSecret(secret))) == 1
}

// HasCode says whether this is the code to the secret.
func (p *Personal) HasCode(secret, code string) bool {
	return subtle.ConstantTimeCompare([]byte(p.CodeHash), []byte(HashSecret(secret+code))) == 1
}

// HasFeed says whether this is the secret in the address of the account's feed.
func (a Account) HasFeed(secret string) bool {
	return a.Feed != "" && subtle.ConstantTimeCompare([]byte(a.Feed), []byte(HashSecret(secret))) == 1
}

// Shut says that too many wrong codes were tried.
func (p *Personal) Shut() bool { return p.Wrong >= MaxWrongCodes }

// Open says whether a rectification's people may still come in: until it is closed, handed over, or found not applicable.
func Open(s events.RectificationStatus) bool {
	return s != "" && s != events.RectificationClosed && s != events.RectificationTransferred && s != events.RectificationNotApplicable
}

// MayManage says whether an actor may change an account: an administrator any, an office's signer those of the office.
func MayManage(a access.Actor, of Account) bool {
	switch a.Role {
	case access.Admin:
		return true
	case access.Office:
		return a.Has(access.Signer) && of.Office == a.Office && a.Office != ""
	}
	return false
}

// Change is what may be changed of an account; nil = as it is.
type Change struct {
	Name     *string            `json:"name,omitempty"`
	Role     *access.Role       `json:"role,omitempty"`
	Office   *events.OfficeSlug `json:"office,omitempty"`
	Outlet   *events.OutletID   `json:"outlet,omitempty"`
	Duties   *[]access.Duty     `json:"duties,omitempty"`
	Cases    *[]events.CaseID   `json:"cases,omitempty"`
	Disabled *bool              `json:"disabled,omitempty"`
}

// Apply changes the account; fault.Invalid where an actor asks for what isn't theirs to give: an office's signer stays within the office, and nobody shuts themselves out.
func (c Change) Apply(a *Account, by access.Actor) error {
	var f fault.Fields
	if by.Role != access.Admin {
		if c.Role != nil && *c.Role != access.Office {
			f.Add("role", "not_yours_to_give")
		}
		if c.Office != nil && *c.Office != by.Office {
			f.Add("office", "not_yours_to_give")
		}
		if c.Outlet != nil {
			f.Add("outlet", "not_yours_to_give")
		}
		if c.Cases != nil && a.Personal != nil {
			f.Add("cases", "not_yours_to_give")
		}
	}
	if c.Disabled != nil && *c.Disabled && by.Account == a.ID {
		f.Add("disabled", "own_account")
	}
	if err := f.Err("registry: change account"); err != nil {
		return err
	}
	set(&a.Name, c.Name)
	set(&a.Role, c.Role)
	set(&a.Office, c.Office)
	set(&a.Outlet, c.Outlet)
	set(&a.Disabled, c.Disabled)
	if c.Duties != nil {
		a.Duties = slices.Clone(*c.Duties)
	}
	if c.Cases != nil {
		a.Cases = slices.Clone(*c.Cases)
	}
	return nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
