// Package problem writes a refusal on media's internal listener: fault.Error as JSON, marked by a header, for portal to put into words (RFC 9457, in the reader's
// language). It owns nothing.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
)

// HeaderFault marks a body that is a fault.Error.
const HeaderFault = mediaapi.HeaderFault

// retryAfter is what a client waits before it tries again, in seconds.
const retryAfter = 2

// quotaAfter is the same where somebody must make room first.
const quotaAfter = 3600

// Header gives the headers of a refusal.
func Header(f *fault.Error) map[string]string {
	h := map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", HeaderFault: "1"}
	if fault.Lookup(f.Code).Retry {
		h["Retry-After"] = strconv.Itoa(retryAfter)
	}
	if f.Code == fault.Quota {
		h["Retry-After"] = strconv.Itoa(quotaAfter)
	}
	return h
}

// Write answers with the refusal in err; any other error is internal and shows nothing of itself.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	WriteStatus(w, f, fault.Lookup(f.Code).Status, r.Method != http.MethodHead)
}

// WriteStatus answers with a status other than the table's, where a protocol asks for it; body false is for HEAD.
func WriteStatus(w http.ResponseWriter, f *fault.Error, status int, body bool) {
	wait := w.Header().Get("Retry-After")
	for k, v := range Header(f) {
		w.Header().Set(k, v)
	}
	if wait != "" { // the caller knows how long
		w.Header().Set("Retry-After", wait)
	}
	w.WriteHeader(status)
	if !body {
		return
	}
	data, err := json.Marshal(f)
	if err == nil {
		_, _ = w.Write(data)
	}
}
