package events

import "time"

// ReturnSchema is the version of ReturnState and TableState that this code writes.
const ReturnSchema = 2

// Month is a calendar month in Asia/Shanghai, written 2006-01. Months compare as strings.
type Month string

// MonthOf gives the month that a day lies in; "" for the empty day.
func MonthOf(d Day) Month {
	if len(d) < 7 {
		return ""
	}
	return Month(d[:7])
}

// ParseMonth reads a month.
func ParseMonth(s string) (Month, error) {
	d, err := ParseDay(s + "-01")
	return MonthOf(d), err
}

// First gives the month's first day, Last its last one.
func (m Month) First() Day { return Day(m + "-01") }

// Last gives the month's last day.
func (m Month) Last() Day { return m.Next().First().Add(-1) }

// Next gives the month after it.
func (m Month) Next() Month { return MonthOf(m.First().Add(31)) }

// ReturnStatus is where a monthly return 月报 stands. What a month is worth (met, late, missed) is derived, never a state.
type ReturnStatus string

// The states of a return.
const (
	ReturnRunning    ReturnStatus = "running"    // 进行中
	ReturnFiled      ReturnStatus = "filed"      // 待省收
	ReturnReceived   ReturnStatus = "received"   // 省级已收
	ReturnReturned   ReturnStatus = "returned"   // 退回待补
	ReturnRecognised ReturnStatus = "recognised" // 认定 / 补录
)

// Kinds of a recognition.
const (
	// RecognisedByDecision 认定: counted by decision, e.g. exposed at another level.
	RecognisedByDecision = "decision"
	// RecognisedFromPaper 补录: entered later from paper; outside the figures of punctuality.
	RecognisedFromPaper = "paper"
)

// CaseReason is a reason for one case.
type CaseReason struct {
	Case   CaseID `json:"case"`
	Reason string `json:"reason"`
}

// Filing 报送 is one time that a return was sent in; a supplement 补报 is one too, with all cases held by then.
type Filing struct {
	On Day `json:"on"`
	// At is the system's time: whether the return is late goes by it.
	At        time.Time `json:"at"`
	By        AccountID `json:"by"`
	Backdated bool      `json:"backdated,omitempty"`
	// Cases are those that the return holds; none with a ZeroReason 零报告.
	Cases      []CaseID `json:"cases,omitempty"`
	ZeroReason string   `json:"zero_reason,omitempty"`
	// SignedBy 签发人 and Contact 联系人 are accounts: names live there.
	SignedBy   AccountID `json:"signed_by"`
	Contact    AccountID `json:"contact"`
	DocumentNo string    `json:"document_no"` // 文号
	// Scan is the sealed scan of the signed paper, a medium of the office; it may follow.
	Scan       MediaID `json:"scan,omitempty"`
	Supplement bool    `json:"supplement,omitempty"`
	// Result is Received or Returned below, empty while the province hasn't answered.
	Result          string       `json:"result,omitempty"`
	AnsweredOn      Day          `json:"answered_on,omitempty"`
	AnsweredAt      time.Time    `json:"answered_at,omitzero"`
	AnsweredBy      AccountID    `json:"answered_by,omitempty"`
	AnswerBackdated bool         `json:"answer_backdated,omitempty"`
	Reason          string       `json:"reason,omitempty"`
	CaseReasons     []CaseReason `json:"case_reasons,omitempty"`
}

// Results of a filing.
const (
	FilingReceived = "received"
	FilingReturned = "returned"
)

// Recognition 认定 or 补录 of a month by the province.
type Recognition struct {
	Kind   string    `json:"kind"`
	On     Day       `json:"on"`
	At     time.Time `json:"at"`
	By     AccountID `json:"by"`
	Reason string    `json:"reason"`
	// Backdated says that the recognition itself was given late 补录.
	Backdated bool `json:"backdated,omitempty"`
}

// Reminder is one reminder that was stated: its kind, the due day that it was for, and when.
type Reminder struct {
	Kind string    `json:"kind"`
	For  Day       `json:"for"`
	At   time.Time `json:"at"`
}

// ReturnState is the return of an office for a month as it stands.
type ReturnState struct {
	Schema   int          `json:"schema"`
	Revision uint64       `json:"revision"`
	Office   OfficeSlug   `json:"office"`
	Month    Month        `json:"month"`
	Campaign string       `json:"campaign"`
	State    ReturnStatus `json:"state"`
	// Due is the day on which it is due, already moved off days off; OpenedAt the system's time at which the record began.
	Due         Day          `json:"due"`
	OpenedAt    time.Time    `json:"opened_at"`
	Filings     []Filing     `json:"filings,omitempty"`
	Recognition *Recognition `json:"recognition,omitempty"`
	// EarlierRecognitions are those that a later one has replaced, the oldest first.
	EarlierRecognitions []Recognition `json:"earlier_recognitions,omitempty"`
	Reminders           []Reminder    `json:"reminders,omitempty"`
	LastOn              Day           `json:"last_on,omitempty"`
	Commands            []CommandMark `json:"commands,omitempty"`
}

// Edition is a month's table as it was told once 定版: what stood at the end of Day, by what the log held up to Sequences.
type Edition struct {
	At  time.Time `json:"at"`
	By  AccountID `json:"by"`
	Day Day       `json:"day"`
	// Sequences are the last sequences of the streams that the table was made of: as-of reproduces it.
	Sequences map[string]uint64 `json:"sequences"`
	Note      string            `json:"note,omitempty"`
	Rows      []EditionRow      `json:"rows"`
}

// EditionRow is one office's line of a table as told; Kind is that of a recognition, decision 认定 or paper 补录.
type EditionRow struct {
	Office  OfficeSlug     `json:"office"`
	State   string         `json:"state"`
	Kind    string         `json:"kind,omitempty"`
	Figures map[string]int `json:"figures"`
}

// TableState holds the editions of one month's table of the whole province, the oldest first.
type TableState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Month    Month         `json:"month"`
	Editions []Edition     `json:"editions"`
	Commands []CommandMark `json:"commands,omitempty"`
}

// Facts of monthly returns.
type (
	// ReturnOpenedFact begins a record when the month begins, or at the first command.
	ReturnOpenedFact struct {
		Office   OfficeSlug `json:"office"`
		Month    Month      `json:"month"`
		Campaign string     `json:"campaign"`
		Due      Day        `json:"due"`
		RelyOn   []Reliance `json:"rely_on,omitempty"`
	}
	// ReturnContent is what a filing says.
	ReturnContent struct {
		Cases          []CaseID   `json:"cases,omitempty"`
		ZeroReason     string     `json:"zero_reason,omitempty"`
		SignedBy       AccountID  `json:"signed_by"`
		Contact        AccountID  `json:"contact"`
		DocumentNo     string     `json:"document_no"`
		Scan           MediaID    `json:"scan,omitempty"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
		RelyOn         []Reliance `json:"rely_on,omitempty"`
	}
	// ReturnFiledFact 报送.
	ReturnFiledFact struct{ ReturnContent }
	// ReturnSupplementedFact 补报 adds cases to a received return; Cases are all that it then holds.
	ReturnSupplementedFact struct{ ReturnContent }
	// ReturnScanAddedFact gives the sealed scan of the last filing.
	ReturnScanAddedFact struct {
		Scan           MediaID    `json:"scan"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
		RelyOn         []Reliance `json:"rely_on,omitempty"`
	}
	// ReturnReceivedFact 省级已收.
	ReturnReceivedFact struct {
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// ReturnReturnedFact 退回待补.
	ReturnReturnedFact struct {
		Reason         string       `json:"reason"`
		Cases          []CaseReason `json:"cases,omitempty"`
		BackdateReason string       `json:"backdate_reason,omitempty"`
	}
	// ReturnRecognisedFact 认定 / 补录.
	ReturnRecognisedFact struct {
		Kind           string `json:"kind"`
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// ReturnRemindedFact states reminders whose time has come.
	ReturnRemindedFact struct {
		Reminders []Reminder `json:"reminders"`
	}
	// ReturnRestatedFact mends a wrong state of the past.
	ReturnRestatedFact struct {
		State  ReturnState `json:"state"`
		Reason string      `json:"reason"`
	}
	// TableFixedFact keeps a month's table as told 定版.
	TableFixedFact struct {
		Month   Month   `json:"month"`
		Edition Edition `json:"edition"`
	}
)

// EventType names the fact.
func (ReturnOpenedFact) EventType() string       { return "songshui.return.opened.v1" }
func (ReturnFiledFact) EventType() string        { return "songshui.return.filed.v1" }
func (ReturnSupplementedFact) EventType() string { return "songshui.return.supplemented.v1" }
func (ReturnScanAddedFact) EventType() string    { return "songshui.return.scan-added.v1" }
func (ReturnReceivedFact) EventType() string     { return "songshui.return.received.v1" }
func (ReturnReturnedFact) EventType() string     { return "songshui.return.returned.v1" }
func (ReturnRecognisedFact) EventType() string   { return "songshui.return.recognised.v1" }
func (ReturnRemindedFact) EventType() string     { return "songshui.return.reminded.v1" }
func (ReturnRestatedFact) EventType() string     { return "songshui.return.restated.v1" }
func (TableFixedFact) EventType() string         { return "songshui.table.fixed.v1" }

var returnTypes = []Type{
	TypeOf[ReturnOpenedFact, ReturnState](StreamReturns, "a month began for an office"),
	TypeOf[ReturnFiledFact, ReturnState](StreamReturns, "the office sent its return in"),
	TypeOf[ReturnReceivedFact, ReturnState](StreamReturns, "the province received it"),
	TypeOf[ReturnReturnedFact, ReturnState](StreamReturns, "the province sent it back"),
	TypeOf[ReturnSupplementedFact, ReturnState](StreamReturns, "the office added cases to a received return"),
	TypeOf[ReturnScanAddedFact, ReturnState](StreamReturns, "the sealed scan followed"),
	TypeOf[ReturnRecognisedFact, ReturnState](StreamReturns, "the province recognised the month"),
	TypeOf[ReturnRemindedFact, ReturnState](StreamReturns, "the office was reminded"),
	TypeOf[ReturnRestatedFact, ReturnState](StreamReturns, "a wrong state was mended"),
	TypeOf[TableFixedFact, TableState](StreamReturns, "a month's table was kept as told"),
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (r *ReturnState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &r.Schema, &r.Revision, &r.Commands
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (t *TableState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &t.Schema, &t.Revision, &t.Commands
}
