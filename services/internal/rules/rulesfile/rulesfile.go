// Package rulesfile reads rules.yaml: every number with its basis and the day from which it is in force. The file in the program is what registry seeds its records from; an operator's own
// has the same form.
package rulesfile

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
)

//go:embed rules.yaml
var file []byte

// maxFile bounds a file of rules: the one in the program has 6 KiB.
const maxFile = 1 << 20

type entry struct {
	Name    string `yaml:"name"`
	Title   string `yaml:"title"`
	TitleEN string `yaml:"title_en"`
	Unit    string `yaml:"unit"`
	Values  []struct {
		From  string `yaml:"from"`
		Value int    `yaml:"value"`
		Basis string `yaml:"basis"`
		Ours  bool   `yaml:"ours"`
	} `yaml:"values"`
}

// Parse reads a file of rules; unknown fields and wrong rules are refused. It need not hold every rule.
func Parse(r io.Reader) ([]events.RuleState, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("rulesfile: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("rulesfile: over %d bytes", maxFile)
	}
	var doc struct {
		Rules []entry `yaml:"rules"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&doc); err != nil {
		return nil, fmt.Errorf("rulesfile: %w", err)
	}
	out := make([]events.RuleState, len(doc.Rules))
	for i, e := range doc.Rules {
		out[i] = events.RuleState{Name: e.Name, Title: e.Title, TitleEN: e.TitleEN, Unit: e.Unit}
		for _, v := range e.Values {
			out[i].Values = append(out[i].Values, events.RuleValue{From: events.Day(v.From), Value: v.Value, Basis: v.Basis, Ours: v.Ours})
		}
		if err := rules.Check(out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Default gives the rules of the file in the program.
func Default() ([]events.RuleState, error) { return Parse(bytes.NewReader(file)) }

// Book gives a book of the file in the program.
func Book() (*rules.Book, error) {
	list, err := Default()
	if err != nil {
		return nil, err
	}
	return rules.New(list...)
}
