// Package pictures decodes images in a child process and makes their public copies: upright JPEG without any metadata.
//
// # Why a child
//
// Decoders of others read what strangers upload. They run in the program itself, started again as `songshui picture-child`, with an empty environment,
// an own process group, and limits on memory, processor time, time by the clock and on writing files. A child that panics, loops or eats memory dies alone; its file is
// refused, the next one gets a new child. The program must call [Main] first thing in main, a test binary in TestMain.
//
// # What it owns, reads and writes
//
// It owns its children, at most Config.Parallel at once; each serves up to 100 pictures and is ended after 10 seconds without work. It reads the
// bytes given and writes nothing but what it returns.
//
// # The copies
//
// A copy is the re-encoded pixels and nothing else: no EXIF, XMP, IPTC, profile, comment, thumbnail or trailing byte can get into it, since none
// is ever carried over. Pixels are turned upright (EXIF orientation; for HEIC the decoder does it), what is transparent stands on white,
// an animation gives its first frame. Samples are taken as sRGB: an embedded profile is ignored, so a picture in a wider space looks a little duller. Scaling is the
// mean over the area that a pixel covers, in the encoder's own colour planes where it can be.
//
// # On failure
//
// Refusals are sniff's *fault.Error on the field `file`: damaged, too_many_pixels, metadata_too_large, too_demanding (the child ran into a limit);
// unsupported_type for features no decoder here knows (arithmetic or 12-bit JPEG, a HEIC of less than 128 pixels). A child that somebody else ends, or that can't be started, is
// fault.Unavailable. An error of the reader given comes back as it is.
//
// HEIC is decoded by WebAssembly, never by a library of the system, also without `-tags nodynamic`.
package pictures
