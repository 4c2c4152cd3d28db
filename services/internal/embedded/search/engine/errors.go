package engine

import (
	"errors"
	"fmt"
)

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

// CodeUnsupported is of what Meilisearch does and this engine doesn't; no Meilisearch gives it.
const CodeUnsupported = "not_supported"

// Unsupported makes an Error with that code.
func Unsupported(format string, args ...any) *Error {
	return Errorf(CodeUnsupported, format+" is not supported by this engine.", args...)
}

// At says at which member of a request an error is, with a code unless it has that of Unsupported.
func At(member, code string, err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeUnsupported {
		code = CodeUnsupported
	}
	return Errorf(code, "Invalid value at `.%s`: %v", member, err)
}
