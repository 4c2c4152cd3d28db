// Package oversightapi is what other services and portal may ask of oversight: request and reply types and small clients for monthly returns and for the board. It owns and writes nothing.
// Refusals are *fault.Error; a service that doesn't answer is fault.Unavailable.
package oversightapi
