// Package pictures examines images and makes their public copies: upright, in sRGB, without any metadata, with areas hidden.
//
// It owns and writes nothing; it reads the bytes given. Everything is done in a child of package sandbox: decoders of others, and the readers of EXIF, XMP and IPTC.
//
// # Examining
//
// Sizes as stored and upright, orientation and frames; the camera's clock, maker, model and position; the names of the private tags; a perceptual hash
// ([Alike] says how near is alike); faces and blue number plates as proposals; the warnings [WarnNoMetadata] and [WarnClockNeverSet]. Broken metadata don't break a picture.
// Private holds more than samples/expected.json's private_metadata looks for: every tag that tells of people, places, times or devices.
//
// # The copies
//
// A copy is the re-encoded pixels and nothing else: no EXIF, XMP, IPTC, profile, comment, thumbnail or trailing byte can get into it, since none
// is ever carried over. Pixels are turned upright (EXIF orientation; for HEIC the decoder does it). What has transparency is PNG, and so is a PNG of at most 4,096
// colours; everything else is JPEG. Scaling is the mean over the area that a pixel covers, in the encoder's own colour planes where it can be.
//
// Samples of a profile of curves and a matrix (Display P3, Adobe RGB, grey of any gamma) are brought to sRGB; CMYK is converted without a profile, and profiles of
// tables and invalid ones are not used, so that such a picture may look a little duller. Colours beyond sRGB are clipped.
//
// # Animations
//
// A GIF, WebP or PNG of several frames has what its first frame shows as a still, and a copy named animation, made smaller over 1,280 pixels or 48 million of all its frames. Every frame is put
// together as a player does it (place, blending, disposal), and written again as what changed since the frame before; times and the number of plays are kept.
//
// A GIF stays a GIF. A WebP and a PNG become an animated WebP, whose frames libwebp encodes (gen2brain/webp, inside WebAssembly) and a small writer of our own puts together: every browser
// plays it, it keeps transparency, and what is filmed takes a fraction of the bytes of an animated PNG. Frames of at most 4,096 colours lose nothing, others have the quality of
// the stills. Our readers take the frames' places, times and data from the file; each frame is decoded as a still of its own by golang.org/x/image/webp or image/png, one at a time.
// A PNG's picture that is no frame of its animation is decoded, so that it is known to be whole, and goes into no copy.
//
// Frames beyond the canvas, of another size than announced, out of sequence, or not as many as announced are damaged; browsers show a still for some of these.
//
// # Hidden areas
//
// Areas are burnt in at full size before anything is scaled, into every copy and every frame; what is solid is one grey that no picture gave, a mosaic's blocks are at
// least 16 pixels and an eighth of the area's shorter edge, each of its mean. Whatever decides about a copy's form looks at the picture after that. So two
// originals whose samples differ only in a solid area have the same copies, byte for byte (a test says so). In pictures with coarser chroma an area's colour may end up to
// three pixels outside.
//
// # On failure
//
// Refusals are sniff's *fault.Error on the field `file`: damaged, too_many_pixels, too_many_frames, metadata_too_large, too_demanding;
// unsupported_type for features no decoder here knows (arithmetic or 12-bit JPEG, a HEIC of less than 128 pixels). Everything else is sandbox's.
//
// HEIC is decoded and WebP encoded by WebAssembly, never by a library of the system, also without `-tags nodynamic`. Without that tag the modules open such a library when the program starts, where the
// program is linked dynamically and there is one, and ask it for its version; no picture gets there.
package pictures
