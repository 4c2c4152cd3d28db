package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

// ChildCommand is the first argument with which the program is a child. The others are its memory limit in bytes and the time for one file in milliseconds.
const ChildCommand = "media-child"

// Exit statuses by which a child tells what it died of; any other is a crash.
const (
	exitMemory = 77
	exitTime   = 78
	exitPipe   = 79
)

const (
	// maxServed is how many files a child works on before a new one takes its place.
	maxServed = 100
	// watchEvery is how often a child looks at its memory; an allocation that is too large at once fails by the hard limit.
	watchEvery = 20 * time.Millisecond
)

// Main is the child's whole life, if args (os.Args) ask for one: then it returns true when the parent has closed the pipe, and the program
// must end. It is called before anything else of the program starts; otherwise it returns false at once.
func Main(args []string) (handled bool) {
	if len(args) < 2 || args[1] != ChildCommand {
		return false
	}
	c, err := newChild(args[2:])
	if err == nil {
		err = c.serve()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "songshui "+ChildCommand+":", err)
		os.Exit(exitPipe)
	}
	return true
}

type child struct {
	in     *bufio.Reader
	out    *bufio.Writer
	memory uint64
	time   time.Duration
	// retire is the processor time at which the child must retire, before its hard limit strikes at some innocent file.
	retire time.Duration
	served int
}

func newChild(args []string) (*child, error) {
	if len(args) != 2 {
		return nil, errors.New("wants a memory limit and a time; it is started by the program itself")
	}
	memory, err := strconv.ParseUint(args[0], 10, 62)
	if err != nil {
		return nil, err
	}
	ms, err := strconv.ParseUint(args[1], 10, 31)
	if err != nil {
		return nil, err
	}
	c := &child{in: bufio.NewReaderSize(os.Stdin, 64<<10), out: bufio.NewWriterSize(os.Stdout, 64<<10), memory: memory, time: time.Duration(ms) * time.Millisecond}
	// What a WebAssembly module prints mustn't get between the answers.
	os.Stdout = os.Stderr
	runtime.GOMAXPROCS(2)
	debug.SetMemoryLimit(int64(memory / 8 * 7))
	debug.SetTraceback("none")
	c.retire = 10 * c.time
	if err := limitProcess(memory, c.retire+2*c.time); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	go watchMemory(memory)
	watchTime()
	return c, nil
}

func watchMemory(limit uint64) {
	for range time.Tick(watchEvery) {
		if memoryHeld() > limit {
			os.Exit(exitMemory)
		}
	}
}

// memoryHeld is what the process has of the system, in bytes. A WebAssembly module's memory is in it.
func memoryHeld() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func (c *child) serve() error {
	for last := false; !last; {
		var req request
		switch err := readMessage(c.in, &req); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := c.send(ready{}); err != nil {
			return err
		}
		op := operations[req.Op]
		file, err := c.receive(req.Size, op.MaxInput)
		if err != nil {
			return err
		}
		if err := limitTime(c.time); err != nil {
			return err
		}
		rep, data := op.answer(Input{params: req.Params, Data: file})
		c.served++
		rep.Last = rep.Last || c.served >= maxServed || processorTime() > c.retire
		last = rep.Last
		if err := c.send(rep, data...); err != nil {
			return err
		}
		// One file's garbage must not count against the next, nor lie about while there is none.
		if !last && memoryHeld() > c.memory/16 {
			debug.FreeOSMemory()
		}
	}
	return nil
}

func (c *child) send(v any, data ...[]byte) error {
	if err := writeMessage(c.out, v); err != nil {
		return err
	}
	for _, b := range data {
		if _, err := c.out.Write(b); err != nil {
			return err
		}
	}
	return c.out.Flush()
}

func (c *child) receive(size, limit int64) ([]byte, error) {
	if size < 0 || size > limit {
		return nil, fmt.Errorf("a file of %d bytes", size)
	}
	file := make([]byte, size)
	_, err := io.ReadFull(c.in, file)
	return file, err
}

// answer does a request's work. An operation that panics has refused the file; the child ends after it, since nobody knows what it left behind.
func (o Operation) answer(in Input) (rep reply, data [][]byte) {
	defer func() {
		if v := recover(); v != nil {
			rep, data = refused(Refuse(sniff.CodeDamaged, fmt.Errorf("panic: %v", v))), nil
			rep.Last = true
		}
	}()
	result, blobs, err := o.Work(in)
	if err != nil {
		return refused(err), nil
	}
	if rep.Result, err = json.Marshal(result); err != nil {
		return refused(fault.Wrap(fault.Internal, "sandbox: reply", err)), nil
	}
	var sum int64
	for _, b := range blobs {
		rep.Blobs = append(rep.Blobs, blobHead{b.Name, int64(len(b.Data))})
		data = append(data, b.Data)
		sum += int64(len(b.Data))
	}
	// Names and sizes of blobs are in the message too.
	if sum > o.MaxOutput || len(rep.Result)+100*len(blobs) > maxMessage-(64<<10) {
		return refused(Refuse(sniff.CodeTooDemanding, fmt.Errorf("%d bytes and %d blobs of %d bytes", len(rep.Result), len(blobs), sum))), nil
	}
	return rep, data
}

// refused tells an error to the parent; what isn't one of ours is a decoder's, of a file that it couldn't read.
func refused(err error) reply {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = Refuse(sniff.CodeDamaged, err)
	}
	rep := reply{Fault: f}
	if f.Err != nil {
		cause := f.Err.Error()
		rep.Cause = cause[:min(len(cause), 500)]
	}
	return rep
}
