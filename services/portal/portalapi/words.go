package portalapi

import (
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
)

// Wrong gives a wrong field as the portal would say it, for what a client finds by itself. language is as of Client.
func Wrong(f fault.Field, language string) FieldError {
	return FieldError{Field: f.Field, Code: f.Code, Message: messages.Field(f, messages.Of(language))}
}
