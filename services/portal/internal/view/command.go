package view

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/rectification/rectificationapi"
)

// tracks says which service owns a command of a case.
var tracks = func() map[string]string {
	out := map[string]string{}
	for _, c := range intakeapi.Commands() {
		out[c] = events.ServiceIntake
	}
	for _, c := range rectificationapi.Commands() {
		out[c] = events.ServiceRectification
	}
	return out
}()

// Fields are those of a command's body, as far as they can be entered; what is required depends on the case.
func Fields(name string) (out []portalapi.NextField) {
	for _, f := range intakeapi.Fields(name) {
		out = append(out, portalapi.NextField(f))
	}
	for _, f := range rectificationapi.Fields(name) {
		out = append(out, portalapi.NextField(f))
	}
	return out
}

// Command gives a command to a case or its rectification; body is the command's JSON, key makes it one however often it is sent. fault.NotFound for a command that there isn't; all else is refused by its
// service. Warnings have no words yet.
func Command(ctx context.Context, c bus.Client, id, name, key string, body []byte) (portalapi.Commanded, error) {
	var got portalapi.Commanded
	service, known := tracks[name]
	if _, err := events.ParseCaseID(id); err != nil || !known {
		return got, fault.New(fault.NotFound, "portal: command")
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	err := c.Ask(ctx, service, "command", map[string]string{"id": id, "name": name, "key": key}, body, &got)
	return got, err
}
