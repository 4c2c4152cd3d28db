// Package api is the HTTP interface under /api/v1 and its OpenAPI document. huma routes and describes; bodies are passed on as
// they came, for the service that owns the record to decode and check, so that each wrong field is named with its code.
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/portalapi"
)

// DocumentPath is where the OpenAPI document is; it needs no account.
const DocumentPath = documentPath + ".json"

const documentPath = "/api/openapi"

// Version is of the interface, not of the program.
const Version = "1.0.0"

const description = `Cases of the 专题行, their rectification, their media and the search. Errors are problems (RFC 9457) with one entry per wrong field; see the schema Problem.

Uploads: tus 1.0 at /files (core, creation, creation-with-upload, termination, checksum with sha256, expiration; OPTIONS tells so), Upload-Metadata filename (required) and sha256 (hex, optional);
the last answer and every HEAD after it carry Songshui-Media-Id; Upload-Expires says until when an unfinished one is kept. Bytes of media: /media/{id}/{rendition}.

A medium is sealed, examined, rendered (its public copies are there), and cleared once a person of its office has looked; outside the office and the province it exists only then, with a case that
they see. waiting says that a program is missing on the server (missing), failed that no public copy can be made (reason, reason_message). An original is read with ?reason=, which is noted.

` + mediaapi.Limits

func init() {
	// huma's own refusals (body too large, unreadable) take the same form as ours.
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		code := fault.BadParameter
		switch status {
		case http.StatusBadRequest: // a body that isn't there
			code = fault.Malformed
		case http.StatusRequestEntityTooLarge:
			code = fault.BodyTooLarge
		case http.StatusNotFound:
			code = fault.NotFound
		case http.StatusRequestTimeout:
			code = fault.SlowDown
		case http.StatusInternalServerError:
			code = fault.Internal
		}
		return problem{front.Problem(ctx.Context(), &fault.Error{Code: code, Op: "portal: " + msg})}
	}
}

// problem lets huma write ours.
type problem struct{ *portalapi.Problem }

func (p problem) GetStatus() int               { return p.Status }
func (p problem) ContentType(string) string    { return "application/problem+json" }
func (p problem) MarshalJSON() ([]byte, error) { return json.Marshal(p.Problem) }

// refuse turns a refusal into huma's error.
func refuse(ctx context.Context, err error) error {
	p := front.Problem(ctx, err)
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="songshui"`)
	}
	front.Log(ctx, p, err)
	return huma.ErrorWithHeaders(problem{p}, h)
}

// Register adds the interface's routes to mux. Callers without an account are refused before it; see front.Signed.
func Register(mux *http.ServeMux, lists Lists) {
	config := huma.DefaultConfig("Songshui 松水", Version)
	config.Info.Description = description
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = documentPath, "", ""
	config.CreateHooks = nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	a := humago.New(mux, config)
	registerAccount(a)
	registerAccounts(a)
	registerPeople(a)
	registerNumbers(a, lists)
	registerBoard(a)
	registerInbox(a)
	registerCases(a)
	registerReturns(a)
	registerMedia(a)
	registerSearch(a)
	registerSearches(a)
	for _, o := range append(slices.Clone(elsewhere), tableRoutes...) {
		a.OpenAPI().AddOperation(&o)
	}
}

// elsewhere are routes that huma doesn't serve: they are described with the rest.
var elsewhere = []huma.Operation{
	answering(huma.Operation{OperationID: "create-upload", Method: http.MethodPost, Path: "/files", Summary: "tus: create an upload (Upload-Length, Upload-Metadata); may carry the first bytes; bytes that the office has sealed already are not asked for again"}, []int{201}, sending),
	answering(huma.Operation{OperationID: "send-bytes", Method: http.MethodPatch, Path: "/files/{upload}", Summary: "tus: send bytes at Upload-Offset; the last answer carries Songshui-Media-Id"}, []int{204}, sending),
	answering(huma.Operation{OperationID: "upload-offset", Method: http.MethodHead, Path: "/files/{upload}", Summary: "tus: how many bytes are durable"}, []int{200}, noUpload),
	answering(huma.Operation{OperationID: "end-upload", Method: http.MethodDelete, Path: "/files/{upload}", Summary: "tus: give an upload up"}, []int{204}, noUpload),
	answering(huma.Operation{OperationID: "get-bytes", Method: http.MethodGet, Path: "/media/{id}/{rendition}", Summary: "a rendition's bytes by its id (or by its name, for the present one), with ranges and a strong ETag; 410 for a replaced one and for a withdrawn case's; “original” needs ?reason= and is noted"}, []int{200, 206, 304}, noBytes),
	{OperationID: "feed", Method: http.MethodGet, Path: "/feeds/{file}", Summary: "an account's inbox, or what a saved search told, as an Atom feed, by an address that POST /api/v1/inbox/feed or /api/v1/searches/{id}/feed made"},
	{OperationID: "feed-of-cases", Method: http.MethodGet, Path: "/feeds/{token}/cases.atom", Summary: "the exposed cases that the account may see, the latest published first, as an Atom feed, by the address of its inbox's feed; office, sector and enterprise narrow it, each as often as needed"},
	{OperationID: "events", Method: http.MethodGet, Path: "/api/v1/events", Summary: "server-sent events of the caller: told, with {search, case} as data; Last-Event-ID goes on where a line broke"},
	{OperationID: "alive", Method: http.MethodGet, Path: "/livez", Summary: "the process answers"},
	{OperationID: "ready", Method: http.MethodGet, Path: "/readyz", Summary: "each backing and service: ok, or what is wrong (503)"},
}

// operation fills in what all operations share.
func operation(method, path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: portal.MaxBody, SkipValidateBody: true, SkipValidateParams: true, BodyReadTimeout: -1,
		Errors: []int{400, 401, 403, 404, 409, 410, 413, 422, 503}}
}

type answer[T any] struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func answered[T any](status int, body T) *answer[T] {
	return &answer[T]{Status: status, CacheControl: "no-store", Body: body}
}

func registerAccount(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/me", "me", "the account of the token"), func(ctx context.Context, _ *struct{}) (*answer[portalapi.Me], error) {
		c := front.Of(ctx)
		me := portalapi.Me{Account: string(c.Actor.Account), Name: c.Name, Role: string(c.Actor.Role), Duties: []string{}, Office: string(c.Actor.Office), Outlet: string(c.Actor.Outlet)}
		for _, d := range c.Actor.Duties {
			me.Duties = append(me.Duties, string(d))
		}
		return answered(http.StatusOK, me), nil
	})
}
