//go:build race

package sandbox

// instrumented says that the race detector's shadow memory would run into any limit on data.
const instrumented = true
