package events

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sort"
	"strings"
)

// ChainValue is a link of a subject's hash chain; the zero value stands before the first message.
type ChainValue [sha256.Size]byte

// String gives lower-case hex.
func (v ChainValue) String() string { return hex.EncodeToString(v[:]) }

// Chain computes a message's value from the one before it on the same subject: SHA-256 over the previous value, the
// subject, every ce-* and Songshui-* header but Songshui-Chain itself in the order of their names (name, then value), and
// the body; each is preceded by its length as 8 bytes, big-endian.
func Chain(previous ChainValue, subject string, header Header, body []byte) ChainValue {
	h := sha256.New()
	writeChained(h, previous[:])
	writeChained(h, []byte(subject))
	names := make([]string, 0, len(header))
	for name := range header {
		if chained(name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range header[name] {
			writeChained(h, []byte(name))
			writeChained(h, []byte(value))
		}
	}
	writeChained(h, body)
	return ChainValue(h.Sum(nil))
}

func chained(name string) bool {
	if name == HeaderChain {
		return false
	}
	return strings.HasPrefix(name, "ce-") || strings.HasPrefix(name, "Songshui-")
}

func writeChained(h hash.Hash, b []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	h.Write(length[:])
	h.Write(b)
}

// Seal writes the chain value that follows previous into the header and returns it.
func Seal(previous ChainValue, subject string, header Header, body []byte) ChainValue {
	v := Chain(previous, subject, header, body)
	header[HeaderChain] = []string{v.String()}
	return v
}
