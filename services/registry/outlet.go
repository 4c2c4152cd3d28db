package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// An outlet 媒体 is an events.OutletState. Level and kind decide what a publication counts for, so a name is matched exactly or not
// at all: 《吉林安行日讯》 (provincial) and 《吉林市安行日讯》 (municipal) are two.

// Levels of outlets and kinds of them, as domain.md names them.
var (
	Levels = []string{"national", "provincial", "municipal", "county"}
	Kinds  = []string{"tv", "newspaper", "website", "wechat", "radio", "weibo", "short-video"}
)

var outletPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// OutletKey is a name as it is compared: without blanks (full-width and zero-width ones too), all else as given.
func OutletKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, name)
}

// CheckOutlet says what is wrong with an outlet's data.
func CheckOutlet(o events.OutletState) error {
	switch {
	case !outletPattern.MatchString(string(o.ID)):
		return fmt.Errorf("registry: %q is no outlet's id (a–z, 0–9, -)", o.ID)
	case OutletKey(o.Name) == "":
		return fmt.Errorf("registry: outlet %s has no name", o.ID)
	case !slices.Contains(Levels, o.Level):
		return fmt.Errorf("registry: outlet %s: level %q is none of %s", o.ID, o.Level, strings.Join(Levels, ", "))
	case len(o.Kinds) == 0:
		return fmt.Errorf("registry: outlet %s has no kind", o.ID)
	}
	for _, k := range o.Kinds {
		if !slices.Contains(Kinds, k) {
			return fmt.Errorf("registry: outlet %s: kind %q is none of %s", o.ID, k, strings.Join(Kinds, ", "))
		}
	}
	for _, a := range o.Aliases {
		if OutletKey(a) == "" {
			return fmt.Errorf("registry: outlet %s has an empty alias", o.ID)
		}
	}
	return nil
}

// MaxAliases of an outlet, and MaxOutletName characters of each name: the longest in use has 30.
const (
	MaxAliases    = 20
	MaxOutletName = 60
)

// Place is what the province says of an outlet.
type Place struct {
	Name    string            `json:"name"`
	Aliases []string          `json:"aliases"`
	Level   string            `json:"level"`
	Kinds   []string          `json:"kinds"`
	Office  events.OfficeSlug `json:"office"`
}

// Check names every wrong field of a place at once. other finds another outlet that bears a name already: two with one name would both be lost.
func (p Place) Check(id events.OutletID, officeExists func(events.OfficeSlug) bool, other func(name string) bool) error {
	var f fault.Fields
	if !outletPattern.MatchString(string(id)) {
		f.Add("id", "format")
	}
	name := func(field, s string) {
		switch {
		case OutletKey(s) == "":
			f.Add(field, "required")
		case utf8.RuneCountInString(s) > MaxOutletName:
			f.AddArg(field, "too_long", strconv.Itoa(MaxOutletName))
		case other(s):
			f.Add(field, "duplicate")
		}
	}
	name("name", p.Name)
	if len(p.Aliases) > MaxAliases {
		f.AddArg("aliases", "too_many", strconv.Itoa(MaxAliases))
	} else {
		for i, a := range p.Aliases {
			name(fault.Index("aliases", i, ""), a)
		}
	}
	if !slices.Contains(Levels, p.Level) {
		f.AddArg("level", "unknown_value", strings.Join(Levels, ", "))
	}
	if len(p.Kinds) == 0 {
		f.Add("kinds", "required")
	}
	for i, k := range p.Kinds {
		if !slices.Contains(Kinds, k) {
			f.AddArg(fault.Index("kinds", i, ""), "unknown_value", strings.Join(Kinds, ", "))
		}
	}
	if p.Office != "" && !officeExists(p.Office) {
		f.Add("office", "unknown_value")
	}
	return f.Err("registry: place outlet " + string(id))
}

// FoldOutlet gives an outlet after a fact.
func FoldOutlet(s events.OutletState, _ events.Meta, fact events.Fact) (events.OutletState, error) {
	f, ok := fact.(events.OutletRecordedFact)
	if !ok {
		return s, fmt.Errorf("registry: %s is no fact of an outlet", fact.EventType())
	}
	next := f.Outlet
	next.Schema, next.Revision, next.Commands = s.Schema, s.Revision, s.Commands
	return next, nil
}

// OutletIndex finds outlets by id, name or alias. The zero value is empty and ready; it isn't safe for concurrent use.
type OutletIndex struct {
	byID  map[events.OutletID]events.OutletState
	byKey map[string][]events.OutletID
}

// Put adds an outlet, or replaces the one with its id.
func (x *OutletIndex) Put(o events.OutletState) {
	if x.byID == nil {
		x.byID, x.byKey = map[events.OutletID]events.OutletState{}, map[string][]events.OutletID{}
	}
	if old, ok := x.byID[o.ID]; ok {
		for _, key := range outletKeys(old) {
			x.byKey[key] = slices.DeleteFunc(x.byKey[key], func(id events.OutletID) bool { return id == o.ID })
		}
	}
	x.byID[o.ID] = o
	for _, key := range outletKeys(o) {
		x.byKey[key] = append(x.byKey[key], o.ID)
	}
}

// Find gives the outlet whose id, name or alias this is, blanks aside. A name that two outlets bear finds neither: it must not be guessed.
func (x *OutletIndex) Find(s string) (events.OutletState, bool) {
	if o, ok := x.byID[events.OutletID(strings.TrimSpace(s))]; ok {
		return o, true
	}
	if ids := x.byKey[OutletKey(s)]; len(ids) == 1 {
		return x.byID[ids[0]], true
	}
	return events.OutletState{}, false
}

// ByID gives the outlet with an id.
func (x *OutletIndex) ByID(id events.OutletID) (events.OutletState, bool) {
	o, ok := x.byID[id]
	return o, ok
}

// All gives every outlet in the order of their ids.
func (x *OutletIndex) All() []events.OutletState {
	out := make([]events.OutletState, 0, len(x.byID))
	for _, o := range x.byID {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b events.OutletState) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}

func outletKeys(o events.OutletState) []string {
	keys := []string{OutletKey(o.Name)}
	for _, a := range o.Aliases {
		if k := OutletKey(a); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}
