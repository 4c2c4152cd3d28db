//go:build unix

package clips

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// limitedCommand runs a program without a network where that can be had, under a shell's limits on memory, processor time, file size, core files and open files; the end of ctx kills its process group.
func limitedCommand(ctx context.Context, path string, processor time.Duration, args []string) *exec.Cmd {
	// POSIX counts -f in blocks of 512 bytes.
	script := fmt.Sprintf("ulimit -t %d && ulimit -f %d && ulimit -c 0 && ulimit -n 64", int(processor.Seconds())*threads, (maxRecoded+(64<<20))/512)
	if runtime.GOOS == "linux" {
		script += fmt.Sprintf(" && ulimit -v %d", maxMemory/1024)
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script + ` && exec "$0" "$@"`, path}, args...)...)
	cmd.SysProcAttr = withoutNetwork(&syscall.SysProcAttr{Setpgid: true})
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
