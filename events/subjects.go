package events

import (
	"fmt"
	"strings"
)

// CaseSubject is where a case's facts go: case.<office>.<id>.
func CaseSubject(office OfficeSlug, id CaseID) string {
	return "case." + string(office) + "." + string(id)
}

// MediaSubject is where a medium's facts go: media.<office>.<id>.
func MediaSubject(office OfficeSlug, id MediaID) string {
	return "media." + string(office) + "." + string(id)
}

// RectificationSubject is where a rectification's facts go; it has the id of its case.
func RectificationSubject(office OfficeSlug, id CaseID) string {
	return "rectification." + string(office) + "." + string(id)
}

// ReturnSubject is where a monthly return's facts go: return.<office>.<yyyy-mm>.
func ReturnSubject(office OfficeSlug, month Month) string {
	return "return." + string(office) + "." + string(month)
}

// SearchSubject is where a saved search's facts go: search.<account>.<id>.
func SearchSubject(account AccountID, id SearchID) string {
	return "search." + string(account) + "." + string(id)
}

// TableSubject is where the editions of a month's table go.
func TableSubject(month Month) string { return "table.province." + string(month) }

// TimerSubject is where a service's schedule for a record stands, DueSubject where it is delivered; record is the record's own subject.
func TimerSubject(service, record string) string { return "timer." + service + "." + record }

// DueSubject is where a fired schedule is delivered: due.<service>.<the record's subject>.
func DueSubject(service, record string) string { return "due." + service + "." + record }

// RegistrySubject is where a registry record's facts go: registry.<kind>.<id>.
func RegistrySubject(kind, id string) string { return "registry." + kind + "." + id }

// NoticeAccount is a plain message, no fact: registry says that the account in its body has changed, so that portals forget what they remember of it.
const NoticeAccount = "notice.registry.account"

// AccessSubject is where a service's access entries of one kind go: access.<service>.<kind>.
func AccessSubject(service, kind string) string { return "access." + service + "." + kind }

// AnyOffice makes a filter for one id whose office isn't known, e.g. case.*.<id>. A read may use it; an expectation never (see bus).
func AnyOffice(noun, id string) string { return noun + ".*." + id }

// SplitSubject gives the noun, office and id of a record's subject.
func SplitSubject(subject string) (noun string, office OfficeSlug, id string, err error) {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return "", "", "", fmt.Errorf("events: %q is no record's subject", subject)
	}
	return parts[0], OfficeSlug(parts[1]), parts[2], nil
}
