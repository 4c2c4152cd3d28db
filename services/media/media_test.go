package media_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/media"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"../evil.jpg":                     "evil.jpg",
		`..\..\evil.jpg`:                  "evil.jpg",
		"/etc/passwd":                     "passwd",
		"a%00.jpg":                        "a%00.jpg",
		"a\x00.jpg":                       "a.jpg",
		"图\u202egpj.svg":                  "图gpj.svg",
		".htaccess":                       ".htaccess",
		"照片.jpg ":                         "照片.jpg",
		"a/b/c.jpg":                       "c.jpg",
		"a/b/":                            "b",
		"":                                media.Unnamed,
		"..":                              media.Unnamed,
		" / ":                             media.Unnamed,
		"照\r\nX-Evil: 1.jpg":              "照X-Evil: 1.jpg",
		"a\xff.jpg":                       "a.jpg",
		"타워크레인 현장.jpg":                    "타워크레인 현장.jpg",
		strings.Repeat("长", 300) + ".jpg": strings.Repeat("长", 116) + ".jpg",
		strings.Repeat("长", 119) + " .x":  strings.Repeat("长", 118) + ".x",
	} {
		if got := media.CleanName(in); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

func clean(t interface{ Fatalf(string, ...any) }, in string) {
	got := media.CleanName(in)
	if n := utf8.RuneCountInString(got); n < 1 || n > media.MaxName {
		t.Fatalf("CleanName(%q) = %q has %d characters", in, got, n)
	}
	if strings.ContainsAny(got, `/\`) || strings.ContainsFunc(got, unicode.IsControl) || strings.TrimSpace(got) != got {
		t.Fatalf("CleanName(%q) = %q", in, got)
	}
	if again := media.CleanName(got); again != got {
		t.Fatalf("CleanName(%q) = %q, again %q", in, got, again)
	}
}

func TestCleanNameAlways(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clean(t, rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("./\\ 长a\u202e\x00%\u3000")))).Draw(t, "name"))
	})
}

func TestCleanNameSamples(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join("..", "songshui", "internal", "samples", "bad", "filenames.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var line struct{ Name string }
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		clean(t, line.Name)
	}
}

func TestFoldKnowsEveryFact(t *testing.T) {
	t.Parallel()
	for _, typ := range events.Default.Types() {
		if typ.Stream != events.StreamMedia {
			continue
		}
		fact := reflect.ValueOf(typ.NewFact()).Elem().Interface().(events.Fact)
		if _, err := media.Fold(events.MediaState{}, events.Meta{}, fact); err != nil {
			t.Error(err)
		}
	}
}
