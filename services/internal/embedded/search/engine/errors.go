package engine

import "fmt"

// Error is a refusal in Meilisearch's words. Code is one of its error codes; the server adds status, type and link.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
