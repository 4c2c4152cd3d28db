package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/internal/pages/shell"
)

// The worker's own hash agrees with the standard library's at every length around a block's end, and with what the browser digests whole.
func TestHashes(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	assets.Routes(mux)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(srv.URL))
	sizes := []int{0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 4<<20 - 1, 4 << 20, 4<<20 + 65}
	var list []string
	for _, n := range sizes {
		list = append(list, strconv.Itoa(n))
	}
	// Two ways, in turn: piece by piece, and as the page asks.
	script := `(async () => {
		const worker = new Worker("` + assets.Path("sha256.js") + `"), out = [];
		for (const piecewise of [true, false]) for (const n of [` + strings.Join(list, ",") + `]) {
			const bytes = new Uint8Array(n).map((_, i) => i * 7 + (i >> 8));
			out.push(await new Promise((done) => {
				worker.onmessage = (e) => { if (e.data.hash || e.data.failed) done(e.data.hash || e.data.failed) };
				worker.postMessage({ id: 1, file: new File([bytes], "x"), piecewise });
			}));
		}
		return out;
	})()`
	got := chromium.Run(t, ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if len(got) != 2*len(sizes) {
		t.Fatalf("%d hashes", len(got))
	}
	for i, hash := range got {
		n := sizes[i%len(sizes)]
		data := make([]byte, n)
		for j := range data {
			data[j] = byte(j*7 + j>>8)
		}
		sum := sha256.Sum256(data)
		if want := hex.EncodeToString(sum[:]); hash != want {
			t.Errorf("%d bytes, piecewise %v: %s, want %s", n, i < len(sizes), hash, want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	assets.Routes(mux)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<html lang="zh-CN">`))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(srv.URL))
	got := chromium.Run(t, ctx, chromedp.Evaluate[[]string](`import("`+assets.Path("row.js")+`").then((m) => [m.size(1023), m.size(1536), m.size(1.5 * 2 ** 30), m.left(0.2), m.left(59), m.left(150), m.left(7500), m.left(Infinity),
		m.refusal({title: "不接受此类文件", status: 415}), m.refusal({title: "有内容需要修改", errors: [{message: "文件：文件已损坏"}, {message: "过大"}]}), m.refusal({title: "稍后", detail: "可续传"})])`, chromedp.EvalAwaitPromise))
	want := []string{"1023 B", "1.5 KB", "1.5 GB", "剩约 1 秒", "剩约 59 秒", "剩约 3 分钟", "剩约 2 小时 5 分钟", "", "不接受此类文件，可传照片、视频、录音或 PDF", "文件已损坏；过大", "稍后：可续传"}
	for i, w := range want {
		if got[i] != w {
			t.Errorf("%q, want %q", got[i], w)
		}
	}
}

// A person without a session is sent to sign in and comes back.
func TestNobody(t *testing.T) {
	t.Parallel()
	pages, public := http.NewServeMux(), http.NewServeMux()
	Routes(pages, public)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/upload", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fupload" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, name := range []string{"upload.css", "upload.js", "sha256.js"} {
		w := httptest.NewRecorder()
		public.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.Path(name), nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

// Without script the page says what it needs; in each language.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for cookie, want := range map[string]string{"zh": "上传需要浏览器启用 JavaScript", "en": "Uploads need JavaScript"} {
		r := httptest.NewRequest(http.MethodGet, "/upload", nil)
		r.AddCookie(&http.Cookie{Name: shell.LanguageCookie, Value: cookie})
		w := httptest.NewRecorder()
		shell.Show(w, r, http.StatusOK, page, "", map[string]any{"L": shell.Language(r), "Account": "a"})
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", cookie, w.Code, w.Body)
		}
	}
}
