// Package events is the contract between Songshui's services: the streams, the subjects, the facts and the states
// that are written to them, and the envelope and hash chain around each message. It imports the standard library only.
//
// # One message, one fact, one state
//
// A message holds one fact and the record as it stands after it: {"fact": {…}, "state": {…}}. Each record (a case, a
// medium, a rectification) has a subject of its own, so loading it is one direct get of the subject's last message, and
// rebuilding a view is one pass over the last messages. Folding all facts of a subject gives its last state;
// `songshui verify` proves that for every record.
//
// # What a reader may count on
//
//   - Streams are public: any service may read any record's last message. Only the writer named in [Streams] appends.
//   - Consumers act on differences of state, never on a fact's name alone: a batch folds to the last message.
//   - Additions to facts and states stay within v1; readers ignore fields they don't know. A break is v2 with an upcaster
//     in [Registry].
//   - Every state carries schema. A writer refuses a record whose schema is newer than its own.
//   - An unknown fact type is no error: [Registry.Decode] gives a nil fact and the state.
//
// # Envelope
//
// Headers follow CloudEvents' binary mode (ce-*), with traceparent and four of our own: Songshui-Actor, Songshui-Command,
// Songshui-On (the given day) and Songshui-Chain. The chain value is SHA-256 over the previous message's value, the subject, the sorted ce-* and
// Songshui-* headers and the body, each with its length before it; see [Chain].
package events
