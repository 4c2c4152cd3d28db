// Package cli is the command line: what a person types and what is printed. Every command's work is done elsewhere.
//
// Exit status: 0 all done, 1 something was refused or did not hold, 2 it could not work at all. Texts are Chinese, or English where --lang, else SONGSHUI_LANG, else the
// locale (LC_ALL, then LANG) says so; any other language gets Chinese.
package cli

import (
	"cmp"
	"errors"
	"os"
	"strings"
)

// ErrRefused says that a command ran but something was refused or did not hold: exit status 1.
var ErrRefused = errors.New("refused")

// Lang is the flag that says in which language the program speaks.
type Lang string

// asked is the flag as it was given, before any command runs.
var asked Lang

// AfterApply is called where the flag was given.
func (l Lang) AfterApply() error {
	asked = l
	return nil
}

// english says that the person at the terminal asked for English.
func english() bool { return speaksEnglish(asked, os.Getenv) }

// speaksEnglish goes by the first that says anything.
func speaksEnglish(flag Lang, getenv func(string) string) bool {
	return strings.HasPrefix(cmp.Or(string(flag), getenv("SONGSHUI_LANG"), getenv("LC_ALL"), getenv("LANG")), "en")
}

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
