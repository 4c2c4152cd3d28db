package personal

import "testing"

func TestIn(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"联系人手机13904310001": true, "139-0431-0001 王": true, "电话0431-82345678。": true, "（0434）3612345": false, "04343612345": true,
		"身份证220102197001011234": true, "22010219700101123X": true,
		"": false, "本月无刊播": false, "四安委办〔2026〕6号，罚款 120000 元": false, "91220101MA0000000X": false, "2026-06-30 23:50": false, "1234567890123": false,
	} {
		if got := In(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
