package media_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
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

// TestTransitions walks at random: no command gets past the table, and folding what was decided gives the table's state.
func TestTransitions(t *testing.T) {
	t.Parallel()
	ask := map[media.Command]func(events.MediaState) (events.Fact, error){
		media.CommandSeal: func(s events.MediaState) (events.Fact, error) {
			return media.Seal(s, events.MediaSealedFact{ID: "m", Office: "jilin", File: "a.jpg"})
		},
		media.CommandExamine: func(s events.MediaState) (events.Fact, error) { return media.Examine(s, events.Examination{Width: 1}) },
		media.CommandRender: func(s events.MediaState) (events.Fact, error) {
			return media.Render(s, []events.Rendition{{Name: "w320"}})
		},
		media.CommandFail:    func(s events.MediaState) (events.Fact, error) { return media.Fail(s, "render", "broken") },
		media.CommandClear:   media.Clear,
		media.CommandTake:    func(s events.MediaState) (events.Fact, error) { return media.Take(s, "c") },
		media.CommandRelease: func(s events.MediaState) (events.Fact, error) { return media.Release(s, "idle") },
		media.CommandErase:   func(s events.MediaState) (events.Fact, error) { return media.Erase(s, "order") },
	}
	rapid.Check(t, func(t *rapid.T) {
		var s events.MediaState
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			row := rapid.SampledFrom(media.Transitions()).Draw(t, "row")
			before := s
			fact, err := ask[row.Command](s)
			allowed := slices.Contains(row.From, s.State)
			held := len(s.TakenBy) > 0 && (row.Command == media.CommandRelease || row.Command == media.CommandTake)
			if fact != nil && (!allowed || held) {
				t.Fatalf("%s in %q with %v was let through", row.Command, s.State, s.TakenBy)
			}
			if err != nil && !fault.Is(err, fault.WrongState) {
				t.Fatal(err)
			}
			if fact == nil {
				if allowed && !held {
					t.Fatalf("%s in %q was refused: %v", row.Command, s.State, err)
				}
				continue
			}
			if fact.EventType() != row.Fact {
				t.Fatalf("%s gave %s", row.Command, fact.EventType())
			}
			if s, err = media.Fold(s, events.Meta{Time: time.Unix(1, 0)}, fact); err != nil {
				t.Fatal(err)
			}
			want := row.To
			if want == media.None {
				want = before.State
			}
			if s.State != want {
				t.Fatalf("%s: %q, want %q", row.Command, s.State, want)
			}
		}
	})
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
