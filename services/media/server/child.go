package server

import "songshui.internal/services/media/internal/pictures"

// PictureChild must be called first thing in main: when the program was started as a decoder of pictures it works as one until its end and says so.
func PictureChild(args []string) (handled bool) { return pictures.Main(args) }
