// Package desk is the page from which an office works 工作台: this month's quota as a sentence, monthly returns that aren't done, drafts, and the cases that wait for somebody: to be read, to be published, to be
// assigned, to be accepted, or whose day is near or past. It owns and writes nothing; what a service doesn't answer is said in its place, the rest is shown.
package desk

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/drafts"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

//go:embed desk.tmpl desk.css
var files embed.FS

var (
	assets = shell.NewAssets(files, "desk.css")
	page   = shell.Parse("desk.tmpl", files).With(assets.Path("desk.css"), "")
)

// Path is the page's address.
const Path = "/desk"

const (
	// listed is how many cases a part shows; its heading leads to all.
	listed = 8
	// soon is from how many days before its due day on a rectification is shown.
	soon = 7
)

// Handler serves the page.
type Handler struct {
	Drafts *drafts.Store
	// Now is the clock by which days are left.
	Now func() time.Time
}

// Routes adds the page to pages, and its style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, h.show)
	assets.Routes(public)
}

// part is a list of cases that wait for the same.
type part struct {
	ID, Zh, En string
	params     archiveapi.Params
	// All is the search that has them all.
	All   string
	Hits  []portalapi.Hit
	Total int
	Away  bool
}

type data struct {
	L messages.Language
	// Quota is the sentence about this month, Done that it is met; Return is where its return is.
	Quota, Return string
	Done          bool
	// Returns are those of earlier months of the newest campaign that aren't done; Away says that they can't be told.
	Returns []oversightapi.ReturnLine
	Away    bool
	Drafts  []drafts.Draft
	Parts   []part
}

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	c := front.Of(r.Context())
	if c.Actor.Role != access.Office {
		shell.Fail(w, r, fault.New(fault.Forbidden, "portal: desk"))
		return
	}
	today := events.DayOf(h.Now())
	d := data{L: shell.Language(r), Parts: parts(string(c.Actor.Office), today)}
	var group sync.WaitGroup
	for i := range d.Parts {
		group.Go(func() { d.Parts[i].ask(r.Context()) })
	}
	group.Go(func() { d.month(r.Context(), today) })
	group.Go(func() {
		if all, err := h.Drafts.List(r.Context(), c.Actor.Account); err == nil {
			d.Drafts = all[:min(len(all), listed)]
		}
	})
	group.Wait()
	title := d.L.Say("工作台", "Desk")
	shell.Show(w, r, http.StatusOK, page, title, d)
}

func parts(office string, today events.Day) []part {
	of := func(p archiveapi.Params) archiveapi.Params {
		p.Office, p.PerPage = []string{office}, listed
		return p
	}
	due := string(today.Add(soon))
	return []part{
		{ID: "review", Zh: "待审核", En: "To be read", params: of(archiveapi.Params{State: []string{string(events.CaseSubmitted)}}), All: "state=submitted"},
		{ID: "publish", Zh: "待刊发", En: "To be published", params: of(archiveapi.Params{State: []string{string(events.CaseReviewed), string(events.CaseEmbargoed)}}), All: "state=reviewed&state=embargoed"},
		{ID: "due", Zh: "整改逾期和七日内到期", En: "Due within seven days, or past due", params: of(archiveapi.Params{DueTo: due, Sort: "overdue"}), All: "due_to=" + due + "&sort=overdue"},
		{ID: "assign", Zh: "待交办", En: "To be assigned", params: of(archiveapi.Params{RectificationState: []string{string(events.RectificationPending)}}), All: "rectification_state=pending"},
		{ID: "accept", Zh: "待验收", En: "To be accepted", params: of(archiveapi.Params{RectificationState: []string{string(events.RectificationAwaitingAcceptance)}}), All: "rectification_state=awaiting-acceptance"},
		{ID: "close", Zh: "验收合格，待媒体回访销号", En: "Accepted, to be closed in the media", params: of(archiveapi.Params{RectificationState: []string{string(events.RectificationAccepted)}}), All: "rectification_state=accepted"},
	}
}

func (p *part) ask(ctx context.Context) {
	found, err := view.Search(ctx, front.Of(ctx).Client, p.params)
	p.Hits, p.Total, p.Away = found.Hits, found.Total, err != nil
	p.All = "office=" + p.params.Office[0] + "&" + p.All
}

// month tells how the office stands with this month's case and with its returns.
func (d *data) month(ctx context.Context, today events.Day) {
	c, month := front.Of(ctx), events.MonthOf(today)
	var got oversightapi.Returns
	err := c.Client.Ask(ctx, events.ServiceOversight, oversightapi.EndpointReturns, map[string]any{"office": c.Actor.Office}, nil, &got)
	if err != nil {
		d.Away = true
		return
	}
	newest := ""
	for _, line := range got.Returns {
		newest = max(newest, line.Campaign)
	}
	for _, line := range got.Returns {
		switch {
		case line.Campaign != newest: // an earlier campaign is over
		case line.Month == month:
			d.Quota, d.Done = quota(line, today, d.L)
			d.Return = "/returns/" + string(line.Office) + "/" + string(month)
		case line.Month < month && slices.Contains([]string{"running", "returned", "missed"}, string(line.Shown)):
			d.Returns = append(d.Returns, line)
		}
	}
	slices.Reverse(d.Returns)
}

// quota is the sentence about a month that runs: each office owes one case a month, in a municipal outlet.
func quota(line oversightapi.ReturnLine, today events.Day, l messages.Language) (words string, done bool) {
	month, left := line.Month, today.Until(line.Month.Last())+1
	number := month.First().Time().Month()
	english := l == messages.English
	switch {
	case line.PublishedCases == 0 && english:
		words = fmt.Sprintf("%s: one case to go, days left: %d", number, left)
	case line.PublishedCases == 0:
		words = fmt.Sprintf("%d月还差1个案例，剩%d天", number, left)
	case line.OnlyOtherLevels && english:
		words = fmt.Sprintf("%s: published, but in no municipal outlet; one case to go, days left: %d", number, left)
	case line.OnlyOtherLevels:
		words = fmt.Sprintf("%d月已曝光，但不在市级媒体，还差1个案例，剩%d天", number, left)
	case english:
		words, done = fmt.Sprintf("%s: %d published", number, line.PublishedCases), true
	default:
		words, done = fmt.Sprintf("%d月已曝光%d个案例", number, line.PublishedCases), true
	}
	return words, done
}
