package messages

// End gives the words for why a medium's way ended, and what a person can do about it; code is the reason in the medium's record. Reasons that people wrote come back as they are.
func End(code string, l Language) string {
	t, ok := ends[code]
	switch {
	case !ok:
		return code
	case l == English:
		return "The file " + t.en
	}
	return t.zh
}

// ofFile are the words for a refused upload where those for fields say something else.
var ofFile = map[string]bool{"too_long": true, "too_many_pages": true, "too_many_pixels": true, "too_many_frames": true, "too_demanding": true, "empty": true}

// ends are refusals of a file and other ends of its way. A test holds the figures against the limits in words.
var ends = map[string]text{
	"empty":              {"文件是空的，请重新选择", "is empty; choose it again"},
	"damaged":            {"文件已损坏或不完整，请重新导出后上传", "is damaged or cut off; export and upload it again"},
	"too_many_pixels":    {"图片像素超过上限（一亿像素，动图各帧合计四亿），请缩小后上传", "has more than 100 megapixels (400 over all frames); make it smaller"},
	"too_many_frames":    {"动图超过 5000 帧，请截短或改为视频上传", "has more than 5000 frames; cut it or upload a clip"},
	"metadata_too_large": {"附带信息过大，请另存后上传", "holds too much metadata; save it anew"},
	"too_demanding":      {"无法在限度内处理，请另存为常见格式或缩小、缩短后上传", "can't be worked on within the limits; save it in an ordinary form, smaller or shorter"},
	"too_long":           {"时长超过 3 小时，请分段上传", "is longer than 3 h; upload it in parts"},
	"too_many_pages":     {"超过 500 页，请分册上传", "has more than 500 pages; upload it in parts"},
	"encrypted":          {"文件已加密，请去除加密或密码后重新上传", "is encrypted; take the encryption or the password off and upload it again"},
	"active_content":     {"文件中的脚本或动作无法去除，请打印为新的 PDF 后上传", "holds scripts or actions that can't be taken out; print it into a new PDF"},
	"not_for_this_kind":  {"这类文件不能遮挡，请将该页另存为图片后上传", "can't have areas hidden; upload a picture of the page"},
	"unsupported_type":   {"不接受此类文件，请转换为常见格式后上传", "is of a type that isn't taken; convert it"},
	"body_too_large":     {"文件超过大小上限", "is over the size limit"},
	"internal":           {"处理时出错，请重新处理；仍然失败请告知管理员", "couldn't be worked on; try again, and tell the administrator if that fails"},
	"untaken":            {"三十天内没有案例采用，已释放", "was released: no case took it within 30 days"},
	"bytes_gone":         {"原件当时正在清除，请重新上传", "was on its way out; upload it again"},
}
