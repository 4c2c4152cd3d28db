// Package clips examines MP4, MOV and M4A and makes their public copies.
//
// It owns and writes nothing but what it hands to kinds.Keep and, while ffmpeg runs, a temporary directory of its own. It reads the original through its io.ReaderAt:
// the headers of the boxes on the top level, the index (moov, at most sniff.MaxIndex; of a clip in fragments every moof too, at most maxMoofs together) and, for a copy, the samples, 2 MiB at a
// time. The index is read in a child of package sandbox, with Eyevinn/mp4ff for its tables and headers; the service itself never parses more than lengths.
//
// # The copies
//
//   - clip (video/mp4): the original without recoding, also of a MOV, whose sample entries are made anew as MP4's.
//   - sound (audio/mp4): the same of an M4A; one that browsers can't play (ALAC) is recoded to AAC.
//   - h264 (video/mp4): recoded, shorter edge 720 at most, where browsers can't play the original (anything but H.264 in 8 bits 4:2:0 with AAC or MP3), where areas must be hidden, and
//     where an edit list keeps more than a second of a track from being shown: what somebody cut off isn't published.
//   - poster (image/jpeg): a frame near a tenth of the clip, longest edge 1280 at most, taken from what is published.
//
// Where areas must be hidden there is no clip. HEVC and H.264 of other profiles have both clip and h264. Without ffmpeg there is no poster, and what must be recoded is *kinds.Missing.
//
// # What a clip and a sound hold, and what not
//
// File type, index and samples are all there is, in this order. The index is written anew from named fields: sizes, times, matrices, sample tables, and of sample entries the
// size, pixel shape, colour code points and the codec's parameter sets. So there is no udta, meta, uuid, free, no name of a handler, track or compressor, no language, no time of creation
// or change, no ICC profile, no chapter, text, time code or timed metadata track. Of video and of sound one track each is kept, the one that a browser shows: what
// nobody sees when looking isn't published. Only the bytes of their samples are copied, in their order; what lies between them isn't.
//
// Inside H.264 and HEVC samples, overwritten in place with the same length: user data SEI (unregistered except x264's settings; registered except captions and HDR10+),
// filler data, and NAL units of unspecified types. Not touched: other SEI, what AAC carries in fill and data elements, an encoder's way of encoding, and of course picture and sound.
//
// # Fragments
//
// A clip in fragments (moof: telephones, dashboard cameras, screen recorders, what was made for HLS and DASH) becomes an ordinary file, of at most maxSamples samples. Its sample tables are
// made of the fragments' runs, after those that the moov has already; mvex, moof, sidx, mfra, emsg, prft and whatever else stands in or between fragments is gone. Decoding times are the fragments':
// a hole lengthens the sample before it, an overlap of less than a sample shortens it, and times that begin anew (recordings put one behind the other) go on where the track is. The clip
// begins with the track that begins first. An edit that was written before the fragments were lasts to the end.
//
// A recording that broke off is kept up to its last whole fragment: boxes from the first that reaches beyond the end are passed over, and a last fragment whose samples aren't all there is left out; its examination warns of that (broke_off).
// Any other fragment with samples outside of mdat is damaged.
//
// ffmpeg reads a clip in fragments as an ordinary file too, since in fragments it goes over edit lists; where its codec isn't published that file holds the original's sample entries.
//
// # Hiding
//
// Areas are burnt in by ffmpeg on the upright picture at its full size, 2 pixels and 0.1 seconds wider on every side, before it is made smaller. A mosaic has 6 cells along its longer edge. The
// original's frames are read at 30 a second, so that no longer frame begins before an area's time.
//
// # ffmpeg
//
// It reads a local file, because it seeks: the stripped copy where there is one, written while it is published, else the original. It runs without an environment and, where Linux lets us,
// without a network (namespaces of users and networks of its own; containers often don't), in a process group that the end of the context kills, under limits of a shell (memory, processor time, file size, open files), by the clock too, with the MOV demuxer only and no protocol but file and pipe. One runs at a time.
// Its clip is stripped like an original; a poster comes as bare pixels and is encoded here.
//
// # On failure
//
// Refusals are *fault.Error, invalid, on sniff's field `file`: damaged (structure, samples beyond the end of the file or outside of mdat, overlapping chunks), too_long (more than MaxDuration;
// the limit in seconds as Arg), encrypted (sample entries encv, enca, drmi, drms), too_demanding (memory or time of the child or of ffmpeg, more fragments or samples than may be). Everything else, also
// what the sandbox calls unavailable, may be tried again.
package clips
