package papers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os/exec"
	"strconv"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"

	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// What is done in the child.
const (
	opExamine = "papers.examine"
	opClean   = "papers.clean"
	opPicture = "papers.picture"
)

// pictureTime is a page's share of the sandbox's time; scans of posters take some seconds.
const pictureTime = 30 * time.Second

// found is what a paper is and holds.
type found struct {
	Pages    int      `json:"pages"`
	Private  []string `json:"private,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

type pictureOf struct {
	Program string `json:"program"`
	Page    int    `json:"page"`
}

type size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

func init() {
	// pdfcpu would make a directory for its configuration, with fonts and certificates.
	api.DisableConfigDir()
	sandbox.Register(opExamine, sandbox.Operation{MaxInput: sniff.MaxDocument, Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
		f, err := examine(in.Data)
		return f, nil, err
	}})
	sandbox.Register(opClean, sandbox.Operation{MaxInput: sniff.MaxDocument, MaxOutput: maxOutput, Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
		paper, pages, err := clean(in.Data)
		if err != nil {
			return nil, nil, err
		}
		return found{Pages: pages}, []sandbox.Blob{{Name: "paper", Data: paper}}, nil
	}})
	sandbox.Register(opPicture, sandbox.Operation{MaxInput: maxOutput, MaxOutput: maxPicture, Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
		var p pictureOf
		if err := in.Decode(&p); err != nil {
			return nil, nil, err
		}
		s, b, err := picture(in.Data, p)
		return s, []sandbox.Blob{{Name: "picture", Data: b}}, err
	}})
}

// picture has the renderer draw a page. It inherits the child's limits, so that it can write no file; that is why it reads and writes pipes.
func picture(paper []byte, p pictureOf) (size, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pictureTime)
	defer cancel()
	n := strconv.Itoa(p.Page)
	cmd := exec.CommandContext(ctx, p.Program, "-q", "-jpeg", "-jpegopt", "quality=85", "-f", n, "-l", n, "-singlefile", "-scale-to", strconv.Itoa(PictureEdge), "-cropbox", "-")
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(paper)
	cmd.WaitDelay = time.Second
	dieTogether(cmd)
	var out limited
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return size{}, nil, fmt.Errorf("pdftoppm: page %d: %w", p.Page, err)
	}
	b := bareJPEG(out.Bytes())
	c, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return size{}, nil, fmt.Errorf("pdftoppm: page %d: %w", p.Page, err)
	}
	return size{c.Width, c.Height}, b, nil
}

// limited takes maxPicture bytes and refuses more.
type limited struct{ bytes.Buffer }

var errPictureTooLarge = errors.New("the picture is too large")

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxPicture {
		return 0, errPictureTooLarge
	}
	return l.Buffer.Write(b)
}

// ReadFrom keeps io.Copy from going past Write.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}
