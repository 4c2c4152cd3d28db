package pictures

import (
	"go/build"
	"os"
	"path/filepath"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// examined does in this process what a child does; the samples are ours.
func examined(t testing.TB, file []byte) events.Examination {
	t.Helper()
	typ, _ := sniff.Sniff(file)
	p, err := open(file, typ)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := examine(p, params{Type: typ}, file)
	if err != nil {
		t.Fatal(err)
	}
	return e.(events.Examination)
}

// Of all samples only the copy that went through a messenger looks like another one.
func TestLooks(t *testing.T) {
	t.Parallel()
	all := images(t)
	looks := make([]string, len(all))
	alike := 0
	for i, m := range all {
		looks[i] = examined(t, read(t, m.folder, m.File)).Look
		for j := range i {
			n, ok := Bits(looks[i], looks[j])
			if !ok {
				t.Fatalf("%s: look %q", m.File, looks[i])
			}
			if all[j].SHA256 == m.SHA256 {
				if n != 0 {
					t.Errorf("%s, %s: the same bytes, %d bits", m.File, all[j].File, n)
				}
				continue
			}
			if n > Alike {
				continue
			}
			alike++
			if pair := [2]string{all[j].File, m.File}; pair != [2]string{"ammonia-valves-wechat.jpg", "ammonia-valves.jpg"} {
				t.Errorf("%v look alike: %d bits", pair, n)
			}
		}
	}
	if alike != 1 {
		t.Errorf("%d pairs look alike, want 1", alike)
	}
	for _, bad := range []string{"", "0123", "0123456789abcdef0", "0123456789abcdeg"} {
		if _, ok := Bits(bad, looks[0]); ok {
			t.Errorf("%q is a look", bad)
		}
	}
}

// The picture of a person that the cascade's own module is tested with has one face, and the samples, drawn and without people, have none (TestExamine).
func TestFaces(t *testing.T) {
	t.Parallel()
	pkg, err := build.Import("github.com/esimov/pigo/core", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(pkg.Dir, "..", "testdata", "sample.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	e := examined(t, file)
	t.Logf("%+v", e)
	if len(e.Proposed) != 1 {
		t.Fatalf("%+v", e.Proposed)
	}
}
