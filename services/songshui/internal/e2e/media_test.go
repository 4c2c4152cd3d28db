package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"songshui.internal/services/portal/portalapi"
)

// upload sends bytes with the creation.
func upload(t *testing.T, as, name string, data []byte, headers ...string) reply {
	t.Helper()
	headers = append([]string{"Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(len(data)), "Content-Type", "application/offset+octet-stream",
		"Upload-Metadata", "filename " + base64.StdEncoding.EncodeToString([]byte(name))}, headers...)
	return call(t, as, http.MethodPost, "/files", data, headers...)
}

func bad(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(system.bad, name))
	must(t, err)
	return b
}

func TestUpload(t *testing.T) {
	t.Parallel()
	// Nobody has to say who they are to learn what the protocol does here.
	r := call(t, "", http.MethodOptions, "/files", nil)
	if r.status != http.StatusNoContent || r.header.Get("Tus-Version") == "" || !strings.Contains(r.header.Get("Tus-Extension"), "creation-with-upload") {
		t.Errorf("options: %d %v", r.status, r.header)
	}
	whole := bad(t, "polyglot-zip.jpg")
	whole = whole[:bytes.LastIndex(whole, []byte{0xff, 0xd9})+2]
	r = upload(t, "yanbian-1", "现场 1.jpg", whole)
	if r.status != http.StatusCreated || r.header.Get("Upload-Offset") != strconv.Itoa(len(whole)) {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	location, err := url.Parse(r.header.Get("Location"))
	must(t, err)
	id := r.header.Get(portalapi.HeaderMediaID)
	head := call(t, "yanbian-1", http.MethodHead, location.RequestURI(), nil, "Tus-Resumable", "1.0.0")
	if id == "" || head.status != http.StatusOK || head.header.Get(portalapi.HeaderMediaID) != id {
		t.Errorf("medium %q; head: %d %v", id, head.status, head.header)
	}
	if other := call(t, "jilin-1", http.MethodHead, location.RequestURI(), nil, "Tus-Resumable", "1.0.0"); other.status != http.StatusNotFound {
		t.Errorf("another office's upload: %d", other.status)
	}
	var m portalapi.Medium
	call(t, "yanbian-2", http.MethodGet, "/api/v1/media/"+id, nil).decode(t, &m)
	if m.ID != id || m.File != "现场 1.jpg" || m.Kind != "image" || m.Bytes != int64(len(whole)) {
		t.Errorf("medium: %+v", m)
	}
	call(t, "jilin-1", http.MethodGet, "/api/v1/media/"+id, nil).problem(t, http.StatusNotFound, "not_found")
	found := struct{ Media []portalapi.Medium }{}
	call(t, "yanbian-2", http.MethodGet, "/api/v1/media?sha256="+m.SHA256, nil).decode(t, &found)
	if len(found.Media) != 1 || found.Media[0].ID != id {
		t.Errorf("by hash: %+v", found)
	}
	call(t, "jilin-1", http.MethodGet, "/api/v1/media?sha256="+m.SHA256, nil).decode(t, &found)
	if len(found.Media) != 0 {
		t.Errorf("another office finds it by hash: %+v", found)
	}
	again := upload(t, "yanbian-1", "另一个名字.jpg", nil, "Upload-Length", strconv.Itoa(len(whole)),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("另一个名字.jpg"))+",sha256 "+base64.StdEncoding.EncodeToString([]byte(m.SHA256)))
	if again.status != http.StatusCreated || again.header.Get("Upload-Offset") != strconv.Itoa(len(whole)) || again.header.Get(portalapi.HeaderMediaID) == "" || again.header.Get(portalapi.HeaderMediaID) == id {
		t.Errorf("sealed already: %d %v", again.status, again.header)
	}
}

func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"script.svg": 415, "html-as.jpg": 415, "eicar.txt": 415, "truncated.jpg": 422, "zero.jpg": 422, "bomb-30000x30000.png": 422, "huge-dimensions.jpg": 422} {
		for _, language := range []string{"zh-CN", "en"} {
			r := upload(t, "meihekou-1", name, bad(t, name), "Accept-Language", language)
			var p portalapi.Problem
			r.decode(t, &p)
			if r.status != status && (status != 422 || r.status != 413 && r.status != 400) || p.Status != r.status || r.header.Get("Content-Type") != "application/problem+json" || han(p.Title) != (language != "en") {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
		}
	}
	r := call(t, "meihekou-1", http.MethodPost, "/files", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5")
	if r.status/100 != 4 {
		t.Errorf("without a file name: %d %s", r.status, r.body)
	}
	if r := upload(t, "journalist", "x.jpg", []byte("x")); r.status != http.StatusForbidden {
		t.Errorf("a journalist uploads: %d %s", r.status, r.body)
	}
}

func TestRenditions(t *testing.T) {
	t.Parallel()
	id := system.cases["长安委办曝〔2026〕1号"]
	v, err := client("changchun-1").Case(t.Context(), id, 0)
	must(t, err)
	if len(v.Media) != 4 || v.HeldBack != 0 {
		t.Fatalf("media: %+v", v.Media)
	}
	var picture *portalapi.Rendition
	for i := range v.Media {
		if v.Media[i].Kind == "image" && len(v.Media[i].Renditions) > 0 {
			picture = &v.Media[i].Renditions[0]
		}
	}
	if picture == nil {
		t.Fatalf("no picture is rendered: %+v", v.Media)
	}
	r := call(t, "changchun-1", http.MethodGet, picture.URL, nil)
	if got := r.header.Values("X-Content-Type-Options"); len(got) != 1 {
		t.Errorf("nosniff: %q", got)
	}
	if got := r.header.Values("Content-Security-Policy"); len(got) != 1 || got[0] != "sandbox; default-src 'none'" {
		t.Errorf("policy: %q", got)
	}
	for name, want := range map[string]string{"Content-Type": picture.Type, "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.status != http.StatusOK || r.header.Get("ETag") == "" || len(r.body) == 0 || bytes.Contains(r.body, []byte("Exif\x00")) {
		t.Errorf("%d %v", r.status, r.header)
	}
	if got := call(t, "changchun-1", http.MethodGet, picture.URL, nil, "If-None-Match", r.header.Get("ETag")); got.status != http.StatusNotModified {
		t.Errorf("not modified: %d", got.status)
	}
	if got := call(t, "changchun-1", http.MethodGet, picture.URL, nil, "Range", "bytes=0-9"); got.status != http.StatusPartialContent || !bytes.Equal(got.body, r.body[:10]) {
		t.Errorf("range: %d", got.status)
	}
	var track struct {
		Acceptances []struct {
			Media []string `json:"media"`
		} `json:"acceptances"`
	}
	must(t, json.Unmarshal(v.Rectification, &track))
	if len(track.Acceptances) == 0 || len(track.Acceptances[0].Media) == 0 {
		t.Fatalf("no after-pictures: %s", v.Rectification)
	}
	after := track.Acceptances[0].Media[0]
	// Nothing is cleared yet: a journalist reads that there are media, not which, and gets none.
	for _, who := range []string{"journalist", "jilin-1"} {
		call(t, who, http.MethodGet, picture.URL, nil).problem(t, http.StatusNotFound, "not_found")
		v, err := client(who).Case(t.Context(), id, 0)
		must(t, err)
		if len(v.Media) != 0 || v.HeldBack != 4 || v.OthersHeldBack == 0 {
			t.Errorf("%s: %d media, %d and %d held back", who, len(v.Media), v.HeldBack, v.OthersHeldBack)
		}
		if len(v.Rectification) == 0 || bytes.Contains(v.Rectification, []byte(after)) {
			t.Errorf("%s reads of %s: %s", who, after, v.Rectification)
		}
	}
	original := picture.URL[:strings.LastIndex(picture.URL, "/")] + "/original"
	call(t, "journalist", http.MethodGet, original, nil).problem(t, http.StatusNotFound, "not_found")
	p := call(t, "changchun-1", http.MethodGet, original, nil).problem(t, http.StatusUnprocessableEntity, "invalid")
	if named(p.Errors, "reason", "required") == nil {
		t.Errorf("an original without a reason: %+v", p)
	}
	if got := call(t, "changchun-1", http.MethodGet, original+"?reason="+url.QueryEscape("核对"), nil); got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("original: %d %v", got.status, got.header)
	}
}

func TestMediaOfACase(t *testing.T) {
	t.Parallel()
	media := func(m ...map[string]string) map[string]any {
		return map[string]any{"ref": "测〔2026〕影像", "media": m, "exposures": []any{}}
	}
	r := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", variant(t, 0, media(map[string]string{"file": "nowhere.jpg", "caption": "x", "kind": "image"})))
	if p := r.problem(t, http.StatusUnprocessableEntity, "invalid"); named(p.Errors, "media[0].file", "not_found") == nil {
		t.Errorf("%+v", p)
	}
	got := submit(t, "测〔2026〕影像", media(map[string]string{"file": "tanks-flange-leak-01.jpg", "caption": "法兰", "kind": "image"}))
	v, err := client("changchun-1").Case(t.Context(), got.ID, 0)
	must(t, err)
	b, _ := json.Marshal(v.Media)
	if len(v.Media) != 1 || v.Media[0].Caption != "法兰" || v.Media[0].File != "tanks-flange-leak-01.jpg" {
		t.Errorf("%s", b)
	}
}
