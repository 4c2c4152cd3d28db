// Package papers examines PDFs and makes their public copies. It is the [songshui.internal/services/media/internal/kinds.Kind] of papers.
//
// # What a public copy is
//
// The pages as they look, and nothing else: `paper` is a new file into which the pages, what they draw with (fonts, pictures, colours, layers) and the looks of
// their annotations are taken over by lists of what may come along. Page content and fonts keep their bytes; of pictures inside, JPEG and JPEG 2000 lose EXIF, XMP,
// IPTC, comments and trailing bytes, their pixels stay. So what is not drawn isn't there: document information, XMP, the file's ID, embedded files, scripts and actions
// of every kind, forms (a filled field stays as a look), thumbnails, piece info, earlier revisions, bookmarks, tags, hidden annotations.
//
// Links aren't taken over either, not even plain http: a person who clears the copy sees pages and not where a link leads, and a link in an
// office's paper speaks with the office's voice. An address that is printed on the page stays readable.
//
// A paper with active content gets its public copy only because nothing active is taken over; sniff.CheckPDF looks at the finished copy once more, and what still shows
// any is refused with active_content. The original is never a copy. The same original gives the same bytes.
//
// `page-1` … `page-50` are pictures of the copy's pages (JPEG, longest edge 1280 pixels), where pdftoppm (poppler-utils) is on the PATH; otherwise there is `paper`
// only. A page that pdftoppm can't show has none.
//
// # Where it runs
//
// pdfcpu, which reads strangers' bytes, and pdftoppm run in the sandbox's child, within its limits on memory, time and files: the outside program has an empty environment,
// gets the copy by a pipe, writes its picture to a pipe, and may write no file. The package holds a paper (100 MB at most) and its copy in memory in the child, the
// copy alone in the service. It owns and writes nothing.
//
// # On failure
//
// Refusals are fault.Invalid on the field `file`: damaged, too_many_pages, encrypted (a copy only: an encrypted paper is examined, with that warning), active_content,
// too_demanding; or on the field `areas`: not_for_this_kind, since hiding in a paper means to remove what lies below, which nobody can prove for a PDF: the
// office uploads a picture of the page instead. Everything else may be tried again.
package papers
