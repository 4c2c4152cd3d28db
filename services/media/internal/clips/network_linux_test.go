package clips

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// What runs under the limits sees no network but a loopback.
func TestWithoutNetwork(t *testing.T) {
	t.Parallel()
	if !offline() {
		t.Skip("left out: this system gives no namespaces")
	}
	var out bytes.Buffer
	cmd := limitedCommand(t.Context(), "/bin/cat", time.Minute, []string{"/proc/self/net/dev"})
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), ":"); n != 1 || !strings.Contains(out.String(), "lo:") {
		t.Errorf("%s", out.String())
	}
}
