package ways

import "songshui.internal/services/media/internal/pictures"

// Pictures lets a decoder examine and render pictures.
type Pictures struct{ *pictures.Decoder }
