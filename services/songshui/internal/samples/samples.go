// Package samples holds the sample cases that the demo sends through the public interface: submissions, follow-ups, outlets,
// calendar and embargoes as JSON, the media they name under media and followup-media, and what must come out of them in
// expected.json and followups.expected.json. It only reads; the folder bad beside it holds hostile files for tests and isn't in
// the binary.
package samples

import "embed"

// Files has the sample files at their paths as named in cases.jsonl and followups.jsonl (media/crane-portrait.mp4). Their names
// are as people gave them: Chinese, with blanks and brackets.
//
//go:embed media followup-media cases.jsonl followups.jsonl outlets.json calendar.json expected.json followups.expected.json embargoes.json
var Files embed.FS
