package shell

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// Assets are the scripts and styles of one page. Their address changes with the content of any of them, so they may be kept for ever, and scripts find each
// other by relative addresses.
type Assets struct {
	prefix string
	files  map[string][]byte
}

// NewAssets takes the named files; it panics on a missing one, which every test would show.
func NewAssets(from fs.FS, names ...string) *Assets {
	a := &Assets{files: map[string][]byte{}}
	sum := sha256.New()
	for _, name := range names {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			panic(err)
		}
		a.files[name] = b
		_, _ = sum.Write(b)
	}
	a.prefix = "/assets/" + hex.EncodeToString(sum.Sum(nil)[:8]) + "/"
	return a
}

// kinds are said here, not by the machine's tables: a browser refuses a script of any other type.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// Path is a file's address.
func (a *Assets) Path(name string) string { return a.prefix + name }

// Routes serves them.
func (a *Assets) Routes(mux *http.ServeMux) {
	for name, content := range a.files {
		kind := kinds[path.Ext(name)]
		mux.HandleFunc("GET "+a.Path(name), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
		})
	}
}
