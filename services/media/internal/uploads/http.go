package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/problem"
)

const (
	// Path is where uploads are.
	Path = "/files"

	chunkType = "application/offset+octet-stream"
	override  = "X-HTTP-Method-Override"
	// ended is what remains of the time after a broken line to save what has come.
	ended = 10 * time.Second
)

// request is what the data store needs of the HTTP request that it works for.
type request struct {
	actor  access.Actor
	header http.Header // of the answer
	// whole says that the creation brings all bytes along.
	whole bool
	// creating says that nobody knows the upload's address yet.
	creating bool
	// checksum is what the client says of this request's bytes; nil if nothing.
	checksum *checksum
	body     *body
}

type requestKey struct{}

func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// Handler serves tus at Path for actors that verify knows. Only an office uploads, and only for itself.
func (s *Store) Handler(v *access.Verifier, actorHeader string) (http.Handler, error) {
	composer := handler.NewStoreComposer()
	composer.UseCore(s)
	composer.UseTerminater(s)
	composer.UseLocker(&locker{held: map[string]*lock{}})
	tus, err := handler.NewHandler(handler.Config{StoreComposer: composer, BasePath: Path + "/", MaxSize: maxSize, DisableDownload: true, DisableConcatenation: true,
		Cors: &handler.CorsConfig{Disable: true}, Logger: tusLogger(s.bus.Logger()), GracefulRequestCompletionTimeout: ended})
	if err != nil {
		return nil, fmt.Errorf("uploads: %w", err)
	}
	inner := http.StripPrefix(Path, tus)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			options(w)
			return
		}
		actor, err := v.Verify(r.Header.Get(actorHeader))
		if err != nil {
			problem.Write(w, r, fault.Wrap(fault.Unauthenticated, "media: upload", err))
			return
		}
		if actor.Role != access.Office || actor.Office == "" {
			problem.Write(w, r, fault.New(fault.Forbidden, "media: upload"))
			return
		}
		s.serve(w, r, inner, actor)
	}), nil
}

// options tells what the protocol's extensions are; tusd doesn't know of expiration and checksums.
func options(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Tus-Version", "1.0.0")
	h.Set("Tus-Extension", "creation,creation-with-upload,termination,checksum,expiration")
	h.Set("Tus-Checksum-Algorithm", checksumAlgorithm)
	h.Set("Tus-Max-Size", strconv.FormatInt(maxSize, 10))
	w.WriteHeader(http.StatusNoContent)
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request, tus http.Handler, actor access.Actor) {
	method := r.Method
	if m := r.Header.Get(override); method == http.MethodPost && m != "" {
		method = m
	}
	req := &request{actor: actor, header: w.Header()}
	if named := r.Header.Get(headerChecksum); named != "" && method != http.MethodDelete && method != http.MethodHead {
		var err error
		if req.checksum, err = parseChecksum(named); err != nil {
			problem.Write(w, r, err)
			return
		}
	}
	if req.creating = method == http.MethodPost && strings.Trim(r.URL.Path, "/") == strings.Trim(Path, "/"); req.creating {
		if wait := s.allowed.Begin(actor.Office); wait > 0 {
			slow(w, r, wait)
			return
		}
		req.whole = r.Header.Get("Content-Type") == chunkType && r.ContentLength > 0 && strconv.FormatInt(r.ContentLength, 10) == r.Header.Get("Upload-Length")
		if s.create(w, r, req) {
			return
		}
	}
	if req.creating && r.ContentLength != 0 || method == http.MethodPatch {
		if wait := s.allowed.Send(actor.Office); wait > 0 {
			slow(w, r, wait)
			return
		}
	}
	req.body = &body{ReadCloser: r.Body, conn: http.NewResponseController(w), took: func(n int) { s.allowed.Sent(actor.Office, n) }}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
	r.Body = req.body
	a := &answer{ResponseWriter: w}
	tus.ServeHTTP(a, r)
	a.flush("")
}

// slow sends an office away that has begun or sent too much at once.
func slow(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	problem.Write(w, r, fault.New(fault.SlowDown, "media: upload"))
}

// create answers a creation that needs no bytes: one that is refused by what it says, and one whose bytes are here.
func (s *Store) create(w http.ResponseWriter, r *http.Request, req *request) (answered bool) {
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size <= 0 || r.Header.Get("Tus-Resumable") != "1.0.0" {
		return false // tusd or NewUpload says what is wrong
	}
	st, err := newState(req, size, handler.ParseMetadataHeader(r.Header.Get("Upload-Metadata")))
	if err != nil || st.Want == "" {
		return false
	}
	st.Created = s.bus.Now().UTC()
	u := &upload{store: s, st: st}
	adopted, err := s.adopt(r.Context(), u, st.Want)
	if fault.Is(err, fault.WrongState) { // erased by decision
		s.note(r.Context(), &u.st, fault.Of(err))
		problem.Write(w, r, err)
		return true
	}
	if err != nil {
		s.bus.Logger().Warn("not looked for known bytes; they are taken anew", "error", err)
	}
	if !adopted {
		return false
	}
	// A proxy in front may answer its client with an error if the body isn't read.
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 2*PartSize))
	h := w.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Location", Path+"/"+u.st.ID)
	h.Set("Upload-Offset", strconv.FormatInt(u.st.Size, 10))
	h.Set(headerMediaID, string(u.st.media()))
	w.WriteHeader(http.StatusCreated)
	return true
}

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseHash takes a SHA-256 in hex; none is fine.
func parseHash(s string) (hash string, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	return s, s == "" || hashPattern.MatchString(s)
}

// errShort says that a creation's body broke off: nobody knows the upload's address, so nothing is kept.
var errShort = &fault.Error{Code: fault.Malformed, Op: "media: upload", Err: errors.New("the body broke off")}
