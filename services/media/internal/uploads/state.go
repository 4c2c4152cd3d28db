package uploads

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/sniff"
)

// PartSize is the size of every part of an upload but the last, in bytes. An upload of at most one part is one object, put whole.
const PartSize = 8 << 20

const stateSuffix = ".state"

// state is what is durable of an upload: everything up to Offset. It is one object in the bucket of uploads; its ETag is the fence: who writes it
// must have read it, so of two processes that work on one upload the slower one fails.
type state struct {
	ID     string            `json:"id"`
	Office events.OfficeSlug `json:"office"`
	Actor  events.Actor      `json:"actor"`
	File   string            `json:"file"`
	// Want is the hash that the client announced, hex.
	Want   string `json:"want,omitempty"`
	Size   int64  `json:"size"`
	Offset int64  `json:"offset"`
	// Type and Kind are by content; empty until the first bytes are there.
	Type string `json:"type,omitempty"`
	Kind string `json:"kind,omitempty"`
	// Multipart is the id of the multipart upload at Object; Parts are its parts' ETags in order, each of PartSize bytes but the last.
	Multipart string   `json:"multipart,omitempty"`
	Parts     []string `json:"parts,omitempty"`
	// Tail is the key, in the bucket of uploads, of the bytes after the last part.
	Tail string `json:"tail,omitempty"`
	// Hash is the running SHA-256 over everything up to Offset, as encoding.BinaryMarshaler gives it.
	Hash []byte `json:"hash,omitempty"`
	// Walk is how far the boxes of a clip were gone through; nil for anything else.
	Walk *sniff.Walk `json:"walk,omitempty"`
	// SHA256 (hex) is set when all bytes are there.
	SHA256 string `json:"sha256,omitempty"`
	// Object is the original's key.
	Object string `json:"object,omitempty"`
	// Expired says that nobody may go on with it: it is being removed.
	Expired bool      `json:"expired,omitempty"`
	Created time.Time `json:"created"`
	Touched time.Time `json:"touched"`
}

func (s *state) whole() bool { return s.SHA256 != "" }

// small uploads are put as one object.
func (s *state) small() bool { return s.Size <= PartSize }

// inParts is how many bytes lie in parts; only the last of a whole upload is shorter.
func (s *state) inParts() int64 { return min(int64(len(s.Parts))*PartSize, s.Size) }

func (s *state) media() events.MediaID { return events.MediaIDFor(s.Office, s.SHA256, s.File) }

func (s *state) expires() time.Time { return s.Touched.Add(media.UploadAge) }

// newID gives an upload's id: 26 characters that can be neither guessed nor met twice.
func newID() string { return strings.ToLower(rand.Text()) }

func validID(id string) bool {
	return len(id) == 26 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// load reads an upload's state; objects.ErrNotFound if there is none.
func (s *Store) load(ctx context.Context, id string) (st state, etag string, err error) {
	data, info, err := s.read(ctx, s.buckets.Uploads(), id+stateSuffix)
	if err != nil {
		return state{}, "", err
	}
	if err := json.Unmarshal(data, &st); err != nil {
		return state{}, "", fmt.Errorf("uploads: state of %s: %w", id, err)
	}
	return st, info.ETag, nil
}

// save writes the state if it is still the one that was read (etag), or a new one (etag empty). objects.ErrChanged: another process has gone on with the upload.
func (s *Store) save(ctx context.Context, st *state, etag string) (string, error) {
	st.Touched = s.bus.Now().UTC()
	data, err := json.Marshal(st)
	if err != nil {
		return "", fmt.Errorf("uploads: state of %s: %w", st.ID, err)
	}
	key, o := st.ID+stateSuffix, objects.Options{ContentType: "application/json"}
	if etag != "" {
		return s.objects.PutIfMatch(ctx, s.buckets.Uploads(), key, etag, data, o)
	}
	etag, err = s.objects.PutIfAbsent(ctx, s.buckets.Uploads(), key, data, o)
	if errors.Is(err, objects.ErrExists) {
		// The id is random: this is the own first try, whose answer was lost.
		info, err := s.objects.Stat(ctx, s.buckets.Uploads(), key)
		return info.ETag, err
	}
	return etag, err
}

func newHash(saved []byte) (hash.Hash, error) {
	h := sha256.New()
	if len(saved) == 0 {
		return h, nil
	}
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(saved); err != nil {
		return nil, fmt.Errorf("uploads: running hash: %w", err)
	}
	return h, nil
}

func snapshot(h hash.Hash) []byte {
	b, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(err) // SHA-256 of the standard library never fails
	}
	return b
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
