// Package strict reads the JSON bodies that people send: everything that is wrong is said at once, by path and code, and
// nothing is guessed. It owns no state, reads and writes nothing else.
//
// It differs from encoding/json where that is lenient: names must fit exactly, a name that isn't known or comes twice is a wrong field, bytes that
// aren't UTF-8 (and escapes of half a surrogate pair) are refused instead of replaced, and so are control characters.
// null stands for “not given”, as a missing field does; whether a field is required is the domain's to say.
package strict
