package clear

import (
	"net/http"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

type listed struct {
	L       messages.Language
	Cleared string
	Groups  []group
	// Title and Empty are in the words of who looks.
	Title, Empty string
	Uploads      bool
}

type group struct {
	Title, Help string
	Media       []tile
	More        bool
}

type tile struct {
	portalapi.Medium
	Picture string
}

// groups are the states in which an office's medium needs a person, most urgent first.
var groups = []struct{ state, zh, en, helpZH, helpEN string }{
	{"rendered", "待审看", "To be looked at", "公开副本已生成，审看后才对外公开。", "The public copies are there; nobody outside sees them before you have cleared them."},
	{"failed", "处理失败", "Failed", "原件已封存；请按所述原因处理，或重新处理。", "The original is sealed; see why, or try again."},
	{"waiting", "等待服务器", "Waiting for the server", "服务器装好所需程序后自动继续。", "They go on once a program is on the server."},
	{"examined", "正在生成公开副本", "Being rendered", "", ""},
	{"sealed", "正在查验", "Being examined", "", ""},
}

func showList(w http.ResponseWriter, r *http.Request) {
	if !known(w, r) {
		return
	}
	l := shell.Language(r)
	d := listed{L: l}
	if id := r.URL.Query().Get("cleared"); id != "" {
		if _, err := events.ParseMediaID(id); err == nil {
			d.Cleared = id
		}
	}
	if deciding(r) {
		asked, more, err := view.MediaToErase(r.Context(), front.Of(r.Context()).Client)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		if len(asked) > 0 {
			out := group{Title: [2]string{"待决定的清除申请", "Asked to be erased"}[l], Help: [2]string{"管理员和省级督导一方已申请，另一方决定；同意之前影像照旧保留。", "One of administrator and province has asked; the other decides. The media stay until then."}[l], More: more}
			for _, m := range asked {
				m.ReasonMessage = m.ErasureAsked.Reason
				if m.File == "" {
					m.File = messages.Term("office", m.Office, l)
				}
				out.Media = append(out.Media, tile{m, smallest(m)})
			}
			d.Groups = append(d.Groups, out)
		}
	}
	for _, g := range groups {
		if front.Of(r.Context()).Actor.Role == access.Admin {
			break // media's contents aren't an administrator's
		}
		media, more, err := view.MediaInState(r.Context(), front.Of(r.Context()).Client, g.state)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		if len(media) == 0 {
			continue
		}
		out := group{Title: [2]string{g.zh, g.en}[l], Help: [2]string{g.helpZH, g.helpEN}[l], More: more}
		for _, m := range media {
			m.ReasonMessage = messages.End(m.Reason, l)
			out.Media = append(out.Media, tile{m, smallest(m)})
		}
		d.Groups = append(d.Groups, out)
	}
	d.Title, d.Empty = [2]string{"审看影像", "Look and clear"}[l], [2]string{"没有待审看的影像。", "Nothing waits to be looked at."}[l]
	if front.Of(r.Context()).Actor.Role == access.Admin {
		d.Title, d.Empty = [2]string{"清除申请", "Erasure requests"}[l], [2]string{"没有待决定的清除申请。", "Nobody has asked for an erasure."}[l]
	}
	d.Uploads = front.Of(r.Context()).Actor.Role == access.Office
	shell.Show(w, r, http.StatusOK, list, d.Title, d)
}

// smallest gives the address of a medium's smallest picture, "" without one.
func smallest(m portalapi.Medium) string {
	var best *portalapi.Rendition
	for i, c := range m.Renditions {
		if as(c.Type) == "picture" && (best == nil || c.Width < best.Width) {
			best = &m.Renditions[i]
		}
	}
	if best == nil {
		return ""
	}
	return best.URL
}
