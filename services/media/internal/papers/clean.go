package papers

import (
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// clean makes the public copy: a new file of the pages alone. pages is how many there are.
func clean(b []byte) (paper []byte, pages int, err error) {
	d, err := open(b)
	if err != nil {
		return nil, 0, err
	}
	if d.Encrypt != nil {
		return nil, 0, errEncrypted
	}
	all, err := d.pages()
	if err != nil {
		return nil, 0, err
	}
	c := &copier{document: d, file: newFile(len(b)), numbers: map[source]int{}}
	if err := c.write(all); err != nil {
		return nil, 0, err
	}
	return c.file.finish(), len(all), nil
}

// mode is what a dictionary's keys mean where it stands.
type mode int

const (
	// plain keys are the format's; those of withheld are left out.
	plain mode = iota
	// resources holds the kinds of named resources.
	resources
	// named keys are the writer's own names, all of which are kept.
	named
)

// source is an object of the original as it is read in one place.
type source struct {
	number int
	mode   mode
}

type pending struct {
	number int
	object types.Object
	mode   mode
}

// copier takes what pages draw with into a new file. References become a queue, so that no chain of them is too long for the stack.
type copier struct {
	document
	file    *file
	numbers map[source]int
	queue   []pending
}

// The copy's fixed objects.
const (
	catalogNumber = 1
	treeNumber    = 2
)

// pageKeys are what is taken of a page beside its annotations.
var pageKeys = []string{"MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox", "Rotate", "UserUnit", "Contents", "Group"}

// resourceKinds are the kinds of named resources (ISO 32000, table 34).
var resourceKinds = map[string]bool{
	"ExtGState": true, "ColorSpace": true, "Pattern": true, "Shading": true, "XObject": true, "Font": true, "Properties": true,
}

// names are keys whose dictionary has the writer's own names.
var names = map[string]bool{"CharProcs": true, "Colorants": true}

// withheld are the keys that no dictionary of the copy has: what tells of people and programs, does something, leads outside, or belongs to what isn't taken over.
var withheld = map[string]bool{
	"Metadata": true, "PieceInfo": true, "LastModified": true, "Thumb": true, "CreatorInfo": true, "Creator": true, "Author": true, "Producer": true, "CreationDate": true,
	"ModDate": true, "User": true, "Private": true, "Measure": true, "PtData": true,
	"A": true, "AA": true, "OpenAction": true, "JS": true, "JavaScript": true, "EF": true, "EmbeddedFiles": true, "AF": true, "OPI": true, "Ref": true, "URI": true, "XFA": true,
	"Alternates": true, "Parent": true, "StructParent": true, "StructParents": true, "Names": true,
}

// ofStream are keys that the writer sets itself, or by which a stream's bytes lie in another file.
var ofStream = map[string]bool{"Length": true, "F": true, "FFilter": true, "FDecodeParms": true, "DL": true}

// foreign are types of objects that are no part of a page's look, or that have been rebuilt.
var foreign = map[string]bool{
	"Metadata": true, "Filespec": true, "F": true, "EmbeddedFile": true, "Action": true, "Annot": true, "Page": true, "Pages": true, "Catalog": true, "ObjStm": true, "XRef": true,
	"Sig": true, "OBJR": true, "StructElem": true, "StructTreeRoot": true,
}

// write writes catalog, page tree and pages, and then all that they led to.
func (c *copier) write(all []page) error {
	c.file.reserve(treeNumber)
	first := c.file.reserve(len(all))
	c.file.begin(catalogNumber)
	c.file.raw("<</Type/Catalog/Pages 2 0 R")
	root := c.dict(*c.Root)
	for _, key := range []string{"Lang", "OCProperties"} {
		if v := root[key]; v != nil {
			c.entry(key, v, plain)
		}
	}
	c.file.raw(">>")
	c.file.end()

	c.file.begin(treeNumber)
	c.file.raw("<</Type/Pages/Count ")
	c.file.integer(len(all))
	c.file.raw("/Kids[")
	for i := range all {
		c.file.reference(first + i)
	}
	c.file.raw("]>>")
	c.file.end()
	for i, p := range all {
		c.page(first+i, p)
	}
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.file.begin(next.number)
		c.top(next.object, next.mode)
		c.file.end()
	}
	return c.file.err
}

func (c *copier) page(number int, p page) {
	c.file.begin(number)
	c.file.raw("<</Type/Page/Parent 2 0 R")
	for _, key := range pageKeys {
		if v := p.find(key); v != nil {
			c.entry(key, v, plain)
		}
	}
	c.entry("Resources", p.find("Resources"), resources)
	c.annotations(c.array(p.dict["Annots"]))
	c.file.raw(">>")
	c.file.end()
}

// top writes an object that has a number.
func (c *copier) top(o types.Object, m mode) {
	s, ok := o.(types.StreamDict)
	if !ok {
		c.value(o, m, 0)
		return
	}
	raw, dropFilters := c.bytes(s)
	c.file.raw("<<")
	for _, key := range sorted(s.Dict) {
		if ofStream[key] || withheld[key] || dropFilters && (key == "Filter" || key == "DecodeParms") {
			continue
		}
		c.entryAt(key, s.Dict[key], below(plain, key), 1)
	}
	if dropFilters {
		c.file.raw("/Filter/DCTDecode")
	}
	c.file.stream(raw)
}

// below tells what keys mean in the dictionary under a key.
func below(m mode, key string) mode {
	switch {
	case m == resources, m == plain && names[key]:
		return named
	case m == plain && key == "Resources":
		return resources
	}
	return plain
}

func (c *copier) entry(key string, v types.Object, m mode) { c.entryAt(key, v, m, 0) }

// entryAt writes a key and its value, if the value may come along.
func (c *copier) entryAt(key string, v types.Object, m mode, depth int) {
	if v == nil || c.foreign(v) {
		return
	}
	c.file.name(key)
	c.value(v, m, depth)
}

// foreign says whether a value is no part of a page's look.
func (c *copier) foreign(v types.Object) bool {
	d := c.dict(v)
	if d == nil {
		return false
	}
	if foreign[c.name(d["Type"])] || actions[c.name(d["S"])] {
		return true
	}
	for _, key := range activeKeys {
		if d[key] != nil {
			return true
		}
	}
	return false
}

func (c *copier) value(o types.Object, m mode, depth int) {
	if depth > maxNesting {
		c.file.raw(" null")
		return
	}
	switch v := o.(type) {
	case types.IndirectRef:
		c.reference(v, m)
	case types.Dict:
		c.file.raw("<<")
		for _, key := range sorted(v) {
			if m == plain && withheld[key] || m == resources && !resourceKinds[key] && key != "ProcSet" {
				continue
			}
			c.entryAt(key, v[key], below(m, key), depth+1)
		}
		c.file.raw(">>")
	case types.Array:
		c.file.raw("[")
		for _, e := range v {
			if c.foreign(e) {
				e = nil
			}
			c.value(e, plain, depth+1)
		}
		c.file.raw("]")
	default:
		c.file.scalar(o)
	}
}

// reference gives the object a number in the copy and queues it at its first mention.
func (c *copier) reference(r types.IndirectRef, m mode) {
	o := c.get(r)
	switch o.(type) {
	case types.Dict, types.Array, types.StreamDict:
	default:
		c.file.scalar(o)
		return
	}
	s := source{r.ObjectNumber.Value(), m}
	n, ok := c.numbers[s]
	if !ok {
		n = c.file.reserve(1)
		c.numbers[s] = n
		c.queue = append(c.queue, pending{n, o, m})
	}
	c.file.reference(n)
}

// drawn are the annotations whose look is part of the page; notes, files, sounds, films, links and pop-ups aren't.
var drawn = map[string]bool{
	"Stamp": true, "FreeText": true, "Line": true, "Square": true, "Circle": true, "Polygon": true, "PolyLine": true, "Highlight": true, "Underline": true, "Squiggly": true,
	"StrikeOut": true, "Ink": true, "Caret": true, "Widget": true, "Watermark": true, "Redact": true,
}

// Flags of an annotation (ISO 32000, table 167).
const (
	flagHidden = 1 << 1
	flagPrint  = 1 << 2
	flagNoView = 1 << 5
	// flagFixed is read-only and locked.
	flagFixed = 1<<6 | 1<<7
)

// annotations writes the looks of the visible ones as stamps: without words, authors, dates, actions and fields.
func (c *copier) annotations(all types.Array) {
	c.file.raw("/Annots[")
	for _, o := range all {
		a := c.dict(o)
		flags, _ := c.get(a["F"]).(types.Integer)
		look, ok := c.look(a)
		if !ok || !drawn[c.name(a["Subtype"])] || flags&(flagHidden|flagNoView) != 0 {
			continue
		}
		c.file.raw("<</Type/Annot/Subtype/Stamp/F ")
		c.file.integer(int(flags)&flagPrint | flagFixed)
		for _, key := range []string{"Rect", "OC"} {
			if v := a[key]; v != nil {
				c.entry(key, v, plain)
			}
		}
		c.file.raw("/AP<<")
		c.entry("N", look, plain)
		c.file.raw(">>>>")
	}
	c.file.raw("]")
}

// look gives the stream of an annotation's normal appearance, in its present state.
func (c *copier) look(a types.Dict) (types.Object, bool) {
	n := c.dict(a["AP"])["N"]
	if states, ok := c.get(n).(types.Dict); ok {
		n = states[c.name(a["AS"])]
	}
	ref, ok := n.(types.IndirectRef)
	if !ok {
		return nil, false
	}
	_, ok = c.get(ref).(types.StreamDict)
	return ref, ok
}

func sorted(d types.Dict) []string {
	keys := make([]string, 0, len(d))
	for key := range d {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
