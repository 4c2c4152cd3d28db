package messages

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
)

// TestEveryWordOfAReturn covers facts, states, what is shown, commands and reminders of monthly returns.
func TestEveryWordOfAReturn(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^songshui\.(return|table)\.([a-z-]+)\.v\d+$`)
	n := 0
	for _, e := range events.Default.Types() {
		if m := form.FindStringSubmatch(e.Name); m != nil {
			n++
			bilingual(t, m[2], terms["return_fact"][m[2]])
		}
	}
	for _, s := range []events.ReturnStatus{events.ReturnRunning, events.ReturnFiled, events.ReturnReceived, events.ReturnReturned, events.ReturnRecognised} {
		bilingual(t, string(s), terms["return_state"][string(s)])
	}
	for _, s := range oversightapi.Shown() {
		n++
		bilingual(t, s, terms["return_shown"][s])
	}
	for name, s := range constants(parse(t, "oversight")) {
		for prefix, kind := range map[string]string{"RemindFirst": "return_reminder", "RemindSecond": "return_reminder", "RemindBefore": "return_reminder", "Punctual": "punctual"} {
			if strings.HasPrefix(name, prefix) {
				n++
				bilingual(t, name, terms[kind][s])
			}
		}
	}
	for _, f := range parse(t, "oversight") {
		ast.Inspect(f, func(node ast.Node) bool {
			if spec, ok := node.(*ast.ValueSpec); ok && spec.Names[0].Name == "returnTrack" {
				for _, row := range spec.Values[0].(*ast.CompositeLit).Elts {
					name := literal(row.(*ast.CompositeLit).Elts[0].(*ast.KeyValueExpr).Value)
					n++
					bilingual(t, "command "+name, terms["return_command"][name])
				}
			}
			return true
		})
	}
	if n != 10+7+6+6 {
		t.Errorf("%d words looked for", n)
	}
	if zh := Detail(&fault.Error{Code: fault.WrongState, Detail: "filed"}, Chinese); zh != "当前状态：待省收。" {
		t.Error(zh)
	}
	if zh := Field(fault.Field{Field: "cases[1]", Code: "not_in_month"}, Chinese); zh != "第2项案例：该案例在本月没有刊播" {
		t.Error(zh)
	}
}
