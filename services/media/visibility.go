package media

import (
	"songshui.internal/events"
	"songshui.internal/services/internal/access"
)

// VisibleTo says who sees a medium from the beginning: its own office and the province. Others see what is cleared, with a case that holds it; see media/internal/sight.
func VisibleTo(s events.MediaState) []string {
	return []string{events.HolderOffice(s.Office), events.HolderSupervisor}
}

// Sees says whether the actor sees the medium from the beginning.
func Sees(a access.Actor, s events.MediaState) bool { return a.Sees(VisibleTo(s)) }

// SeesOriginal says whether the actor may look at the sealed original; each look is noted with its reason.
func SeesOriginal(a access.Actor, s events.MediaState) bool {
	return a.Of(s.Office) || a.Role == access.Supervisor
}
