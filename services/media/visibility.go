package media

import (
	"songshui.internal/events"
	"songshui.internal/services/internal/access"
)

// VisibleTo says who may see a medium: its own office and the province. Readers see nothing before a person has cleared the public copies, which a later
// step adds here.
func VisibleTo(s events.MediaState) []string {
	return []string{events.HolderOffice(s.Office), events.HolderSupervisor}
}

// Sees says whether the actor may see the medium.
func Sees(a access.Actor, s events.MediaState) bool { return a.Sees(VisibleTo(s)) }

// SeesOriginal says whether the actor may look at the sealed original; each look is noted with its reason.
func SeesOriginal(a access.Actor, s events.MediaState) bool {
	return a.Of(s.Office) || a.Role == access.Supervisor
}
