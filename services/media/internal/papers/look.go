package papers

import (
	"errors"
	"maps"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"songshui.internal/services/media/internal/sniff"
)

// actions make a viewer run, open, send or fetch something (ISO 32000 12.6.4); a place in the paper itself (GoTo) and an address to show (URI) aren't among them.
var actions = map[string]bool{
	"JavaScript": true, "Launch": true, "SubmitForm": true, "ImportData": true, "GoToR": true, "GoToE": true, "Rendition": true, "RichMediaExecute": true,
}

// activeKeys are keys of dictionaries that hold scripts or files.
var activeKeys = []string{"JS", "EF", "EmbeddedFiles", "XFA", "RichMediaContent"}

// tellTale names what a key stands for; its mere presence says that something private is in the paper.
var tellTale = map[string]string{"PieceInfo": "PieceInfo", "Thumb": "Thumbnail", "EF": "EmbeddedFile", "URI": "URI"}

const (
	// maxNames bounds the private names told, and maxNameLength each: the information dictionary may hold keys that people made up.
	maxNames      = 50
	maxNameLength = 40
)

// examine tells what a paper is and holds. One that wants a password is told by its warning.
func examine(b []byte) (found, error) {
	d, err := open(b)
	if errors.Is(err, errEncrypted) {
		return found{Warnings: []string{sniff.WarnEncrypted}}, nil
	}
	if err != nil {
		return found{}, err
	}
	pages, err := d.pages()
	if err != nil {
		return found{}, err
	}
	l := looker{document: d, private: map[string]bool{}}
	for _, e := range d.Table {
		if e != nil && !e.Free {
			l.look(e.Object, 0)
		}
	}
	l.information()
	f := found{Pages: len(pages)}
	if l.active {
		f.Warnings = append(f.Warnings, sniff.WarnActiveContent)
	}
	if d.Encrypt != nil {
		f.Warnings = append(f.Warnings, sniff.WarnEncrypted)
	}
	f.Private = slices.Sorted(maps.Keys(l.private))
	f.Private = f.Private[:min(len(f.Private), maxNames)]
	return f, nil
}

type looker struct {
	document
	active  bool
	private map[string]bool
}

// information notes the keys of the document information dictionary, and the file's ID.
func (l *looker) information() {
	if l.Info != nil {
		for key := range l.dict(*l.Info) {
			if key != "" && len(key) <= maxNameLength {
				l.private[key] = true
			}
		}
	}
	if len(l.ID) > 0 {
		l.private["ID"] = true
	}
}

// look goes through an object without following references: every object of the file gets its own look.
func (l *looker) look(o types.Object, depth int) {
	if depth > maxNesting {
		// Nobody can say what is below.
		l.active = true
		return
	}
	switch v := o.(type) {
	case types.Array:
		for _, e := range v {
			l.look(e, depth+1)
		}
	case types.StreamDict:
		if l.hasFilter(v.Dict, "DCTDecode") {
			for _, name := range jpegPrivate(v.Raw) {
				l.private[name] = true
			}
		}
		l.look(v.Dict, depth)
	case types.Dict:
		l.judge(v)
		for _, e := range v {
			l.look(e, depth+1)
		}
	}
}

func (l *looker) hasFilter(d types.Dict, name string) bool {
	if l.name(d["Filter"]) == name {
		return true
	}
	for _, f := range l.array(d["Filter"]) {
		if l.name(f) == name {
			return true
		}
	}
	return false
}

func (l *looker) judge(d types.Dict) {
	for _, key := range activeKeys {
		l.active = l.active || d[key] != nil
	}
	l.active = l.active || actions[l.name(d["S"])]
	for key, name := range tellTale {
		if d[key] != nil {
			l.private[name] = true
		}
	}
	if l.name(d["Type"]) == "Metadata" {
		l.private["XMP"] = true
	}
	if d["Rect"] != nil && d["Subtype"] != nil && (d["Contents"] != nil || d["T"] != nil) {
		l.private["Annotation"] = true
	}
}
