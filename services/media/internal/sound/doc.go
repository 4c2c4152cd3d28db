// Package sound examines MP3 and WAV and makes their public copy without recoding: the sound itself and nothing beside it. M4A is package clips'.
//
// It owns and writes nothing but what it hands to kinds.Keep; it reads the original in order through its io.ReaderAt, 1 MiB at a time. Its readers are its own and small, so they run in the
// service itself.
//
// # The copy
//
// Its name is sound. Of an MP3 it has the Layer III frames one behind the other: no ID3v1 or ID3v2, no APE or Lyrics3 tag, nothing that lies between frames. A first frame that holds a
// Xing, Info or VBRI table is kept, since players take length and places to jump to from it; it may name the encoding program, which says nothing of persons or devices; what
// follows the table and its encoder's part is zeros. Ancillary bytes inside frames aren't touched.
//
// Of a WAV it has a new header, fmt and data: no LIST, bext, iXML, id3, cue or any other chunk. The data chunk is written with its whole blocks only.
//
// # On failure
//
// Refusals are *fault.Error, invalid, on sniff's field `file`: damaged (no frames, more than a tenth of junk, a twentieth less frames than the table says, data beyond the end); and
// unsupported_type for a WAV that isn't PCM, float, A-law or µ-law. Everything else may be tried again.
package sound
