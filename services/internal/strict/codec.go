package strict

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

type unmarshaler = json.Unmarshaler

type kind int

const (
	viaStruct kind = iota
	viaSlice
	viaPointer
	viaString
	viaBool
	viaInt
	viaUint
	viaFloat
	viaRaw
	viaUnmarshal
)

// codec says how values of a type are read; it is made once for each type.
type codec struct {
	typ      reflect.Type
	kind     kind
	fromText bool
	elem     *codec
	fields   []field
	byName   map[string]int
}

type field struct {
	name  string
	index []int
	codec *codec
}

// maxFields is how many fields a struct may have: those seen are kept in one word.
const maxFields = 64

var (
	codecsMu sync.RWMutex
	codecs   = map[reflect.Type]*codec{}

	rawType       = reflect.TypeFor[json.RawMessage]()
	unmarshalType = reflect.TypeFor[json.Unmarshaler]()
	fromTextType  = reflect.TypeFor[FromText]()
)

func codecOf(t reflect.Type) *codec {
	codecsMu.RLock()
	c := codecs[t]
	codecsMu.RUnlock()
	if c != nil {
		return c
	}
	codecsMu.Lock()
	defer codecsMu.Unlock()
	return build(t)
}

// build makes a type's codec and those of its parts; a type within itself finds its own, unfinished.
func build(t reflect.Type) *codec {
	if c := codecs[t]; c != nil {
		return c
	}
	c := &codec{typ: t}
	codecs[t] = c
	c.fromText = reflect.PointerTo(t).Implements(fromTextType)
	switch {
	case t == rawType:
		c.kind = viaRaw
		return c
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshalType):
		c.kind = viaUnmarshal
		return c
	}
	switch t.Kind() {
	case reflect.Struct:
		c.kind, c.byName = viaStruct, map[string]int{}
		c.addFields(t, nil)
		if len(c.fields) > maxFields {
			panic(fmt.Sprintf("strict: %s has more than %d fields", t, maxFields))
		}
	case reflect.Slice:
		c.kind, c.elem = viaSlice, build(t.Elem())
	case reflect.Pointer:
		c.kind, c.elem = viaPointer, build(t.Elem())
	case reflect.String:
		c.kind = viaString
	case reflect.Bool:
		c.kind = viaBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.kind = viaInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.kind = viaUint
	case reflect.Float32, reflect.Float64:
		c.kind = viaFloat
	default:
		panic(fmt.Sprintf("strict: values of type %s can't be read", t))
	}
	return c
}

// addFields lists a struct's fields, those of untagged embedded structs too; an outer field hides an inner one of its name.
func (c *codec) addFields(t reflect.Type, at []int) {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			embedded = append(embedded, f)
			continue
		}
		if name == "" {
			name = f.Name
		}
		if _, hidden := c.byName[name]; hidden {
			continue
		}
		c.byName[name] = len(c.fields)
		c.fields = append(c.fields, field{name: name, index: append(append([]int{}, at...), i), codec: build(f.Type)})
	}
	for _, f := range embedded {
		c.addFields(f.Type, append(append([]int{}, at...), f.Index...))
	}
}
