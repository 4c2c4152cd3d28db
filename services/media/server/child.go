package server

import "songshui.internal/services/media/internal/sandbox"

// Child must be called first thing in main: when the program was started to work on what strangers upload, it does that until its end and says so.
func Child(args []string) (handled bool) { return sandbox.Main(args) }
