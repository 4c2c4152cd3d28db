package server_test

import (
	"os"
	"testing"

	"songshui.internal/services/media/server"
)

func TestMain(m *testing.M) {
	if server.Child(os.Args) {
		return
	}
	os.Exit(m.Run())
}
