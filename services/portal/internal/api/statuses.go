package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/services/internal/fault"
)

// statusChecksum is tus's own: the bytes of a request aren't those of its Upload-Checksum.
const statusChecksum = 460

// What the routes answer that huma doesn't serve. The refusals of an upload are those of media/internal/uploads: 412 another version of tus, 429 an office that sends too much at once
// (Retry-After), 507 no room or the office's share is full. Whoever asks for an upload whose end was cut off brings it to its end first, and may be told that its bytes are refused (415, 422).
var (
	noUpload = []int{400, 401, 403, 404, 409, 412, 415, 422, 503}
	sending  = []int{400, 401, 403, 404, 409, 412, 413, 415, 422, 429, statusChecksum, 503, 507}
	noBytes  = []int{401, 403, 404, 405, 410, 416, 422, 503}
)

// answering lists an operation's statuses: what each means is in the table of errors.
func answering(o huma.Operation, well []int, refused []int) huma.Operation {
	o.Responses = map[string]*huma.Response{}
	for _, status := range well {
		o.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status)}
	}
	for _, status := range refused {
		o.Responses[strconv.Itoa(status)] = &huma.Response{Description: meaning(status), Content: map[string]*huma.MediaType{"application/problem+json": {}}}
	}
	return o
}

// meaning says why a status comes, in the words of the table of errors.
func meaning(status int) string {
	if status == statusChecksum {
		return "the bytes aren't those of Upload-Checksum; they were thrown away and can be sent again"
	}
	var said []string
	for _, c := range fault.Codes() {
		if e := fault.Lookup(c); e.Status == status {
			said = append(said, e.Meaning)
		}
	}
	if len(said) == 0 {
		return http.StatusText(status)
	}
	return strings.Join(said, "; ")
}
