package clear

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

// shownCopy is a public copy as the page shows it: As is picture, clip, sound or paper.
type shownCopy struct {
	portalapi.Rendition
	As, Label string
}

type fact struct{ Name, Value string }

func shown(m portalapi.Medium, l messages.Language) data {
	d := data{L: l, Medium: m, Can: map[string]bool{}, Moving: m.State == "sealed" || m.State == "examined", Name: m.File, Content: m.File != ""}
	if a := m.ErasureAsked; a != nil {
		d.AskedAt = shell.Time(a.At.Format(time.RFC3339), l)
	}
	if d.Name == "" {
		d.Name = m.ID
	}
	// The page's switch of language counts, not the browser's header.
	d.ReasonMessage = messages.End(m.Reason, l)
	for i, w := range m.Warnings {
		m.Warnings[i].Message = messages.Warning(w.Code, w.KM, w.Days, l)
	}
	for _, n := range m.Next {
		d.Can[n.Command] = true
	}
	if e := m.Examination; e != nil {
		d.Width, d.Height, d.Seconds = e.DisplayWidth, e.DisplayHeight, float64(e.DurationMS)/1000
	}
	main := -1
	for i, r := range m.Renditions {
		c := shownCopy{r, as(r.Type), copyLabel(r.Name, l)}
		d.Copies = append(d.Copies, c)
		if main < 0 || better(c, d.Copies[main]) {
			main = i
		}
	}
	if main >= 0 {
		c := d.Copies[main]
		d.Main = &c
		if i := slices.IndexFunc(d.Copies, func(c shownCopy) bool { return c.As == "paper" }); i >= 0 && c.As != "paper" {
			d.Paper = &d.Copies[i]
		}
		if d.Width == 0 {
			d.Width, d.Height = c.Width, c.Height
		}
	}
	d.Facts = facts(m, l)
	return d
}

// better says which of two copies is looked at first: one that moves before one that stands, a clip for every browser before the original's, the largest picture.
func better(a, b shownCopy) bool {
	rank := func(c shownCopy) int {
		switch {
		case c.Name == "h264":
			return 4
		case c.As == "clip":
			return 3
		case c.As == "picture" && c.Name != "animation":
			return 2
		}
		return 1
	}
	if rank(a) != rank(b) {
		return rank(a) > rank(b)
	}
	return a.Width > b.Width
}

func as(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	switch kind {
	case "image":
		return "picture"
	case "video":
		return "clip"
	case "audio":
		return "sound"
	}
	return "paper"
}

var copyLabels = map[string][2]string{
	"w320": {"小图", "small picture"}, "w1280": {"中图", "medium picture"}, "w2560": {"大图", "large picture"},
	"animation": {"动图", "animation"}, "clip": {"视频", "clip"}, "h264": {"视频（通用格式）", "clip for every browser"}, "poster": {"封面", "poster"},
	"sound": {"音频", "sound"}, "paper": {"PDF 文件", "PDF"},
}

func copyLabel(name string, l messages.Language) string {
	if s, ok := copyLabels[name]; ok {
		return s[l]
	}
	if n, ok := strings.CutPrefix(name, "page-"); ok {
		return [2]string{"第" + n + "页", "page " + n}[l]
	}
	if n, ok := strings.CutPrefix(name, "w"); ok {
		if _, err := strconv.Atoi(n); err == nil {
			return [2]string{"图片（" + n + " 像素）", "picture (" + n + " px)"}[l]
		}
	}
	return name
}

// facts are what the original says of itself, for the office's eyes: what a public copy doesn't say.
func facts(m portalapi.Medium, l messages.Language) []fact {
	var out []fact
	add := func(zh, en, value string) {
		if value != "" {
			out = append(out, fact{[2]string{zh, en}[l], value})
		}
	}
	add("类型", "type", messages.Term("kind", m.Kind, l)+[2]string{"，", ", "}[l]+format(m.Type))
	e := m.Examination
	if e == nil {
		return out
	}
	if e.DisplayWidth > 0 {
		add("尺寸", "size", strconv.Itoa(e.DisplayWidth)+" × "+strconv.Itoa(e.DisplayHeight))
	}
	if e.DurationMS > 0 {
		add("时长", "length", length(e.DurationMS))
	}
	if e.Pages > 0 {
		add("页数", "pages", strconv.Itoa(e.Pages))
	}
	add("拍摄时间", "taken", taken(e.TakenAt, l))
	add("设备", "camera", e.Camera)
	if p := e.Position; p != nil {
		add("位置", "position", strconv.FormatFloat(p.Lat, 'f', 5, 64)+"，"+strconv.FormatFloat(p.Lon, 'f', 5, 64))
	}
	add("公开副本中已去除", "gone from the public copies", strings.Join(private(e.Private, l), "、"))
	return out
}

// formats are those that people call otherwise than their media type.
var formats = map[string]string{"video/quicktime": "MOV", "audio/mp4": "M4A", "audio/mpeg": "MP3"}

// format says a media type as people do: JPEG for image/jpeg.
func format(mime string) string {
	if s, ok := formats[mime]; ok {
		return s
	}
	_, sub, _ := strings.Cut(mime, "/")
	return strings.ToUpper(strings.TrimPrefix(sub, "x-"))
}

func length(ms int64) string {
	s := (ms + 500) / 1000
	pad := func(n int64) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }
	if s >= 3600 {
		return strconv.FormatInt(s/3600, 10) + ":" + pad(s/60%60) + ":" + pad(s%60)
	}
	return strconv.FormatInt(s/60, 10) + ":" + pad(s%60)
}

type tag struct {
	part string
	word [2]string
}

// tags says in words what the standard names of tags stand for, by a part of the name; the first that fits counts.
var tags = []tag{
	{"GPS", [2]string{"位置", "position"}}, {"Location", [2]string{"位置", "position"}}, {"xyz", [2]string{"位置", "position"}},
	{"Date", [2]string{"时间", "time"}}, {"Time", [2]string{"时间", "time"}},
	{"CreatorTool", [2]string{"软件", "software"}}, {"Producer", [2]string{"软件", "software"}}, {"Compressor", [2]string{"软件", "software"}}, {"Handler", [2]string{"软件", "software"}}, {"Encod", [2]string{"软件", "software"}},
	{"Title", [2]string{"标题", "title"}}, {"Subject", [2]string{"说明", "description"}}, {"Description", [2]string{"说明", "description"}}, {"Comment", [2]string{"说明", "description"}}, {"Keywords", [2]string{"说明", "description"}},
	{"Serial", [2]string{"设备编号", "serial number"}}, {"Make", [2]string{"设备", "camera"}}, {"Model", [2]string{"设备", "camera"}}, {"Lens", [2]string{"设备", "camera"}}, {"Software", [2]string{"软件", "software"}},
	{"Artist", [2]string{"姓名", "names"}}, {"Author", [2]string{"姓名", "names"}}, {"Owner", [2]string{"姓名", "names"}}, {"Creator", [2]string{"姓名", "names"}}, {"Copyright", [2]string{"姓名", "names"}},
	{"Thumbnail", [2]string{"内嵌小图", "thumbnail"}},
}

// private says in words what isn't in the public copies, each once; a tag without words by its name.
func private(names []string, l messages.Language) []string {
	var out []string
	for _, name := range names {
		word := name
		if i := slices.IndexFunc(tags, func(t tag) bool { return strings.Contains(name, t.part) }); i >= 0 {
			word = tags[i].word[l]
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// taken writes the camera's clock, which mostly has no zone, as it is.
func taken(s string, l messages.Language) string {
	day, clock, ok := strings.Cut(s, "T")
	if !ok {
		return s
	}
	if i := strings.IndexAny(clock, "+-"); i > 0 {
		clock = clock[:i] + "（" + clock[i:] + "）"
	}
	return shell.Day(day, l) + " " + clock
}
