package registry

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

const (
	// MaxName is how long an account's name may be, in characters.
	MaxName = 120
	// MinToken is how short a token given literally may be, in characters; those made here have 256 random bits.
	MinToken = 20
	// MinPassword is how short a password may be that a person sets, in characters (NIST SP 800-63B asks for 8). Those of a bootstrap file are the administrator's affair.
	MinPassword = 8
	// MaxPassword is how long a password may be, in bytes: what is hashed must be bounded.
	MaxPassword = 1024
	// LinkAge is how long a one-time link is good for.
	LinkAge = 24 * time.Hour
	// MaxLinks is how many one-time links of an account are good at once; older ones go.
	MaxLinks = 4
)

// Account is who may sign in. Its name and secrets are here alone; events carry the id.
type Account struct {
	ID     events.AccountID  `json:"id"`
	Name   string            `json:"name"`
	Role   access.Role       `json:"role"`
	Office events.OfficeSlug `json:"office,omitempty"`
	Outlet events.OutletID   `json:"outlet,omitempty"`
	Duties []access.Duty     `json:"duties,omitempty"`
	// Cases are those of a unit or an overseer.
	Cases []events.CaseID `json:"cases,omitempty"`
	// PasswordHash is argon2id in its usual form; empty = no password.
	PasswordHash string `json:"password_hash,omitempty"`
	// Tokens are hashes of API tokens; see HashSecret. BootstrapToken is the one among them that a bootstrap file gave and can replace.
	Tokens         []string `json:"tokens,omitempty"`
	BootstrapToken string   `json:"bootstrap_token,omitempty"`
	Links          []Link   `json:"links,omitempty"`
	// Personal is the way in of somebody without a password.
	Personal *Personal `json:"personal,omitempty"`
	// Feed is the hash of the secret in the address of the account's feed; empty = none. It shows the inbox and opens nothing else.
	Feed      string    `json:"feed,omitempty"`
	Disabled  bool      `json:"disabled,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Link is a one-time sign-in link that sets a password.
type Link struct {
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expires"`
}

// Actor is the account as services see it.
func (a Account) Actor() access.Actor {
	return access.Actor{Account: a.ID, Role: a.Role, Duties: a.Duties, Office: a.Office, Outlet: a.Outlet, Cases: a.Cases}
}

// CanSignIn says whether the account has any way in that isn't a link.
func (a Account) CanSignIn() bool { return !a.Disabled && (a.PasswordHash != "" || len(a.Tokens) > 0) }

// Clone gives a copy that shares nothing.
func (a Account) Clone() Account {
	a.Duties, a.Cases, a.Tokens, a.Links = slices.Clone(a.Duties), slices.Clone(a.Cases), slices.Clone(a.Tokens), slices.Clone(a.Links)
	if a.Personal != nil {
		p := *a.Personal
		a.Personal = &p
	}
	return a
}

// Check names every wrong field of the account at once. What an office and an outlet are is the caller's to look up: officeOn says
// whether an office exists on the day in question.
func (a Account) Check(officeOn func(events.OfficeSlug) bool) fault.Fields {
	var f fault.Fields
	if strings.TrimSpace(a.Name) == "" {
		f.Add("name", "required")
	} else if utf8.RuneCountInString(a.Name) > MaxName {
		f.AddArg("name", "too_long", fmt.Sprint(MaxName))
	}
	if !slices.Contains(access.Roles(), a.Role) {
		f.AddArg("role", "unknown_value", joined(access.Roles()))
		return f
	}
	a.checkOffice(&f, officeOn)
	switch {
	case a.Role == access.Journalist && a.Outlet == "":
		f.Add("outlet", "required")
	case a.Role != access.Journalist && a.Outlet != "":
		f.Add("outlet", "not_for_role")
	}
	if len(a.Duties) > 0 && a.Role != access.Office {
		f.Add("duties", "not_for_role")
	}
	for i, d := range a.Duties {
		if !slices.Contains(access.Duties(), d) {
			f.AddArg(fault.Index("duties", i, ""), "unknown_value", joined(access.Duties()))
		}
	}
	if len(a.Cases) > 0 && a.Role != access.Unit && a.Role != access.Overseer {
		f.Add("cases", "not_for_role")
	}
	for i, c := range a.Cases {
		if _, err := events.ParseCaseID(string(c)); err != nil {
			f.Add(fault.Index("cases", i, ""), "format")
		}
	}
	return f
}

func (a Account) checkOffice(f *fault.Fields, officeOn func(events.OfficeSlug) bool) {
	switch {
	case a.Office == "":
		if a.Role == access.Office {
			f.Add("office", "required")
		}
	case a.Role == access.Journalist || a.Role == access.Supervisor || a.Role == access.Admin:
		f.Add("office", "not_for_role")
	case !officeOn(a.Office):
		f.Add("office", "unknown_value")
	}
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// Changes names what differs between two states of an account, for ACCESS: words, never values.
func Changes(before, after Account) []string {
	var out []string
	note := func(what string, same bool) {
		if !same {
			out = append(out, what)
		}
	}
	note("created", before.ID != "")
	note("name", before.Name == after.Name)
	note("role", before.Role == after.Role)
	note("office", before.Office == after.Office)
	note("outlet", before.Outlet == after.Outlet)
	note("duties", slices.Equal(before.Duties, after.Duties))
	note("cases", slices.Equal(before.Cases, after.Cases))
	note("password", before.PasswordHash == after.PasswordHash)
	note("tokens", slices.Equal(before.Tokens, after.Tokens))
	note("links", slices.Equal(before.Links, after.Links))
	note("personal-link", samePersonal(before.Personal, after.Personal))
	note("feed", before.Feed == after.Feed)
	note("disabled", before.Disabled == after.Disabled)
	return out
}

func samePersonal(a, b *Personal) bool { return a == b || a != nil && b != nil && *a == *b }

// SetBootstrapToken replaces the token that a bootstrap file gave, by hash.
func (a *Account) SetBootstrapToken(hash string) {
	if a.BootstrapToken != "" {
		a.Tokens = slices.DeleteFunc(a.Tokens, func(t string) bool { return t == a.BootstrapToken })
	}
	a.BootstrapToken = hash
	if !slices.Contains(a.Tokens, hash) {
		a.Tokens = append(a.Tokens, hash)
	}
}

// AddLink makes a one-time link and gives it: <account id>.<secret>.
func (a *Account) AddLink(now time.Time) string {
	secret := NewSecret()
	a.Links = append(a.Links, Link{Hash: HashSecret(secret), Expires: now.Add(LinkAge).UTC()})
	if len(a.Links) > MaxLinks {
		a.Links = a.Links[len(a.Links)-MaxLinks:]
	}
	return string(a.ID) + "." + secret
}

// SplitLink gives the parts of a one-time link.
func SplitLink(link string) (id events.AccountID, secret string, ok bool) {
	head, secret, ok := strings.Cut(strings.TrimSpace(link), ".")
	return events.AccountID(head), secret, ok && head != "" && secret != ""
}

// HasLink says whether a link's secret is good now.
func (a Account) HasLink(secret string, now time.Time) bool {
	hash, good := HashSecret(secret), false
	for _, l := range a.Links {
		if subtle.ConstantTimeCompare([]byte(l.Hash), []byte(hash)) == 1 && now.Before(l.Expires) {
			good = true
		}
	}
	return good && !a.Disabled
}

// CheckPassword says what is wrong with a password that a person chose; the field is password.
func CheckPassword(password string) error {
	var f fault.Fields
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		f.AddArg("password", "too_short", fmt.Sprint(MinPassword))
	case len(password) > MaxPassword:
		f.AddArg("password", "too_long", fmt.Sprint(MaxPassword))
	}
	return f.Err("registry: set password")
}

// HashSecret is how a token or link is stored: SHA-256 in hex. They are random, so no slow hash is needed.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// NewSecret gives 256 random bits as hex.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// NewAccountID gives a random id of 16 characters of lower-case base32 (80 bits).
func NewAccountID() events.AccountID { return events.AccountID(strings.ToLower(rand.Text()[:16])) }

// NameKey is an account's name as it is compared: without blanks around it. Case counts.
func NameKey(name string) string { return strings.TrimSpace(name) }

// HasToken says whether a token's hash is among the account's.
func (a Account) HasToken(hash string) bool { return slices.Contains(a.Tokens, hash) }
