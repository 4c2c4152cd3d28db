package pictures

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

// What goes through the pipes: the parent sends a request, the child answers go, the parent sends Size bytes, the child answers with a reply and
// the copies' bytes. Every message is a length of four bytes and JSON.
const (
	maxMessage = 64 << 10
	// maxCopy bounds a copy: 2560 px square at this quality stay below 6 MB.
	maxCopy = 32 << 20
)

const (
	opCheck  = "check"
	opRender = "render"
)

type request struct {
	Op     string     `json:"op"`
	Type   sniff.Type `json:"type"`
	Size   int64      `json:"size"`
	Widths []int      `json:"widths,omitempty"`
}

type ready struct{}

type reply struct {
	Info   Info         `json:"info"`
	Fault  *fault.Error `json:"fault,omitempty"`
	Cause  string       `json:"cause,omitempty"`
	Copies []copyHead   `json:"copies,omitempty"`
	// Last says that the child ends now.
	Last bool `json:"last,omitempty"`
}

type copyHead struct {
	Name   string `json:"name"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int    `json:"bytes"`
}

func writeMessage(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxMessage {
		return fmt.Errorf("pictures: a message of %d bytes", len(b))
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
		return fmt.Errorf("pictures: a message of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
