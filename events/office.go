package events

import "time"

// RegistrySchema is the version of OfficeState and OutletState that this code writes.
const RegistrySchema = 1

// Kinds of registry records; see RegistrySubject.
const (
	RegistryOffice = "office"
	RegistryOutlet = "outlet"
	// RegistryCampaign, RegistryRule and RegistryCalendar are kept by id, name and year.
	RegistryCampaign = "campaign"
	RegistryRule     = "rule"
	RegistryCalendar = "calendar"
)

// OfficeState is a prefecture office with the days on which it exists.
type OfficeState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Commands []CommandMark `json:"commands,omitempty"`
	Slug     OfficeSlug    `json:"slug"`
	// Prefix is of GB/T 2260; the longest that fits wins; empty for an office without a code of its own.
	Prefix string `json:"prefix,omitempty"`
	Name   string `json:"name"`
	From   Day    `json:"from,omitempty"`
	To     Day    `json:"to,omitempty"`
}

// OutletState is an outlet of the province's list.
type OutletState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Commands []CommandMark `json:"commands,omitempty"`
	ID       OutletID      `json:"id"`
	Name     string        `json:"name"`
	Aliases  []string      `json:"aliases"`
	Level    string        `json:"level"`
	Kinds    []string      `json:"kinds"`
	Office   OfficeSlug    `json:"office,omitempty"`
}

// CampaignState 专题行 of a year: its months, offices and sectors. Each office owes one typical case a month.
type CampaignState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Commands []CommandMark `json:"commands,omitempty"`
	// ID is the year, e.g. 2026.
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	From    Month        `json:"from"`
	To      Month        `json:"to"`
	Offices []OfficeSlug `json:"offices"`
	Sectors []string     `json:"sectors"`
}

// RuleValue is a rule's number from a day on. What began before that day keeps the value that was in force then.
type RuleValue struct {
	// From is empty for the first value.
	From  Day `json:"from,omitempty"`
	Value int `json:"value"`
	// Basis says where the number comes from: an article, or that it is ours.
	Basis string `json:"basis"`
	Ours  bool   `json:"ours"`
}

// RuleState is one number of the rules, with its values in the order of their days.
type RuleState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Commands []CommandMark `json:"commands,omitempty"`
	Name     string        `json:"name"`
	// Title is Chinese, TitleEN English; Unit is days, working-days, hour, day-of-month or years.
	Title   string      `json:"title"`
	TitleEN string      `json:"title_en"`
	Unit    string      `json:"unit"`
	Values  []RuleValue `json:"values"`
}

// DayOff is a run of days off, both ends included.
type DayOff struct {
	From Day    `json:"from"`
	To   Day    `json:"to"`
	Name string `json:"name"`
}

// CalendarState is one year's file: the State Council's notice on days off 放假 and worked weekend days 调休, and local holidays by office.
type CalendarState struct {
	Schema   int                     `json:"schema"`
	Revision uint64                  `json:"revision"`
	Commands []CommandMark           `json:"commands,omitempty"`
	Year     int                     `json:"year"`
	Basis    string                  `json:"basis,omitempty"`
	Off      []DayOff                `json:"off"`
	Worked   []Day                   `json:"worked"`
	Local    map[OfficeSlug][]DayOff `json:"local,omitempty"`
}

// Facts of the registry.
type (
	// OfficeRecordedFact gives an office's data.
	OfficeRecordedFact struct {
		Office OfficeState `json:"office"`
	}
	// OutletRecordedFact places an outlet.
	OutletRecordedFact struct {
		Outlet OutletState `json:"outlet"`
	}
	// CampaignRecordedFact gives a campaign's data.
	CampaignRecordedFact struct {
		Campaign CampaignState `json:"campaign"`
	}
	// RuleRecordedFact gives a rule's values.
	RuleRecordedFact struct {
		Rule RuleState `json:"rule"`
	}
	// CalendarRecordedFact gives a year's days off.
	CalendarRecordedFact struct {
		Calendar CalendarState `json:"calendar"`
	}
)

// EventType names the fact.
func (OfficeRecordedFact) EventType() string { return "songshui.registry.office-recorded.v1" }
func (OutletRecordedFact) EventType() string { return "songshui.registry.outlet-recorded.v1" }

// EventType names the fact.
func (CampaignRecordedFact) EventType() string { return "songshui.registry.campaign-recorded.v1" }
func (RuleRecordedFact) EventType() string     { return "songshui.registry.rule-recorded.v1" }
func (CalendarRecordedFact) EventType() string { return "songshui.registry.calendar-recorded.v1" }

var registryTypes = []Type{
	TypeOf[OfficeRecordedFact, OfficeState](StreamRegistry, "an office's data"),
	TypeOf[OutletRecordedFact, OutletState](StreamRegistry, "an outlet's place in the list"),
	TypeOf[CampaignRecordedFact, CampaignState](StreamRegistry, "a campaign's months, offices and sectors"),
	TypeOf[RuleRecordedFact, RuleState](StreamRegistry, "a number of the rules, with its basis"),
	TypeOf[CalendarRecordedFact, CalendarState](StreamRegistry, "a year's days off and worked weekend days"),
}

// AccessEntry is one line of the ACCESS stream: who tried or did what, no record.
type AccessEntry struct {
	At      time.Time         `json:"at"`
	Actor   Actor             `json:"actor"`
	Kind    string            `json:"kind"`
	Outcome string            `json:"outcome"`
	Detail  map[string]string `json:"detail,omitempty"`
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (o *OfficeState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &o.Schema, &o.Revision, &o.Commands
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (o *OutletState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &o.Schema, &o.Revision, &o.Commands
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (c *CampaignState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &c.Schema, &c.Revision, &c.Commands
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (r *RuleState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &r.Schema, &r.Revision, &r.Commands
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (c *CalendarState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &c.Schema, &c.Revision, &c.Commands
}
