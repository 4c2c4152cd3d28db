package view

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal/portalapi"
)

// CommandMedium gives a command to a medium; body is the command's JSON. Refusals are media's.
func CommandMedium(ctx context.Context, c bus.Client, id, name, key string, body []byte) (portalapi.Commanded, error) {
	var got portalapi.Commanded
	return got, c.Ask(ctx, events.ServiceMedia, "command", map[string]string{"id": id, "name": name, "key": key}, body, &got)
}

// MediaInState lists the actor's own office's media in a state, oldest first; more says that there are others.
func MediaInState(ctx context.Context, c bus.Client, state string) (media []portalapi.Medium, more bool, err error) {
	var listed mediaapi.Listed
	if err := c.Ask(ctx, events.ServiceMedia, "in-state", map[string]string{"state": state}, nil, &listed); err != nil {
		return nil, false, err
	}
	for _, m := range listed.Media {
		media = append(media, Medium(m))
	}
	return media, false, nil
}
