package papers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// MaxPages is what a person can be asked to look through before clearing; a paper of more is a book, and belongs to be uploaded in parts.
	MaxPages = 500
	// MaxPictures is how many pages get a picture: what a case page can show; the rest is read in the paper.
	MaxPictures = 50
	// PictureEdge is the longer edge of a page's picture, in pixels: body text of an A4 page can be read.
	PictureEdge = 1280
	// maxOutput bounds a copy in bytes; what was in object streams takes more room than before.
	maxOutput = 160 << 20
	// maxPicture bounds a page's picture in bytes; 1280 × 1280 of noise come to 2 MB.
	maxPicture = 8 << 20
	// maxFailed is after how many pages that can't be shown no more are tried: each may take its whole time.
	maxFailed = 3
)

// Codes of refusals, beside sniff's.
const (
	CodeTooManyPages   = "too_many_pages"
	CodeEncrypted      = sniff.WarnEncrypted
	CodeActiveContent  = sniff.WarnActiveContent
	CodeNotForThisKind = "not_for_this_kind"
)

// Papers examines and renders PDFs. It is safe for concurrent use.
type Papers struct {
	box      *sandbox.Sandbox
	renderer string
}

var _ kinds.Kind = (*Papers)(nil)

// New makes Papers whose decoding runs in box. pdftoppm is looked for on the PATH once, now.
func New(box *sandbox.Sandbox) *Papers {
	p := &Papers{box: box}
	if path, err := exec.LookPath("pdftoppm"); err == nil {
		p.renderer = path
	}
	return p
}

// Pictures says whether page pictures can be made here.
func (p *Papers) Pictures() bool { return p.renderer != "" }

// Examine counts pages, names what is private, and warns of active_content and encrypted. An encrypted paper that opens with a password only has no count. The package
// doc names the refusals.
func (p *Papers) Examine(ctx context.Context, o kinds.Original) (events.Examination, error) {
	warnings, err := check(o)
	if err != nil {
		return events.Examination{}, err
	}
	var f found
	if _, err := p.do(ctx, opExamine, io.NewSectionReader(o, 0, o.Size), o.Size, nil, &f); err != nil {
		return events.Examination{}, err
	}
	warnings = append(warnings, f.Warnings...)
	slices.Sort(warnings)
	return events.Examination{Pages: f.Pages, Private: f.Private, Warnings: slices.Compact(warnings)}, nil
}

// Render makes `paper` and, where a renderer is there, pictures of its first MaxPictures pages. The package doc names the refusals; what keep fails of comes back as it is.
func (p *Papers) Render(ctx context.Context, j kinds.Job, keep kinds.Keep) error {
	if len(j.Areas) > 0 {
		var f fault.Fields
		f.Add("areas", CodeNotForThisKind)
		return f.Err("papers: render")
	}
	o := j.Original
	warnings, err := check(o)
	if err != nil {
		return err
	}
	if slices.Contains(warnings, sniff.WarnEncrypted) {
		return sandbox.Refuse(CodeEncrypted, errors.New("encrypted"))
	}
	var f found
	blobs, err := p.do(ctx, opClean, io.NewSectionReader(o, 0, o.Size), o.Size, nil, &f)
	if err != nil {
		return err
	}
	if len(blobs) != 1 {
		return fault.New(fault.Internal, "papers: render: no copy")
	}
	paper := blobs[0].Data
	if err := recheck(paper); err != nil {
		return err
	}
	c := kinds.Copy{Name: "paper", Type: sniff.PDF.MIME, Size: int64(len(paper)), Body: bytes.NewReader(paper)}
	if err := keep(ctx, c); err != nil {
		return fmt.Errorf("papers: keep %s: %w", c.Name, err)
	}
	return p.pictures(ctx, paper, min(f.Pages, MaxPictures), keep)
}

// check refuses what isn't a whole PDF and gives sniff's warnings.
func check(o kinds.Original) ([]string, error) {
	if o.Type != sniff.PDF {
		return nil, fault.New(fault.UnsupportedType, "papers: "+o.Type.MIME)
	}
	if err := sniff.CheckSize(o.Type, o.Size); err != nil {
		return nil, err
	}
	return sniff.CheckPDF(o, o.Size)
}

// recheck looks at a finished copy with a reader that knows nothing of how it was made.
func recheck(paper []byte) error {
	warnings, err := sniff.CheckPDF(bytes.NewReader(paper), int64(len(paper)))
	if err != nil {
		return err
	}
	if len(warnings) > 0 {
		return sandbox.Refuse(CodeActiveContent, fmt.Errorf("the copy still shows %v", warnings))
	}
	return nil
}

func (p *Papers) pictures(ctx context.Context, paper []byte, pages int, keep kinds.Keep) error {
	if p.renderer == "" {
		return nil
	}
	for n, failed := 1, 0; n <= pages && failed < maxFailed; n++ {
		var s size
		blobs, err := p.do(ctx, opPicture, bytes.NewReader(paper), int64(len(paper)), pictureOf{Program: p.renderer, Page: n}, &s)
		if fault.Is(err, fault.Invalid) || err == nil && len(blobs) != 1 {
			failed++
			continue
		}
		if err != nil {
			return err
		}
		b := blobs[0].Data
		c := kinds.Copy{Name: "page-" + strconv.Itoa(n), Type: sniff.JPEG.MIME, Width: s.Width, Height: s.Height, Size: int64(len(b)), Body: bytes.NewReader(b)}
		if err := keep(ctx, c); err != nil {
			return fmt.Errorf("papers: keep %s: %w", c.Name, err)
		}
	}
	return nil
}

func (p *Papers) do(ctx context.Context, op string, r io.Reader, size int64, params, result any) ([]sandbox.Blob, error) {
	return p.box.Do(ctx, sandbox.Request{Op: op, Params: params, Data: r, Size: size}, result)
}
