// Package media is the domain of uploads, sealed originals and their public copies.
//
// It owns the stream MEDIA and the buckets originals, uploads and renditions. It reads CASES, RECTIFICATION and RETURNS, to know which media cases, their rectifications and monthly returns hold. It imports the
// standard library, events, fault and access only; S3, NATS and HTTP are in media/internal, and media/server wires them.
//
// # The way of a medium
//
// An upload isn't a fact: bytes gather in originals, invisible, their state in uploads. When all are there, judged and durable, the fact
// `sealed` is written; from then on the original never changes. It is examined and compared, its public copies are rendered, a person looks at them, may name areas to hide, which are
// burnt into copies made anew, and clears them; or a step fails with a reason for a person, or waits for a program. When a case or a return takes it the original goes under legal hold.
// [Transitions] is the one table of all that: what is allowed ([Decide]), what is offered ([Next]), and this documentation come from it.
//
// # What it promises
//
// A medium's id comes from its office, the SHA-256 of its bytes and its cleaned name: sent twice, by whatever route, it is one medium. The same bytes
// under another name are a second medium, which may share the object. Sent again before a case took it, a medium's time for that begins anew. What was refused before sealing (type, size, damage,
// wrong hash) leaves nothing in MEDIA and one entry in ACCESS. Every step is idempotent, so a crash at any line is healed by doing it again.
//
// Outside the office and the province a medium exists only while it is cleared, for those who see a case that holds it. Every rendering has a number, which is part of its copies' ids; naming areas
// ends the rendering before at once, and copies that were made without them are never taken; who clears names the rendering looked at, and finds a conflict if others have named areas since. Nothing is erased but by administrator and supervisor together.
package media
