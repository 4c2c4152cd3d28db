package ways

import (
	"context"
	"os/exec"

	"songshui.internal/events"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
)

// RunWaiting sends on their way the media that waited for a program which is here now, once, and then waits for ctx to end: what is on the PATH doesn't change
// under a running service.
func (w *Ways) RunWaiting(ctx context.Context) error {
	waiting, err := w.catalog.Select(ctx, func(e catalog.Entry) bool { return e.State == events.MediaWaiting })
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		w.bus.Logger().Warn("waiting media are left until the next start", "error", err)
	}
	for _, s := range waiting {
		if _, err := exec.LookPath(s.Missing); s.Missing == "" || err != nil {
			continue
		}
		err := w.append(ctx, events.MediaSubject(s.Office, s.ID), media.CommandRetry, media.GoOn)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			w.bus.Logger().Warn("a waiting medium is left until the next start", "media", s.ID, "error", err)
		}
	}
	<-ctx.Done()
	return nil
}
