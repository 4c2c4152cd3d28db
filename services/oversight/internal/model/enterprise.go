package model

import (
	"cmp"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/oversight"
)

// same says whether two cases are about one enterprise: by their codes, or by name where either lacks one.
func same(a, b *Case) bool {
	if a.Enterprise.USCC != "" && b.Enterprise.USCC != "" {
		return a.Enterprise.USCC == b.Enterprise.USCC
	}
	return a.name != "" && a.name == b.name
}

// before says whether a was exposed before b; a case that isn't exposed yet comes after all that are.
func before(a, b *Case) bool {
	if b.ExposedOn == "" {
		return true
	}
	return cmp.Or(cmp.Compare(a.ExposedOn, b.ExposedOn), a.ExposedAt.Compare(b.ExposedAt), cmp.Compare(a.ID, b.ID)) < 0
}

// Earlier gives the earlier exposed cases of a case's enterprise that the actor may see, the newest first. fault.NotFound if the case isn't there or isn't for the actor's eyes.
func (s *Snapshot) Earlier(a access.Actor, id events.CaseID) ([]oversight.EnterpriseCase, error) {
	i := slices.IndexFunc(s.table, func(e entry) bool { return e.c != nil && e.c.ID == id })
	if i < 0 || !a.Sees(s.table[i].c.VisibleTo()) {
		return nil, fault.New(fault.NotFound, "oversight: case "+string(id))
	}
	c := s.table[i].c
	var found []entry
	for _, e := range s.table {
		if e.c != nil && e.c != c && e.c.exposed && same(c, e.c) && before(e.c, c) && a.Sees(e.c.VisibleTo()) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y entry) int {
		if before(x.c, y.c) {
			return 1
		}
		return -1
	})
	out := []oversight.EnterpriseCase{}
	for _, e := range found {
		line := oversight.EnterpriseCase{Case: e.c.ID, Ref: e.c.Ref, Title: e.c.Title, Enterprise: e.c.Enterprise.Name, Office: e.c.Office, Sector: e.c.Sector, ExposedOn: e.c.ExposedOn,
			ByName: c.Enterprise.USCC == "" || e.c.Enterprise.USCC == ""}
		if e.r != nil {
			line.State = e.r.State
		}
		out = append(out, line)
	}
	return out, nil
}

// Again is a case whose enterprise was exposed within the rule another-case before; Before is the last such case.
type Again struct{ Case, Before *Case }

// Agains gives every such case, by the moment at which its exposure was recorded (Case.ExposedAt), the oldest first.
func (s *Snapshot) Agains() []Again {
	groups := map[string][]*Case{}
	for _, e := range s.table {
		if e.c == nil || !e.c.exposed || e.c.State != events.CaseExposed {
			continue
		}
		for _, key := range []string{"code " + e.c.Enterprise.USCC, "name " + e.c.name} {
			if key != "code " && key != "name " {
				groups[key] = append(groups[key], e.c)
			}
		}
	}
	last := map[*Case]*Case{}
	for _, cases := range groups {
		slices.SortFunc(cases, func(x, y *Case) int {
			if before(x, y) {
				return -1
			}
			return 1
		})
		for i, c := range cases {
			within := s.lists.Rules().On(rules.AnotherCase, c.SubmittedOn)
			for k := i - 1; k >= 0 && cases[k].ExposedOn.Until(c.ExposedOn) <= within; k-- {
				if same(c, cases[k]) {
					if last[c] == nil || before(last[c], cases[k]) {
						last[c] = cases[k]
					}
					break
				}
			}
		}
	}
	var out []Again
	for c, o := range last {
		out = append(out, Again{c, o})
	}
	slices.SortFunc(out, func(x, y Again) int {
		return cmp.Or(x.Case.ExposedAt.Compare(y.Case.ExposedAt), cmp.Compare(x.Case.ID, y.Case.ID))
	})
	return out
}

// Entry is a case with its rectification, nil where it has none; for who derives more of them.
type Entry struct {
	Case          *Case
	Rectification *Rectification
}

// Entries hands every case to each.
func (s *Snapshot) Entries(each func(Entry)) {
	for _, e := range s.table {
		if e.c != nil {
			each(Entry{e.c, e.r})
		}
	}
}

// Returns lists every return that is open, by month and office.
func (s *Snapshot) Returns() []*Return {
	out := make([]*Return, 0, len(s.returns))
	for _, r := range s.returns {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Return) int { return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Office, b.Office)) })
	return out
}

// Lists are the registry’s lists that the snapshot goes by.
func (s *Snapshot) Lists() Lists { return s.lists }
