package clear

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
)

// deciding are the two roles that together have a medium erased.
func deciding(r *http.Request) bool {
	return slices.Contains([]access.Role{access.Admin, access.Supervisor}, front.Of(r.Context()).Actor.Role)
}

// erasures are the commands about an erasure, each a form of its own with a reason.
var erasures = map[string]bool{"ask-erasure": true, "withdraw-erasure": true, "erase": true}

// consequential are those that a person confirms besides.
func consequential(command string) bool { return command != "withdraw-erasure" }

// decision is one form about an erasure.
type decision struct {
	Command string
	// Confirm is the sentence that is ticked, empty for a step that takes nothing from anybody.
	Title, Help, Confirm, Button string
	Reason                       string
}

var decisions = []struct{ command, titleZH, titleEN, helpZH, helpEN, confirmZH, confirmEN, buttonZH, buttonEN string }{
	{"erase", "同意清除", "Agree", "同意后立即执行：原件和全部公开副本永久删除，任何人都无法恢复；记录只保留谁在何时因何清除。即使有案例正在使用，也会删除。", "It is done at once: the original and all public copies are deleted for good, and nobody can bring them back; the record keeps who, when and why. A case that holds it doesn't stop it.",
		"我已核对清除依据，知道删除后不能恢复", "I have checked the grounds and know that it can't be undone", "同意并永久清除", "Agree and erase for good"},
	{"ask-erasure", "申请清除本件", "Ask for erasure", "仅用于法院裁定、依法应予删除等情形。须由管理员和省级督导两人办理：一方申请，另一方同意后，原件和全部公开副本永久删除，不可恢复。同意之前，本件一切照旧，申请可以撤销。", "For a court’s order or where the law asks for it. It takes the administrator and the province: one asks, and when the other agrees, the original and all public copies are deleted for good. Until then nothing changes, and the ask can be taken back.",
		"我知道另一方同意后本件将永久删除", "I know that it is deleted for good once the other side agrees", "提交清除申请", "Ask for erasure"},
	{"withdraw-erasure", "撤销清除申请", "End the ask", "撤销后本件照旧保留；需要时可以重新申请。", "The medium stays as it is; erasure can be asked for anew.", "", "", "撤销申请", "End the ask"},
}

// asking gives the forms that this person may send now; entered is what a refused one held.
func (d *data) asking(command, entered string) {
	for _, c := range decisions {
		if !d.Can[c.command] {
			continue
		}
		pick := func(zh, en string) string { return [2]string{zh, en}[d.L] }
		out := decision{Command: c.command, Title: pick(c.titleZH, c.titleEN), Help: pick(c.helpZH, c.helpEN), Confirm: pick(c.confirmZH, c.confirmEN), Button: pick(c.buttonZH, c.buttonEN)}
		switch {
		case c.command == "ask-erasure" && d.ErasureAsked != nil:
			out.Title, out.Button = pick("更改申请理由", "Change the reason"), pick("更新申请", "Ask again")
		case c.command == "withdraw-erasure" && d.Can["erase"]:
			out.Title, out.Button = pick("不同意清除", "Decline"), pick("不同意，保留本件", "Decline and keep it")
			out.Help = pick("本件照旧保留，申请随之结束；需要时可以重新申请。", "The medium stays as it is and the ask is over; erasure can be asked for anew.")
		}
		if c.command == command {
			out.Reason = entered
		}
		d.Decisions = append(d.Decisions, out)
	}
}

// decide gives a command about an erasure and shows the medium after it.
func decide(w http.ResponseWriter, r *http.Request, id, name string) {
	if _, err := events.ParseMediaID(id); err != nil {
		shell.Fail(w, r, fault.New(fault.NotFound, "portal: medium"))
		return
	}
	reason := r.PostFormValue("reason")
	if consequential(name) && r.PostFormValue("confirm") == "" {
		undecided(w, r, id, name, reason, nil)
		return
	}
	body, err := json.Marshal(map[string]string{"reason": reason})
	if err == nil {
		_, err = view.CommandMedium(r.Context(), front.Of(r.Context()).Client, id, name, "", body)
	}
	if err != nil {
		undecided(w, r, id, name, reason, err)
		return
	}
	http.Redirect(w, r, "/look/"+url.PathEscape(id), http.StatusSeeOther)
}

// undecided shows the page with the reason as entered; without a refusal the tick was missing.
func undecided(w http.ResponseWriter, r *http.Request, id, name, reason string, refused error) {
	m, err := view.MediumByID(r.Context(), front.Of(r.Context()).Client, id)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	d := shown(m, shell.Language(r))
	d.Rows = rowsOf(m.Areas, m.Proposed)
	d.asking(name, reason)
	status := http.StatusUnprocessableEntity
	if refused == nil {
		d.Undecided = []string{[2]string{"请先勾选确认。", "Please tick the confirmation first."}[d.L]}
	} else {
		f := fault.Of(refused)
		status, d.Undecided = fault.Lookup(f.Code).Status, said(f, d.L)
	}
	write(w, r, status, d)
}

// said puts a refusal in words, one for each wrong field.
func said(f *fault.Error, l messages.Language) []string {
	var out []string
	for _, w := range f.Fields {
		out = append(out, messages.Field(w, l))
	}
	if len(out) > 0 {
		return out
	}
	out = []string{messages.Title(f.Code, l)}
	if more := messages.Detail(f, l); more != "" {
		out = append(out, more)
	}
	return out
}
