//go:build race

package pictures

// instrumented says that the race detector's shadow memory would run into any limit on data.
const instrumented = true
