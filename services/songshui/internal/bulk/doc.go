// Package bulk is an office's work in bulk over the public HTTP interface: submitting the lines of a cases file with their
// media, and taking the lines of a follow-ups file through the rectification track on the days given there (补录).
// The command line and the demo use it; it has no other way in than an office has.
//
// What is found wrong here is said as the portal says it, in the client's language. Both go on past refused lines, resume what broke, and may be run again: what is there already is `exists`.
package bulk

import (
	"bytes"
	"errors"
	"strings"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/portalapi"
)

// Statuses of a line.
const (
	Accepted = "accepted"
	Exists   = "exists"
	Refused  = "refused"
)

// Line is the report on one input line.
type Line struct {
	// Line counts from 1.
	Line   int                    `json:"line"`
	Ref    string                 `json:"ref"`
	ID     string                 `json:"id,omitempty"`
	Status string                 `json:"status"`
	Errors []portalapi.FieldError `json:"errors"`
	// Sequence is that of the case's stream, for an own write to be waited for; not part of the report.
	Sequence uint64 `json:"-"`
	// Media are the ids of the media that the line named.
	Media []string `json:"-"`
	// Warnings don't refuse a line.
	Warnings []portalapi.FieldError `json:"warnings,omitempty"`
}

// Lines splits a file at LF by bytes, since a line may not be valid UTF-8; blank lines are nil, so that numbers stay.
func Lines(data []byte) [][]byte {
	lines := bytes.Split(data, []byte("\n"))
	for i, l := range lines {
		l = bytes.TrimSuffix(l, []byte("\r"))
		if len(bytes.TrimSpace(l)) == 0 {
			l = nil
		}
		lines[i] = l
	}
	return lines
}

// refused makes the report of a refusal; any other error is passed on: it isn't the line's.
func refused(l Line, err error) (Line, error) {
	var p *portalapi.Problem
	if !errors.As(err, &p) || portalapi.Away(err) {
		return l, err
	}
	l.Status, l.Errors = Refused, p.Errors
	if len(l.Errors) == 0 {
		l.Errors = []portalapi.FieldError{{Code: p.Code, Message: p.Title}}
	}
	return l, nil
}

// wrong gives a wrong field in the portal's words.
func wrong(c *portalapi.Client, field, code string) portalapi.FieldError {
	return portalapi.Wrong(fault.Field{Field: field, Code: code}, c.Language)
}

// words are those that the portal has no use for.
type words struct{ zh, en string }

var (
	noSuchFile = words{"影像文件夹中没有这个文件", "the media folder has no such file"}
	noAccount  = words{"没有可以办理这一步的账号", "none of the accounts may take this step"}
	// backdateReason is what a follow-up is entered for. It is kept with the record, so it is Chinese whatever the client speaks.
	backdateReason = "整改已在纸面办理，按档案补录"
)

func (w words) to(c *portalapi.Client) string {
	if strings.HasPrefix(c.Language, "en") {
		return w.en
	}
	return w.zh
}
