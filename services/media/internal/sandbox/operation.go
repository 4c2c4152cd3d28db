package sandbox

import (
	"encoding/json"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

// Operation is what a child can do with a file.
type Operation struct {
	// MaxInput and MaxOutput bound the file and all blobs together, in bytes; 64 MiB where they are 0. A file beyond is refused as body_too_large before a child is
	// asked, blobs beyond are too_demanding.
	MaxInput, MaxOutput int64
	// Work runs in the child. The package doc says what becomes of its error.
	Work func(in Input) (reply any, blobs []Blob, err error)
}

const defaultBytes = 64 << 20

// Input is what an operation works on.
type Input struct {
	params json.RawMessage
	// Data are the file's bytes.
	Data []byte
}

// Decode reads the parameters into v.
func (in Input) Decode(v any) error {
	if err := json.Unmarshal(in.params, v); err != nil {
		return fault.Wrap(fault.Internal, "sandbox: parameters", err)
	}
	return nil
}

// Blob is what was made of a file.
type Blob struct {
	Name string
	Data []byte
}

var operations = map[string]Operation{}

// Register adds an operation; it is called in init, and panics where the name is taken.
func Register(name string, o Operation) {
	if _, taken := operations[name]; taken || o.Work == nil {
		panic("sandbox: operation " + name)
	}
	if o.MaxInput <= 0 {
		o.MaxInput = defaultBytes
	}
	if o.MaxOutput <= 0 {
		o.MaxOutput = defaultBytes
	}
	operations[name] = o
}

// Refuse makes a judgement on the file: code is of sniff's, such as sniff.CodeDamaged; cause is for the log.
func Refuse(code string, cause error) *fault.Error {
	return &fault.Error{Code: fault.Invalid, Op: "sandbox", Fields: fault.Fields{{Field: sniff.Field, Code: code}}, Err: cause}
}
