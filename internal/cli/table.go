package cli

import (
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"sidegate/internal/config"
)

// style is how a cell is shown on a terminal.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// cell is one value of a table.
type cell struct {
	text  string
	style style
}

func text(s string) cell { return cell{text: s} }

// column describes one column of a table.
type column struct {
	name string
	most int // runes shown in a table; 0: all
}

func columns(names ...string) []column {
	cs := make([]column, len(names))
	for i, name := range names {
		cs[i].name = name
		if name == "SUBJECT" {
			cs[i].most = 50
		}
	}
	return cs
}

// writeTable writes aligned columns under a heading.
func writeTable(w io.Writer, colour bool, indent string, cs []column, rows [][]cell) error {
	widths := make([]int, len(cs))
	shown := make([][]cell, 0, len(rows)+1)
	heading := make([]cell, len(cs))
	for i, c := range cs {
		heading[i] = cell{c.name, dim}
	}
	for _, row := range append([][]cell{heading}, rows...) {
		line := make([]cell, len(cs))
		for i := range cs {
			line[i] = cell{shorten(clean(row[i].text), cs[i].most), row[i].style}
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i].text))
		}
		shown = append(shown, line)
	}
	var b strings.Builder
	for _, line := range shown {
		b.WriteString(indent)
		pending := ""
		for i, c := range line {
			b.WriteString(pending)
			b.WriteString(paint(colour, c))
			pending = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2)
			if !anyText(line[i+1:]) {
				break
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func anyText(cells []cell) bool {
	for _, c := range cells {
		if c.text != "" {
			return true
		}
	}
	return false
}

// writeTabs writes the cells of each row parted by tabs. Tabs inside them are escaped like other control characters.
func writeTabs(w io.Writer, rows [][]cell) error {
	var b strings.Builder
	for _, row := range rows {
		for i, c := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(clean(c.text))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func paint(colour bool, c cell) string {
	if !colour || c.style == plain || c.text == "" {
		return c.text
	}
	return "\x1b[" + string(c.style) + "m" + c.text + "\x1b[0m"
}

func shorten(s string, most int) string {
	if most == 0 || utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// age shows a duration with the two units that matter.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		d = d.Round(time.Millisecond)
	case d < time.Hour:
		d = d.Round(time.Second)
	case d < 24*time.Hour:
		d = d.Round(time.Minute)
	default:
		d = d.Round(time.Hour)
	}
	return config.FormatDuration(d)
}
