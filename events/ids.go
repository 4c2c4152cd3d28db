package events

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// CaseID names a case 案例 and its rectification: 26 characters of lower-case base32 (a–z, 2–7).
type CaseID string

// MediaID names a medium: 26 characters of lower-case base32.
type MediaID string

// OfficeSlug names a prefecture office, e.g. changchun; lower-case letters, at most 32.
type OfficeSlug string

// OutletID names an outlet 媒体 of the province's list, e.g. cc-tv.
type OutletID string

// AccountID names an account; events carry it instead of a name, which lives with the account alone.
type AccountID string

// ErrBadID says that a string is no identifier of the kind asked for.
var ErrBadID = errors.New("events: not an identifier")

var (
	idPattern   = regexp.MustCompile(`^[a-z2-7]{26}$`)
	slugPattern = regexp.MustCompile(`^[a-z]{2,32}$`)
)

// derive gives the first 26 characters (130 bits) of the base32 SHA-256 over the parts, NUL between them.
func derive(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))[:26]
}

// CaseIDFor derives a case's id from the office and its normalised reference at first submission, so the same case sent twice is one case.
func CaseIDFor(office OfficeSlug, refKey string) CaseID {
	return CaseID(derive(string(office), refKey))
}

// MediaIDFor derives a medium's id from the office, the hash of its bytes (lower-case hex) and its cleaned name.
func MediaIDFor(office OfficeSlug, sha256hex, name string) MediaID {
	return MediaID(derive(string(office), sha256hex, name))
}

// ParseCaseID checks the form of a case id.
func ParseCaseID(s string) (CaseID, error) {
	if !idPattern.MatchString(s) {
		return "", fmt.Errorf("%w: case %q", ErrBadID, s)
	}
	return CaseID(s), nil
}

// ParseMediaID checks the form of a medium's id.
func ParseMediaID(s string) (MediaID, error) {
	if !idPattern.MatchString(s) {
		return "", fmt.Errorf("%w: medium %q", ErrBadID, s)
	}
	return MediaID(s), nil
}

// ParseOfficeSlug checks the form of an office's slug, not that the office exists.
func ParseOfficeSlug(s string) (OfficeSlug, error) {
	if !slugPattern.MatchString(s) {
		return "", fmt.Errorf("%w: office %q", ErrBadID, s)
	}
	return OfficeSlug(s), nil
}
