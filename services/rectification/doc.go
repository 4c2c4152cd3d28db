// Package rectification is the rectification track 整改: its states and transitions, the guards of its commands, and the clocks
// that are derived from what stands. The rules are those of the campaign “白山松水安全行”; what the notice doesn't say is marked [ours].
//
// The service owns the stream RECTIFICATION (one record for each exposed case, with the case's id) and alone writes it. It reads CASES (a
// rectification opens by itself when its case is exposed, and relies on the case's content), MEDIA (after-pictures) and REGISTRY (outlets, names of offices).
// A case that is withdrawn leaves its rectification running. Its own stream TIMERS_RECTIFICATION holds one schedule for each record's next reminder (see bus.Clock).
//
// A refused command changes nothing. A command that failed half-way has appended one fact or none; opening is idempotent, since only the first fact of a record can be it.
// Overdue 逾期, finished late, due soon 临期 and listed 挂牌 are never stored: [Derive] computes them for any day from the state.
//
// # Order of checks
//
// [Track] is the table of all commands. A command is first refused with forbidden if its caller may not give it (role, duty, the second person, the
// listing's rank); then with every wrong field at once; then with wrong_state. Wrong fields are told before a wrong state because a person mends them in any case;
// the order of days against earlier steps is judged only in a state that takes the command.
//
// Given days never go back within a record: each step's is at or after that of the step before, so the state at the end of any day can be told from the state alone.
//
// # Reminders
//
// [Numbers.Reminders] says what is still to be stated: before, on and after the due day in force while the unit's clock runs, and to the province on the last day of answering whether a major case is
// listed. A reminder is stated once for its kind and day, as a fact that moves no given day; what was past already when its day was recorded is never stated; what came during an outage is stated
// in one fact.
//
// # The track
//
// Generated from [Track]: go test -run Diagram -update.
//
//	command                 given in                                             leads to             by                  states
//	open                    –                                                    pending              by itself           opened
//	start                   pending                                              in-progress          office              started
//	progress                in-progress                                                               unit, office        progressed
//	ask-extension           in-progress                                                               unit, office        extension-asked
//	opine                   in-progress, awaiting-acceptance                                          overseer, office    extension-opined
//	grant-extension         in-progress, awaiting-acceptance                                          office, supervisor  extension-granted
//	refuse-extension        in-progress, awaiting-acceptance                                          office, supervisor  extension-refused
//	list                    in-progress                                                               office, supervisor  listed
//	delist                  in-progress                                                               office, supervisor  delisted
//	decline-listing         pending, in-progress, awaiting-acceptance                                 supervisor          listing-declined
//	ask-acceptance          in-progress                                          awaiting-acceptance  unit, office        acceptance-asked
//	accept                  awaiting-acceptance                                  accepted             office, supervisor  accepted
//	return                  awaiting-acceptance                                  in-progress          office, supervisor  acceptance-returned
//	close                   accepted                                             closed               signer              closed
//	reopen                  accepted, closed                                     in-progress          supervisor          reopened
//	ask-transfer            pending, in-progress, awaiting-acceptance, accepted                       signer              transfer-asked
//	transfer                pending, in-progress, awaiting-acceptance, accepted  transferred          supervisor          transferred
//	ask-not-applicable      pending, in-progress, awaiting-acceptance, accepted                       signer              not-applicable-asked
//	confirm-not-applicable  pending, in-progress, awaiting-acceptance, accepted  not-applicable       supervisor          not-applicable
//	decline-ending          pending, in-progress, awaiting-acceptance, accepted                       supervisor          ending-declined
//
//	(exposure) ──open──▶ pending
//	pending             ──start──▶ in-progress
//	                    ──transfer──▶ transferred
//	                    ──confirm-not-applicable──▶ not-applicable
//	in-progress         ──ask-acceptance──▶ awaiting-acceptance
//	                    ──transfer──▶ transferred
//	                    ──confirm-not-applicable──▶ not-applicable
//	awaiting-acceptance ──accept──▶ accepted
//	                    ──return──▶ in-progress
//	                    ──transfer──▶ transferred
//	                    ──confirm-not-applicable──▶ not-applicable
//	accepted            ──close──▶ closed
//	                    ──reopen──▶ in-progress
//	                    ──transfer──▶ transferred
//	                    ──confirm-not-applicable──▶ not-applicable
//	closed              ──reopen──▶ in-progress
package rectification
