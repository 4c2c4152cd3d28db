// Package front is what every request passes before a route sees it: an id and trace, the caller's identity, limits, and the
// one way in which refusals are written (RFC 9457).
package front
