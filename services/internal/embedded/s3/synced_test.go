package s3_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3"
)

// mark announces the next operation in the trace.
const mark = "songshui-mark:"

// traced does one operation of each kind; the parent watches its system calls.
func traced(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer srv.Close()
	c := minio.Core{Client: srv.Client()}
	var upload string
	var part minio.ObjectPart
	on := minio.LegalHoldEnabled
	steps := []struct {
		name string
		do   func() error
	}{
		{"bucket", func() error { return c.MakeBucket(ctx, "bkt", minio.MakeBucketOptions{ObjectLocking: true}) }},
		{"first", func() (err error) { // the temporary directory doesn't exist yet, and versitygw takes another path
			_, err = c.PutObject(ctx, "bkt", "first", newReader("data"), 4, "", "", minio.PutObjectOptions{})
			return err
		}},
		{"put", func() (err error) {
			_, err = c.PutObject(ctx, "bkt", "a/b/put", newReader("data"), 4, "", "", minio.PutObjectOptions{})
			return err
		}},
		{"replace", func() (err error) {
			_, err = c.PutObject(ctx, "bkt", "a/b/put", newReader("else"), 4, "", "", minio.PutObjectOptions{})
			return err
		}},
		{"begin", func() (err error) {
			upload, err = c.NewMultipartUpload(ctx, "bkt", "multi", minio.PutObjectOptions{})
			return err
		}},
		{"part", func() (err error) {
			part, err = c.PutObjectPart(ctx, "bkt", "multi", upload, 1, newReader("data"), 4, minio.PutObjectPartOptions{})
			return err
		}},
		{"complete", func() (err error) {
			parts := []minio.CompletePart{{PartNumber: 1, ETag: part.ETag}}
			_, err = c.CompleteMultipartUpload(ctx, "bkt", "multi", upload, parts, minio.PutObjectOptions{})
			return err
		}},
		{"copy", func() (err error) {
			_, err = c.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: "bkt", Object: "copy"}, minio.CopySrcOptions{Bucket: "bkt", Object: "multi"})
			return err
		}},
		{"hold", func() error {
			return c.PutObjectLegalHold(ctx, "bkt", "copy", minio.PutObjectLegalHoldOptions{Status: &on})
		}},
		{"delete", func() error { return c.RemoveObject(ctx, "bkt", "a/b/put", minio.RemoveObjectOptions{}) }},
		{"again", func() (err error) { // the directories went with the object
			_, err = c.PutObject(ctx, "bkt", "a/b/put", newReader("data"), 4, "", "", minio.PutObjectOptions{})
			return err
		}},
	}
	for _, s := range steps {
		fmt.Fprintln(os.Stderr, mark+s.name)
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	fmt.Fprintln(os.Stderr, mark+"end")
	return nil
}

// wanted says for each operation which call makes the change (by system call and a pattern of its line), what must have been synced between that call
// and the answer, and whether the bytes must have been synced before. Paths are below the root of the store.
var wanted = map[string]struct {
	change string
	synced []string
	before bool
}{
	"bucket":   {`mkdirat\(.*"bkt"`, []string{".", "bkt"}, false},
	"first":    {`(linkat|renameat2?)\(.*first"`, []string{"bkt/first", "bkt", "."}, true},
	"put":      {`(linkat|renameat2?)\(.*"put"`, []string{"bkt/a/b/put", "bkt/a/b", "bkt/a", "bkt"}, true},
	"replace":  {`(linkat|renameat2?)\(.*"put"`, []string{"bkt/a/b/put", "bkt/a/b"}, true},
	"begin":    {`mkdirat\(.*multipart/[0-9a-f]{64}/`, []string{"bkt/.sgwtmp/multipart/SUM", "bkt/.sgwtmp/multipart", "bkt/.sgwtmp"}, false},
	"part":     {`(linkat|renameat2?)\(.*"1"`, []string{"bkt/.sgwtmp/multipart/SUM/UPLOAD/1", "bkt/.sgwtmp/multipart/SUM/UPLOAD"}, true},
	"complete": {`(linkat|renameat2?)\(.*"multi"`, []string{"bkt/multi", "bkt"}, true},
	"copy":     {`(linkat|renameat2?)\(.*"copy"`, []string{"bkt/copy", "bkt"}, true},
	"hold":     {`setxattr\(.*hold`, []string{"bkt/copy"}, false},
	"again":    {`(linkat|renameat2?)\(.*"put"`, []string{"bkt/a/b/put", "bkt/a/b", "bkt/a", "bkt"}, true},
	"delete":   {`unlinkat\(.*"bkt/a"`, []string{"bkt"}, false},
}

func TestSyncedMeansSynced(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal("strace is missing")
		}
		t.Skip("left out: strace is missing")
	}
	for op, faults := range violations(t, "") {
		for _, f := range faults {
			t.Errorf("%s: %s", op, f)
		}
	}
	// Without the durable layer the same check must find every operation at fault.
	found := violations(t, "unsynced")
	for op := range wanted {
		if len(found[op]) == 0 {
			t.Errorf("unsynced server, %s: nothing found", op)
		}
	}
}

// violations runs the operations under strace and returns what each lacks.
func violations(t *testing.T, mode string) map[string][]string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "trace")
	cmd := child(t, "traced", mode, dir, "strace", "-f", "-y", "-s", "256", "-o", log,
		"-e", "trace=write,writev,sendto,sendmsg,fsync,fdatasync,linkat,renameat,renameat2,unlinkat,mkdirat,setxattr,fsetxattr")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root := filepath.Join(dir, "objects")
	found := map[string][]string{}
	for op, calls := range readTrace(t, log) {
		if w, ok := wanted[op]; ok {
			found[op] = lacks(calls, regexp.MustCompile(w.change), w.synced, w.before, root)
		}
	}
	for op := range wanted {
		if _, ok := found[op]; !ok {
			t.Errorf("%s: not in the trace", op)
		}
	}
	return found
}

// call is one system call; begin and end are lines of the trace.
type call struct {
	text       string
	begin, end int
}

// readTrace returns the calls of each operation, in the order they began.
func readTrace(t *testing.T, path string) map[string][]*call {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ops := map[string][]*call{}
	open := map[string]*call{} // by thread
	op := ""
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan(); n++ {
		pid, text, _ := strings.Cut(lines.Text(), " ")
		text = strings.TrimSpace(text)
		if _, name, ok := strings.Cut(text, mark); ok {
			op, _, _ = strings.Cut(name, `\n`)
			continue
		}
		if strings.HasPrefix(text, "<... ") {
			if c := open[pid]; c != nil {
				c.end, c.text = n, c.text+text
				delete(open, pid)
			}
			continue
		}
		c := &call{text: text, begin: n, end: n}
		if strings.HasSuffix(text, "<unfinished ...>") {
			open[pid] = c
		}
		ops[op] = append(ops[op], c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return ops
}

var fsyncOf = regexp.MustCompile(`^f(?:data)?sync\(\d+<([^>]*)>`)

// lacks names what isn't on disk when the answer is written.
func lacks(calls []*call, change *regexp.Regexp, synced []string, before bool, root string) (faults []string) {
	var changed, answer *call
	for _, c := range calls {
		if strings.Contains(c.text, "= -1") {
			continue
		}
		if change.MatchString(c.text) {
			changed = c
		}
		if changed != nil && answer == nil && strings.Contains(c.text, `"HTTP/1.1 2`) {
			answer = c
		}
	}
	if changed == nil || answer == nil {
		return []string{"no change or no answer in the trace"}
	}
	done, bytesFirst := map[string]bool{}, false
	for _, c := range calls {
		m := fsyncOf.FindStringSubmatch(c.text)
		if m == nil || c.end > answer.begin || strings.Contains(c.text, "= -1") {
			continue
		}
		if c.end < changed.begin {
			bytesFirst = true
		}
		if c.begin > changed.end {
			rel, _ := filepath.Rel(root, m[1])
			done[nameless(rel)] = true
		}
	}
	if before && !bytesFirst {
		faults = append(faults, "bytes not synced before they got a name")
	}
	for _, s := range synced {
		if !done[s] {
			faults = append(faults, fmt.Sprintf("%s not synced between %q and the answer (synced: %v)", s, changed.text, done))
		}
	}
	return faults
}

var (
	sums    = regexp.MustCompile(`multipart/[0-9a-f]{64}`)
	uploads = regexp.MustCompile(`SUM/[0-9a-f-]{36}`)
)

// nameless replaces what differs from run to run.
func nameless(rel string) string {
	return uploads.ReplaceAllString(sums.ReplaceAllString(rel, "multipart/SUM"), "SUM/UPLOAD")
}
