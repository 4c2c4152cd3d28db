// Package oversight is what the province compares offices by: the monthly returns 月报 of the campaign, and the figures of the board. The rules are those of the campaign “白山松水安全行”; what the
// notice doesn't say is marked [ours].
//
// The service owns the stream RETURNS (return.<office>.<yyyy-mm>, and table.province.<yyyy-mm> for tables as they were told) and alone writes it. It reads CASES (what a return holds), RECTIFICATION
// (the board), MEDIA (sealed scans) and REGISTRY (campaigns, offices, outlets, rules, days off).
//
// A refused command changes nothing. A command that failed half-way has appended one fact or none.
//
// # The return's track
//
// One table, [ReturnTrack], drives the guards, the list of what a caller may do next and why not, and this picture:
//
//	file         running returned                              → filed        office (signer)
//	supplement   received                                      → filed        office (signer)
//	add-scan     filed received returned recognised            = stays        office (signer)
//	receive      filed                                         → received     supervisor
//	return       filed                                         → returned     supervisor
//	recognise    running filed received returned recognised    → recognised   supervisor
//
// A record opens by itself, as running, when its month begins in Asia/Shanghai; see [Owed] for which there are. Wrong callers are refused first (forbidden), then every wrong field at once, then a wrong state.
// A filing that is sent again while it waits for the province is answered as the first time, also without an Idempotency-Key: see [DecideReturn].
//
// # What a month is worth
//
// Whether a month is met, late or missed is never stored: [DeriveReturn] tells it for the end of any day from the record and the office's cases. States go by the given days, “in time” and “late” by the
// system's time of the filing; what was entered from paper 补录 is outside those figures.
package oversight
