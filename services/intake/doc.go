// Package intake is the case files 案例 and their exposure track: submission, review, embargo 待刊发, publication, correction 更正,
// objection 陈述申辩, withdrawal 撤回. This root package is the domain alone: nouns, the transition table, rules, facts.
//
// It owns the stream CASES and writes nothing else. It reads the outlets, offices, rules and days off of REGISTRY, and the media of MEDIA when a command names them.
//
// Reminders (an embargo's end, an objection's last day) are facts of the case, each stated once by bus.Clock; see [Numbers].
//
// # What it promises
//
//   - A case's id follows from its office and normalised reference, so the same submission sent any number of times, at once or after years, is one case; other content under the reference is `duplicate`.
//   - One command is one message: after a failure at any line it has happened whole or not at all.
//   - Nothing is exposed but by a recorded publication, never by the end of an embargo.
//   - Every wrong field of a body is named at once, and before that the state doesn't take the command; a refused command changes nothing.
//   - Who may not see a case is answered as if it weren't there; who could see it until it was withdrawn is told that it is gone.
//
// # The track
//
// [Track] is the only table: the code, the list of commands that a caller may give now, and this documentation come from it.
//
//	– ─submit→ submitted ─review→ reviewed ─embargo→ embargoed ─lift-embargo→ reviewed
//	submitted, reviewed, embargoed ─publish→ exposed ─publish→ exposed
//	any but withdrawn ─ask-withdrawal, withdraw→ withdrawn ─resubmit→ submitted
//
// A test keeps what follows true to the table:
//
//	command              from                                      who
//	review               submitted                                 office (reviewer), supervisor
//	embargo              reviewed                                  office (signer)
//	lift-embargo         embargoed                                 office (signer)
//	publish              any but withdrawn                         office (signer)
//	amend                submitted, reviewed, embargoed            office
//	correct              exposed                                   office
//	renumber             any but withdrawn                         office (signer)
//	attach               any but withdrawn                         office
//	detach               any but withdrawn                         office
//	object               exposed                                   office, unit
//	answer               exposed                                   office
//	ask-withdrawal       any but withdrawn                         office (signer)
//	withdraw             any but withdrawn                         supervisor
//	decline-withdrawal   any but withdrawn                         supervisor
//	resubmit             withdrawn                                 office
package intake
