//go:build unix && !linux

package clips

import "syscall"

// withoutNetwork changes nothing: only Linux has networks for single programs.
func withoutNetwork(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
