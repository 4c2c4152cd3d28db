// Package registry is the domain of offices, outlets and accounts: what the other services look up before they judge.
//
// It owns the records of offices, outlets, campaigns, rules and calendars (stream REGISTRY, subjects registry.<kind>.<id>) and the accounts (bucket accounts, since names, passwords and tokens must be
// changeable and forgettable). Of other services it reads two last messages: that of a case (CASES), to know whether the office that introduces somebody has it, and that of its rectification
// (RECTIFICATION), to know whether the people of the case may still come in. It writes an entry to ACCESS before every change of rights and for every sign-in, entry and refusal.
//
// People of a responsible unit 责任单位 and overseers 督办单位 have an account, or a personal link for one rectification ([Personal]): good until it is closed, renewed and revoked by the case's office,
// with a code of six digits that is told by telephone; five wrong ones shut it. An administrator manages every account, an office's signer those of the office ([MayManage]); disabling holds at once.
//
// On failure: a record is appended whole or not at all (see bus); an account is changed by revision, so two replicas
// never overwrite each other; indexes of names and tokens are hints that are checked against the account itself, so a crash
// between two writes leaves an unused hint at worst.
//
// This package holds the nouns and rules only; server wires them, registryapi is what others may ask.
package registry
