package events

import (
	"strings"
	"time"
)

// Streams' names.
const (
	StreamCases         = "CASES"
	StreamMedia         = "MEDIA"
	StreamRectification = "RECTIFICATION"
	StreamReturns       = "RETURNS"
	StreamRegistry      = "REGISTRY"
	StreamSearches      = "SEARCHES"
	StreamAccess        = "ACCESS"
	StreamDeadLetters   = "DEADLETTERS"
)

// Services' names; the writers of streams.
const (
	ServiceIntake        = "intake"
	ServiceMedia         = "media"
	ServiceRectification = "rectification"
	ServiceRegistry      = "registry"
	ServiceOversight     = "oversight"
	ServiceArchive       = "archive"
	ServicePortal        = "portal"
	ServiceBus           = "bus"
)

// Stream says how one stream is laid out. Every stream is kept in files; replicas are a matter of the place it runs at.
type Stream struct {
	Name     string
	Subjects []string
	// Writers are the services that may append; each owns its subjects alone.
	Writers []string
	// MaxAge is how long a message is kept; 0 = for ever.
	MaxAge time.Duration
	// Schedules says that the stream takes message schedules: the timers of one service, each at timer.<service>.<noun>.<office>.<id>, delivered to due.<service>.<noun>.<office>.<id>.
	Schedules bool
	// Record says that subjects are records: no message is ever deleted or purged, and a full stream refuses new ones (DiscardNew) instead of dropping old ones.
	Record bool
	Doc    string
}

const year = 365 * 24 * time.Hour

// Advisories that end in DEADLETTERS: the server publishes them without the message itself.
const (
	AdvisoryMaxDeliveries = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"
	AdvisoryTerminated    = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"
	SubjectDeadLetters    = "deadletter.>"
)

// Streams is the table of all streams: the one place from which they, the permissions and the documentation are made.
func Streams() []Stream {
	return []Stream{
		{Name: StreamCases, Subjects: []string{"case.>"}, Writers: []string{ServiceIntake}, Record: true, Doc: "case files and the exposure track"},
		{Name: StreamMedia, Subjects: []string{"media.>"}, Writers: []string{ServiceMedia}, Record: true, Doc: "sealed originals and their public copies"},
		{Name: StreamRectification, Subjects: []string{"rectification.>"}, Writers: []string{ServiceRectification}, Record: true, Doc: "the rectification track"},
		{Name: StreamReturns, Subjects: []string{"return.>", "table.>"}, Writers: []string{ServiceOversight}, Record: true, Doc: "monthly returns and the tables that were told"},
		{Name: StreamRegistry, Subjects: []string{"registry.>"}, Writers: []string{ServiceRegistry}, Record: true, Doc: "offices, outlets, campaigns, rules and calendars"},
		{Name: StreamSearches, Subjects: []string{"search.>"}, Writers: []string{ServiceArchive}, Record: true, Doc: "saved searches and what their owners were told of"},
		{Name: StreamAccess, Subjects: []string{"access.>"}, Writers: []string{ServicePortal, ServiceMedia, ServiceRegistry}, MaxAge: 3 * year,
			Doc: "sign-ins, refusals, changes of rights, looks at originals, refused uploads; each service below its own prefix"},
		timers(ServiceIntake), timers(ServiceRectification), timers(ServiceOversight),
		{Name: StreamDeadLetters, Subjects: []string{AdvisoryMaxDeliveries, AdvisoryTerminated, SubjectDeadLetters}, Writers: []string{ServiceBus}, MaxAge: 90 * 24 * time.Hour,
			Doc: "what no consumer could digest: the server's two advisories, and the message itself"},
	}
}

// TimersStream names a service's stream of timers, e.g. TIMERS_RECTIFICATION.
func TimersStream(service string) string { return "TIMERS_" + strings.ToUpper(service) }

// timers is the layout of a service's timers; a stream each, since a schedule's headers can reach any subject of its stream. A hint that was delivered is of no use after a week.
func timers(service string) Stream {
	return Stream{Name: TimersStream(service), Subjects: []string{"timer." + service + ".>", "due." + service + ".>"}, Writers: []string{service}, Schedules: true,
		Doc: "hints of " + service + ": one schedule for each record's next deadline"}
}

// KV buckets: what must be changeable and forgettable is no fact.
const (
	BucketAccounts = "accounts"
	BucketSessions = "sessions"
	// BucketInbox holds what each account has seen of its inbox.
	BucketInbox = "inbox"
	// BucketCursors holds the lists of searches that are paged to their end.
	BucketCursors = "cursors"
	// BucketDrafts holds cases that are still being written.
	BucketDrafts = "drafts"
)

// Bucket says how one key-value bucket is laid out.
type Bucket struct {
	Name   string
	Writer string
	// MaxAge is when an entry goes after its last write; 0 = never.
	MaxAge time.Duration
}

// SessionAge is the absolute end of a session: a working day with its evening. [ours]
const SessionAge = 14 * time.Hour

// CursorAge is how long a list can be paged: an export on a slow line takes less. [ours]
const CursorAge = 10 * time.Minute

// DraftAge is how long a draft lasts after it was last written. [design.md]
const DraftAge = 90 * 24 * time.Hour

// Buckets is the table of all key-value buckets.
func Buckets() []Bucket {
	return []Bucket{
		{Name: BucketAccounts, Writer: ServiceRegistry},
		{Name: BucketSessions, Writer: ServicePortal, MaxAge: SessionAge},
		{Name: BucketInbox, Writer: ServiceOversight},
		{Name: BucketCursors, Writer: ServiceArchive, MaxAge: CursorAge},
		{Name: BucketDrafts, Writer: ServicePortal, MaxAge: DraftAge},
	}
}
