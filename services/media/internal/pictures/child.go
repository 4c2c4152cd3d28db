package pictures

import (
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// What is done in the child.
const (
	opCheck   = "pictures.check"
	opExamine = "pictures.examine"
	opRender  = "pictures.render"
)

// maxOutput bounds all copies of a picture: three of noise with transparency come to 35 MB, an animation of noise to 90.
const maxOutput = 128 << 20

type params struct {
	Type  sniff.Type    `json:"type"`
	Areas []events.Area `json:"areas,omitempty"`
}

func init() {
	systemHEIC, systemWebP = false, false
	for op, work := range map[string]func(*picture, params, []byte) (any, []sandbox.Blob, error){
		opCheck:   check,
		opExamine: examine,
		opRender:  render,
	} {
		sandbox.Register(op, sandbox.Operation{MaxInput: sniff.MaxImage, MaxOutput: maxOutput, Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
			var p params
			if err := in.Decode(&p); err != nil {
				return nil, nil, err
			}
			m, err := open(in.Data, p.Type)
			if err != nil {
				return nil, nil, err
			}
			return work(m, p, in.Data)
		}})
	}
}

func check(m *picture, _ params, _ []byte) (any, []sandbox.Blob, error) {
	if m.film == nil {
		return nil, nil, nil
	}
	if err := m.film.decode(); err != nil {
		return nil, nil, verdict(err)
	}
	return nil, nil, nil
}

func examine(m *picture, p params, file []byte) (any, []sandbox.Blob, error) {
	if _, _, err := check(m, p, file); err != nil {
		return nil, nil, err
	}
	e := m.size
	r := view(m.image)
	small := r.shrink(fit(r.w, r.h, lookEdge)).turned(m.orientation())
	grey := small.grey()
	e.Look = look(grey)
	found, err := faces(grey, e.DisplayWidth, e.DisplayHeight)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, "pictures: examine", err)
	}
	e.Proposed = append(found, plates(small, e.DisplayWidth, e.DisplayHeight)...)
	meta := readMetadata(file, p.Type)
	if m.comment {
		meta.private["Comment"] = true
	}
	meta.describe(&e)
	return e, nil, nil
}

func render(m *picture, p params, _ []byte) (any, []sandbox.Blob, error) {
	r := view(m.image)
	r.hide(p.Areas, m.orientation())
	profile := parseProfile(m.icc)
	all, err := copies(r, m.kind, m.orientation(), profile, Widths)
	if err == nil && m.film != nil {
		var moving made
		moving, err = animation(m.film, m.kind, p.Areas, m.orientation(), profile)
		all = append(all, moving)
	}
	var refused *fault.Error
	switch {
	case errors.As(err, &refused):
		return nil, nil, refused
	case err != nil:
		return nil, nil, fault.Wrap(fault.Internal, "pictures: encode", err)
	}
	heads, blobs := make([]copyHead, len(all)), make([]sandbox.Blob, len(all))
	for i, c := range all {
		heads[i], blobs[i] = c.head, sandbox.Blob{Name: c.head.Name, Data: c.data}
	}
	return heads, blobs, nil
}
