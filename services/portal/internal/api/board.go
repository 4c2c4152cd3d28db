package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/portalapi"
)

func ofBoard(ctx context.Context) oversightapi.BoardClient {
	return oversightapi.BoardClient{Client: front.Of(ctx).Client}
}

// boardQuery are the parameters of a board and of its lists; they are read as a whole.
type boardQuery struct {
	Office string `query:"office"`
	Month  string `query:"month" doc:"such as 2026-06: what was exposed in it, and its returns; without one all cases ever exposed, and the returns of the campaign"`
	Sector string `query:"sector"`
	Day    string `query:"day" doc:"what stood at the end of that day; today if nothing is said"`
	AsOf   string `query:"as_of" doc:"what the system knew at that moment, RFC 3339; now if nothing is said"`
	address
}

func registerBoard(a huma.API) {
	board := operation(http.MethodGet, "/api/v1/board", "board", "the board: every figure by office, by sector and for the province, and each office's months; each figure carries the query that lists what is behind it")
	huma.Register(a, board, func(ctx context.Context, in *boardQuery) (*answer[oversightapi.Board], error) {
		q, err := oversightapi.ParseQuery(in.values.Encode())
		if err != nil {
			return nil, refuse(ctx, err)
		}
		got, err := ofBoard(ctx).Board(ctx, q)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	type list struct {
		Figure  string `query:"figure" doc:"a figure's name: all of them are in the board"`
		Page    string `query:"page"`
		PerPage string `query:"per_page"`
		Office  string `query:"office"`
		Month   string `query:"month"`
		Sector  string `query:"sector"`
		Day     string `query:"day"`
		AsOf    string `query:"as_of"`
		address
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/board/list", "board-list", "what is behind a figure: as many rows as the figure says"), func(ctx context.Context, in *list) (*answer[oversightapi.List], error) {
		q, err := oversightapi.ParseQuery(in.values.Encode())
		if err != nil {
			return nil, refuse(ctx, err)
		}
		page, err1 := positive("page", in.Page)
		per, err2 := positive("per_page", in.PerPage)
		for _, err := range []error{err1, err2} {
			if err != nil {
				return nil, refuse(ctx, err)
			}
		}
		got, err := ofBoard(ctx).List(ctx, oversightapi.ListParams{Query: q, Page: page, PerPage: per})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	registerEditions(a)
	type ofCase struct {
		ID string `path:"id"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/cases/{id}/earlier", "earlier-cases", "earlier exposed cases of the same enterprise: “exposed before”"), func(ctx context.Context, in *ofCase) (*answer[oversightapi.Earlier], error) {
		got, err := ofBoard(ctx).Earlier(ctx, events.CaseID(in.ID))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
}

func registerEditions(a huma.API) {
	type fix struct {
		Month   string `path:"month"`
		Key     string `header:"Idempotency-Key"`
		RawBody []byte `contentType:"application/json"`
	}
	keep := operation(http.MethodPost, "/api/v1/board/{month}/editions", "fix-table", "fix a month's table 定版: it is kept as told")
	keep.Description = `{"day","note"}, both optional.`
	huma.Register(a, keep, func(ctx context.Context, in *fix) (*answer[oversightapi.Fixed], error) {
		if err := checkKey(in.Key); err != nil {
			return nil, refuse(ctx, err)
		}
		got, err := ofBoard(ctx).Fix(ctx, oversightapi.FixParams{Month: events.Month(in.Month), Key: in.Key}, orEmpty(in.RawBody))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, got), nil
	})
	type ofMonth struct {
		Month string `path:"month"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/board/{month}/editions", "editions", "the editions of a month's table, the oldest first"), func(ctx context.Context, in *ofMonth) (*answer[oversightapi.Editions], error) {
		got, err := ofBoard(ctx).Editions(ctx, events.Month(in.Month))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	type edition struct {
		Month  string `path:"month"`
		Number string `path:"number"`
		Day    string `query:"day"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/board/{month}/editions/{number}/difference", "difference", "what has changed since an edition, with the facts that explain it"), func(ctx context.Context, in *edition) (*answer[oversightapi.Difference], error) {
		n, err := positive("number", in.Number)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		got, err := ofBoard(ctx).Difference(ctx, oversightapi.DifferenceParams{Month: events.Month(in.Month), Number: n, Day: events.Day(in.Day)})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
}

func registerInbox(a huma.API) {
	type query struct {
		Unseen  string `query:"unseen" doc:"true leaves out what was seen"`
		Page    string `query:"page"`
		PerPage string `query:"per_page"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/inbox", "inbox", "what the caller should know of: reminders, what was asked and decided, what came of returns; the newest first"), func(ctx context.Context, in *query) (*answer[portalapi.Inbox], error) {
		page, err1 := positive("page", in.Page)
		per, err2 := positive("per_page", in.PerPage)
		for _, err := range []error{err1, err2} {
			if err != nil {
				return nil, refuse(ctx, err)
			}
		}
		got, err := ofBoard(ctx).Inbox(ctx, oversightapi.InboxParams{Unseen: in.Unseen == "true", Page: page, PerPage: per})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, inWords(got, front.Of(ctx).Language)), nil
	})
	type seen struct {
		Body oversightapi.SeenParams
	}
	huma.Register(a, operation(http.MethodPost, "/api/v1/inbox/seen", "inbox-seen", "mark entries as seen; without ids all that are there now"), func(ctx context.Context, in *seen) (*answer[portalapi.Inbox], error) {
		got, err := ofBoard(ctx).Seen(ctx, in.Body)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, inWords(got, front.Of(ctx).Language)), nil
	})
	huma.Register(a, operation(http.MethodPost, "/api/v1/inbox/feed", "new-feed", "an address for the caller's own Atom feed; an earlier one is void. Who has it reads the inbox, and nothing else"), func(ctx context.Context, _ *struct{}) (*answer[portalapi.Feed], error) {
		link, err := ask(ctx).NewFeed(ctx)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, portalapi.Feed{Path: feedPrefix + link + feedSuffix}), nil
	})
	huma.Register(a, operation(http.MethodDelete, "/api/v1/inbox/feed", "end-feed", "void the address of the caller's feed"), func(ctx context.Context, _ *struct{}) (*answer[struct{}], error) {
		if err := ask(ctx).EndFeed(ctx); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, struct{}{}), nil
	})
}

func inWords(in oversightapi.Inbox, l messages.Language) portalapi.Inbox {
	out := portalapi.Inbox{Entries: make([]portalapi.InboxEntry, len(in.Entries)), Total: in.Total, UnseenTotal: in.UnseenTotal, Page: in.Page, PerPage: in.PerPage}
	for i, e := range in.Entries {
		out.Entries[i] = portalapi.InboxEntry{InboxEntry: e, Text: messages.Entry(e.Kind, e.Args, l)}
	}
	return out
}
