//go:build linux || darwin

package sandbox

import (
	"math"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// besides is what a Go process needs of RLIMIT_DATA beside what it decodes: arenas are mapped whole, and so are threads' stacks.
const besides = 512 << 20

// limitProcess sets the hard limits of the whole child: memory that it can map, processor time, nothing written to files, no core.
func limitProcess(memory uint64, processor time.Duration) error {
	data := memory + besides
	if instrumented {
		data = math.MaxInt64
	}
	seconds := uint64(processor/time.Second) + 1
	for _, l := range []struct {
		what  int
		limit uint64
	}{{syscall.RLIMIT_DATA, data}, {syscall.RLIMIT_CPU, seconds}, {syscall.RLIMIT_FSIZE, 0}, {syscall.RLIMIT_NOFILE, 32}, {syscall.RLIMIT_CORE, 0}} {
		var r syscall.Rlimit
		if err := syscall.Getrlimit(l.what, &r); err != nil {
			return os.NewSyscallError("getrlimit", err)
		}
		r.Max = min(r.Max, l.limit)
		r.Cur = r.Max
		if err := syscall.Setrlimit(l.what, &r); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	return nil
}

// limitTime gives the next file its processor time; when it is over the kernel sends SIGXCPU, which watchTime takes.
func limitTime(d time.Duration) error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &r); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	r.Cur = min(uint64((processorTime()+d)/time.Second)+1, r.Max)
	return os.NewSyscallError("setrlimit", syscall.Setrlimit(syscall.RLIMIT_CPU, &r))
}

func watchTime() {
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGXCPU)
	go func() {
		<-over
		os.Exit(exitTime)
	}()
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// apart keeps an interrupt of the terminal from the child: it would look like a file that kills decoders.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// death tells from a process's end whose fault it was.
func death(s *os.ProcessState) ending {
	w, ok := s.Sys().(syscall.WaitStatus)
	if ok && w.Signaled() {
		switch w.Signal() {
		case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
			return endedByOthers
		case syscall.SIGKILL, syscall.SIGXCPU:
			// The hard limit of time, or the system was out of memory.
			return endedByLimit
		}
		return crashed
	}
	return deathByStatus(s.ExitCode())
}
