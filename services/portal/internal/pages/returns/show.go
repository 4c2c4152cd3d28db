package returns

import (
	"net/http"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/board"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

type data struct {
	L      messages.Language
	Return oversightapi.Return
	// Supervisor says who looks; Me is the caller's account, People those of the office where the caller may see them.
	Supervisor bool
	Me         events.AccountID
	People     []registryapi.Account
	// Wrong is a refusal that belongs to no field.
	Wrong []string
	form  form
	cases map[events.CaseID]oversightapi.Row
}

func write(w http.ResponseWriter, r *http.Request, status int, f form) {
	ctx, c := r.Context(), front.Of(r.Context())
	office, month := events.OfficeSlug(r.PathValue("office")), events.Month(r.PathValue("month"))
	got, err := ask(ctx).Get(ctx, office, month)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	d := data{L: shell.Language(r), Return: got, Supervisor: c.Actor.Role == access.Supervisor, Me: c.Actor.Account, form: f, cases: map[events.CaseID]oversightapi.Row{}}
	named, err := board.Exposed(ctx, office, month)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	for _, row := range named {
		d.cases[row.Case] = row
	}
	if c.Actor.Of(office) && c.Actor.Has(access.Signer) {
		if d.People, err = (registryapi.Client{Client: c.Client}).Accounts(ctx); err != nil {
			shell.Fail(w, r, err)
			return
		}
		d.People = slices.DeleteFunc(d.People, func(a registryapi.Account) bool { return a.Disabled || a.Role != access.Office || a.Office != office })
	}
	if f.refused != nil {
		d.Wrong = unplaced(f, d.L)
	}
	shell.Show(w, r, status, page, messages.Term("office", string(office), d.L)+" "+string(month), d)
}

// unplaced gives a refusal's words that stand beside no field of a form.
func unplaced(f form, l messages.Language) []string {
	if f.refused.Code != fault.Invalid {
		return people.Words(f.refused, l)
	}
	if !slices.ContainsFunc(f.refused.Fields, func(w fault.Field) bool { return w.Code != personal.Code }) {
		if l == messages.English {
			return []string{"Not sent yet: a text looks as if it held a telephone or identity number. Look at it, then send it again."}
		}
		return []string{"尚未提交：文字中疑似含有电话或身份证号码。请核对，然后再次提交。"}
	}
	rest := *f.refused
	rest.Fields = slices.DeleteFunc(slices.Clone(rest.Fields), func(w fault.Field) bool {
		return slices.Contains(single, w.Field) || w.Field == "cases" || nth.MatchString(w.Field)
	})
	if len(rest.Fields) > 0 {
		return people.Words(&rest, l)
	}
	return []string{messages.Title(fault.Invalid, l)}
}

// Next says whether a command may be given now.
func (d data) Next(command string) bool {
	for _, n := range d.Return.Next {
		if n.Command == command {
			return true
		}
	}
	return false
}

// Why gives the words for what can't be given now.
func (d data) Why(code fault.Code, detail string) string {
	return messages.Detail(&fault.Error{Code: code, Detail: detail}, d.L)
}

// Case names a case; one that is withdrawn or of another month by its id alone.
func (d data) Case(id events.CaseID) oversightapi.Row {
	if row, ok := d.cases[id]; ok {
		return row
	}
	return oversightapi.Row{Case: id, Title: string(id[:min(8, len(id))])}
}

// Person names whoever signed a filing or answers for it.
func (d data) Person(id events.AccountID) string { return d.Return.Names[id] }

// Signers are the accounts that may sign.
func (d data) Signers() []registryapi.Account {
	return slices.DeleteFunc(slices.Clone(d.People), func(a registryapi.Account) bool {
		return len(a.Duties) > 0 && !slices.Contains(a.Duties, access.Signer)
	})
}

// Addable are the published cases that the return doesn't hold.
func (d data) Addable() []events.CaseID {
	return slices.DeleteFunc(slices.Clone(d.Return.Published), func(id events.CaseID) bool { return slices.Contains(d.Return.Held, id) })
}

// Ticked says whether a case is ticked: all are until something was sent.
func (d data) Ticked(command string, id events.CaseID) bool {
	return !d.form.of(command) || slices.Contains(d.form.cases, string(id))
}

// Form gives a command's part of the template.
func (d data) Form(command string) map[string]any {
	return map[string]any{"D": d, "L": d.L, "C": command, "Key": newKey(), "Open": d.form.of(command), "Sure": d.form.of(command) && d.form.Sure}
}

// Value is what was entered for a field of a command.
func (d data) Value(command, field string) string {
	if d.form.of(command) {
		return d.form.values[field]
	}
	if field == "signed_by" || field == "contact" {
		return string(d.Me)
	}
	return ""
}

// Reason is what was entered for one case.
func (d data) Reason(id events.CaseID) string { return d.form.reasons[string(id)] }

// Bad gives the words for a wrong field of a command.
func (d data) Bad(command, field string) string { return d.form.wrong(command, field, "", d.L) }

// BadCase gives the words for a case of a command that is wrong.
func (d data) BadCase(command string, id events.CaseID) string {
	return d.form.wrong(command, "cases", string(id), d.L)
}
