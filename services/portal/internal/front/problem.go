package front

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/portalapi"
)

// Problem makes the answer to a refusal, in the caller's language.
func Problem(ctx context.Context, err error) *portalapi.Problem {
	c := Of(ctx)
	f := fault.Of(err)
	row := fault.Lookup(f.Code)
	lang := c.Language
	p := &portalapi.Problem{Type: "about:blank", Title: messages.Title(f.Code, lang), Status: row.Status, Code: string(f.Code), Detail: messages.Detail(f, lang),
		Current: f.Current, RequestID: c.ID}
	for _, w := range f.Fields {
		p.Errors = append(p.Errors, portalapi.FieldError{Field: w.Field, Code: w.Code, Message: messages.Field(w, lang)})
	}
	if row.Retry && row.Status != http.StatusConflict {
		p.RetryAfter = portal.RetryAfter
	}
	return p
}

// Refuse writes a refusal; internal ones go to the log with their cause.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := Problem(r.Context(), err)
	Log(r.Context(), p, err)
	WriteProblem(w, p)
}

// Log notes refusals that are no caller's mistake, with their cause.
func Log(ctx context.Context, p *portalapi.Problem, err error) {
	if p.Status >= http.StatusInternalServerError {
		slog.WarnContext(ctx, "request refused", "request", p.RequestID, "code", p.Code, "error", err)
	}
}

// WriteProblem writes an answer of type application/problem+json.
func WriteProblem(w http.ResponseWriter, p *portalapi.Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="songshui"`)
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// WriteJSON writes an answer.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
