package messages

import (
	"sync/atomic"
	"time"
)

// Term gives the words for a slug that people see: a sector, a state, a command, a fact. kind is the facet or field; an unknown slug comes back as it is.
func Term(kind, slug string, l Language) string {
	if t, ok := terms[kind][slug]; ok {
		return t.in(l)
	}
	if names := offices.Load(); kind == "office" && names != nil {
		if name := (*names)(slug); name != "" {
			return name
		}
	}
	return slug
}

var offices atomic.Pointer[func(slug string) string]

// NameOffices tells the names of offices that the province has added: the registry's, in one language. "" for an unknown one. It holds for the whole process.
func NameOffices(names func(slug string) string) { offices.Store(&names) }

// Month gives the words for a month (2026-06): 2026年6月. What is none comes back as it is.
func Month(slug string, l Language) string {
	m, err := time.Parse("2006-01", slug)
	switch {
	case err != nil:
		return slug
	case l == English:
		return m.Format("January 2006")
	}
	return m.Format("2006年1月")
}

var terms = map[string]map[string]text{
	"office": {
		"changchun": {"长春市", "Changchun"}, "jilin": {"吉林市", "Jilin City"}, "siping": {"四平市", "Siping"}, "liaoyuan": {"辽源市", "Liaoyuan"}, "tonghua": {"通化市", "Tonghua"},
		"baishan": {"白山市", "Baishan"}, "songyuan": {"松原市", "Songyuan"}, "baicheng": {"白城市", "Baicheng"}, "yanbian": {"延边州", "Yanbian"}, "changbaishan": {"长白山管委会", "Changbaishan"},
		"meihekou": {"梅河口市", "Meihekou"}, "gongzhuling": {"公主岭市", "Gongzhuling"},
	},
	"sector": {
		"hazardous-chemicals": {"危险化学品", "hazardous chemicals"}, "mining": {"矿山", "mining"}, "industry-trade": {"工贸", "industry and trade"},
		"road-traffic": {"道路交通", "road traffic"}, "construction": {"建筑施工", "construction"},
	},
	"category":     {"prominent-problem": {"突出问题", "prominent problem"}, "serious-violation": {"严重违法行为", "serious violation"}},
	"hazard_level": {"major": {"重大隐患", "major hazard"}, "general": {"一般隐患", "general hazard"}},
	"level":        {"national": {"国家级媒体", "national"}, "provincial": {"省级媒体", "provincial"}, "municipal": {"市级媒体", "municipal"}, "county": {"县级媒体", "county"}},
	"outlet_kind": {
		"tv": {"电视", "TV"}, "newspaper": {"报纸", "newspaper"}, "website": {"网站", "website"}, "wechat": {"微信", "WeChat"}, "radio": {"广播", "radio"}, "weibo": {"微博", "Weibo"}, "short-video": {"短视频", "short video"},
	},
	"kind": {"image": {"图片", "image"}, "video": {"视频", "video"}, "audio": {"音频", "audio"}, "document": {"文件", "document"}},
	"unit_of_rule": {
		"days": {"天", "days"}, "working-days": {"个工作日", "working days"}, "day-of-month": {"日", "(day of the month)"}, "hour": {"时", "o'clock"}, "years": {"年", "years"},
	},
	"duty": {"drafter": {"经办", "drafter"}, "reviewer": {"审核", "reviewer"}, "signer": {"签发", "signer"}},
	"role": {
		"office": {"上报单位", "office"}, "overseer": {"督办单位", "overseer"}, "unit": {"责任单位", "unit"}, "journalist": {"记者", "journalist"}, "supervisor": {"省级督导", "supervisor"},
		"admin": {"管理员", "administrator"}, "system": {"系统", "system"},
	},
	"state": {
		"submitted": {"已上报", "submitted"}, "reviewed": {"已审核", "reviewed"}, "embargoed": {"待刊发", "embargoed"}, "exposed": {"已曝光", "exposed"}, "withdrawn": {"已撤回", "withdrawn"},
	},
	"rectification_state": {
		"pending": {"待交办", "pending"}, "in-progress": {"整改中", "in progress"}, "awaiting-acceptance": {"待验收", "awaiting acceptance"}, "accepted": {"验收合格", "accepted"},
		"closed": {"已销号", "closed"}, "transferred": {"已移送", "transferred"}, "not-applicable": {"不适用", "not applicable"},
	},
	"media_state": {
		"sealed": {"已封存", "sealed"}, "examined": {"已查验", "examined"}, "rendered": {"待审看", "to be looked at"}, "waiting": {"等待处理程序", "waiting"}, "cleared": {"已核可", "cleared"}, "failed": {"处理失败", "failed"}, "released": {"已释放", "released"}, "erased": {"已清除", "erased"},
	},
	"fact": {
		"submitted": {"上报", "submitted"}, "reviewed": {"审核", "reviewed"}, "embargoed": {"设为待刊发", "embargoed"}, "embargo-lifted": {"解除待刊发", "embargo lifted"}, "exposed": {"曝光", "exposed"},
		"publication-added": {"增加刊播", "publication added"}, "amended": {"修改", "amended"}, "corrected": {"更正", "corrected"}, "renumbered": {"变更文号", "renumbered"},
		"media-attached": {"添加影像", "media attached"}, "media-detached": {"移除影像", "media detached"}, "objected": {"陈述申辩", "objected"}, "objection-answered": {"答复申辩", "objection answered"},
		"withdrawal-asked": {"申请撤回", "withdrawal asked"}, "withdrawal-declined": {"不同意撤回", "withdrawal declined"}, "withdrawn": {"撤回", "withdrawn"}, "resubmitted": {"重新上报", "resubmitted"}, "restated": {"数据订正", "restated"},
		"opened": {"立案待交办", "opened"}, "started": {"交办整改", "started"}, "progressed": {"报告进展", "progress"}, "extension-asked": {"申请延期", "extension asked"},
		"extension-opined": {"延期意见", "opinion on the extension"}, "extension-granted": {"同意延期", "extension granted"}, "extension-refused": {"不同意延期", "extension refused"},
		"listed": {"挂牌督办", "listed"}, "delisted": {"摘牌", "delisted"}, "acceptance-asked": {"申请验收", "acceptance asked"}, "accepted": {"验收合格", "accepted"},
		"acceptance-returned": {"退回整改", "returned"}, "closed": {"销号", "closed"}, "reopened": {"重新挂账", "reopened"}, "transfer-asked": {"申请移送", "transfer asked"},
		"sealed": {"封存原件", "sealed"}, "examined": {"查验", "examined"}, "compared": {"比对", "compared"}, "rendered": {"生成公开副本", "rendered"}, "waiting": {"等待处理程序", "waiting"}, "failed": {"处理失败", "failed"},
		"masked": {"遮挡", "masked"}, "cleared": {"核可公开", "cleared"}, "retried": {"重新处理", "tried again"}, "taken": {"案例采用", "taken by a case"}, "erasure-asked": {"申请清除", "erasure asked"}, "erasure-withdrawn": {"撤销清除申请", "the ask for erasure ended"},
		"erased": {"清除", "erased"}, "released": {"释放", "released"},
		"transferred": {"移送", "transferred"}, "reminded": {"系统提醒", "reminded"}, "ending-declined": {"不同意移送或不适用", "transfer or “not applicable” declined"}, "listing-declined": {"说明不挂牌", "listing declined"}, "not-applicable-asked": {"申请不适用", "“not applicable” asked"}, "not-applicable": {"不适用", "not applicable"},
	},
	"command": {
		"review": {"审核", "review"}, "embargo": {"设为待刊发", "embargo"}, "lift-embargo": {"解除待刊发", "lift the embargo"}, "publish": {"登记刊播", "record a publication"}, "amend": {"修改", "amend"},
		"correct": {"更正", "correct"}, "renumber": {"变更文号", "renumber"}, "attach": {"添加影像", "attach media"}, "detach": {"移除影像", "detach media"}, "object": {"陈述申辩", "object"},
		"answer": {"答复申辩", "answer"}, "ask-withdrawal": {"申请撤回", "ask for withdrawal"}, "withdraw": {"同意撤回", "withdraw"}, "decline-withdrawal": {"不同意撤回", "decline the withdrawal"}, "resubmit": {"重新上报", "resubmit"},
		"start": {"交办整改", "start"}, "progress": {"报告进展", "report progress"}, "ask-extension": {"申请延期", "ask for an extension"}, "opine": {"出具延期意见", "give an opinion"},
		"grant-extension": {"同意延期", "grant the extension"}, "refuse-extension": {"不同意延期", "refuse the extension"}, "list": {"挂牌督办", "list"}, "delist": {"摘牌", "delist"},
		"ask-acceptance": {"申请验收", "ask for acceptance"}, "accept": {"验收合格", "accept"}, "return": {"退回整改", "return"}, "close": {"销号", "close"}, "reopen": {"重新挂账", "reopen"},
		"clear": {"核可公开", "clear"}, "mask": {"遮挡", "mask"}, "retry": {"重新处理", "try again"}, "ask-erasure": {"申请清除", "ask for erasure"}, "withdraw-erasure": {"撤销清除申请", "end the ask for erasure"}, "erase": {"清除", "erase"},
		"ask-transfer": {"申请移送", "ask for a transfer"}, "transfer": {"同意移送", "transfer"}, "ask-not-applicable": {"申请不适用", "ask for “not applicable”"}, "decline-listing": {"不挂牌督办", "decline listing"}, "decline-ending": {"不同意移送或不适用", "decline the transfer or “not applicable”"}, "confirm-not-applicable": {"确认不适用", "confirm “not applicable”"},
	},
	"return_state": {
		"running": {"进行中", "running"}, "filed": {"待省收", "awaiting receipt"}, "received": {"省级已收", "received"}, "returned": {"退回待补", "sent back"}, "recognised": {"已认定", "recognised"},
	},
	"return_shown": {
		"running": {"进行中", "running"}, "awaiting-receipt": {"待省收", "awaiting receipt"}, "returned": {"退回待补", "sent back"}, "met": {"已完成", "met"}, "met-late": {"已完成（迟报）", "met, late"},
		"recognised": {"认定", "recognised"}, "missed": {"未完成", "missed"},
	},
	"recognition": {"decision": {"认定", "by decision"}, "paper": {"补录", "from paper"}},
	"punctual":    {"in-time": {"按时", "in time"}, "late": {"迟报", "late"}, "outside": {"补录，不计时限", "from paper, outside the figures"}},
	"return_fact": {
		"opened": {"月份开始", "the month began"}, "filed": {"报送", "filed"}, "received": {"省级已收", "received"}, "returned": {"退回待补", "sent back"}, "supplemented": {"补报", "supplemented"},
		"scan-added": {"补传签发件", "scan added"}, "recognised": {"认定", "recognised"}, "reminded": {"提醒", "reminded"}, "restated": {"数据订正", "restated"}, "fixed": {"定版", "kept as told"},
	},
	"return_command": {
		"file": {"报送", "file"}, "supplement": {"补报", "supplement"}, "add-scan": {"补传签发件", "add the scan"}, "receive": {"省级接收", "receive"}, "return": {"退回待补", "send back"}, "recognise": {"认定", "recognise"},
	},
	"return_reminder": {"return-first": {"月报第一次提醒", "first reminder of the return"}, "return-second": {"月报第二次提醒", "second reminder of the return"}, "return-before": {"月报即将到期", "the return is due soon"}},
	"facet": {
		"office": {"上报单位", "office"}, "sector": {"行业领域", "sector"}, "category": {"案例类别", "category"}, "hazard_level": {"隐患级别", "hazard level"}, "level": {"媒体级别", "outlet level"},
		"outlet": {"媒体", "outlet"}, "state": {"案例状态", "state"}, "rectification_state": {"整改状态", "rectification"}, "month": {"刊播月份", "month of publication"},
	},
	"sort": {
		"relevance": {"相关度", "relevance"}, "newest": {"最新刊播", "newest"}, "oldest": {"最早刊播", "oldest"}, "penalty": {"罚款最多", "highest penalty"}, "overdue": {"逾期最久", "longest overdue"}, "nearest": {"距离最近", "nearest"},
	},
	"text":    {"tags": {"标签", "tags"}, "places": {"地点", "place"}, "rest": {"其他内容", "elsewhere"}, "transcripts": {"录音文字", "transcript"}},
	"read_as": {"sound": {"按读音找到", "found by sound"}, "slip": {"按相近的字找到", "found with one character changed"}, "pinyin": {"按拼音找到", "found by pinyin"}},
}
