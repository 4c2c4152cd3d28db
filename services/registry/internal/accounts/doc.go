// Package accounts keeps accounts in the key-value bucket accounts and checks who signs in.
//
// Keys: account.<id> holds the account (the truth); name.<hash> and token.<hash> lead to an id and are believed only when the
// account itself bears that name or token; tries.<hash> holds the failed attempts on a name within the last hour. Names are
// hashed because a key can't hold Chinese.
//
// An account is changed by revision: of two writers one decides anew on what the other left. What a change gives or takes is in ACCESS
// before it is made (kind account), so the log may tell of a change that lost a race, but never lacks one.
package accounts
