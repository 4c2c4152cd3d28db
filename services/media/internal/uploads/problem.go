package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tus/tusd/v2/pkg/handler"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/internal/problem"
)

// refusal makes of an error what tusd sends: the fault as JSON.
func (s *Store) refusal(err error) error {
	var sent handler.Error
	if errors.As(err, &sent) {
		return sent
	}
	f := faultOf(err)
	if f.Code == fault.Internal {
		s.bus.Logger().Error("upload failed", "error", err)
	}
	return answerOf(f, fault.Lookup(f.Code).Status)
}

func faultOf(err error) *fault.Error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, objects.ErrChanged):
		return fault.Wrap(fault.Conflict, "media: upload", err)
	case errors.Is(err, objects.ErrNotFound):
		return fault.Wrap(fault.NotFound, "media: upload", err)
	case errors.Is(err, objects.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		f = fault.Wrap(fault.Unavailable, "media: upload", err)
		f.Detail = "s3"
		return f
	}
	return fault.Wrap(fault.Internal, "media: upload", err)
}

func answerOf(f *fault.Error, status int) handler.Error {
	body, _ := json.Marshal(f)
	h := handler.HTTPHeader{}
	for k, v := range problem.Header(f) {
		h[k] = v
	}
	return handler.Error{ErrorCode: string(f.Code), Message: f.Error(), HTTPResponse: handler.HTTPResponse{StatusCode: status, Body: string(body), Header: h}}
}

// tusCodes gives our code, and status where tusd's own says another thing than it means, for tusd's errors.
var tusCodes = map[string]struct {
	code   fault.Code
	status int
}{
	"ERR_UPLOAD_INTERRUPTED":   {fault.Conflict, http.StatusConflict},
	"ERR_MISMATCHED_OFFSET":    {fault.Conflict, http.StatusConflict},
	"ERR_UPLOAD_LOCKED":        {fault.Conflict, http.StatusConflict},
	"ERR_LOCK_TIMEOUT":         {fault.Unavailable, http.StatusServiceUnavailable},
	"ERR_READ_TIMEOUT":         {fault.Unavailable, http.StatusServiceUnavailable},
	"ERR_CONNECTION_RESET":     {fault.Unavailable, http.StatusServiceUnavailable},
	"ERR_SERVER_SHUTDOWN":      {fault.Unavailable, http.StatusServiceUnavailable},
	"ERR_UPLOAD_NOT_FOUND":     {fault.NotFound, http.StatusNotFound},
	"ERR_MAX_SIZE_EXCEEDED":    {fault.BodyTooLarge, http.StatusRequestEntityTooLarge},
	"ERR_UPLOAD_SIZE_EXCEEDED": {fault.BodyTooLarge, http.StatusRequestEntityTooLarge},
	"ERR_UNSUPPORTED_VERSION":  {fault.BadParameter, http.StatusPreconditionFailed},
}

// answer is a ResponseWriter that turns tusd's own errors, which are plain text, into faults, and its Location into a path: the host in front is portal's matter.
type answer struct {
	http.ResponseWriter
	status int // of an error of tusd that waits for its text
	done   bool
}

func (a *answer) WriteHeader(status int) {
	h := a.Header()
	if status == http.StatusCreated {
		if i := strings.Index(h.Get("Location"), Path+"/"); i >= 0 {
			h.Set("Location", h.Get("Location")[i:])
		}
	}
	if status >= http.StatusBadRequest && h.Get(problem.HeaderFault) == "" {
		a.status = status
		return
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		return a.ResponseWriter.Write(b)
	}
	a.flush(string(b))
	return len(b), nil
}

// flush sends an error that tusd has left waiting; text is its body, "" for one without.
func (a *answer) flush(text string) {
	if a.status == 0 || a.done {
		return
	}
	a.done = true
	name, _, _ := strings.Cut(text, ":")
	code, status := fault.BadParameter, a.status
	switch row, ok := tusCodes[name]; {
	case ok:
		code, status = row.code, row.status
	case a.status == http.StatusNotFound:
		code = fault.NotFound
	case text == "" && a.status == http.StatusInternalServerError:
		// To HEAD tusd doesn't say why; what isn't ours is a lock that didn't get free.
		code, status = fault.Unavailable, http.StatusServiceUnavailable
	case a.status >= http.StatusInternalServerError:
		code = fault.Internal
	}
	a.Header().Del("Content-Length")
	problem.WriteStatus(a.ResponseWriter, fault.New(code, "media: upload"), status, text != "")
}

// Unwrap lets tusd reach the connection's deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
