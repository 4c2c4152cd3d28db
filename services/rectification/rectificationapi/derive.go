package rectificationapi

import (
	"songshui.internal/events"
	"songshui.internal/services/rectification"
)

// What rectification derives, for services that follow its stream: the same rules as in the answers above.
type (
	// Numbers are the rules and the calendar that clocks go by.
	Numbers = rectification.Numbers
	// Derived is what is derived of a rectification for one day.
	Derived = rectification.View
	// ExtensionView is an extension with its flag.
	ExtensionView = rectification.ExtensionView
	// SiteCheck is the office's clock.
	SiteCheck = rectification.SiteCheck
	// AwaitingMedia is the media's clock.
	AwaitingMedia = rectification.AwaitingMedia
	// ItemView is an item of the day.
	ItemView = rectification.ItemView
	// ListingQuestion is the province's clock for a major case.
	ListingQuestion = rectification.ListingQuestion
)

// Derive tells how a rectification stood at the end of a day; see rectification.Derive.
func Derive(s events.RectificationState, n Numbers, asOf events.Day) Derived {
	return rectification.Derive(s, n, asOf)
}

// SetByOpened marks a due day that came with the opening.
const SetByOpened = rectification.SetByOpened

// StateOn gives its state at the end of a day; "" before the exposure.
func StateOn(s events.RectificationState, day events.Day) events.RectificationStatus {
	return rectification.StateOn(s, day)
}

// Kinds of reminders in RectificationState.Reminders, for whoever tells people of them.
const (
	RemindFirst   = rectification.RemindFirst
	RemindSecond  = rectification.RemindSecond
	RemindToday   = rectification.RemindToday
	RemindTalk    = rectification.RemindTalk
	RemindAgain   = rectification.RemindAgain
	RemindListing = rectification.RemindListing
)

// ListingDue is the day by which the province says whether a major case is listed, or why not; see rectification.Numbers.
func ListingDue(s events.RectificationState, n Numbers) events.Day { return n.ListingDue(s) }

// Commands are the commands of the rectification track.
func Commands() (out []string) {
	for _, t := range rectification.Track() {
		out = append(out, t.Name)
	}
	return out
}

// Fields are those of a command's body for a major hazard, which differs from a general one's in what is required alone; none for a command that there isn't.
func Fields(command string) []rectification.Field {
	for _, t := range rectification.Track() {
		if t.Name == command {
			return t.Fields(true)
		}
	}
	return nil
}
