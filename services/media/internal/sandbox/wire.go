package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"songshui.internal/services/internal/fault"
)

// What goes through the pipes: the parent sends a request, the child answers go, the parent sends Size bytes, the child answers with a reply and
// the blobs' bytes. Every message is a length of four bytes and JSON.
const maxMessage = 1 << 20

type request struct {
	Op     string          `json:"op"`
	Size   int64           `json:"size"`
	Params json.RawMessage `json:"params,omitempty"`
}

type ready struct{}

type reply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Fault  *fault.Error    `json:"fault,omitempty"`
	Cause  string          `json:"cause,omitempty"`
	Blobs  []blobHead      `json:"blobs,omitempty"`
	// Last says that the child ends now.
	Last bool `json:"last,omitempty"`
}

type blobHead struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func writeMessage(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxMessage {
		return fmt.Errorf("sandbox: a message of %d bytes", len(b))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func readMessage(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return fmt.Errorf("sandbox: a message of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
