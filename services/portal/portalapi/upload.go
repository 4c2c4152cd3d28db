package portalapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	tusVersion = "1.0.0"
	// chunk is how much one PATCH carries: one part of the server's, so that whatever breaks costs at most this, and a proxy's limit on bodies is seldom lower.
	chunk = 8 << 20
	// small files go with the creation: one request instead of two.
	small = 4 << 20
	// HeaderMediaID carries the medium's id with an upload's last answer and every HEAD after it.
	HeaderMediaID = "Songshui-Media-Id"
)

// File is what Upload sends.
type File struct {
	Name   string
	Size   int64
	SHA256 string // lower-case hex; with it the server answers at once if the office has sealed these bytes
	// Sealed says that the office has these bytes already: none are sent with the creation.
	Sealed bool
	Data   io.ReaderAt
	// Progress, if set, is told how many bytes the server holds.
	Progress func(offset int64)
}

// Upload sends a file by tus 1.0 and gives its medium's id. It resumes what breaks, as long as Patience lasts without any progress; with Places and a hash also what an
// earlier process began. A refusal is a *Problem.
func (c *Client) Upload(ctx context.Context, f File) (mediaID string, err error) {
	told := f.Progress
	if told == nil {
		told = func(int64) {}
	}
	location, offset, id, err := c.begin(ctx, f)
	if err != nil {
		return "", err
	}
	told(offset)
	defer func() {
		var refused *Problem
		if err == nil || errors.As(err, &refused) && !Away(err) {
			places(c.Places).forget(c, f)
		}
	}()
	for id == "" {
		before := offset
		err = c.patiently(ctx, func() error {
			var err error
			if offset, id, err = c.send(ctx, location, f, offset); err == nil {
				return nil
			}
			if at, done, herr := c.offset(ctx, location); herr == nil {
				if offset, id = at, done; at > before || done != "" {
					return nil
				}
			}
			return err
		})
		if err != nil {
			return "", err
		}
		told(offset)
	}
	return id, nil
}

// begin goes on with an upload that is under way already, or creates one.
func (c *Client) begin(ctx context.Context, f File) (location string, offset int64, id string, err error) {
	p := places(c.Places)
	if location = p.read(c, f); location != "" {
		err = c.patiently(ctx, func() error {
			var err error
			offset, id, err = c.offset(ctx, location)
			return err
		})
		var gone *Problem
		if err == nil || !errors.As(err, &gone) || Away(err) {
			return location, offset, id, err
		}
		p.forget(c, f)
	}
	if location, offset, id, err = c.create(ctx, f); err == nil && id == "" {
		p.note(c, f, location)
	}
	return location, offset, id, err
}

func (c *Client) create(ctx context.Context, f File) (location string, offset int64, id string, err error) {
	enc := base64.StdEncoding.EncodeToString
	meta := "filename " + enc([]byte(f.Name))
	if f.SHA256 != "" {
		meta += ",sha256 " + enc([]byte(f.SHA256))
	}
	err = c.patiently(ctx, func() error {
		body, length := io.Reader(http.NoBody), int64(0)
		if f.Size <= small && !f.Sealed {
			body, length = io.NewSectionReader(f.Data, 0, f.Size), f.Size
		}
		r, err := c.request(ctx, http.MethodPost, "/files", nil, body)
		if err != nil {
			return err
		}
		r.ContentLength = length
		r.Header.Set("Tus-Resumable", tusVersion)
		r.Header.Set("Upload-Length", strconv.FormatInt(f.Size, 10))
		r.Header.Set("Upload-Metadata", meta)
		if length > 0 {
			r.Header.Set("Content-Type", "application/offset+octet-stream")
		}
		resp, err := c.tus(r, http.StatusCreated)
		if err != nil {
			return err
		}
		location, id = resp.Header.Get("Location"), resp.Header.Get(HeaderMediaID)
		offset, _ = strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
		return nil
	})
	if err != nil || id != "" {
		return "", offset, id, err
	}
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return "", 0, "", fmt.Errorf("portalapi: upload of %s: no location in the answer", f.Name)
	}
	return u.RequestURI(), offset, "", nil
}

func (c *Client) send(ctx context.Context, location string, f File, offset int64) (int64, string, error) {
	length := min(chunk, f.Size-offset)
	r, err := c.request(ctx, http.MethodPatch, location, nil, io.NewSectionReader(f.Data, offset, length))
	if err != nil {
		return offset, "", err
	}
	r.ContentLength = length
	r.Header.Set("Tus-Resumable", tusVersion)
	r.Header.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	resp, err := c.tus(r, http.StatusNoContent)
	if err != nil {
		return offset, "", err
	}
	at, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return offset, "", fmt.Errorf("portalapi: upload of %s: Upload-Offset: %w", f.Name, err)
	}
	return at, resp.Header.Get(HeaderMediaID), nil
}

func (c *Client) offset(ctx context.Context, location string) (int64, string, error) {
	r, err := c.request(ctx, http.MethodHead, location, nil, nil)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Tus-Resumable", tusVersion)
	resp, err := c.tus(r, http.StatusOK)
	if err != nil {
		return 0, "", err
	}
	at, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	return at, resp.Header.Get(HeaderMediaID), err
}

// tus sends a request and wants one status; the answer's body is read to its end.
func (c *Client) tus(r *http.Request, want int) (*http.Response, error) {
	resp, err := c.http().Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != want {
		return nil, refusal(resp, data)
	}
	if err != nil && !strings.EqualFold(r.Method, http.MethodHead) {
		return nil, err
	}
	return resp, nil
}
