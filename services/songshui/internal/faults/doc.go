// Package faults holds tests of the whole system under faults, and nothing else: killed at random moments while an office submits, a backing that goes away
// in the middle, messages that nobody can read, and acknowledgements that must not leave before the bytes are on the disk.
//
// The kill loop runs the program itself, built once, as a child process; the other tests run the services in the test's process through package stack, on
// backings of their own that can be cut off. Chance comes from a seed that is printed; SONGSHUI_TEST_SEED runs it again. `-short` leaves the kill loop out.
package faults
