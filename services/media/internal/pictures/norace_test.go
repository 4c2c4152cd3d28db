//go:build !race

package pictures

const instrumented = false
