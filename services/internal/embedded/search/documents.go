package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"songshui.internal/services/internal/embedded/search/engine"
)

const (
	contentJSON   = "application/json"
	contentNDJSON = "application/x-ndjson"
)

func malformed(err error) error {
	return engine.Errorf("malformed_payload", "The `json` payload provided is malformed. `%v`.", err)
}

// splitDocuments takes a body apart: a JSON array, a single JSON object, or one object a line.
func splitDocuments(body []byte, lines bool) ([]json.RawMessage, error) {
	if lines {
		return splitLines(body)
	}
	if body = bytes.TrimSpace(body); body[0] == '[' {
		var out []json.RawMessage
		if err := json.Unmarshal(body, &out); err != nil {
			return nil, malformed(err)
		}
		return out, checkObjects(out)
	}
	if !json.Valid(body) {
		return nil, malformed(json.Unmarshal(body, new(any)))
	}
	return []json.RawMessage{body}, checkObjects([]json.RawMessage{body})
}

func splitLines(body []byte) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, malformed(json.Unmarshal(line, new(any)))
		}
		out = append(out, line)
	}
	return out, checkObjects(out)
}

func checkObjects(docs []json.RawMessage) error {
	for i, d := range docs {
		if d = bytes.TrimSpace(d); len(d) == 0 || d[0] != '{' {
			return malformed(errors.New("document " + strconv.Itoa(i) + " is not an object"))
		}
	}
	return nil
}

func asDocumentFilter(err error) error {
	var e *engine.Error
	if errors.As(err, &e) && e.Code == "invalid_search_filter" {
		return engine.Errorf("invalid_document_filter", "%s", e.Message)
	}
	return err
}

// documentTask makes a task for a change of documents and reads what the address says of it.
func documentTask(r *http.Request, kind string) (*task, error) {
	uid := r.PathValue("uid")
	if err := checkUID(uid); err != nil {
		return nil, err
	}
	t := &task{IndexUID: &uid, Type: kind, Details: map[string]any{}}
	for k, v := range r.URL.Query() {
		switch {
		case k == "customMetadata":
			t.CustomMetadata = v[0]
		case k == "primaryKey" && kind == typeAdd:
			t.job.primaryKey = v[0]
		case k == "skipCreation" && v[0] == "false":
		default:
			return nil, engine.Unsupported("Parameter `%s`", k)
		}
	}
	return t, nil
}

func (s *Server) addDocuments(r *http.Request) (int, any, error) {
	t, err := documentTask(r, typeAdd)
	if err != nil {
		return 0, nil, err
	}
	body, kind, err := readBody(r, contentJSON, contentNDJSON)
	if err != nil {
		return 0, nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return 0, nil, engine.Errorf("missing_payload", "A json payload is missing.")
	}
	if t.job.documents, err = splitDocuments(body, kind == contentNDJSON); err != nil {
		return 0, nil, err
	}
	t.job.bytes = len(body)
	t.Details["receivedDocuments"], t.Details["indexedDocuments"] = len(t.job.documents), nil
	return s.enqueue(r, t)
}

func (s *Server) deleteDocument(r *http.Request) (int, any, error) {
	id := r.PathValue("id")
	if !engine.ValidID(id) {
		return 0, nil, badID(id)
	}
	return s.deleteIDs(r, []string{id})
}

func badID(id string) error {
	return engine.Errorf("invalid_document_id", "Document identifier `%s` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.", id)
}

func (s *Server) deleteBatch(r *http.Request) (int, any, error) {
	var given []any
	if err := readJSON(r, &given); err != nil {
		return 0, nil, err
	}
	ids := make([]string, len(given))
	for i, v := range given {
		switch v := v.(type) {
		case string:
			ids[i] = v
		case json.Number:
			ids[i] = v.String()
		}
		if !engine.ValidID(ids[i]) {
			return 0, nil, badID(ids[i])
		}
	}
	return s.deleteIDs(r, ids)
}

func (s *Server) deleteIDs(r *http.Request, ids []string) (int, any, error) {
	t, err := documentTask(r, typeDelete)
	if err != nil {
		return 0, nil, err
	}
	t.job.ids = ids
	for _, id := range ids {
		t.job.bytes += len(id)
	}
	t.Details["providedIds"], t.Details["deletedDocuments"], t.Details["originalFilter"] = len(ids), nil, nil
	return s.enqueue(r, t)
}

func (s *Server) deleteByFilter(r *http.Request) (int, any, error) {
	t, err := documentTask(r, typeDelete)
	if err != nil {
		return 0, nil, err
	}
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	for k := range body {
		if k != "filter" {
			return 0, nil, engine.Errorf("bad_request", "Unknown field `%s`: expected one of `filter`", k)
		}
	}
	if err := json.Unmarshal(body["filter"], &t.job.filter); err != nil || emptyFilter(t.job.filter) {
		return 0, nil, engine.Errorf("missing_document_filter", "Sending an empty filter is forbidden.")
	}
	if err := engine.CheckFilter(t.job.filter); err != nil {
		return 0, nil, asDocumentFilter(err)
	}
	t.Details["providedIds"], t.Details["deletedDocuments"], t.Details["originalFilter"] = 0, nil, string(body["filter"])
	return s.enqueue(r, t)
}

func emptyFilter(f any) bool {
	switch f := f.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(f) == ""
	case []any:
		return len(f) == 0
	}
	return false
}

func (s *Server) deleteAllDocuments(r *http.Request) (int, any, error) {
	t, err := documentTask(r, typeDelete)
	if err != nil {
		return 0, nil, err
	}
	t.Details["providedIds"], t.Details["deletedDocuments"], t.Details["originalFilter"] = 0, nil, nil
	return s.enqueue(r, t)
}

func (s *Server) getDocument(r *http.Request) (int, any, error) {
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	fields, err := documentFields(r)
	if err != nil {
		return 0, nil, err
	}
	id := r.PathValue("id")
	if !engine.ValidID(id) {
		return 0, nil, badID(id)
	}
	raw, err := ix.Document(id)
	if err != nil {
		return 0, nil, err
	}
	raw, err = engine.Pick(raw, fields)
	return http.StatusOK, json.RawMessage(raw), err
}

func documentFields(r *http.Request) ([]string, error) {
	var fields []string
	for k, v := range r.URL.Query() {
		if k != "fields" {
			return nil, engine.Unsupported("Parameter `%s`", k)
		}
		fields = strings.Split(v[0], ",")
	}
	return fields, nil
}

// documentQuery is what documents are listed by.
type documentQuery struct {
	offset, limit     int
	fields, ids, sort []string
	filter            any
}

func (s *Server) fetchDocuments(r *http.Request) (int, any, error) {
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	q := documentQuery{limit: 20}
	for k, v := range body {
		var err error
		switch k {
		case "offset":
			err = into(v, &q.offset)
		case "limit":
			err = into(v, &q.limit)
		case "fields":
			err = into(v, &q.fields)
		case "filter":
			err = into(v, &q.filter)
		case "ids":
			err = into(v, &q.ids)
		case "sort":
			err = into(v, &q.sort)
		case "retrieveVectors":
			err = onlyFalse(v)
		default:
			return 0, nil, engine.Errorf("bad_request", "Unknown field `%s`: expected one of `offset`, `limit`, `fields`, `retrieveVectors`, `filter`, `ids`, `sort`", k)
		}
		if err != nil {
			return 0, nil, engine.At(k, "invalid_document_"+snake(k), err)
		}
	}
	return s.documents(r, &q)
}

func (s *Server) listDocuments(r *http.Request) (int, any, error) {
	q := documentQuery{limit: 20}
	for k, v := range r.URL.Query() {
		var err error
		switch k {
		case "offset":
			q.offset, err = strconv.Atoi(v[0])
		case "limit":
			q.limit, err = strconv.Atoi(v[0])
		case "fields":
			q.fields = strings.Split(v[0], ",")
		case "filter":
			q.filter = v[0]
		default:
			return 0, nil, engine.Unsupported("Parameter `%s`", k)
		}
		if err != nil {
			return 0, nil, engine.Errorf("invalid_document_"+snake(k), "Invalid value in parameter `%s`: %v", k, err)
		}
	}
	return s.documents(r, &q)
}

func (s *Server) documents(r *http.Request, q *documentQuery) (int, any, error) {
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	if q.offset < 0 || q.limit < 0 {
		return 0, nil, engine.Errorf("invalid_document_limit", "Invalid value: `offset` and `limit` must be positive.")
	}
	raws, total, err := ix.List(q.filter, q.ids, q.sort, q.offset, q.limit)
	if err != nil {
		return 0, nil, asDocumentFilter(err)
	}
	out := make([]json.RawMessage, len(raws))
	for i, raw := range raws {
		if out[i], err = engine.Pick(raw, q.fields); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusOK, map[string]any{"results": out, "offset": q.offset, "limit": q.limit, "total": total}, nil
}
