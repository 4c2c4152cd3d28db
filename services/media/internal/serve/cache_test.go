package serve

import (
	"fmt"
	"testing"
)

// TestCache keeps what was asked for last, within its bound.
func TestCache(t *testing.T) {
	t.Parallel()
	var c cache
	if c.get("0") != nil {
		t.Error("something out of nothing")
	}
	const n = 2 * cacheSize / cachedCopy
	for i := range n {
		c.put(fmt.Sprint(i), make([]byte, cachedCopy))
		c.put(fmt.Sprint(i), make([]byte, 1))
		if len(c.get("0")) != cachedCopy {
			t.Fatalf("what is asked for again and again went, after %d", i)
		}
	}
	if c.bytes > cacheSize || len(c.byKey) != cacheSize/cachedCopy || c.order.Len() != len(c.byKey) {
		t.Errorf("%d bytes in %d entries", c.bytes, len(c.byKey))
	}
	if c.get("1") != nil || c.get(fmt.Sprint(n-1)) == nil {
		t.Error("the oldest stayed, or the newest went")
	}
}
