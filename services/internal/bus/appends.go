package bus

import (
	"slices"
	"sync"
)

// appends tells those who want to know, by stream, what was appended through one Bus. The zero value is ready.
type appends struct {
	mu    sync.RWMutex
	hooks map[string][]*appendHook
}

// appendHook is told of an append, or of one that a repeated command finds, by the goroutine that made it: it mustn't block, nor keep the state.
type appendHook func(subject, eventType string, sequence uint64, state any)

func (a *appends) on(stream string, hook appendHook) (off func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hooks == nil {
		a.hooks = map[string][]*appendHook{}
	}
	a.hooks[stream] = append(slices.Clone(a.hooks[stream]), &hook)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hooks[stream] = slices.DeleteFunc(slices.Clone(a.hooks[stream]), func(h *appendHook) bool { return h == &hook })
	}
}

func (a *appends) tell(stream, subject, eventType string, sequence uint64, state any) {
	a.mu.RLock()
	hooks := a.hooks[stream]
	a.mu.RUnlock()
	for _, h := range hooks {
		(*h)(subject, eventType, sequence, state)
	}
}
