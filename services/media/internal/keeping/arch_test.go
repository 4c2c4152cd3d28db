package keeping_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// removers are the only functions that may remove something from the bucket of originals. Those of uploads remove what no fact ever named: parts, and the second copy of bytes
// that another upload has sealed first.
var removers = []string{
	"bench.strip", // of a store of its own
	"keeping.dropObject", "keeping.sweepRecords",
	"uploads.forget", "uploads.seal",
}

// root is made absolute before the embedded S3 changes the working directory.
var root = func() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}()

// TestNothingElseRemovesOriginals looks at every call in the services that could.
func TestNothingElseRemovesOriginals(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		slash := filepath.ToSlash(path)
		if strings.Contains(slash, "/internal/objects/") || strings.Contains(slash, "/embedded/") {
			return nil // the means, and the store itself
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && removesOriginals(fn) {
				found[f.Name.Name+"."+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, removers) {
		t.Errorf("originals are removed in %v, want %v", got, removers)
	}
}

// removesOriginals says whether a function removes objects and names the originals, or goes round package objects.
func removesOriginals(fn *ast.FuncDecl) bool {
	removes, named := false, false
	ast.Inspect(fn, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch s.Sel.Name {
		case "Purge", "Delete":
			removes = true
		case "RemoveObject", "RemoveObjects", "RemoveObjectsWithResult", "RemoveBucket":
			removes, named = true, true
		case "Originals":
			named = true
		}
		return true
	})
	return removes && named
}
