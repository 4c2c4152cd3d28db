package sniff

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"io"
	"slices"
)

const (
	// pdfTail is where %%EOF must be: the last 1024 bytes (ISO 32000, Adobe's implementation note).
	pdfTail = 1024
	// maxInflated bounds what is unpacked of a paper's object streams in all.
	maxInflated = 64 << 20
	// maxName is PDF's own limit for a name.
	maxName = 127
)

// active are names, beside JS, AA and OpenAction, that make a viewer do something, run something or open something else (ISO 32000 12.6).
var active = map[string]bool{
	"JavaScript": true, "Launch": true, "EmbeddedFile": true, "EmbeddedFiles": true, "RichMedia": true, "XFA": true, "SubmitForm": true,
	"ImportData": true, "GoToR": true, "GoToE": true,
}

// CheckPDF checks that a paper has its header and its end (else damaged) and warns of active_content and encrypted. Names are looked for
// with their #-escapes undone, in the file itself and in its object streams, of which at most 64 MiB are unpacked; more counts as active. An OpenAction that is only
// a place to open at (an array) is harmless. The whole file is read once, in a window.
func CheckPDF(r io.ReaderAt, size int64) ([]string, error) {
	s := &source{r: r, size: size}
	var head [5]byte
	if err := s.read(0, head[:]); err != nil {
		return nil, err
	}
	tail := make([]byte, min(size, pdfTail))
	if err := s.read(size-int64(len(tail)), tail); err != nil {
		return nil, err
	}
	if string(head[:]) != "%PDF-" || !bytes.Contains(tail, []byte("%%EOF")) {
		return nil, damaged("pdf: no header or no end")
	}
	p := &pdfScan{source: s, left: maxInflated}
	if err := p.names(s.from(0, size), true); err != nil {
		return nil, err
	}
	var out []string
	if p.active {
		out = append(out, WarnActiveContent)
	}
	if p.encrypted {
		out = append(out, WarnEncrypted)
	}
	slices.Sort(out)
	return out, nil
}

type pdfScan struct {
	source            *source
	active, encrypted bool
	left              int64
}

// names goes through bytes for names; at the top level also into object streams. It stops early once there is nothing more to learn.
func (p *pdfScan) names(r *bufio.Reader, top bool) error {
	var at int64
	var packed bool
	word := 0
	const stream = "stream"
	for !p.active || !p.encrypted {
		c, err := r.ReadByte()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return readError(err)
		}
		at++
		if c == '/' {
			name, n, err := pdfName(r)
			at += n
			if err != nil {
				return readError(err)
			}
			packed = packed || name == "ObjStm"
			p.judge(name, r)
			word = 0
			continue
		}
		switch {
		case c == stream[word]:
			word++
		case c == stream[0]:
			word = 1
		default:
			word = 0
		}
		if word == len(stream) {
			word = 0
			if packed && top {
				packed = false
				if err := p.objects(at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// judge notes what a name means; r stands behind it. The two short ones must be followed by a value that fits, since they turn up in packed pictures.
func (p *pdfScan) judge(name string, r *bufio.Reader) {
	next, _ := r.Peek(16)
	next = bytes.TrimLeft(next, " \t\r\n\f\x00")
	first := byte('(')
	if len(next) > 0 {
		first = next[0]
	}
	switch {
	case name == "JS", name == "AA":
		p.active = p.active || bytes.IndexByte([]byte("(<%0123456789"), first) >= 0
	case name == "OpenAction":
		p.active = p.active || first != '['
	case active[name]:
		p.active = true
	case name == "Encrypt":
		p.encrypted = true
	}
}

// objects unpacks an object stream that begins, after the line's end, at an offset. What can't be unpacked is left to viewers, which can't either;
// encryption is told apart.
func (p *pdfScan) objects(at int64) error {
	file := &noting{r: io.NewSectionReader(p.source.r, at, p.source.size-at)}
	r := bufio.NewReaderSize(file, window)
	for {
		c, err := r.ReadByte()
		if err != nil {
			return file.err
		}
		if c != '\r' && c != '\n' {
			break
		}
	}
	if err := r.UnreadByte(); err != nil {
		return err
	}
	z, err := zlib.NewReader(r)
	if err != nil {
		// Another filter, or none of ours: nobody here can say what it holds.
		p.active = true
		return file.err
	}
	limited := &io.LimitedReader{R: z, N: p.left}
	if err := p.names(bufio.NewReaderSize(tolerant{limited}, 4<<10), false); err != nil {
		return err
	}
	p.left = limited.N
	if p.left <= 0 {
		p.active = true
	}
	return file.err
}

// noting keeps the error of a source that fails, which an unpacker would hide.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	if err != nil && err != io.EOF {
		n.err = readError(err)
	}
	return k, err
}

// tolerant ends where its reader fails.
type tolerant struct{ r io.Reader }

func (t tolerant) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// pdfName reads a name behind its slash and undoes #xx; n is how many bytes were read.
func pdfName(r *bufio.Reader) (name string, n int64, err error) {
	var b []byte
	for len(b) < maxName {
		c, err := r.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", n, err
		}
		if bytes.IndexByte([]byte("\x00\t\n\f\r ()<>[]{}/%"), c) >= 0 {
			return string(b), n, r.UnreadByte()
		}
		n++
		if c == '#' {
			if h, _ := r.Peek(2); len(h) == 2 && hexDigit(h[0]) >= 0 && hexDigit(h[1]) >= 0 {
				c = byte(hexDigit(h[0])<<4 | hexDigit(h[1]))
				_, _ = r.Discard(2)
				n += 2
			}
		}
		b = append(b, c)
	}
	return string(b), n, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
