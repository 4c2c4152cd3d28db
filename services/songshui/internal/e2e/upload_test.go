package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/samples"
)

// sample gives a file of the samples.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(samples.Files, "media/"+name)
	must(t, err)
	return data
}

// grown makes an MP4 longer by a box that players leap over.
func grown(clip []byte, by int) []byte {
	box := make([]byte, by)
	binary.BigEndian.PutUint32(box, uint32(by))
	copy(box[4:], "free")
	for i := 8; i < by; i++ {
		box[i] = byte(i * i >> 8)
	}
	return append(bytes.Clone(clip), box...)
}

// file writes bytes to be chosen in the browser.
func file(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func choose(paths ...string) chromedp.Action[chromedp.Void] {
	return chromedp.SetUploadFiles(chromedp.CSS("#files"), paths)
}

// line is the script for a file's line on the upload page.
func line(name string) string {
	return `[...document.querySelectorAll("#upload .files li")].find(l => l.querySelector(".file").textContent === ` + strconv.Quote(name) + `)`
}

// becomes waits until a file's line is in a phase and gives its words.
func becomes(t *testing.T, ctx context.Context, name, phase string) string {
	t.Helper()
	words, err := chromium.Wait[string](ctx, `(l => l && l.dataset.phase === `+strconv.Quote(phase)+` && l.querySelector(".said").textContent)(`+line(name)+`)`)
	if err != nil {
		now, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("#upload .files").innerText`))
		t.Fatalf("%s isn't %s: %v; the list: %s", name, phase, err, now)
	}
	return words
}

// press waits until a file's line has a button or link, and presses it.
func press(t *testing.T, ctx context.Context, name, what string) {
	t.Helper()
	if _, err := chromium.Wait[bool](ctx, `(b => b && !b.hidden && (b.click(), true))(`+line(name)+`?.querySelector(".`+what+`"))`); err != nil {
		t.Fatalf("%s: no %s: %v", name, what, err)
	}
}

// throttle bounds what the page sends, in bytes a second.
func throttle(t *testing.T, ctx context.Context, upload float64, offline bool) {
	t.Helper()
	_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: upload, Offline: offline}}})
	must(t, err)
}

// sealed wants one medium of these bytes and that name at an office.
func sealed(t *testing.T, as, name string, data []byte) portalapi.Medium {
	t.Helper()
	sum := sha256.Sum256(data)
	var found struct{ Media []portalapi.Medium }
	call(t, as, http.MethodGet, "/api/v1/media?sha256="+hex.EncodeToString(sum[:]), nil).decode(t, &found)
	var of []portalapi.Medium
	for _, m := range found.Media {
		if m.File == name {
			of = append(of, m)
		}
	}
	if len(of) != 1 || of[0].Bytes != int64(len(data)) {
		t.Fatalf("%s: %d media of it: %+v", name, len(of), found.Media)
	}
	return of[0]
}

func TestUploadInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx, dir := browser(t), t.TempDir()
	picture := sample(t, "trench.jpg")
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/upload"))
	chromium.Do(t, ctx, signIn("baishan-1", system.accounts["baishan-1"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("#files"))
	chromium.Fits(t, ctx, "upload-empty")
	chromium.Do(t, ctx, choose(file(t, dir, "现场 沟槽.jpg", picture), file(t, dir, "脚本.svg", bad(t, "script.svg")), file(t, dir, "截断.jpg", bad(t, "truncated.jpg"))))
	if s := becomes(t, ctx, "脚本.svg", "refused"); !strings.Contains(s, "不接受此类文件") {
		t.Errorf("a refused type: %q", s)
	}
	if s := becomes(t, ctx, "截断.jpg", "refused"); !strings.Contains(s, "损坏") {
		t.Errorf("a damaged file: %q", s)
	}
	becomes(t, ctx, "现场 沟槽.jpg", "done")
	m := sealed(t, "baishan-1", "现场 沟槽.jpg", picture)
	settled(t, "baishan-1", m.ID)
	if _, err := chromium.Wait[bool](ctx, line("现场 沟槽.jpg")+`.dataset.state === "rendered"`); err != nil {
		t.Errorf("the page doesn't say that the copies are there: %v", err)
	}
	if href := chromium.Run(t, ctx, chromedp.Evaluate[string](line("现场 沟槽.jpg")+`.querySelector("a.look").getAttribute("href")`)); href != "/look/"+m.ID {
		t.Errorf("where to look at it: %q", href)
	}
	chromium.Fits(t, ctx, "upload-done")
	// The same again, by another name: no byte is sent.
	chromium.Do(t, ctx, choose(file(t, dir, "同一张.jpg", picture)))
	if s := becomes(t, ctx, "同一张.jpg", "done"); !strings.Contains(s, "已有，未再传") {
		t.Errorf("known bytes: %q", s)
	}
}

// A clip goes on where it stopped after a pause, a lost line, and a closed tab.
func TestResumedUploadInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx, dir := browser(t), t.TempDir()
	clip := grown(sample(t, "crane-portrait.mp4"), 24<<20)
	path := file(t, dir, "塔吊 吊装.mp4", clip)
	const name = "塔吊 吊装.mp4"
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/upload"))
	chromium.Do(t, ctx, signIn("baicheng-1", system.accounts["baicheng-1"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("#files"))
	throttle(t, ctx, 6<<20, false)
	chromium.Do(t, ctx, choose(path))
	becomes(t, ctx, name, "sending")
	offset := func(atLeast int) int {
		t.Helper()
		n, err := chromium.Wait[int](ctx, `(b => b && b.value >= `+strconv.Itoa(atLeast)+` && b.value)(`+line(name)+`?.querySelector(".bar"))`)
		must(t, err)
		return n
	}
	offset(4 << 20)
	chromium.Fits(t, ctx, "upload-sending")
	press(t, ctx, name, "pause")
	if s := becomes(t, ctx, name, "paused"); !strings.Contains(s, "已暂停") {
		t.Errorf("paused: %q", s)
	}
	press(t, ctx, name, "resume")
	offset(8 << 20)
	throttle(t, ctx, -1, true)
	if s := becomes(t, ctx, name, "away"); !strings.Contains(s, "后再试") {
		t.Errorf("line lost: %q", s)
	}
	throttle(t, ctx, 6<<20, false)
	offset(12 << 20)
	// The tab goes; another day begins.
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/"), chromium.Visible("[name=q]"), chromedp.Navigate(system.URL+"/upload"))
	if s := becomes(t, ctx, name, "unfinished"); !strings.Contains(s, "再选择这个文件") {
		t.Errorf("unfinished: %q", s)
	}
	left := offset(8 << 20)
	chromium.Fits(t, ctx, "upload-unfinished")
	throttle(t, ctx, -1, false)
	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`window.asked = []; window.open0 = XMLHttpRequest.prototype.open; XMLHttpRequest.prototype.open = function (m, u) { asked.push(m + " " + u); return open0.apply(this, arguments) }; window.header0 = XMLHttpRequest.prototype.setRequestHeader; XMLHttpRequest.prototype.setRequestHeader = function (n, v) { if (n === "Upload-Offset") asked.push(n + " " + v); return header0.apply(this, arguments) }`))
	chromium.Do(t, ctx, choose(path))
	becomes(t, ctx, name, "done")
	for _, a := range chromium.Run(t, ctx, chromedp.Evaluate[[]string](`asked`)) {
		if n, ok := strings.CutPrefix(a, "Upload-Offset "); ok {
			if at, err := strconv.Atoi(n); err != nil || at < left {
				t.Errorf("bytes from %s on are sent again; the server had %d", n, left)
			}
		}
		if strings.HasPrefix(a, "POST") {
			t.Error("the upload begins anew")
		}
	}
	sealed(t, "baicheng-1", name, clip)
	chromium.Do(t, ctx, chromedp.Reload(), chromium.Visible("#files"))
	if n := chromium.Run(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("#upload .files li").length`)); n != 0 {
		t.Errorf("%d files are still called unfinished", n)
	}
}

// Whoever isn't an office finds no upload page; who has no session is sent to sign in; other sites can't ask in a person's name.
func TestUploadIsForOffices(t *testing.T) {
	t.Parallel()
	if r := call(t, "", http.MethodGet, "/upload", nil); r.status != http.StatusSeeOther || r.header.Get("Location") != "/sign-in?next=%2Fupload" {
		t.Errorf("nobody: %d %v", r.status, r.header)
	}
	if r := call(t, "journalist", http.MethodGet, "/upload", nil); r.status != http.StatusForbidden || strings.Contains(string(r.body), `id="files"`) {
		t.Errorf("a journalist: %d", r.status)
	}
	r := call(t, "baishan-1", http.MethodGet, "/upload", nil)
	if !strings.Contains(string(r.body), "<noscript>") || !strings.Contains(r.header.Get("Content-Security-Policy"), "worker-src 'self'") {
		t.Errorf("the page: %d %v", r.status, r.header)
	}
	for _, c := range [][2]string{{http.MethodPost, "/files"}, {http.MethodPatch, "/files/x"}, {http.MethodDelete, "/files/x"}, {http.MethodPost, "/api/v1/media/x/commands/clear"}, {http.MethodPost, "/look/x"}} {
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
			call(t, "baishan-1", c[0], c[1], []byte("{}"), header[0], header[1]).problem(t, http.StatusForbidden, "forbidden")
		}
	}
}
