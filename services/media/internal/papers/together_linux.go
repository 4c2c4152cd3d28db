package papers

import (
	"os/exec"
	"runtime"
	"syscall"
)

// dieTogether ends the renderer when the child is killed. The kernel ties that to the thread that started it, so that the operation keeps its thread.
func dieTogether(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
