// Package rectification is the rectification track 整改: its states and transitions, the guards of its commands, and the clocks
// that are derived from what stands. The rules are those of the campaign “白山松水安全行”; what the notice doesn't say is marked [ours].
//
// The service owns the stream RECTIFICATION (one record for each exposed case, with the case's id) and alone writes it. It reads CASES (a
// rectification opens by itself when its case is exposed, and relies on the case's content), MEDIA (after-pictures) and REGISTRY (outlets, names of offices).
// A case that is withdrawn leaves its rectification running.
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
package rectification
