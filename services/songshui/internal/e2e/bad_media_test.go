package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"songshui.internal/services/internal/bus"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
)

// growsAtMost is how much memory server and children together may take beside what they had, in bytes: the picture that one sample declares has four times as much.
const growsAtMost = 1 << 30

type badFile struct{ File, Verdict string }

func badFiles(t *testing.T) []badFile {
	t.Helper()
	var out []badFile
	must(t, json.Unmarshal(bad(t, "expected.json"), &out))
	return out
}

// metadata10MB is the sample of that name, which is too large to be kept: 160 segments of a profile of zeros.
func metadata10MB(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480)), nil))
	var profile []byte
	for i := range 160 {
		body := append([]byte("ICC_PROFILE\x00"), append([]byte{byte(i + 1), 160}, make([]byte, 65000)...)...)
		profile = append(append(profile, 0xff, 0xe2, byte((len(body)+2)>>8), byte(len(body)+2)), body...)
	}
	return slices.Insert(b.Bytes(), 2, profile...)
}

// TestBadFiles sends every hostile file as an office would: one clear answer each, and the workers go on.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	const me = "changbaishan-1"
	peak := watchMemory(t)
	before := len(noted(t, "upload-refused", me))
	refused, sent := 0, 0
	for _, f := range badFiles(t) {
		if strings.HasSuffix(f.File, ".multipart") || strings.HasSuffix(f.File, ".jsonl") {
			continue // of names: below
		}
		data := metadata10MB(t)
		if f.File != "metadata-10mb.jpg" {
			data = bad(t, f.File)
		}
		sent++
		r := upload(t, me, f.File, data)
		if r.status != http.StatusCreated {
			refused++
			var p portalapi.Problem
			r.decode(t, &p)
			entries := noted(t, "upload-refused", me)
			if r.status/100 != 4 || p.Status != r.status || p.Title == "" || len(entries) != before+refused || entries[len(entries)-1].Detail["file"] != f.File {
				t.Errorf("%s: %d %s; noted %+v", f.File, r.status, r.body, entries[min(len(entries), before):])
			}
			if location := r.header.Get("Location"); location != "" {
				t.Errorf("%s: refused, and at %s", f.File, location)
			}
			continue
		}
		if f.Verdict == "reject" {
			t.Errorf("%s isn't refused", f.File)
		}
		harmless(t, me, f.File, settled(t, me, r.header.Get(portalapi.HeaderMediaID)))
	}
	if sent < 14 {
		t.Errorf("only %d bad files", sent)
	}
	good := upload(t, me, "之后 正常.jpg", sample(t, "pit-longshan.jpg"))
	if m := settled(t, me, good.header.Get(portalapi.HeaderMediaID)); m.State != "rendered" || len(m.Renditions) == 0 {
		t.Errorf("a good file after them is %s %s", m.State, m.Reason)
	}
	if grew := peak(); grew > growsAtMost {
		t.Errorf("memory grew by %d MiB", grew>>20)
	}
	letters, err := system.Bus.DeadLetters(t.Context())
	must(t, err)
	if slices.ContainsFunc(letters, func(l bus.DeadLetter) bool { return strings.HasPrefix(l.Consumer, "media") }) {
		t.Errorf("dead letters: %+v", letters)
	}
}

// harmless wants a medium that was taken to be failed with a reason, or to have copies without its payload, and to be told of once.
func harmless(t *testing.T, as, file string, m portalapi.Medium) {
	t.Helper()
	if m.File != file && m.Kind == "image" || m.State == "failed" && m.Reason == "" || m.State == "failed" && len(m.Renditions) > 0 {
		t.Errorf("%s: %+v", file, m)
	}
	if strings.HasSuffix(file, ".jpg") && m.Type == "video/mp4" == (m.Kind == "image") {
		t.Errorf("%s is a %s of %s", file, m.Kind, m.Type)
	}
	facts := map[string]int{}
	for _, s := range m.History {
		facts[s.Type]++
	}
	for _, once := range []string{"songshui.media.sealed.v1", "songshui.media.examined.v1", "songshui.media.rendered.v1", "songshui.media.failed.v1"} {
		if facts[once] > 1 {
			t.Errorf("%s: %s %d times", file, once, facts[once])
		}
	}
	for _, c := range m.Renditions {
		r := call(t, as, http.MethodGet, c.URL, nil)
		kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Disposition"))
		if r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Content-Type") != c.Type || c.Type == "application/pdf" && kind != "attachment" {
			t.Errorf("%s, %s: %v", file, c.Name, r.header)
		}
		if _, err := zip.NewReader(bytes.NewReader(r.body), int64(len(r.body))); err == nil {
			t.Errorf("%s, %s: still an archive", file, c.Name)
		}
		for _, payload := range []string{"<script", "<html", "/JavaScript", "/OpenAction", "app.alert"} {
			if bytes.Contains(r.body, []byte(payload)) {
				t.Errorf("%s, %s holds %s", file, c.Name, payload)
			}
		}
		if file == "metadata-10mb.jpg" && len(r.body) > 200_000 {
			t.Errorf("%s: a copy of %d bytes", file, len(r.body))
		}
	}
}

var multipartName = regexp.MustCompile(`filename="([^"]*)"`)

// TestBadNames uploads a picture under every hostile name: refused, or shown as a name that can do nothing.
func TestBadNames(t *testing.T) {
	t.Parallel()
	const me = "meihekou-2"
	var names []string
	for _, line := range bulk.Lines(bad(t, "filenames.jsonl")) {
		if line != nil {
			var n struct{ Name string }
			must(t, json.Unmarshal(line, &n))
			names = append(names, n.Name)
		}
	}
	for _, f := range badFiles(t) {
		if !strings.HasSuffix(f.File, ".multipart") {
			continue
		}
		body := bad(t, f.File)
		names = append(names, string(multipartName.FindSubmatch(body)[1]))
		// Forms aren't how files are sent here.
		if r := call(t, me, http.MethodPost, "/files", body, "Content-Type", "multipart/form-data; boundary=----baishanSampleBoundary"); r.status/100 != 4 {
			t.Errorf("%s as a form: %d", f.File, r.status)
		}
	}
	if len(names) != 16 {
		t.Errorf("%d names", len(names))
	}
	picture := sample(t, "silo-dust.png")
	for _, name := range names {
		r := upload(t, me, name, picture)
		if r.status/100 == 4 {
			continue
		}
		if r.status != http.StatusCreated {
			t.Errorf("%q: %d %s", name, r.status, r.body)
			continue
		}
		m := settled(t, me, r.header.Get(portalapi.HeaderMediaID))
		n := utf8.RuneCountInString(m.File)
		if n < 1 || n > 120 || strings.ContainsAny(m.File, `/\`) || strings.ContainsFunc(m.File, func(r rune) bool { return unicode.Is(unicode.C, r) }) || m.Type != "image/png" {
			t.Errorf("%q is shown as %q, %s", name, m.File, m.Type)
		}
		got := call(t, me, http.MethodGet, m.Renditions[0].URL, nil)
		if got.status != http.StatusOK || got.header.Get("X-Evil") != "" || strings.ContainsAny(got.header.Get("Content-Disposition"), "\r\n") {
			t.Errorf("%q: %d %v", name, got.status, got.header)
		}
	}
}

// watchMemory reads the anonymous memory of this process and its decoding children until the test asks by how much it grew; 0 where there is no /proc.
func watchMemory(t *testing.T) (grew func() int64) {
	t.Helper()
	before := anonymous()
	peak, end, ended := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, anonymous())
			case <-end:
				return
			}
		}
	}()
	return func() int64 {
		close(end)
		<-ended
		return peak - before
	}
}

func anonymous() int64 {
	sum := anonymousOf("self")
	children, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range children {
		ids, _ := os.ReadFile(list) // a thread that has ended has no children
		for _, id := range strings.Fields(string(ids)) {
			if line, _ := os.ReadFile(fmt.Sprintf("/proc/%s/cmdline", id)); bytes.Contains(line, []byte("media-child")) {
				sum += anonymousOf(id)
			}
		}
	}
	return sum
}

func anonymousOf(process string) int64 {
	status, _ := os.ReadFile("/proc/" + process + "/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
