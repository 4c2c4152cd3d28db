package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

// maxKey bounds an idempotency key; it is hashed, so only the header's size matters.
const maxKey = 256

func checkKey(key string) error {
	if len(key) > maxKey {
		return &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "Idempotency-Key", Code: "too_long", Arg: strconv.Itoa(maxKey)}}}
	}
	return nil
}

func registerCases(a huma.API) {
	type submission struct {
		Key     string `header:"Idempotency-Key" doc:"not needed: a case sent twice is one case"`
		RawBody []byte `contentType:"application/json"`
	}
	submit := operation(http.MethodPost, "/api/v1/cases", "submit-case", "submit a case (201 accepted, 200 exists)")
	submit.DefaultStatus = http.StatusCreated
	huma.Register(a, submit, func(ctx context.Context, in *submission) (*answer[portalapi.Submitted], error) {
		c := front.Of(ctx)
		got, err := intakeapi.Client{Client: c.Client}.Submit(ctx, intakeapi.SubmitParams{Key: in.Key}, in.RawBody)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		out := portalapi.Submitted{ID: string(got.ID), Ref: got.Ref, Status: got.Status, Stream: got.Stream, Sequence: got.Sequence}
		for _, w := range got.Warnings {
			out.Warnings = append(out.Warnings, portalapi.FieldError{Field: w.Field, Code: w.Code, Message: messages.Field(w, c.Language)})
		}
		if got.Status == intakeapi.Exists {
			out.State = string(got.State)
			return answered(http.StatusOK, out), nil
		}
		return answered(http.StatusCreated, out), nil
	})

	type byRef struct {
		Ref    string `query:"ref"`
		Office string `query:"office"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/cases", "find-cases", "cases with a reference"), func(ctx context.Context, in *byRef) (*answer[portalapi.Cases], error) {
		if in.Ref == "" {
			return nil, refuse(ctx, &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "ref", Code: "required"}}})
		}
		found, err := intakeapi.Client{Client: front.Of(ctx).Client}.Find(ctx, intakeapi.FindParams{Ref: in.Ref, Office: events.OfficeSlug(in.Office)})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		for i, raw := range found.Cases {
			if found.Cases[i], err = view.Seen(ctx, front.Of(ctx).Client, raw); err != nil {
				return nil, refuse(ctx, err)
			}
		}
		return answered(http.StatusOK, portalapi.Cases(found)), nil
	})

	type byID struct {
		ID     string `path:"id"`
		MinSeq string `query:"min_seq" doc:"sequence of an own write on the case's stream that must be in; waits up to 3 s"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/cases/{id}", "get-case", "a case with its rectification, media and history"), func(ctx context.Context, in *byID) (*answer[portalapi.CaseView], error) {
		seq, err := sequence(in.MinSeq)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		v, err := view.Case(ctx, front.Of(ctx).Client, in.ID, seq)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		for i, n := range v.NotNow {
			v.NotNow[i].Message = messages.Detail(&fault.Error{Code: fault.Code(n.Code), Detail: n.Detail}, front.Of(ctx).Language)
		}
		return answered(http.StatusOK, v), nil
	})

	type command struct {
		ID      string `path:"id"`
		Name    string `path:"name"`
		Key     string `header:"Idempotency-Key" doc:"without one, the command isn't protected against being sent twice"`
		RawBody []byte `contentType:"application/json"`
	}
	huma.Register(a, operation(http.MethodPost, "/api/v1/cases/{id}/commands/{name}", "command-case", "give a command to a case or its rectification"), func(ctx context.Context, in *command) (*answer[portalapi.Commanded], error) {
		if err := checkKey(in.Key); err != nil {
			return nil, refuse(ctx, err)
		}
		got, err := view.Command(ctx, front.Of(ctx).Client, in.ID, in.Name, in.Key, in.RawBody)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		for i, w := range got.Warnings {
			got.Warnings[i].Message = messages.Field(fault.Field{Field: w.Field, Code: w.Code}, front.Of(ctx).Language)
		}
		return answered(http.StatusOK, got), nil
	})
}

func sequence(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "min_seq", Code: "type"}}}
	}
	return n, nil
}
