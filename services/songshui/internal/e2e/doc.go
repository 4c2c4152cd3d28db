// Package e2e holds the tests of the whole system through what anybody outside has: the HTTP interface, the pages in a browser, and the
// command line. One system runs in the test process, with the sample cases submitted and followed through the public interface before the
// first test; when the last has ended, log and index are verified.
package e2e
