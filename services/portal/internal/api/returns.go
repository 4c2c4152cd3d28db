package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/portalapi"
)

// Bodies of the commands on returns, for the OpenAPI document.
const returnBodies = `Each takes "on" and "backdate_reason" (given days). file: {"cases":[ids], "zero_reason", "document_no", "signed_by", "contact", "scan"}: without cases it holds all that the office has published in the month,
with a zero_reason and without cases it is a zero return; signed_by and contact are accounts of the office, by default the caller's; scan is a sealed medium, by id or {"file","sha256"}. supplement: {"cases":[added], "document_no", …}.
add-scan: {"scan"}. receive: {}. return: {"reason","cases":[{"case","reason"}]}. recognise: {"kind":"decision"|"paper","reason"}. The same filing sent again while it waits is answered as the first time, also without a key.`

func registerReturns(a huma.API) {
	ofReturns := func(ctx context.Context) oversightapi.ReturnClient {
		return oversightapi.ReturnClient{Client: front.Of(ctx).Client}
	}

	type list struct {
		Office string `query:"office"`
		Month  string `query:"month" doc:"such as 2026-06"`
		State  string `query:"state" doc:"one of those shown: running, awaiting-receipt, returned, met, met-late, recognised, missed; may be repeated"`
		address
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/returns", "list-returns", "monthly returns: an office's own, the province's of all offices"), func(ctx context.Context, in *list) (*answer[portalapi.Returns], error) {
		params := map[string]any{"office": in.values.Get("office"), "month": in.values.Get("month"), "states": in.values["state"]}
		var out portalapi.Returns
		if err := ofReturns(ctx).Ask(ctx, events.ServiceOversight, oversightapi.EndpointReturns, params, nil, &out); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, out), nil
	})

	type one struct {
		Office string `path:"office"`
		Month  string `path:"month" doc:"such as 2026-06"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/returns/{office}/{month}", "get-return", "a monthly return with what it is worth today, its history, and the commands that the caller may give now"), func(ctx context.Context, in *one) (*answer[portalapi.Return], error) {
		var out portalapi.Return
		params := oversightapi.ReturnParams{Office: events.OfficeSlug(in.Office), Month: events.Month(in.Month)}
		if err := ofReturns(ctx).Ask(ctx, events.ServiceOversight, oversightapi.EndpointReturn, params, nil, &out); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, told(ctx, out)), nil
	})

	type command struct {
		Office  string `path:"office"`
		Month   string `path:"month"`
		Name    string `path:"name"`
		Key     string `header:"Idempotency-Key" doc:"without one, only a filing is protected against being sent twice"`
		RawBody []byte `contentType:"application/json"`
	}
	give := operation(http.MethodPost, "/api/v1/returns/{office}/{month}/commands/{name}", "command-return", "file, supplement, add-scan, receive, return or recognise a monthly return")
	give.Description = returnBodies
	huma.Register(a, give, func(ctx context.Context, in *command) (*answer[portalapi.CommandedReturn], error) {
		if err := checkKey(in.Key); err != nil {
			return nil, refuse(ctx, err)
		}
		var out portalapi.CommandedReturn
		params := oversightapi.ReturnCommandParams{Office: events.OfficeSlug(in.Office), Month: events.Month(in.Month), Name: in.Name, Key: in.Key}
		if err := ofReturns(ctx).Ask(ctx, events.ServiceOversight, oversightapi.EndpointReturnCommand, params, in.RawBody, &out); err != nil {
			return nil, refuse(ctx, err)
		}
		out.State = told(ctx, out.State)
		for i, w := range out.Warnings {
			out.Warnings[i].Message = messages.Field(fault.Field{Field: w.Field, Code: w.Code}, front.Of(ctx).Language)
		}
		return answered(http.StatusOK, out), nil
	})
}

// told says in words why commands can't be given now.
func told(ctx context.Context, r portalapi.Return) portalapi.Return {
	for i, n := range r.NotNow {
		r.NotNow[i].Message = messages.Detail(&fault.Error{Code: fault.Code(n.Code), Detail: n.Detail}, front.Of(ctx).Language)
	}
	return r
}
