package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"songshui.internal/services/portal/portalapi"
)

// Submitter sends cases with their media as one account. It is safe for concurrent use.
type Submitter struct {
	Client *portalapi.Client
	// Media holds the files that the cases name.
	Media fs.FS
	// Uploaded, if set, is told of each medium's bytes as the server takes them; total is the file's size.
	Uploaded func(file string, delta, total int64)

	once sync.Once
	me   portalapi.Me
	err  error
}

type row struct {
	Ref    string `json:"ref"`
	Office string `json:"office"`
	Media  []struct {
		File   string `json:"file"`
		ID     string `json:"id"`
		SHA256 string `json:"sha256"`
	} `json:"media"`
}

// Submit sends one line. An error is not the line's fault: the server is away, or the account may not submit at all.
func (s *Submitter) Submit(ctx context.Context, number int, line []byte) (Line, error) {
	s.once.Do(func() { s.me, s.err = s.Client.Me(ctx) })
	if s.err != nil {
		return Line{}, fmt.Errorf("bulk: who am I: %w", s.err)
	}
	report := Line{Line: number}
	var r row
	body := line
	// A line that can't be read, or is another office's, goes as it is: the server says what is wrong with it.
	if json.Unmarshal(line, &r) == nil && r.Office == s.me.Office {
		var err error
		report.Ref = r.Ref
		if body, err = s.media(ctx, &report, r, line); err != nil {
			return refused(report, err)
		}
		if report.Status == Refused {
			return report, nil
		}
	}
	report.Ref = r.Ref
	got, err := s.Client.Submit(ctx, body)
	if err != nil {
		return refused(report, err)
	}
	report.ID, report.Status, report.Sequence, report.Warnings = got.ID, got.Status, got.Sequence, got.Warnings
	return report, nil
}

// media uploads what the line names and writes each medium's hash into the body.
func (s *Submitter) media(ctx context.Context, report *Line, r row, line []byte) ([]byte, error) {
	hashes := make([]string, len(r.Media))
	for i, m := range r.Media {
		if m.ID != "" {
			continue
		}
		id, hash, err := s.upload(ctx, m.File)
		var here *portalapi.FieldError
		var refusal *portalapi.Problem
		switch {
		case errors.As(err, &here):
			here.Field = fmt.Sprintf("media[%d].file", i)
			report.Status, report.Errors = Refused, append(report.Errors, *here)
			continue
		case errors.As(err, &refusal) && !portalapi.Away(err):
			code, message := refusal.Code, refusal.Title
			if len(refusal.Errors) > 0 {
				code, message = refusal.Errors[0].Code, refusal.Errors[0].Message
			}
			report.Status = Refused
			report.Errors = append(report.Errors, portalapi.FieldError{Field: fmt.Sprintf("media[%d].file", i), Code: code, Message: message})
			continue
		case err != nil:
			return nil, err
		}
		hashes[i] = hash
		report.Media = append(report.Media, id)
	}
	return withHashes(line, hashes)
}

// upload gives the medium's id and hash; bytes are sent only for what the office hasn't sealed yet.
func (s *Submitter) upload(ctx context.Context, name string) (id, hash string, err error) {
	if strings.ContainsAny(name, `/\`) || !fs.ValidPath(name) {
		path := wrong(s.Client, "", "path")
		return "", "", &path
	}
	f, err := s.Media.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return "", "", &portalapi.FieldError{Code: "not_found", Message: noSuchFile.to(s.Client)}
	}
	if err != nil {
		return "", "", fmt.Errorf("bulk: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", "", fmt.Errorf("bulk: %w", err)
	}
	data, ok := f.(io.ReaderAt)
	if !ok {
		return "", "", fmt.Errorf("bulk: %s can't be read from any place", name)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(data, 0, info.Size())); err != nil {
		return "", "", fmt.Errorf("bulk: read %s: %w", name, err)
	}
	hash = hex.EncodeToString(h.Sum(nil))
	told := int64(0)
	file := portalapi.File{Name: name, Size: info.Size(), SHA256: hash, Data: data, Progress: func(offset int64) {
		if s.Uploaded != nil {
			s.Uploaded(name, offset-told, info.Size())
			told = offset
		}
	}}
	if known, err := s.Client.MediaByHash(ctx, hash); err != nil {
		return "", "", err
	} else if len(known) > 0 {
		file.Sealed = true
	}
	id, err = s.Client.Upload(ctx, file)
	return id, hash, err
}

// withHashes writes media[i].sha256 into a line, leaving everything else as it was.
func withHashes(line []byte, hashes []string) ([]byte, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(line, &top); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	var media []map[string]json.RawMessage
	if len(top["media"]) == 0 || json.Unmarshal(top["media"], &media) != nil {
		return line, nil
	}
	for i, h := range hashes {
		if h != "" {
			media[i]["sha256"], _ = json.Marshal(h)
		}
	}
	var err error
	if top["media"], err = json.Marshal(media); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	return json.Marshal(top)
}
