package messages

import (
	"strconv"
	"strings"
)

// Warning gives the words for what a person should look at in a medium; km and days are its figures.
func Warning(code string, km float64, days int, l Language) string {
	t, ok := warnings[code]
	if !ok {
		t = text{"有需要注意的情况：" + code, "something to look at: " + code}
	}
	return strings.NewReplacer("{km}", strconv.FormatFloat(km, 'f', -1, 64), "{days}", strconv.Itoa(days)).Replace(t.in(l))
}

var warnings = map[string]text{
	"far_from_case":           {"拍摄地点距案例位置 {km} 公里，请核对", "taken {km} km from the case's place"},
	"taken_long_before":       {"拍摄时间早于发现日期 {days} 天，请核对", "taken {days} days before the problem was found"},
	"taken_after_publication": {"拍摄时间晚于首次刊播 {days} 天，请核对", "taken {days} days after the first publication"},
	"same_bytes":              {"与另一件影像完全相同", "has the same bytes as another medium"},
	"looks_like":              {"与另一件影像画面相似", "looks like another medium"},
	"no_metadata":             {"没有任何拍摄信息，无法佐证时间和地点", "holds no metadata at all: nothing speaks for time and place"},
	"clock_never_set":         {"相机时钟未设置，拍摄时间不可信", "the camera's clock was never set"},
	"broke_off":               {"录制中途断掉，末段不完整，公开副本中没有这一段", "the recording broke off; its unfinished end isn't in the public copy"},
	"active_content":          {"文件含有脚本或启动动作，公开副本中已去除", "the paper holds scripts or actions; they aren't in the public copy"},
	"encrypted":               {"文件已加密，无法查验内容", "the paper is encrypted; nobody can say what is in it"},
}
