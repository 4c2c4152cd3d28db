// Package pictures decodes images in a child process and makes their public copies: upright JPEG without any metadata.
//
// It owns and writes nothing; it reads the bytes given. Decoding is done in a child of package sandbox.
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
// Refusals are sniff's *fault.Error on the field `file`: damaged, too_many_pixels, metadata_too_large, too_demanding;
// unsupported_type for features no decoder here knows (arithmetic or 12-bit JPEG, a HEIC of less than 128 pixels). Everything else is sandbox's.
//
// HEIC is decoded by WebAssembly, never by a library of the system, also without `-tags nodynamic`.
package pictures
