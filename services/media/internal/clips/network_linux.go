package clips

import (
	"os/exec"
	"sync"
	"syscall"
)

// offline says whether this system lets us start programs without a network; containers often don't.
var offline = sync.OnceValue(func() bool {
	probe := exec.Command("/bin/sh", "-c", ":")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: noNetwork}
	return probe.Run() == nil
})

// noNetwork is a network of nothing but a loopback that is down; an ordinary user gets it only with a namespace of users, in which the program is nobody.
const noNetwork = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET

// withoutNetwork has a program start without a network where that can be had.
func withoutNetwork(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if offline() {
		a.Cloneflags |= noNetwork
	}
	return a
}
