//go:build !linux

package papers

import "os/exec"

// Elsewhere the renderer ends at its own limits or on its broken pipe.
func dieTogether(*exec.Cmd) {}
