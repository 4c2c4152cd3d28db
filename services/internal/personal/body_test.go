package personal

import (
	"fmt"
	"testing"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"text":"找王工13904310001","reason":"0431-82345678"}`:                            "[{reason personal_data } {text personal_data }]",
		`{"officers":[{"title":"甲"},{"certificate":"220102197001011234"}]}`:             "[{officers[1].certificate personal_data }]",
		`{"items":[{"measure":"13904310001","before":["13904310001"]}]}`:                "[{items[0].measure personal_data }]",
		`{"url":"https://a.example.cn/13904310001","media":[{"sha256":"13904310001"}]}`: "[]",
		`{"text":"已完成","on":"2026-06-30","funds_yuan":13904310001}`:                     "[]",
		``:      "[]",
		`{"a":`: "[]",
	} {
		if got := fmt.Sprint(Warnings([]byte(body))); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
