package refs_test

import (
	"testing"

	"songshui.internal/services/intake/internal/refs"
)

func TestKey(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"长安委办曝〔2026〕1号", "长安委办曝（2026）1号", "长安委办曝(2026)1号", "长安委办曝[2026]1号", "长安委办曝【2026】1号", " 长安委办曝 〔２０２６〕１号　"},
		{"梅安委办曝2026－02", "梅安委办曝2026-02", "梅安委办曝2026—02", "梅安委办曝2026–02"},
		{"TH/2026/0701", "th/2026/0701", "ＴＨ／2026／0701"},
	} {
		for _, ref := range same[1:] {
			if refs.Key(ref) != refs.Key(same[0]) {
				t.Errorf("%q gives %q, %q gives %q", ref, refs.Key(ref), same[0], refs.Key(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"第1号", "1号"}, {"01号", "1号"}, {"曝1", "曝2"}} {
		if refs.Key(other[0]) == refs.Key(other[1]) {
			t.Errorf("%q and %q are one", other[0], other[1])
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("长安委办曝〔2026〕1号")
	f.Add("ꮉ")
	f.Fuzz(func(t *testing.T, s string) {
		if k := refs.Key(s); refs.Key(k) != k {
			t.Errorf("%q: the key of a key differs: %q, %q", s, k, refs.Key(k))
		}
	})
}
