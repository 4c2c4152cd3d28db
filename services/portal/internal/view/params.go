package view

import (
	"math"
	"net/url"
	"strconv"
	"unicode/utf8"

	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
)

// ReadSearch reads the parameters of a search's address. Every one that can't be read is named in a bad_parameter refusal; an unknown one is refused, since a misspelt filter would silently widen the answer.
func ReadSearch(q url.Values) (archiveapi.Params, error) {
	p := archiveapi.Params{Q: q.Get("q"), From: q.Get("from"), To: q.Get("to"), FoundFrom: q.Get("found_from"), FoundTo: q.Get("found_to"), DueFrom: q.Get("due_from"), DueTo: q.Get("due_to"),
		Near: q.Get("near"), Frame: q.Get("frame"), Sort: q.Get("sort"), Cursor: q.Get("cursor"), Page: 1, PerPage: archiveapi.DefaultPerPage}
	lists := map[string]*[]string{"office": &p.Office, "sector": &p.Sector, "category": &p.Category, "hazard_level": &p.HazardLevel, "level": &p.Level, "outlet": &p.Outlet, "state": &p.State, "rectification_state": &p.RectificationState, "month": &p.Month, "enterprise": &p.Enterprise}
	var wrong fault.Fields
	for name, values := range q {
		for _, v := range values {
			if !utf8.ValidString(v) {
				wrong.Add(name, "encoding")
			}
		}
		switch name {
		case "q", "from", "to", "found_from", "found_to", "due_from", "due_to", "near", "frame", "sort", "cursor":
		case "penalty_min":
			p.PenaltyMin = yuan(&wrong, name, q.Get(name))
		case "penalty_max":
			p.PenaltyMax = yuan(&wrong, name, q.Get(name))
		case "radius_km":
			if v := q.Get(name); v != "" {
				var err error
				if p.RadiusKM, err = strconv.ParseFloat(v, 64); err != nil {
					wrong.Add(name, "type")
				} else if math.IsNaN(p.RadiusKM) || math.IsInf(p.RadiusKM, 0) {
					wrong.Add(name, "out_of_range") // JSON has no such number to pass on
				}
			}
		case "overdue":
			switch q.Get(name) {
			case "true":
				p.Overdue = true
			case "", "false":
			default:
				wrong.Add(name, "type")
			}
		case "page":
			p.Page = number(&wrong, name, q.Get(name), 1, archiveapi.MaxPage, 1)
		case "per_page":
			p.PerPage = number(&wrong, name, q.Get(name), 1, archiveapi.MaxPerPage, archiveapi.DefaultPerPage)
		default:
			list, ok := lists[name]
			if !ok {
				wrong.Add(name, "unknown_field")
				continue
			}
			for _, v := range values {
				if v != "" {
					*list = append(*list, v)
				}
			}
		}
	}
	if len(wrong) > 0 {
		return p, &fault.Error{Code: fault.BadParameter, Op: "portal: search", Fields: wrong}
	}
	return p, nil
}

// ReadTyping reads the parameters of a suggestion's address.
func ReadTyping(q url.Values) (archiveapi.SuggestParams, error) {
	p := archiveapi.SuggestParams{Q: q.Get("q")}
	var wrong fault.Fields
	for name := range q {
		switch name {
		case "q":
			if !utf8.ValidString(p.Q) {
				wrong.Add(name, "encoding")
			}
		case "limit":
			p.Limit = number(&wrong, name, q.Get(name), 1, math.MaxInt, 0) // archive knows the most
		default:
			wrong.Add(name, "unknown_field")
		}
	}
	if len(wrong) > 0 {
		return p, &fault.Error{Code: fault.BadParameter, Op: "portal: suggest", Fields: wrong}
	}
	return p, nil
}

func yuan(wrong *fault.Fields, name, s string) *int64 {
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		wrong.Add(name, "type")
		return nil
	}
	return &n
}

func number(wrong *fault.Fields, name, s string, low, high, otherwise int) int {
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		wrong.Add(name, "type")
		return otherwise
	}
	if n < low || n > high {
		wrong.Add(name, "out_of_range")
		return otherwise
	}
	return n
}
