package fold

import (
	"slices"
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

// Bounds of what is read by sound.
const (
	// maxReadings is how many readings of a character count, its most common first; 参 has three that are in use.
	maxReadings = 3
	// maxUnits is how many characters or syllables of a term are looked at.
	maxUnits = 24
	// maxParses is how many ways to part typed pinyin into syllables are tried.
	maxParses   = 6
	maxSyllable = 6
)

var toneless = strings.NewReplacer(
	"ā", "a", "á", "a", "ǎ", "a", "à", "a", "ē", "e", "é", "e", "ě", "e", "è", "e", "ī", "i", "í", "i", "ǐ", "i", "ì", "i", "ō", "o", "ó", "o", "ǒ", "o", "ò", "o",
	"ū", "u", "ú", "u", "ǔ", "u", "ù", "u", "ü", "v", "ǖ", "v", "ǘ", "v", "ǚ", "v", "ǜ", "v", "ń", "n", "ň", "n", "ǹ", "n", "ḿ", "m", "ê̄", "e", "ế", "e", "ê̌", "e", "ề", "e", "ê", "e")

// sounds are the readings of the characters of the block, without tones, and all syllables there are.
type sounds struct {
	of        [hanLast - hanFirst + 1][]string
	syllables map[string]bool
	// near are the numbers in names of what the readings are alike with (near).
	near  [hanLast - hanFirst + 1][]uint16
	names []string
}

// Seen remembers the words given for a document's texts, so that each is given once.
type Seen struct {
	pairs map[uint32]bool
	words map[string]bool
}

// NewSeen makes one that remembers nothing.
func NewSeen() *Seen { return &Seen{map[uint32]bool{}, map[string]bool{}} }

// First says whether a word is seen for the first time.
func (s *Seen) First(word string) bool {
	had := s.words[word]
	s.words[word] = true
	return !had
}

var readings = sync.OnceValue(func() *sounds {
	out := &sounds{syllables: map[string]bool{}}
	known := map[string]string{} // the same syllable is one string
	numbers := map[string]uint16{}
	for r, written := range pinyin.PinyinDict {
		if r < hanFirst || r > hanLast {
			continue
		}
		var all []string
		for reading := range strings.SplitSeq(written, ",") {
			s := toneless.Replace(reading)
			if k, ok := known[s]; ok {
				s = k
			} else {
				known[s] = s
			}
			if len(all) < maxReadings && !slices.Contains(all, s) {
				all = append(all, s)
			}
			if strings.ContainsAny(s, "aeiouv") {
				out.syllables[s] = true
			}
		}
		out.of[r-hanFirst] = all
		for _, s := range all {
			n := near(s)
			if _, ok := numbers[n]; !ok {
				numbers[n] = uint16(len(out.names))
				out.names = append(out.names, n)
			}
			out.near[r-hanFirst] = append(out.near[r-hanFirst], numbers[n])
		}
	}
	return out
})

// Readings gives the syllables of a Han character without tones, the most common first and three at most; none for any other character.
func Readings(r rune) []string {
	if r < hanFirst || r > hanLast {
		return nil
	}
	return readings().of[r-hanFirst]
}

// near makes alike what is often taken for each other: zh and z, ch and c, sh and s, -ng and -n, ü and u.
func near(syllable string) string {
	if len(syllable) > 2 && syllable[1] == 'h' && (syllable[0] == 'z' || syllable[0] == 'c' || syllable[0] == 's') {
		syllable = syllable[:1] + syllable[2:]
	}
	if strings.HasSuffix(syllable, "ng") {
		syllable = syllable[:len(syllable)-1]
	}
	return strings.ReplaceAll(syllable, "v", "u")
}

// Unit is one place of a term that is read by sound: the syllables that may stand there.
type Unit []string

// Spoken is a term as a sequence of syllables.
type Spoken []Unit

// Usual gives the sequence with the most common syllable of each place alone.
func (s Spoken) Usual() Spoken {
	out := make(Spoken, len(s))
	for i, u := range s {
		out[i] = u[:1]
	}
	return out
}

// Speak reads a folded term by sound: its Han characters, and its Latin runs as typed pinyin (启hengh, yean), which may be parted in several ways, fewer
// syllables first. A term with anything else in it, a digit most of all, was meant as it stands; so was a single syllable, which sounds like a few hundred
// characters: they have no reading. Typed says that there is typed pinyin in it.
func Speak(term string) (out []Spoken, typed bool) {
	out = []Spoken{nil}
	for run := ""; term != ""; term = term[len(run):] {
		run = latinRun(term)
		if run != "" {
			typed = true
			out = extend(out, Syllables(run))
		} else {
			for i, r := range term {
				if i > 0 {
					break
				}
				run = string(r)
				if r == '\'' && typed {
					continue
				}
				s := Readings(r)
				if len(s) == 0 {
					return nil, false
				}
				out = extend(out, [][]string{nil})
				for j := range out {
					out[j] = append(out[j], s)
				}
			}
		}
		if len(out) == 0 || len(out[0]) > maxUnits {
			return nil, false
		}
	}
	return slices.DeleteFunc(out, func(s Spoken) bool { return len(s) < 2 }), typed
}

func extend(heads []Spoken, tails [][]string) []Spoken {
	var out []Spoken
	for _, h := range heads {
		for _, t := range tails {
			if len(out) == maxParses {
				return out
			}
			s := slices.Clone(h)
			for _, syllable := range t {
				s = append(s, Unit{syllable})
			}
			out = append(out, s)
		}
	}
	return out
}

func latinRun(s string) string {
	n := 0
	for n < len(s) && 'a' <= s[n] && s[n] <= 'z' {
		n++
	}
	return s[:n]
}

// Syllables parts typed pinyin (lower case, without tones) into syllables in up to six ways, the fewest syllables first; none if it can't be parted.
func Syllables(typed string) [][]string {
	known := readings().syllables
	ways := make([][][]string, len(typed)+1)
	ways[len(typed)] = [][]string{{}}
	for i := len(typed) - 1; i >= 0; i-- {
		for j := i + 1; j <= min(len(typed), i+maxSyllable); j++ {
			if !known[typed[i:j]] {
				continue
			}
			for _, rest := range ways[j] {
				ways[i] = append(ways[i], append([]string{typed[i:j]}, rest...))
			}
		}
		slices.SortStableFunc(ways[i], func(a, b []string) int { return len(a) - len(b) })
		ways[i] = ways[i][:min(len(ways[i]), maxParses)]
	}
	return ways[0]
}

// Pairs gives the words under which the neighbouring Han characters of a folded text are found by sound: two syllables in one, those alike in the ear made one,
// each combination of the first readings, so many of a character at most, each word once; seen remembers across texts.
func Pairs(folded string, most int, seen *Seen) (out []string) {
	all := readings()
	var before []uint16
	for _, r := range folded {
		if r < hanFirst || r > hanLast {
			before = nil
			continue
		}
		here := all.near[r-hanFirst]
		here = here[:min(len(here), most)]
		for _, a := range before {
			for _, b := range here {
				if p := uint32(a)<<16 | uint32(b); !seen.pairs[p] {
					seen.pairs[p] = true
					out = append(out, all.names[a]+all.names[b])
				}
			}
		}
		before = here
	}
	return out
}

// Pairs gives the words that a text with this reading has, for the first combinations of readings, at most n.
func (s Spoken) Pairs(n int) (out [][]string) {
	combinations := [][]string{nil}
	for _, u := range s {
		var more [][]string
		for _, syllable := range u { // the most common readings first, whichever character has rarer ones
			for _, c := range combinations {
				more = append(more, append(slices.Clip(c), near(syllable)))
			}
		}
		combinations = more[:min(len(more), n)]
	}
	for _, c := range combinations {
		var words []string
		for i := range len(c) - 1 {
			if w := c[i] + c[i+1]; !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
		out = append(out, words)
	}
	return out
}

// Names gives the words under which a name as a whole is found by sound, marked so that no text has them, for the first combinations of readings, at most n.
func (s Spoken) Names(n int) (out []string) {
	words := []string{nameMark}
	for _, u := range s {
		var more []string
		for _, syllable := range u {
			for _, w := range words {
				more = append(more, w+near(syllable))
			}
		}
		words = more[:min(len(more), n)]
	}
	return words
}

// In finds the first place at or after from in a folded text that sounds so: neighbouring Han characters, each with one of the syllables, or, with alike, one that is taken for
// it. It gives the place in bytes; start is -1 if there is none.
func (s Spoken) In(folded string, from int, alike bool) (start, end int) {
	runes := []rune(folded[from:])
	at := from
	for i := range len(runes) - len(s) + 1 {
		n := 0
		j := 0
		for ; j < len(s) && s[j].has(runes[i+j], alike); j++ {
			n += len(string(runes[i+j]))
		}
		if j == len(s) {
			return at, at + n
		}
		at += len(string(runes[i]))
	}
	return -1, -1
}

func (u Unit) has(r rune, alike bool) bool {
	for _, a := range Readings(r) {
		for _, b := range u {
			if a == b || alike && near(a) == near(b) {
				return true
			}
		}
	}
	return false
}

// Bounds of what is typed ahead.
const (
	startLength  = 4 // characters in a word of Starts
	startManners = 6 // words for one place
	startMark    = "1"
	nameMark     = "2"
)

// Starts gives the words under which a name is found by the beginning of its pinyin from any of its characters on, marked so that no text has them: one for each Han character
// and combination of readings, of the next four characters; seen remembers across texts.
func Starts(folded string, seen *Seen) (out []string) {
	runes := []rune(folded)
	for i := range runes {
		words := []string{startMark}
		for _, r := range runes[i:min(len(runes), i+startLength)] {
			here := Readings(r)
			if len(here) == 0 {
				break
			}
			var more []string
			for _, s := range here { // the most common readings first, whichever character has rarer ones
				for _, w := range words {
					more = append(more, w+s)
				}
			}
			words = more[:min(len(more), startManners)]
		}
		for _, w := range words {
			if w != startMark && seen.First(w) {
				out = append(out, w)
			}
		}
	}
	return out
}

// Start gives the word that begins a word of Starts wherever a name goes on as typed. ok is false for what isn't the beginning of pinyin of at least two letters.
func Start(typed string) (word string, ok bool) {
	typed = strings.ReplaceAll(typed, "'", "")
	if len(typed) < 2 || latinRun(typed) != typed {
		return "", false
	}
	known := readings().syllables
	at := 0
	for range startLength - 1 { // one less than the words have: syllables may be parted otherwise
		n := min(maxSyllable, len(typed)-at)
		for n > 0 && !known[typed[at:at+n]] {
			n--
		}
		if n == 0 {
			break
		}
		at += n
	}
	if at == 0 {
		return "", false
	}
	for s := range known {
		if strings.HasPrefix(s, typed[at:]) {
			at = len(typed)
			break
		}
	}
	return startMark + typed[:at], true
}

// Begins finds the first place in a folded text from which on its pinyin begins as typed, which may end within a syllable; start is -1 if there is none.
func Begins(folded, typed string) (start, end int) {
	typed = strings.ReplaceAll(typed, "'", "")
	for i := range folded {
		if n := begins(folded[i:], typed); n > 0 {
			return i, i + n
		}
	}
	return -1, -1
}

func begins(folded, typed string) (length int) {
	for i, r := range folded {
		if i > 0 {
			break
		}
		for _, s := range Readings(r) {
			if strings.HasPrefix(s, typed) {
				return len(string(r))
			}
			if rest, ok := strings.CutPrefix(typed, s); ok {
				if n := begins(folded[len(string(r)):], rest); n > 0 {
					return len(string(r)) + n
				}
			}
		}
	}
	return 0
}
