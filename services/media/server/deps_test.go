package server_test

import (
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media/server"
)

func (r *rig) deps(b *bus.Bus) server.Deps {
	return server.Deps{Bus: b, Verifier: r.verifier, Objects: r.store(), Buckets: r.buckets}
}
