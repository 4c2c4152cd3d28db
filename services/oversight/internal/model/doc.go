// Package model keeps in memory what the board, the inbox and the lists of earlier cases are told from. It follows CASES, RECTIFICATION and RETURNS, the last message of every record first and then
// each new one, and looks the registry's lists up. It owns nothing and writes TABLE facts alone, by the command fix 定版.
//
// Of each record only what figures need is read and kept, by a reader of its own ([reader]): the texts of a case are most of it. While NATS is away the model holds what it knows; what was read is
// derived anew only where a record, the day or the rules changed.
//
// # Two axes
//
// day asks what stood at the end of that day by the given days; as_of what the log held at a moment. For as_of the records whose last message is older are taken as they are, and the last earlier message
// of each other one is fetched; at most [maxReplay] of them, one such request at a time, and the last [keptPasts] results are kept. REGISTRY is looked up as it stood then, too.
package model
