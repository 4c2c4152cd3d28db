//go:build !unix

package clips

import (
	"context"
	"os/exec"
	"time"
)

// limitedCommand has the clock as its only limit here.
func limitedCommand(ctx context.Context, path string, _ time.Duration, args []string) *exec.Cmd {
	return exec.CommandContext(ctx, path, args...)
}
