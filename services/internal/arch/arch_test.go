// Package arch_test holds the rules of imports as a test: songshui → <service>/server → <service>/internal/… → <service> → events; of another service only its …api.
package arch_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "songshui.internal/services"
	contract = "songshui.internal/events"
	root     = "../.."
)

var services = []string{"registry", "intake", "media", "rectification", "oversight", "archive", "portal"}

// domain is what a service's root package may import besides the standard library.
var domain = []string{contract, module + "/internal/fault", module + "/internal/access", module + "/internal/personal", module + "/internal/workdays", module + "/internal/rules"}

func TestImports(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "samples") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if why := refuse(filepath.ToSlash(rel), imported); why != "" {
				t.Errorf("%s imports %s: %s", path, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refuse says why a package (its folder within the module) may not import another.
func refuse(dir, imported string) string {
	own, rest, _ := strings.Cut(dir, "/")
	if imported == "log" || strings.HasPrefix(imported, "golang.org/x/exp/") && !strings.HasPrefix(dir, "media/internal/") {
		return "log/slog is used throughout"
	}
	if slices.Contains(services, dir) && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") && !slices.Contains(domain, imported) {
		return "a service's root package is domain only"
	}
	in, ok := strings.CutPrefix(imported, module+"/")
	if !ok {
		return ""
	}
	other, part, _ := strings.Cut(in, "/")
	switch {
	case in == "internal/chromium":
		return "a browser is for tests alone"
	case own == "internal" && slices.Contains(services, other):
		return "what every service runs on knows no service"
	case own == "songshui" && slices.Contains(services, other) && part != "server" && part != other+"api":
		return "the program knows a service's server and api alone"
	case slices.Contains(services, own) && other == "songshui":
		return "no service knows the program"
	case slices.Contains(services, own) && slices.Contains(services, other) && own != other && part != other+"api":
		return "of another service only its api"
	case own == other && rest != "server" && part == "server":
		return "server is the outermost"
	}
	return ""
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dir, imported string
		refused       bool
	}{
		{"intake", "github.com/nats-io/nats.go", true}, {"intake", contract, false}, {"intake", module + "/internal/bus", true}, {"intake/internal/x", module + "/internal/bus", false},
		{"intake/server", module + "/media/mediaapi", false}, {"intake/server", module + "/media", true}, {"portal/internal/x", module + "/archive/server", true},
		{"songshui/internal/stack", module + "/intake/server", false}, {"songshui/internal/stack", module + "/intake", true}, {"internal/bus", module + "/media", true},
		{"portal/internal/x", module + "/internal/chromium", true},
	} {
		if got := refuse(c.dir, c.imported) != ""; got != c.refused {
			t.Errorf("%s importing %s: refused %v", c.dir, c.imported, got)
		}
	}
}

// Every package has a doc comment that a newcomer can read first.
func TestPackageDocs(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || f.Doc != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package doc", dir)
		}
	}
}
