package nats

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

func pair() (ours *bufferedConn, theirs net.Conn) {
	a, b := net.Pipe()
	return newBuffered(a), b
}

func TestBufferedConnKeepsBytesInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := pair()
		defer ours.Close()
		writes := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 4000), 1, 30).Draw(t, "writes")
		want := bytes.Join(writes, nil)
		go func() {
			for _, w := range writes {
				if n, err := ours.Write(w); n != len(w) || err != nil {
					t.Errorf("wrote %d of %d: %v", n, len(w), err)
				}
				clear(w) // the writer may use its bytes again at once
			}
		}()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(theirs, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
	})
}

func TestBufferedConnHoldsNoMoreThanItsBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := pair()
		var written int
		var failed error
		go func() {
			for failed == nil {
				var n int
				n, failed = ours.Write(make([]byte, 64<<10))
				written += n
			}
		}()
		synctest.Wait()
		// One buffer waits, one is on its way.
		if written < sendBuffer || written > 2*sendBuffer {
			t.Errorf("%d bytes were taken without a reader", written)
		}
		before := written
		if _, err := io.ReadFull(theirs, make([]byte, sendBuffer)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if written == before {
			t.Error("a reader doesn't let the writer go on")
		}
		ours.Close()
		synctest.Wait()
		if !errors.Is(failed, net.ErrClosed) {
			t.Errorf("a write after the close: %v", failed)
		}
	})
}

func TestBufferedConnTellsOfItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := pair()
		theirs.Close()
		ours.Write([]byte("x"))
		synctest.Wait()
		if _, err := ours.Write([]byte("y")); err == nil {
			t.Error("a write to a connection that the other side has closed")
		}
		ours.Close()
	})
}
