package serve

import (
	"container/list"
	"sync"
)

const (
	// cacheSize bounds the bytes of copies in memory: some hundred pictures as lists and pages show them.
	cacheSize = 32 << 20
	// cachedCopy is the largest copy that is kept, in bytes.
	cachedCopy = 512 << 10
)

// cache holds small copies by the hash of their content, the least recently used going first. Content never changes under its hash, and who may have it is asked before: so
// nothing in it is ever out of date. The zero value is ready.
type cache struct {
	mu    sync.Mutex
	bytes int
	order list.List // of *cached, the most recently used first
	byKey map[string]*list.Element
}

type cached struct {
	key  string
	data []byte
}

func (c *cache) get(key string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).data
}

func (c *cache) put(key string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[string]*list.Element{}
	}
	if _, ok := c.byKey[key]; ok {
		return
	}
	c.byKey[key] = c.order.PushFront(&cached{key, data})
	c.bytes += len(data)
	for c.bytes > cacheSize {
		last := c.order.Back()
		old := c.order.Remove(last).(*cached)
		delete(c.byKey, old.key)
		c.bytes -= len(old.data)
	}
}
