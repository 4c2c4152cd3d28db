// Package board is the page of the table 全省看板: what every office's months are worth, every figure by office, by sector and in total, and behind each figure the list of what it counts. A supervisor sees the
// province, an office its own row. A month's table is kept as told 定版 there, and compared with what stands now. The address holds the whole state; all works without script and prints.
// It owns and writes nothing: oversight is asked in the person's name.
package board

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed *.tmpl board.css
var files embed.FS

var (
	assets      = shell.NewAssets(files, "board.css")
	page        = shell.Parse("board.tmpl", files).With(assets.Path("board.css"), "")
	listPage    = shell.Parse("list.tmpl", files).With(assets.Path("board.css"), "")
	editionPage = shell.Parse("edition.tmpl", files).With(assets.Path("board.css"), "")
)

// Path is the page's address.
const Path = "/board"

// Lists are the campaigns, whose months, offices and sectors may be chosen; registryapi.Directory is one.
type Lists interface {
	Campaigns() []events.CampaignState
}

// Handler serves the pages of the board.
type Handler struct {
	Lists Lists
	// Now is the clock by which the page says of which moment it is.
	Now func() time.Time
}

// Routes adds the pages to pages, and their style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, h.show)
	pages.HandleFunc("GET "+Path+"/list", h.list)
	pages.HandleFunc("POST "+Path+"/{month}/editions", h.fix)
	pages.HandleFunc("GET "+Path+"/{month}/editions/{number}", h.edition)
	assets.Routes(public)
}

func ask(ctx context.Context) oversightapi.BoardClient {
	return oversightapi.BoardClient{Client: front.Of(ctx).Client}
}

// standing is of which day and moment a page is.
type standing struct {
	Day string
	// Known is the moment up to which the log was read, RFC 3339; Past says that it was asked for.
	Known string
	Past  bool
}

func (h Handler) standing(q oversightapi.Query) standing {
	at := q.AsOf
	if at.IsZero() {
		at = h.Now()
	}
	return standing{string(q.Day), at.Format(time.RFC3339), !q.AsOf.IsZero()}
}

type data struct {
	standing
	L          messages.Language
	Board      oversightapi.Board
	Query      oversightapi.Query
	Supervisor bool
	// Months, Offices and Sectors may be chosen; AsOf is the moment as its field takes it, Today the last day that may be.
	Months, Offices, Sectors []string
	AsOf, Today, Soon        string
	Given                    string
	Groups, SectorGroups     []group
	Late                     late
	Editions                 []oversightapi.Edition
	Fix                      fixForm
}

type fixForm struct {
	Key, Note string
	Wrong     []string
}

// group is a part of the table of figures: a heading, and a line for each figure with the total's cell before those of the columns.
type group struct {
	Name  string
	Lines []figureLine
}

type figureLine struct {
	Figure string
	Cells  []oversightapi.Cell
}

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	q, err := query(r.URL.Query())
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	h.write(w, r, http.StatusOK, q, fixForm{})
}

// query reads an address; its moment may also be written as a browser's field gives it, in Shanghai.
func query(v url.Values) (oversightapi.Query, error) {
	if at, err := time.ParseInLocation(fieldTime, v.Get("as_of"), events.Shanghai); err == nil {
		v.Set("as_of", at.Format(time.RFC3339))
	}
	return oversightapi.ParseQuery(v.Encode())
}

const fieldTime = "2006-01-02T15:04"

func (h Handler) write(w http.ResponseWriter, r *http.Request, status int, q oversightapi.Query, f fixForm) {
	q.Figure = ""
	c := front.Of(r.Context())
	got, err := ask(r.Context()).Board(r.Context(), q)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	d := data{standing: h.standing(got.Query), L: shell.Language(r), Board: got, Query: q, Supervisor: c.Actor.Role == access.Supervisor, Fix: f}
	if d.Fix.Key == "" {
		d.Fix.Key = newKey()
	}
	d.Today, d.Given = string(events.DayOf(h.Now())), string(q.Day)
	d.Soon = h.Now().In(events.Shanghai).Format(fieldTime)
	if !q.AsOf.IsZero() {
		d.AsOf = q.AsOf.In(events.Shanghai).Format(fieldTime)
	}
	d.Months, d.Offices, d.Sectors = h.choices()
	if q.Month != "" {
		all, err := ask(r.Context()).Editions(r.Context(), q.Month)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		d.Editions = all.Editions
		slices.Reverse(d.Editions)
	}
	d.tables()
	d.Late = lateOf(got)
	shell.Show(w, r, status, page, d.title(), d)
}

func (d data) title() string {
	switch {
	case d.L == messages.English:
		return "The board"
	case d.Supervisor:
		return "全省看板"
	}
	return "本单位看板"
}

// choices are the months that have begun, and the offices and sectors of all campaigns.
func (h Handler) choices() (months, offices, sectors []string) {
	now := events.MonthOf(events.DayOf(h.Now()))
	add := func(to *[]string, s string) {
		if !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	for _, c := range h.Lists.Campaigns() {
		for m := c.From; m <= c.To && m <= now; m = m.Next() {
			add(&months, string(m))
		}
		for _, o := range c.Offices {
			add(&offices, string(o))
		}
		for _, s := range c.Sectors {
			add(&sectors, s)
		}
	}
	slices.Sort(months)
	slices.Reverse(months)
	return months, offices, sectors
}

// tables turns the board's lines into rows of figures.
func (d *data) tables() {
	columns := [][]oversightapi.Cell{d.Board.Total}
	if len(d.Board.Offices) > 1 {
		for _, o := range d.Board.Offices {
			columns = append(columns, o.Figures)
		}
	}
	d.Groups = grouped(columns, d.L)
	columns = nil
	for _, s := range d.Board.Sectors {
		columns = append(columns, s.Figures)
	}
	if len(columns) > 0 {
		d.SectorGroups = grouped(columns, d.L)
	}
}

func grouped(columns [][]oversightapi.Cell, l messages.Language) []group {
	var out []group
	for _, part := range parts {
		g := group{Name: part.name.in(l)}
		for _, figure := range part.figures {
			line := figureLine{Figure: figure}
			for _, cells := range columns {
				if i := slices.IndexFunc(cells, func(c oversightapi.Cell) bool { return string(c.Figure) == figure }); i >= 0 {
					line.Cells = append(line.Cells, cells[i])
				}
			}
			if len(line.Cells) == len(columns) {
				g.Lines = append(g.Lines, line)
			}
		}
		if len(g.Lines) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Return finds what an office's month is worth; nil where the office had no such month.
func (d data) Return(o oversightapi.OfficeLine, m events.Month) *oversightapi.MonthCell {
	i := slices.IndexFunc(o.Returns, func(c oversightapi.MonthCell) bool { return c.Month == m })
	if i < 0 {
		return nil
	}
	return &o.Returns[i]
}

// Word gives a figure's words.
func (d data) Word(figure string) string { return Figure(figure, d.L) }

// Cell shows a month's worth.
func (d data) Cell(office events.OfficeSlug, c *oversightapi.MonthCell) map[string]any {
	return map[string]any{"L": d.L, "Office": string(office), "C": c}
}

// back is the board's address of a query.
func back(q oversightapi.Query) string {
	q.Figure = ""
	if s := q.Encode(); s != "" {
		return Path + "?" + s
	}
	return Path
}

func isInput(err error) bool {
	c := fault.Of(err).Code
	return c == fault.Invalid || c == fault.WrongState || c == fault.Conflict || c == fault.TooLarge
}
