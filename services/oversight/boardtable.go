package oversight

import (
	"time"

	"songshui.internal/events"
)

// Board is the table of the province, or of one office: what stood at the end of Day by what the log held up to Sequences.
type Board struct {
	Query
	// Campaign is the one whose months are told; Months those of them that had begun.
	Campaign string         `json:"campaign"`
	Months   []events.Month `json:"months"`
	// Offices are in the campaign's order, then others that have cases. Sectors are in the campaign's order.
	Offices []OfficeLine `json:"offices"`
	Sectors []SectorLine `json:"sectors"`
	// Total is over all that the query lets in: the province's, or one office's own.
	Total []Cell `json:"total"`
	// Sequences are the last of each stream that the figures were made of.
	Sequences map[string]uint64 `json:"sequences"`
	// CalendarMissing warns that a sum touched a year without a file of days off.
	CalendarMissing bool `json:"calendar_missing,omitempty"`
}

// OfficeLine is one office: what its months are worth, and its figures.
type OfficeLine struct {
	Office  events.OfficeSlug `json:"office"`
	Name    string            `json:"name"`
	Returns []MonthCell       `json:"returns"`
	Figures []Cell            `json:"figures"`
}

// SectorLine is one sector's figures.
type SectorLine struct {
	Sector  string `json:"sector"`
	Figures []Cell `json:"figures"`
}

// MonthCell is what an office and month is worth; see ReturnView. Query lists its cases of that month.
type MonthCell struct {
	Month           events.Month `json:"month"`
	Due             events.Day   `json:"due"`
	Shown           Shown        `json:"shown"`
	Kind            string       `json:"recognised_kind,omitempty"`
	Overdue         bool         `json:"overdue,omitempty"`
	ZeroReturn      bool         `json:"zero_return,omitempty"`
	OnlyOtherLevels bool         `json:"only_other_levels,omitempty"`
	NothingExposed  bool         `json:"nothing_exposed,omitempty"`
	Unplaced        bool         `json:"unplaced,omitempty"`
	Supplement      bool         `json:"supplement,omitempty"`
	Backdated       bool         `json:"backdated,omitempty"`
	Punctual        string       `json:"punctual,omitempty"`
	// FiledOn is the newest filing's given day, FiledAt the system's time.
	FiledOn events.Day `json:"filed_on,omitempty"`
	FiledAt time.Time  `json:"filed_at,omitzero"`
	Exposed int        `json:"exposed"`
	Query   string     `json:"query"`
}

// List is a page of what is behind a figure; Total is the whole list's length.
type List struct {
	Query
	Rows  []Row `json:"rows"`
	Total int   `json:"total"`
	Page  int   `json:"page"`
	// PerPage is at most MaxPerPage.
	PerPage   int               `json:"per_page"`
	Sequences map[string]uint64 `json:"sequences"`
}

// MaxPerPage bounds a page of a list; PerPage is its default.
const (
	MaxPerPage = 200
	PerPage    = 50
)

// EnterpriseCase is an earlier case of the same enterprise.
type EnterpriseCase struct {
	Case       events.CaseID     `json:"case"`
	Ref        string            `json:"ref"`
	Title      string            `json:"title"`
	Enterprise string            `json:"enterprise"`
	Office     events.OfficeSlug `json:"office"`
	Sector     string            `json:"sector"`
	ExposedOn  events.Day        `json:"exposed_on"`
	// State is the rectification's; ByName says that the enterprises were told to be one by name, since one has no code.
	State  events.RectificationStatus `json:"state,omitempty"`
	ByName bool                       `json:"by_name,omitempty"`
}
