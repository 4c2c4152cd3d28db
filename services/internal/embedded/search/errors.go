package search

import (
	"encoding/json"
	"errors"
	"net/http"

	"songshui.internal/services/internal/embedded/search/engine"
)

// apiError is an error as Meilisearch writes it.
type apiError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Type    string `json:"type"`
	Link    string `json:"link"`
}

// statuses of codes that are not a plain 400.
var statuses = map[string]int{
	"index_not_found":              http.StatusNotFound,
	"document_not_found":           http.StatusNotFound,
	"task_not_found":               http.StatusNotFound,
	"not_found":                    http.StatusNotFound,
	"method_not_allowed":           http.StatusMethodNotAllowed,
	"index_already_exists":         http.StatusConflict,
	"missing_authorization_header": http.StatusUnauthorized,
	"invalid_api_key":              http.StatusForbidden,
	"missing_content_type":         http.StatusUnsupportedMediaType,
	"invalid_content_type":         http.StatusUnsupportedMediaType,
	"payload_too_large":            http.StatusRequestEntityTooLarge,
	"internal":                     http.StatusInternalServerError,
	"unavailable":                  http.StatusServiceUnavailable,
}

// describe turns an error into what is sent; what the engine didn't phrase is internal.
func describe(err error) (apiError, int) {
	var e *engine.Error
	if !errors.As(err, &e) {
		e = engine.Errorf("internal", "%v", err)
	}
	status, kind := http.StatusBadRequest, "invalid_request"
	if s, ok := statuses[e.Code]; ok {
		status = s
	}
	switch {
	case status >= 500:
		kind = "internal"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		kind = "auth"
	}
	return apiError{e.Message, e.Code, kind, "https://docs.meilisearch.com/errors#" + e.Code}, status
}

func writeError(w http.ResponseWriter, err error) {
	e, status := describe(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a reader that went away is no concern of ours
}
