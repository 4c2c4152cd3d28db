package api

import (
	"cmp"
	"context"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/registry/registryapi"
)

// The address of a feed.
const (
	feedPrefix = "/feeds/"
	feedSuffix = ".atom"
)

// feedEntries is how many entries a feed has: readers keep what they have read.
const feedEntries = 50

// feeds serves Atom feeds (RFC 4287) by their addresses, which are all that a reader of feeds has.
type feeds struct {
	conn bus.Client
	seal *access.Seal
}

// Feeds serves the feeds of inboxes and of saved searches, FeedOfCases that of exposed cases. seal signs for the account that an address belongs to, as it stands now: a disabled one has no feeds.
func Feeds(conn bus.Client, seal *access.Seal) (inboxes, cases http.HandlerFunc) {
	f := feeds{conn, seal}
	return f.file, f.cases
}

func (f feeds) file(w http.ResponseWriter, r *http.Request) {
	link, ok := strings.CutSuffix(r.PathValue("file"), feedSuffix)
	if !ok {
		front.Refuse(w, r, fault.New(fault.NotFound, "portal: feed"))
		return
	}
	feed, err := f.inbox(r, link)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		feed, err = f.search(r, link)
	}
	f.answer(w, r, feed, err)
}

func (f feeds) answer(w http.ResponseWriter, r *http.Request, feed atomFeed, err error) {
	if fault.Is(err, fault.Unauthenticated) {
		err = fault.New(fault.NotFound, "portal: feed")
	}
	if err != nil {
		front.Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/atom+xml; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(xml.Header))
	_ = xml.NewEncoder(w).Encode(feed)
}

// as gives a client that asks in an account's name.
func (f feeds) as(a access.Actor) (bus.Client, error) {
	client := f.conn
	var err error
	client.Token, err = f.seal.Sign(a)
	return client, err
}

// owner gives the account of an inbox's feed, and a client in its name.
func (f feeds) owner(ctx context.Context, link string) (events.AccountID, bus.Client, error) {
	id, err := registryapi.Client{Client: f.conn}.Feed(ctx, link)
	if err != nil {
		return "", bus.Client{}, err
	}
	client, err := f.as(id.Actor)
	return id.Actor.Account, client, err
}

func (f feeds) inbox(r *http.Request, link string) (atomFeed, error) {
	account, client, err := f.owner(r.Context(), link)
	if err != nil {
		return atomFeed{}, err
	}
	got, err := oversightapi.BoardClient{Client: client}.Inbox(r.Context(), oversightapi.InboxParams{PerPage: feedEntries})
	if err != nil {
		return atomFeed{}, err
	}
	l := front.Of(r.Context()).Language
	feed := newFeed(l, "urn:songshui:inbox:"+string(account), "松水：我的提醒", "Songshui: my inbox")
	for _, e := range got.Entries {
		feed.add(r, "urn:songshui:inbox:"+string(account)+":"+e.ID, messages.Entry(e.Kind, e.Args, l), e.At, e.Link, e.Args["title"])
	}
	return feed, nil
}

// search is the feed of what a saved search told, as far as its owner may still see it.
func (f feeds) search(r *http.Request, token string) (atomFeed, error) {
	ctx := r.Context()
	owner, err := archiveapi.Client{Client: f.conn}.FeedOf(ctx, token)
	if err != nil {
		return atomFeed{}, err
	}
	id, err := registryapi.Client{Client: f.conn}.Account(ctx, string(owner.Account))
	if err != nil {
		return atomFeed{}, err
	}
	client, err := f.as(id.Actor)
	if err != nil {
		return atomFeed{}, err
	}
	told, err := archiveapi.Client{Client: client}.Told(ctx, owner.Search.ID)
	if err != nil {
		return atomFeed{}, err
	}
	urn := "urn:songshui:search:" + string(owner.Search.ID)
	feed := newFeed(front.Of(ctx).Language, urn, "松水："+told.Search.Name, "Songshui: "+told.Search.Name)
	for _, c := range told.Cases[:min(len(told.Cases), feedEntries)] {
		at, err := time.Parse(time.RFC3339Nano, c.ToldAt)
		if err != nil {
			return feed, err
		}
		feed.addCase(r, urn, c.Hit, at)
	}
	return feed, nil
}

// narrowing are the parameters that narrow a feed of cases.
var narrowing = []string{"office", "sector", "enterprise"}

// cases is the feed of the exposed cases that the owner of an inbox's feed may see, of some offices, sectors or enterprises.
func (f feeds) cases(w http.ResponseWriter, r *http.Request) {
	feed, err := f.exposed(r)
	f.answer(w, r, feed, err)
}

func (f feeds) exposed(r *http.Request) (atomFeed, error) {
	asked := r.URL.Query()
	for name := range asked {
		if !slices.Contains(narrowing, name) {
			return atomFeed{}, &fault.Error{Code: fault.BadParameter, Op: "portal: feed", Fields: []fault.Field{{Field: name, Code: "unknown_field"}}}
		}
	}
	_, client, err := f.owner(r.Context(), r.PathValue("token"))
	if err != nil {
		return atomFeed{}, err
	}
	params, err := view.ReadSearch(asked)
	if err != nil {
		return atomFeed{}, err
	}
	params.State, params.Sort, params.PerPage = []string{string(events.CaseExposed)}, "newest", feedEntries
	found, err := archiveapi.Client{Client: client}.Search(r.Context(), params)
	if err != nil {
		return atomFeed{}, err
	}
	feed := newFeed(front.Of(r.Context()).Language, "urn:songshui:cases:"+asked.Encode(), "松水：曝光案例", "Songshui: exposed cases")
	for _, h := range found.Hits {
		feed.addCase(r, "urn:songshui", h, h.PublishedOn.Time())
	}
	return feed, nil
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string `xml:"id"`
	Title   string `xml:"title"`
	Updated string `xml:"updated"`
	Link    struct {
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Summary string `xml:"summary,omitempty"`
}

func newFeed(l messages.Language, id, zh, en string) atomFeed {
	f := atomFeed{Lang: l.Tag(), ID: id, Title: zh, Updated: time.Unix(0, 0).UTC().Format(time.RFC3339), Author: "松水"}
	if l == messages.English {
		f.Title, f.Author = en, "Songshui"
	}
	return f
}

// add adds an entry; the latest gives the feed's own time.
func (f *atomFeed) add(r *http.Request, id, title string, at time.Time, path, summary string) {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	e := atomEntry{ID: id, Title: title, Updated: at.UTC().Format(time.RFC3339), Summary: summary}
	e.Link.Href = scheme + "://" + r.Host + path
	f.Updated = max(f.Updated, e.Updated)
	f.Entries = append(f.Entries, e)
}

func (f *atomFeed) addCase(r *http.Request, urn string, h archiveapi.Hit, at time.Time) {
	l := front.Of(r.Context()).Language
	where := []string{messages.Term("office", string(h.Office), l), h.Enterprise, h.Ref, messages.Term("rectification_state", string(cmp.Or(h.RectificationState, "pending")), l)}
	f.add(r, urn+":case:"+string(h.ID), h.Title, at, "/cases/"+string(h.ID), strings.Join(where, " · "))
}
