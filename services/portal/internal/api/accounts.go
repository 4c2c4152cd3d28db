package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/registry/registryapi"
)

// Lists are the province's numbers: registryapi.Directory is one.
type Lists interface {
	Campaigns() []events.CampaignState
	Outlets() []events.OutletState
	Rules() *rules.Book
	Year(year int) (events.CalendarState, bool)
}

func ask(ctx context.Context) registryapi.Client {
	return registryapi.Client{Client: front.Of(ctx).Client}
}

type accountByID struct {
	ID string `path:"id"`
}

type accountBody struct {
	RawBody []byte `contentType:"application/json"`
}

// orEmpty takes a missing body for an empty object.
func orEmpty(body []byte) []byte {
	if len(body) == 0 {
		return []byte("{}")
	}
	return body
}

func registerAccounts(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/accounts", "accounts", "the accounts that the caller may manage: an administrator's all, an office's signer's those of the office"), func(ctx context.Context, _ *struct{}) (*answer[registryapi.AccountsReply], error) {
		all, err := ask(ctx).Accounts(ctx)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, registryapi.AccountsReply{Accounts: all}), nil
	})
	create := operation(http.MethodPost, "/api/v1/accounts", "create-account", "make an account; its person sets a password by the link, which is good once and for 24 hours")
	create.Description = `{"name","role","office","outlet","duties","cases"}; an office's signer makes accounts of the own office alone, and needs the name and the duties only.`
	huma.Register(a, create, func(ctx context.Context, in *accountBody) (*answer[portalapi.Invited], error) {
		got, err := ask(ctx).CreateAccount(ctx, orEmpty(in.RawBody))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, invited(got, welcomePath)), nil
	})
	type change struct {
		ID      string `path:"id"`
		RawBody []byte `contentType:"application/json"`
	}
	alter := operation(http.MethodPatch, "/api/v1/accounts/{id}", "change-account", "change an account; disabled takes effect at once")
	alter.Description = `Any of {"name","role","office","outlet","duties","cases","disabled"}.`
	huma.Register(a, alter, func(ctx context.Context, in *change) (*answer[registryapi.Account], error) {
		got, err := ask(ctx).ChangeAccount(ctx, events.AccountID(in.ID), orEmpty(in.RawBody))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	huma.Register(a, operation(http.MethodPost, "/api/v1/accounts/{id}/invitation", "invite", "another link that sets a password"), func(ctx context.Context, in *accountByID) (*answer[portalapi.Invited], error) {
		got, err := ask(ctx).Invite(ctx, events.AccountID(in.ID))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, invited(got, welcomePath)), nil
	})
	huma.Register(a, operation(http.MethodPost, "/api/v1/accounts/{id}/token", "new-token", "a fresh API token in the place of the account's others; “me” is one's own"), func(ctx context.Context, in *accountByID) (*answer[registryapi.TokenReply], error) {
		id := events.AccountID(in.ID)
		if in.ID == "me" {
			id = front.Of(ctx).Actor.Account
		}
		token, err := ask(ctx).NewToken(ctx, id)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, registryapi.TokenReply{Token: token}), nil
	})
}

// Paths of the pages that links lead to.
const (
	welcomePath = "/welcome?link="
	enterPath   = "/enter/"
)

func invited(got registryapi.Invited, path string) portalapi.Invited {
	return portalapi.Invited{Account: string(got.Account.ID), Name: got.Account.Name, Path: path + got.Link, Code: got.Code}
}

type ofCase struct {
	ID string `path:"id"`
}

type personOfCase struct {
	ID      string `path:"id"`
	Account string `path:"account"`
}

func registerPeople(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/cases/{id}/people", "people", "the people of the unit and the overseers who have a personal link to the rectification; for the case's office"), func(ctx context.Context, in *ofCase) (*answer[registryapi.AccountsReply], error) {
		all, err := ask(ctx).People(ctx, events.CaseID(in.ID))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, registryapi.AccountsReply{Accounts: all}), nil
	})
	type introduction struct {
		ID      string `path:"id"`
		RawBody []byte `contentType:"application/json"`
	}
	introduce := operation(http.MethodPost, "/api/v1/cases/{id}/people", "introduce", "a personal link to the rectification, and the code of six digits that is told by telephone; neither can be had again")
	introduce.Description = `{"role":"unit" or "overseer","name"}. The link is good until the rectification is closed; it asks for the code each time, and five wrong ones shut it until it is renewed.`
	huma.Register(a, introduce, func(ctx context.Context, in *introduction) (*answer[portalapi.Invited], error) {
		got, err := ask(ctx).Introduce(ctx, events.CaseID(in.ID), orEmpty(in.RawBody))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, invited(got, enterPath)), nil
	})
	huma.Register(a, operation(http.MethodPost, "/api/v1/cases/{id}/people/{account}/renewal", "renew-link", "a new link and code; the old ones are void"), func(ctx context.Context, in *personOfCase) (*answer[portalapi.Invited], error) {
		got, err := ask(ctx).Renew(ctx, events.CaseID(in.ID), events.AccountID(in.Account))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, invited(got, enterPath)), nil
	})
	huma.Register(a, operation(http.MethodDelete, "/api/v1/cases/{id}/people/{account}", "revoke-link", "shut a personal link at once"), func(ctx context.Context, in *personOfCase) (*answer[struct{}], error) {
		if err := ask(ctx).Revoke(ctx, events.CaseID(in.ID), events.AccountID(in.Account)); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, struct{}{}), nil
	})
}

func registerNumbers(a huma.API, lists Lists) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/rules", "rules", "every number that cases and returns are judged by, with its basis and the days from which its values hold"), func(context.Context, *struct{}) (*answer[portalapi.Rules], error) {
		out := portalapi.Rules{Rules: []portalapi.Rule{}}
		for _, r := range lists.Rules().All() {
			out.Rules = append(out.Rules, portalapi.Rule{Name: r.Name, Title: r.Title, TitleEN: r.TitleEN, Unit: r.Unit, Values: r.Values})
		}
		return answered(http.StatusOK, out), nil
	})
	huma.Register(a, operation(http.MethodGet, "/api/v1/outlets", "outlets", "the province's list of outlets; a publication counts by the level given here"), func(ctx context.Context, _ *struct{}) (*answer[portalapi.Outlets], error) {
		out := portalapi.Outlets{Outlets: []registryapi.Outlet{}}
		for _, o := range lists.Outlets() {
			out.Outlets = append(out.Outlets, registryapi.OutletOf(o))
		}
		return answered(http.StatusOK, out), nil
	})
	type place struct {
		ID      string `path:"id"`
		Key     string `header:"Idempotency-Key"`
		RawBody []byte `contentType:"application/json"`
	}
	put := operation(http.MethodPut, "/api/v1/outlets/{id}", "place-outlet", "place an outlet in the list, or move it; for the province. Publications in it that were 待认定 count from then on")
	put.Description = `{"name","aliases":[],"level","kinds":[],"office"}`
	huma.Register(a, put, func(ctx context.Context, in *place) (*answer[registryapi.Placed], error) {
		got, err := ask(ctx).PlaceOutlet(ctx, events.OutletID(in.ID), in.Key, orEmpty(in.RawBody))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	huma.Register(a, operation(http.MethodGet, "/api/v1/campaigns", "campaigns", "the campaigns: their months, offices and sectors"), func(context.Context, *struct{}) (*answer[portalapi.Campaigns], error) {
		out := portalapi.Campaigns{Campaigns: []portalapi.Campaign{}}
		for _, c := range lists.Campaigns() {
			out.Campaigns = append(out.Campaigns, portalapi.Campaign{ID: c.ID, Name: c.Name, From: c.From, To: c.To, Offices: c.Offices, Sectors: c.Sectors})
		}
		return answered(http.StatusOK, out), nil
	})
	type year struct {
		Year string `path:"year"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/calendar/{year}", "calendar", "a year's days off, worked weekend days and local holidays; known is false where the file is missing and only weekends are off"), func(ctx context.Context, in *year) (*answer[portalapi.Calendar], error) {
		n, err := strconv.Atoi(in.Year)
		if err != nil || n < 2000 || n > 2100 {
			return nil, refuse(ctx, &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "year", Code: "type"}}})
		}
		c, ok := lists.Year(n)
		return answered(http.StatusOK, portalapi.Calendar{Year: n, Known: ok, Basis: c.Basis, Off: c.Off, Worked: c.Worked, Local: c.Local}), nil
	})
}
