package events

import "time"

// RegistrySchema is the version of OfficeState and OutletState that this code writes.
const RegistrySchema = 1

// Kinds of registry records; see RegistrySubject.
const (
	RegistryOffice = "office"
	RegistryOutlet = "outlet"
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
)

// EventType names the fact.
func (OfficeRecordedFact) EventType() string { return "songshui.registry.office-recorded.v1" }
func (OutletRecordedFact) EventType() string { return "songshui.registry.outlet-recorded.v1" }

var registryTypes = []Type{
	TypeOf[OfficeRecordedFact, OfficeState](StreamRegistry, "an office's data"),
	TypeOf[OutletRecordedFact, OutletState](StreamRegistry, "an outlet's place in the list"),
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
