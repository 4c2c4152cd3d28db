// Package cli is the command line: what a person types and what is printed. Every command's work is done elsewhere.
//
// Exit status: 0 all done, 1 something was refused or did not hold, 2 it could not work at all. Texts are Chinese; with
// SONGSHUI_LANG=en English.
package cli

import (
	"errors"
	"os"
	"strings"
)

// ErrRefused says that a command ran but something was refused or did not hold: exit status 1.
var ErrRefused = errors.New("refused")

// english says that the person at the terminal asked for English.
func english() bool { return strings.HasPrefix(os.Getenv("SONGSHUI_LANG"), "en") }

// say picks the language of a line for people.
func say(zh, en string) string {
	if english() {
		return en
	}
	return zh
}

func language() string {
	if english() {
		return "en"
	}
	return "zh-CN"
}
