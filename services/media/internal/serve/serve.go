// Package serve gives out the bytes of media on media's internal listener: public copies, and the sealed original to those who say why. It reads MEDIA, what sight reads, and the buckets
// originals and renditions, and writes ACCESS: each look at an original before its first byte.
//
// A copy is addressed by its id (w1280-2), or by its name alone for the present one. At every request the log is asked whether the records that say who sees it are still as they were read
// (sight.Heads), so that clearing, masking and withdrawing hold at once on every replica; the bytes of small copies come from memory, by the hash that the record names. 410: an id that was replaced, and a withdrawn case's copies, for those who could see them; everything else that isn't for these eyes is 404.
package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/blob"
	"songshui.internal/services/media/internal/problem"
	"songshui.internal/services/media/internal/sight"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// Pattern is the route.
	Pattern = "/media/{id}/{rendition}"
	// original names the sealed original among the renditions.
	original = "original"
)

// Handler serves Pattern.
type Handler struct {
	Bus         *bus.Bus
	Heads       *sight.Heads
	Objects     *objects.Store
	Buckets     objects.Buckets
	Verifier    *access.Verifier
	ActorHeader string

	small cache
}

// file is what is to be given out.
type file struct {
	bucket     objects.Bucket
	key        string
	size       int64
	mime       string
	sha256     string
	name       string
	cache      string
	attachment bool
	original   bool
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.WriteStatus(w, fault.New(fault.BadParameter, "media: serve"), http.StatusMethodNotAllowed, true)
		return
	}
	f, err := h.find(r)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	etag := `"` + f.sha256 + `"`
	known := strings.Contains(r.Header.Get("If-None-Match"), etag)
	body, err := h.open(r.Context(), f, known)
	if err != nil {
		problem.Write(w, r, away(err))
		return
	}
	defer body.Close()
	head := w.Header()
	head.Set("Content-Type", f.mime)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("ETag", etag)
	head.Set("Cache-Control", f.cache)
	head.Set("Content-Disposition", disposition(f.name, f.attachment))
	if m, ok := body.(memory); ok && plain(r) {
		// In one piece: ServeContent copies, and writes as often as its buffer is full.
		head.Set("Accept-Ranges", "bytes")
		head.Set("Content-Length", strconv.Itoa(len(m.data)))
		_, _ = w.Write(m.data)
		return
	}
	http.ServeContent(w, r, "", noTime, body)
}

// plain says that a request wants the whole file, whatever it has.
func plain(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for _, name := range []string{"Range", "If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		if _, ok := r.Header[name]; ok {
			return false
		}
	}
	return true
}

// open gives the bytes. The first one is asked for before the status is sent, unless the client has them: a store that is away is a 503, not half a file.
func (h *Handler) open(ctx context.Context, f file, known bool) (io.ReadSeekCloser, error) {
	if f.small() {
		if data := h.small.get(f.sha256); data != nil {
			return newMemory(data), nil
		}
	}
	body := &reader{Reader: blob.New(ctx, h.Objects, f.bucket, f.key, f.size)}
	if known {
		return body, nil
	}
	if !f.small() {
		return body, body.first()
	}
	data := make([]byte, f.size)
	_, err := io.ReadFull(body.Reader, data)
	_ = body.Close()
	if err != nil {
		return nil, err
	}
	h.small.put(f.sha256, data)
	return newMemory(data), nil
}

// small says that a file's bytes are kept in memory: copies only.
func (f file) small() bool { return !f.original && f.size > 0 && f.size <= cachedCopy }

// memory is a file in memory.
type memory struct {
	*bytes.Reader
	data []byte
}

func newMemory(data []byte) memory { return memory{bytes.NewReader(data), data} }

func (memory) Close() error { return nil }

func (h *Handler) find(r *http.Request) (file, error) {
	const op = "media: serve"
	actor, err := h.Verifier.Verify(r.Header.Get(h.ActorHeader))
	if err != nil {
		return file{}, fault.Wrap(fault.Unauthenticated, op, err)
	}
	if err := h.Heads.Fresh(r.Context()); err != nil {
		return file{}, err
	}
	m, err := h.Heads.Medium(r.Context(), events.MediaID(r.PathValue("id")))
	if err != nil {
		return file{}, err
	}
	name := r.PathValue("rendition")
	of, err := h.Heads.Look(actor).At(r.Context(), m)
	if err != nil {
		return file{}, err
	}
	if of.Inside && media.HasBytes(m) && name == original {
		return h.original(r, actor, m)
	}
	for _, c := range m.Renditions {
		if media.ID(c) != name && c.Name != name {
			continue
		}
		if of.Sees(m) {
			return h.copy(m, c, of), nil
		}
		if of.Gone(m) {
			return file{}, fault.New(fault.Gone, op)
		}
	}
	if replaced(m, name, of) {
		return file{}, fault.New(fault.Gone, op)
	}
	return file{}, fault.New(fault.NotFound, op)
}

// replaced says whether a name is of a copy that the actor could see once: others what was public, the own office and the province every older rendering.
func replaced(m events.MediaState, name string, of sight.Of) bool {
	if of.Inside {
		i := strings.LastIndexByte(name, '-')
		n, err := strconv.Atoi(name[i+1:])
		if i > 0 && err == nil && n > 0 && n < media.Number(m) {
			return true
		}
	}
	return (of.Inside || of.Case || of.Withdrawn) && slices.Contains(m.Replaced, name)
}

// copy tells browsers to ask again at every use. Only what everybody who is signed in may see is kept by them.
func (h *Handler) copy(m events.MediaState, c events.Rendition, of sight.Of) file {
	f := file{bucket: h.Buckets.Renditions(), key: c.Key, size: c.Bytes, mime: c.Type, sha256: c.SHA256, name: copyName(m.File, c), cache: private, attachment: attached(c.Type)}
	if of.Public && m.State == events.MediaCleared {
		f.cache = "no-cache"
	}
	return f
}

// private is for what not everybody may see: no cache keeps it.
const private = "private, no-store"

// attached says that a copy is never shown inline: papers, and whatever no browser plays.
func attached(mime string) bool {
	kind, _, _ := strings.Cut(mime, "/")
	return !slices.Contains([]string{"image", "video", "audio"}, kind)
}

func (h *Handler) original(r *http.Request, actor access.Actor, m events.MediaState) (file, error) {
	if !media.SeesOriginal(actor, m) {
		return file{}, fault.New(fault.NotFound, "media: original")
	}
	// The session comes along with a link from anywhere; who follows one hasn't given a reason.
	if from := r.Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return file{}, fault.New(fault.Forbidden, "media: original")
	}
	reason := strings.TrimSpace(r.URL.Query().Get("reason"))
	var wrong fault.Fields
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		wrong.Add("reason", "required")
	case !utf8.ValidString(reason):
		wrong.Add("reason", "encoding")
	case n > media.MaxReason:
		wrong.AddArg("reason", "too_long", strconv.Itoa(media.MaxReason))
	}
	if err := wrong.Err("media: original"); err != nil {
		return file{}, err
	}
	entry := events.AccessEntry{Actor: actor.Event(), Kind: "original-read", Outcome: "given", Detail: map[string]string{"media": string(m.ID), "reason": reason, "method": r.Method}}
	if err := h.Bus.Note(r.Context(), entry); err != nil {
		return file{}, err
	}
	return file{h.Buckets.Originals(), m.Object, m.Bytes, m.Type, m.SHA256, m.File, private, true, true}, nil
}

// copyName is the medium's name with the copy's, and the suffix of the copy's type.
func copyName(name string, c events.Rendition) string {
	base := strings.TrimSuffix(name, path.Ext(name)) + "-" + c.Name
	for _, t := range sniff.Types() {
		if t.MIME == c.Type {
			return base + t.Ext
		}
	}
	return base
}

// disposition follows RFC 6266, the name in UTF-8 by RFC 8187 beside a plain one for old readers.
func disposition(name string, attachment bool) string {
	kind := "inline"
	if attachment {
		kind = "attachment"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	d := kind + `; filename="` + plain + `"`
	if plain != name {
		d += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return d
}

func away(err error) error {
	switch {
	case errors.Is(err, objects.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		f := fault.Wrap(fault.Unavailable, "media: serve", err)
		f.Detail = "s3"
		return f
	}
	return err
}
