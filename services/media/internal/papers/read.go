package papers

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Limits of pdfcpu. A paper of 500 pages has some ten thousand objects.
const (
	maxObjects  = 1_000_000
	maxUnpacked = 64 << 20
	// maxNesting bounds arrays and dictionaries inside each other, and levels of the page tree.
	maxNesting = 64
	// maxNodes bounds the page tree's inner nodes: one for each page is already absurd.
	maxNodes = 5_000
)

// document is a paper in memory.
type document struct{ *model.Context }

var errEncrypted = sandbox.Refuse(CodeEncrypted, pdfcpu.ErrEncrypted)

// open reads a paper's objects. Errors: errEncrypted where a password is wanted, otherwise damaged.
func open(b []byte) (document, error) {
	conf := model.NewDefaultConfiguration()
	conf.Cmd = model.VALIDATE
	conf.Offline = true
	conf.Limits = model.ResourceLimits{
		MaxStreamBytes: sniff.MaxDocument, MaxDecodeBytes: maxUnpacked, MaxImagePixels: 1, MaxImageBytes: 1, MaxObjectCount: maxObjects, MaxObjectStreamCount: maxObjects / 10,
		MaxObjectStreamFirst: 4 << 20, MaxXRefEntries: maxObjects, MaxRecursionDepth: maxNesting,
	}
	ctx, err := api.ReadContext(bytes.NewReader(b), conf)
	if errors.Is(err, pdfcpu.ErrWrongPassword) || errors.Is(err, pdfcpu.ErrPermissionDenied) || errors.Is(err, pdfcpu.ErrOwnerPasswordRequired) {
		return document{}, errEncrypted
	}
	if err != nil {
		return document{}, damaged(err)
	}
	if ctx == nil || ctx.XRefTable == nil || ctx.Root == nil {
		return document{}, damaged(errors.New("no catalog"))
	}
	return document{ctx}, nil
}

func damaged(err error) error {
	return sandbox.Refuse(sniff.CodeDamaged, fmt.Errorf("papers: %w", err))
}

// get follows references; what isn't there is nil.
func (d document) get(o types.Object) types.Object {
	for range maxNesting {
		if _, ok := o.(types.IndirectRef); !ok {
			return o
		}
		next, err := d.Dereference(o)
		if err != nil {
			return nil
		}
		o = next
	}
	return nil
}

// dict gives a dictionary, also a stream's; nil if it is none.
func (d document) dict(o types.Object) types.Dict {
	switch v := d.get(o).(type) {
	case types.Dict:
		return v
	case types.StreamDict:
		return v.Dict
	}
	return nil
}

func (d document) name(o types.Object) string {
	n, _ := d.get(o).(types.Name)
	return string(n)
}

func (d document) array(o types.Object) types.Array {
	a, _ := d.get(o).(types.Array)
	return a
}

// page is a leaf of the page tree with what it inherits.
type page struct {
	dict      types.Dict
	inherited types.Dict
}

func (p page) find(key string) types.Object {
	if o := p.dict[key]; o != nil {
		return o
	}
	return p.inherited[key]
}

// heritable are the attributes that a page has of its ancestors (ISO 32000, table 31).
var heritable = []string{"Resources", "MediaBox", "CropBox", "Rotate"}

// pages walks the page tree. Errors: damaged, too_many_pages.
func (d document) pages() ([]page, error) {
	root := d.dict(*d.Root)
	w := pageWalk{document: d}
	if err := w.node(root["Pages"], types.Dict{}, 0); err != nil {
		return nil, err
	}
	if len(w.found) == 0 {
		return nil, damaged(errors.New("no pages"))
	}
	return w.found, nil
}

type pageWalk struct {
	document
	found []page
	nodes int
}

func (w *pageWalk) node(o types.Object, inherited types.Dict, depth int) error {
	n := w.dict(o)
	if n == nil {
		return damaged(errors.New("page tree: no node"))
	}
	kids := w.array(n["Kids"])
	if kids == nil {
		if len(w.found) >= MaxPages {
			var f fault.Fields
			f.AddArg(sniff.Field, CodeTooManyPages, strconv.Itoa(MaxPages))
			return f.Err("papers: pages")
		}
		w.found = append(w.found, page{n, inherited})
		return nil
	}
	if w.nodes++; w.nodes > maxNodes || depth > maxNesting {
		return damaged(errors.New("page tree: too deep or in a circle"))
	}
	below := types.Dict{}
	for _, key := range heritable {
		if v := n[key]; v != nil {
			below[key] = v
		} else if v := inherited[key]; v != nil {
			below[key] = v
		}
	}
	for _, kid := range kids {
		if err := w.node(kid, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}
