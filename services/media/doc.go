// Package media is the domain of uploads, sealed originals and their public copies.
//
// It owns the stream MEDIA and the buckets originals, uploads and renditions. It reads CASES and RECTIFICATION, to know which media cases and their rectifications have taken. It imports the
// standard library, events and fault only; S3, NATS and HTTP are in media/internal, and media/server wires them.
//
// # The way of a medium
//
// An upload isn't a fact: bytes gather in originals, invisible, their state in uploads. When all are there, judged and durable, the fact
// `sealed` is written; from then on the original never changes. It is examined, its public copies are rendered, a person clears them;
// or a step fails with a reason for a person. When a case takes it the original goes under legal hold. [Transitions] is the one table of all that.
//
// # What it promises
//
// A medium's id comes from its office, the SHA-256 of its bytes and its cleaned name: sent twice, by whatever route, it is one medium. The same bytes
// under another name are a second medium, which may share the object. What was refused before sealing (type, size, damage,
// wrong hash) leaves nothing in MEDIA and one entry in ACCESS. Every step is idempotent, so a crash at any line is healed by doing it again.
package media
