package cli

import "testing"

func TestSpeaksEnglish(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag Lang
		env  map[string]string
		want bool
	}{
		{"", nil, false},
		{"en", nil, true},
		{"", map[string]string{"LANG": "en_US.UTF-8"}, true},
		{"", map[string]string{"LANG": "C.UTF-8"}, false},
		{"", map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, false},
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB"}, true},
		{"", map[string]string{"LANG": "en_US.UTF-8", "SONGSHUI_LANG": "zh"}, false},
		{"zh", map[string]string{"LANG": "en_US.UTF-8", "SONGSHUI_LANG": "en"}, false},
	} {
		if got := speaksEnglish(c.flag, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("--lang %q with %v: %v", c.flag, c.env, got)
		}
	}
}
