// Package registry is the domain of offices, outlets and accounts: what the other services look up before they judge.
//
// It owns the records of offices and outlets (stream REGISTRY, subjects registry.office.<slug> and registry.outlet.<id>) and
// the accounts (bucket accounts, since names, passwords and tokens must be changeable and forgettable). It reads nothing of
// other services. It writes an entry to ACCESS before every change of rights and for every sign-in and refusal.
//
// On failure: a record is appended whole or not at all (see bus); an account is changed by revision, so two replicas
// never overwrite each other; indexes of names and tokens are hints that are checked against the account itself, so a crash
// between two writes leaves an unused hint at worst.
//
// This package holds the nouns and rules only; server wires them, registryapi is what others may ask.
package registry
