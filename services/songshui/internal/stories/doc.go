// Package stories holds the stories of domain.md that need another day than today's, as tests over HTTP: the services that they concern run in the test's process, through package stack, on a clock
// that the test moves. Stories that need no passed clock are in package e2e.
package stories
