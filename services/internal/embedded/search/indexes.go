package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/services/internal/embedded/search/engine"
)

// readJSON reads a JSON body; numbers in an `any` stay as they are written.
func readJSON(r *http.Request, v any) error {
	body, _, err := readBody(r, contentJSON)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return malformed(err)
	}
	if dec.More() {
		return malformed(errors.New("trailing characters"))
	}
	return nil
}

// into reads one member; null leaves what is there.
func into(raw json.RawMessage, v any) error { return json.Unmarshal(raw, v) }

// onlyFalse lets pass what asks for nothing.
func onlyFalse(raw json.RawMessage) error {
	switch string(raw) {
	case "null", "false", "[]", "{}", `""`, "0":
		return nil
	}
	return engine.Unsupported("this")
}

func snake(name string) string {
	return strings.TrimPrefix(engine.SettingCode(name), "invalid_settings_")
}

func checkUID(uid string) error {
	if uid == "" || len(uid) > 400 || strings.ContainsFunc(uid, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	}) {
		return engine.Errorf("invalid_index_uid", "`%s` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric characters, hyphens (-) and underscores (_), and can not be more than 400 bytes.", uid)
	}
	return nil
}

func (s *Server) index(r *http.Request) (*engine.Index, error) {
	uid := r.PathValue("uid")
	if err := checkUID(uid); err != nil {
		return nil, err
	}
	return s.store.Index(uid)
}

func showIndex(ix *engine.Index) map[string]any {
	i := ix.Info()
	out := map[string]any{"uid": i.UID, "createdAt": i.Created, "updatedAt": i.Updated, "primaryKey": nil}
	if i.PrimaryKey != "" {
		out["primaryKey"] = i.PrimaryKey
	}
	return out
}

func (s *Server) listIndexes(r *http.Request) (int, any, error) {
	offset, limit := 0, 20
	for k, v := range r.URL.Query() {
		n, err := strconv.Atoi(v[0])
		if err != nil || n < 0 || k != "offset" && k != "limit" {
			return 0, nil, engine.Errorf("invalid_index_"+snake(k), "Invalid value in parameter `%s`: `%s`", k, v[0])
		}
		if k == "offset" {
			offset = n
		} else {
			limit = n
		}
	}
	all := s.store.Indexes()
	results := []any{}
	for _, ix := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		results = append(results, showIndex(ix))
	}
	return http.StatusOK, map[string]any{"results": results, "offset": offset, "limit": limit, "total": len(all)}, nil
}

func (s *Server) getIndex(r *http.Request) (int, any, error) {
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showIndex(ix), nil
}

func (s *Server) createIndex(r *http.Request) (int, any, error) {
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	var uid, key string
	for k, v := range body {
		var err error
		switch k {
		case "uid":
			err = into(v, &uid)
		case "primaryKey":
			err = into(v, &key)
		default:
			return 0, nil, engine.Errorf("bad_request", "Unknown field `%s`: expected one of `uid`, `primaryKey`", k)
		}
		if err != nil {
			return 0, nil, engine.Errorf("invalid_index_"+snake(k), "Invalid value at `.%s`: %v", k, err)
		}
	}
	if body["uid"] == nil {
		return 0, nil, engine.Errorf("missing_index_uid", "Missing field `uid`")
	}
	if err := checkUID(uid); err != nil {
		return 0, nil, err
	}
	return s.enqueue(r, &task{IndexUID: &uid, Type: typeCreate, Details: map[string]any{"primaryKey": orNil(key)}, job: job{primaryKey: key}})
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *Server) updateIndex(r *http.Request) (int, any, error) {
	uid := r.PathValue("uid")
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	var key string
	for k, v := range body {
		if k != "primaryKey" {
			return 0, nil, engine.Unsupported("Field `%s`", k)
		}
		if err := into(v, &key); err != nil {
			return 0, nil, engine.Errorf("invalid_index_primary_key", "Invalid value at `.primaryKey`: %v", err)
		}
	}
	return s.enqueue(r, &task{IndexUID: &uid, Type: typeUpdate, Details: map[string]any{"primaryKey": orNil(key)}, job: job{primaryKey: key}})
}

func (s *Server) deleteIndex(r *http.Request) (int, any, error) {
	uid := r.PathValue("uid")
	if err := checkUID(uid); err != nil {
		return 0, nil, err
	}
	return s.enqueue(r, &task{IndexUID: &uid, Type: typeDrop, Details: map[string]any{"deletedDocuments": nil}})
}

func (s *Server) swapIndexes(r *http.Request) (int, any, error) {
	var body []struct {
		Indexes []string `json:"indexes"`
		Rename  bool     `json:"rename"`
	}
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	var j job
	var seen []string
	for _, p := range body {
		if len(p.Indexes) != 2 {
			return 0, nil, engine.Errorf("invalid_swap_indexes", "Two indexes must be given for each swap. The list `%v` contains %d indexes.", p.Indexes, len(p.Indexes))
		}
		if p.Rename {
			return 0, nil, engine.Unsupported("`rename`")
		}
		for _, uid := range p.Indexes {
			if err := checkUID(uid); err != nil {
				return 0, nil, err
			}
			if slices.Contains(seen, uid) {
				return 0, nil, engine.Errorf("invalid_swap_duplicate_index_found", "Indexes must be declared only once during a swap. `%s` was specified several times.", uid)
			}
			seen = append(seen, uid)
		}
		j.swaps = append(j.swaps, [2]string(p.Indexes))
	}
	return s.enqueue(r, &task{Type: typeSwap, Details: map[string]any{"swaps": body}, job: j})
}

func (s *Server) getStats(*http.Request) (int, any, error) {
	indexes := map[string]any{}
	for _, ix := range s.store.Indexes() {
		indexes[ix.Info().UID] = s.stats(ix)
	}
	return http.StatusOK, map[string]any{"databaseSize": 0, "usedDatabaseSize": 0, "lastUpdate": nil, "indexes": indexes}, nil
}

func (s *Server) stats(ix *engine.Index) map[string]any {
	i := ix.Info()
	s.queue.mu.Lock()
	busy := slices.ContainsFunc(s.queue.waiting, func(t *task) bool { return t.IndexUID != nil && *t.IndexUID == i.UID })
	s.queue.mu.Unlock()
	return map[string]any{"numberOfDocuments": i.Documents, "isIndexing": busy, "fieldDistribution": map[string]int{}}
}

func (s *Server) indexStats(r *http.Request) (int, any, error) {
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.stats(ix), nil
}

func (s *Server) getSettings(r *http.Request) (int, any, error) {
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, ix.Settings(), nil
}

// patchSettings checks the form against the defaults at once; the task checks again against what is then in force.
func (s *Server) patchSettings(r *http.Request) (int, any, error) {
	var patch map[string]json.RawMessage
	if err := readJSON(r, &patch); err != nil {
		return 0, nil, err
	}
	return s.enqueueSettings(r, patch)
}

func (s *Server) resetSettings(r *http.Request) (int, any, error) { return s.enqueueSettings(r, nil) }

func (s *Server) enqueueSettings(r *http.Request, patch map[string]json.RawMessage) (int, any, error) {
	uid := r.PathValue("uid")
	if err := checkUID(uid); err != nil {
		return 0, nil, err
	}
	if _, err := engine.DefaultSettings().Patch(patch); err != nil {
		return 0, nil, err
	}
	details := map[string]any{}
	for k, v := range patch {
		details[k] = v
	}
	return s.enqueue(r, &task{IndexUID: &uid, Type: typeSettings, Details: details, job: job{patch: patch}})
}

// settingName turns a route's kebab-case into a setting's name.
func settingName(r *http.Request) (string, json.RawMessage, error) {
	words := strings.Split(r.PathValue("name"), "-")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	name := strings.Join(words, "")
	if name == "localizedAttributes" || name == "embedders" {
		return name, nil, nil
	}
	all, err := json.Marshal(engine.DefaultSettings())
	if err != nil {
		return "", nil, err
	}
	var defaults map[string]json.RawMessage
	if err := json.Unmarshal(all, &defaults); err != nil {
		return "", nil, err
	}
	v, ok := defaults[name]
	if !ok {
		return "", nil, engine.Errorf("not_found", "There is no setting `%s`.", r.PathValue("name"))
	}
	return name, v, nil
}

func (s *Server) getSetting(r *http.Request) (int, any, error) {
	name, _, err := settingName(r)
	if err != nil {
		return 0, nil, err
	}
	ix, err := s.index(r)
	if err != nil {
		return 0, nil, err
	}
	all, err := json.Marshal(ix.Settings())
	if err != nil {
		return 0, nil, err
	}
	var have map[string]json.RawMessage
	if err := json.Unmarshal(all, &have); err != nil {
		return 0, nil, err
	}
	v, ok := have[name]
	if !ok {
		return 0, nil, fmt.Errorf("search: setting %s is not written out", name)
	}
	return http.StatusOK, v, nil
}

func (s *Server) setSetting(r *http.Request) (int, any, error) {
	name, _, err := settingName(r)
	if err != nil {
		return 0, nil, err
	}
	body, _, err := readBody(r, contentJSON)
	if err != nil {
		return 0, nil, err
	}
	if !json.Valid(body) {
		return 0, nil, malformed(errors.New("not JSON"))
	}
	return s.enqueueSettings(r, map[string]json.RawMessage{name: body})
}

func (s *Server) resetSetting(r *http.Request) (int, any, error) {
	name, _, err := settingName(r)
	if err != nil {
		return 0, nil, err
	}
	return s.enqueueSettings(r, map[string]json.RawMessage{name: json.RawMessage("null")})
}
