package search

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// Parameters of the page that no search knows: how hits are shown.
const (
	paramShow = "show"
	showGrid  = "grid"
)

// address is the whole state of the page. Its values are never changed in place.
type address url.Values

func (a address) first(name string) string { return url.Values(a).Get(name) }

func (a address) has(name, v string) bool { return slices.Contains(a[name], v) }

// copied is never nil.
func (a address) copied() address {
	next := address{}
	maps.Copy(next, a)
	return next
}

// clean gives the address as links should have it, and whether it wasn't: a form sends every field, also empty ones.
func (a address) clean() (address, bool) {
	out := address{}
	for name, values := range a {
		for _, v := range values {
			if v != "" {
				out[name] = append(out[name], v)
			}
		}
		if slices.Contains(values, "") && len(out[name]) == 0 {
			delete(out, name)
		}
	}
	// A radius alone bounds nothing; a place without a text is asked for to have the nearest first.
	if out.first("near") == "" {
		delete(out, "radius_km")
	} else if out.first("q") == "" && out.first("sort") == "" {
		out["sort"] = []string{"nearest"}
	}
	return out, out.encode() != a.encode()
}

func (a address) encode() string { return url.Values(a).Encode() }

// link gives the address as one on this site.
func (a address) link() string {
	if len(a) == 0 {
		return "/"
	}
	return "/?" + a.encode()
}

// on gives the address with one parameter set, or gone where v is empty; on its first page.
func (a address) on(name, v string) address {
	next := a.copied()
	delete(next, "page")
	delete(next, name)
	if v != "" {
		next[name] = []string{v}
	}
	return next
}

// without gives the address without some parameters, on its first page.
func (a address) without(names ...string) address {
	next := a.copied()
	delete(next, "page")
	for _, name := range names {
		delete(next, name)
	}
	return next
}

// toggled gives the address with one value of a parameter picked, or not any more; on its first page.
func (a address) toggled(name, v string) address {
	next := a.without()
	if i := slices.Index(a[name], v); i >= 0 {
		next[name] = slices.Delete(slices.Clone(a[name]), i, i+1)
		if len(next[name]) == 0 {
			delete(next, name)
		}
		return next
	}
	next[name] = append(slices.Clone(a[name]), v)
	return next
}

func (a address) turned(to int) address {
	next := a.copied()
	next["page"] = []string{strconv.Itoa(to)}
	return next
}

// asked gives what the search itself is asked with.
func (a address) asked() url.Values {
	return url.Values(a.withoutPage(paramShow))
}

func (a address) withoutPage(name string) address {
	next := a.copied()
	delete(next, name)
	return next
}
