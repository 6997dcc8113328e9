package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Print writes the settings as a file that Load reads back. With effective it writes what is in force, each with where
// it came from; otherwise the defaults, commented out, as a file to begin with. Neither holds a secret: there is none
// among the settings.
func (c *Config) Print(w io.Writer, effective bool) error {
	b := bufio.NewWriter(w)
	from := Default(c.Program)
	if effective {
		from = c
	}
	group := ""
	for _, s := range Settings(c.Program) {
		if s.Group != group {
			if group != "" {
				fmt.Fprintln(b)
			}
			group = s.Group
			fmt.Fprintf(b, "# %s\n", group)
		}
		if effective {
			origin := c.origin[s.Key]
			if origin == "" {
				origin = "default"
			} else if i := strings.LastIndex(origin, ": "); i >= 0 {
				origin = origin[:i] // FILE:LINE
			}
			fmt.Fprintf(b, "%s # %s\n", s.yaml(from), strings.Map(printable, origin))
			continue
		}
		fmt.Fprintf(b, "\n# %s\n", s.Usage)
		if s.Key == "data" {
			fmt.Fprintf(b, "# (default: %s)\n#data: /var/lib/sidegate\n", s.Default)
			continue
		}
		fmt.Fprintf(b, "#%s\n", s.yaml(from))
	}
	return b.Flush()
}

// yaml writes a setting in one line.
func (s Setting) yaml(c *Config) string {
	texts := s.field(c).get()
	value := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		item := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
		if s.Arg != "" && needsQuotes(text) {
			item.Style = yaml.DoubleQuotedStyle
		}
		value.Content = append(value.Content, item)
	}
	if !s.List {
		value = value.Content[0]
	}
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: s.Key}, value,
	}})
	if err != nil {
		return s.Key + ": " + fmt.Sprintf("%q", texts) // a node of plain text always marshals
	}
	return strings.TrimSpace(string(out))
}

// needsQuotes reports whether YAML could read the text as something else than text. Numbers stay as they are: Load
// reads every value as text.
func needsQuotes(text string) bool {
	return text == "" || strings.ContainsAny(text, "*&!|>%@`#{}[],?=~\"'\\") || strings.Contains(text, ": ") ||
		strings.HasSuffix(text, ":") || strings.HasPrefix(text, "-") || strings.TrimSpace(text) != text ||
		strings.EqualFold(text, "null") || strings.ContainsFunc(text, unicode.IsControl)
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}
