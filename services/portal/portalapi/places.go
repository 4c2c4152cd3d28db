package portalapi

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// placeAge is how long an address is worth keeping: a day longer than the server keeps an upload without a new byte.
const placeAge = 8 * 24 * time.Hour

// places is a directory with one small file for each upload that isn't finished, holding its address: what a new process needs to go on. The empty one keeps nothing.
// What can't be read or written costs a beginning from the first byte, no more.
type places string

// of names a file's place: the same bytes under the same name from the same account to the same portal.
func (p places) of(c *Client, f File) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Base, c.Token, f.Name, strconv.FormatInt(f.Size, 10), f.SHA256}, "\x00")))
	return filepath.Join(string(p), hex.EncodeToString(sum[:16]))
}

// keeps says whether an upload is worth noting: a small one is sent in one request.
func (p places) keeps(f File) bool { return p != "" && f.SHA256 != "" && f.Size > small }

func (p places) read(c *Client, f File) (location string) {
	if !p.keeps(f) {
		return ""
	}
	data, err := os.ReadFile(p.of(c, f))
	if location = string(data); err != nil || !strings.HasPrefix(location, "/files/") {
		return ""
	}
	return location
}

func (p places) note(c *Client, f File, location string) {
	if !p.keeps(f) || os.MkdirAll(string(p), 0o700) != nil {
		return
	}
	p.clear()
	place := p.of(c, f)
	if os.WriteFile(place+".new", []byte(location), 0o600) == nil {
		_ = os.Rename(place+".new", place)
	}
}

func (p places) forget(c *Client, f File) {
	if p.keeps(f) {
		_ = os.Remove(p.of(c, f))
	}
}

// clear drops addresses that lead nowhere any more.
func (p places) clear() {
	all, _ := os.ReadDir(string(p))
	for _, e := range all {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > placeAge {
			_ = os.Remove(filepath.Join(string(p), e.Name()))
		}
	}
}
