// Package bus is how every service uses NATS: appending facts to records and loading them, consuming streams, settling
// messages, dead letters, and requests between services. Nothing else in Songshui names a header, a consumer option or an
// error number of NATS.
//
// # Appending
//
// [Aggregate.Execute] loads a record, lets the domain decide on a fact, folds it and publishes fact and state as one message
// with the expected last sequence of the record's exact subject. A conflict, or a publish without an answer, is tried at
// most [Tries] times; a reload that shows the own command's mark is success. So a command is applied once or not at all,
// whatever breaks, and a crash at any line leaves either nothing or the whole step. Where the kind of record asks for it (Remember), the command is first tried on the record as the last command of the
// same Bus left it: an append confirms that it still stands so, and every other outcome is decided anew on what the leader has.
//
// # Consuming
//
// A message is settled exactly once, here: see [Settle]. Only faults of the message itself count towards [MaxFaults]; while a backing
// is away ([fault.Unavailable]) the consumer holds what it has with InProgress and probes with backoff. Acknowledgements survive
// a crash only mostly, so every handler's effect is idempotent.
//
// | durable | stream | service | filter | AckWait | MaxAckPending |
// |---|---|---|---|---|---|
// | rectification-cases | CASES | rectification | case.> | 10 s | 256 |
// | media-way | MEDIA | media | media.> | 20 s | 16 |
// | media-compare | MEDIA | media | media.> | 20 s | 1 |
// | media-taken | CASES | media | case.> | 10 s | 256 |
// | media-taken-after | RECTIFICATION | media | rectification.> | 10 s | 256 |
// | media-taken-for-return | RETURNS | media | return.> | 10 s | 256 |
// | archive-writer | CASES | archive | case.> | 10 s | 1024, pinned client |
// | archive-rectifications | RECTIFICATION | archive | rectification.> | 10 s | 1024, pinned client |
// | archive-media | MEDIA | archive | media.> | 10 s | 1024, pinned client |
// | rectification-due | TIMERS_RECTIFICATION | rectification | due.rectification.> | 10 s | 512 |
// | intake-due | TIMERS_INTAKE | intake | due.intake.> | 10 s | 512 |
// | oversight-due | TIMERS_OVERSIGHT | oversight | due.oversight.> | 10 s | 512 |
// | deadletters | DEADLETTERS | bus | the two advisories | 10 s | 64 |
//
// AckWait is short, since it is how long what a lost connection or a killed process had in hand waits before it comes again; a handler that works longer keeps its messages with InProgress.
//
// A consumer that gets nothing for 8 s although its durable has something starts again, and a pinned one's pin is given up first: after a server was started anew, a pull was seen to stay behind a
// pin that nobody holds, with heartbeats all the while.
//
// Backoff after a fault: 0.2 s, 1 s, 5 s, 30 s, then the message is terminated with its reason, which the server announces
// and [CollectDeadLetters] keeps with the message. The server's own MaxDeliver of [MaxDeliveries] only ends a message that kills its process.
//
// # Deadlines
//
// A [Clock] keeps, in the service's own stream TIMERS_<SERVICE>, one message schedule for each record's next deadline: timer.<service>.<record's subject>, delivered to due.<service>.<record's
// subject>. The Bus tells it of its own appends, and it sets, moves and cancels the schedule right after, without the command waiting: no consumer stands at the head of the records' stream for it.
// All schedules are compared with the states at the start and when rules or calendar change, and every [SweepEvery] what others have appended is looked through. The durable <service>-due loads the
// record, asks what has come and appends that as one fact. Schedules are hints: the state knows what was stated, so a crash at any line, a second delivery, a second process, a lost stream of timers
// or a clock that jumps neither loses a deadline nor states it twice; a crash between an append and its schedule may state one late that comes before the next start or sweep. The headers are written
// here, since nats.go cuts moments to whole seconds and so has them fire early.
//
// # Requests
//
// Services answer on rpc.<service>.<name> (nats.go/micro), each request in a goroutine of its own, at most [MaxInFlight] at once. The
// signed actor goes in a header; a refusal comes back as a fault.Error.
package bus
