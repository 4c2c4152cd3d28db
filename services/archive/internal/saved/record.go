// Package saved keeps people's saved searches in SEARCHES and tells each person once of every newly exposed case that a search of theirs finds. It follows SEARCHES, asks the index and, for
// who a person is now, registry; it appends to SEARCHES alone.
//
// A case is told when it was exposed once the search was saved, the person may see it, and the search finds it as it is written: a slip that is read otherwise tells nothing. What was told
// stands in the record, so neither a rebuild of the index, nor a second exposure after a withdrawal (but for one that five hundred others came before), nor another process tells it again;
// telling waits for nobody, and what happened while no process ran is told afterwards. Whoever is disabled is told nothing; once enabled again, the person is told of what was exposed meanwhile
// and can still be seen.
package saved

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// Aggregate is how saved searches are kept.
var Aggregate = bus.Aggregate[events.SearchState, *events.SearchState]{Stream: events.StreamSearches, Schema: events.SearchSchema, Fold: Fold}

// maxTold is how many told cases a record keeps: with twice the record it stays far below the largest state. What was exposed before the latest one that is forgotten isn't told any more.
const maxTold = 500

// toldAtOnce is how many cases one fact tells: the earliest first, so that what the record forgets is never later than what is still to be told.
const toldAtOnce = 200

// Fold gives the state after a fact.
func Fold(s events.SearchState, meta events.Meta, fact events.Fact) (events.SearchState, error) {
	switch f := fact.(type) {
	case events.SearchSavedFact:
		s = events.SearchState{Schema: s.Schema, Revision: s.Revision, Commands: s.Commands, ID: f.ID, Account: f.Account, Name: f.Name, Query: f.Query, Params: f.Params,
			SavedAt: meta.Time.Truncate(time.Millisecond), Told: []events.Told{}}
	case events.SearchChangedFact:
		s.Name, s.Query, s.Params = f.Name, f.Query, f.Params
	case events.SearchFeedFact:
		s.Feed = f.Feed
	case events.SearchToldFact:
		s.Told = append(slices.Clone(s.Told), f.Cases...)
		for len(s.Told) > maxTold {
			earliest := 0
			for i, t := range s.Told {
				if t.ExposedAt.Before(s.Told[earliest].ExposedAt) {
					earliest = i
				}
			}
			if at := s.Told[earliest].ExposedAt; at.After(s.Floor) {
				s.Floor = at
			}
			s.Told = slices.Delete(s.Told, earliest, earliest+1)
		}
	case events.SearchRemovedFact:
		s.Removed, s.Feed = true, ""
	default:
		return s, fmt.Errorf("saved: %s is no fact of a saved search", fact.EventType())
	}
	return s, nil
}

// since is the moment after which exposures are told. What was exposed in the millisecond in which the search was saved is told too: its person may not have seen it.
func since(s events.SearchState) time.Time {
	saved := s.SavedAt.Add(-time.Millisecond)
	if s.Floor.After(saved) {
		return s.Floor
	}
	return saved
}

// news takes away what was told before.
func news(s events.SearchState, found []events.Told) []events.Told {
	return slices.DeleteFunc(slices.Clone(found), func(t events.Told) bool {
		return !t.ExposedAt.After(since(s)) || slices.ContainsFunc(s.Told, func(had events.Told) bool { return had.Case == t.Case })
	})
}

func decode(m bus.Message) (s events.SearchState, ok bool) {
	return s, len(m.Body.State) > 0 && json.Unmarshal(m.Body.State, &s) == nil
}
