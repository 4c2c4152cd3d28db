// Package sandbox runs work on what strangers upload in a child process: decoders of others, that may panic, loop or eat memory, can't take the service down.
//
// # How to use it
//
// A package registers its operations in init, under its own name:
//
//	func init() {
//		sandbox.Register("papers.check", sandbox.Operation{MaxInput: sniff.MaxDocument, Work: check})
//	}
//
//	// check runs in the child.
//	func check(in sandbox.Input) (reply any, blobs []sandbox.Blob, err error) {
//		var p params
//		if err := in.Decode(&p); err != nil {
//			return nil, nil, err
//		}
//		// in.Data are the file's bytes, all of them.
//		return result{Pages: 3}, []sandbox.Blob{{Name: "stripped", Data: out}}, nil
//	}
//
// and asks for one in the service, where a [Sandbox] is made once and given to everybody who needs it:
//
//	var r result
//	blobs, err := box.Do(ctx, sandbox.Request{Op: "papers.check", Params: params{…}, Data: reader, Size: size}, &r)
//
// Parameters and reply go through JSON (1 MiB at most each); blobs are what is made of the file. A test that needs a child has
//
//	func TestMain(m *testing.M) {
//		if sandbox.Main(os.Args) {
//			return
//		}
//		os.Exit(m.Run())
//	}
//
// # What a child is
//
// The program itself, started again as `songshui media-child`, with an empty environment, an own process group, and limits on memory, processor time, time by
// the clock and on writing files (none may be written, not even by an outside program). The program calls [Main] first thing in main.
// A child serves up to 100 requests, one at a time, and is ended after 10 seconds without work.
//
// # What it owns, reads and writes
//
// It owns its children, at most Config.Parallel at once. It reads the bytes given and writes nothing but what it returns.
//
// # On failure
//
// What an operation returns as *fault.Error comes back as one; any other error of an operation, and a panic, says that the file is damaged. Memory or time at its
// limit is too_demanding. Both are fault.Invalid on sniff's field `file`. A child that somebody else ends, or that can't be started, is fault.Unavailable. An
// error of the reader given comes back as it is, an end of ctx as its cause. After a crash, a limit or a panic the child is gone; the next request gets a new one.
package sandbox
