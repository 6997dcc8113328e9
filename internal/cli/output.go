package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"sidegate/internal/console"
)

// The formats of --output; formatTabs is what everything but a terminal gets without it.
const (
	formatTable = "table"
	formatTabs  = "tabs"
	formatJSON  = "json"
	formatLines = "jsonl"
)

// printer writes results in the format that was asked for.
type printer struct {
	w        io.Writer
	format   string
	colour   bool
	terminal bool
}

func (c *call) printer() (*printer, error) {
	p := &printer{w: c.streams.Out, colour: c.streams.colour(), terminal: c.streams.OutTerminal}
	switch format := c.text("output"); format {
	case "":
		p.format = formatTabs
		if p.terminal {
			p.format = formatTable
		}
	case formatTable, formatJSON, formatLines:
		p.format = format
	default:
		return nil, usagef("%s %q is none of table, json, jsonl", c.where("output"), format)
	}
	return p, nil
}

func (p *printer) json() bool { return p.format == formatJSON || p.format == formatLines }

// row is one result of a list: its JSON form and its cells.
type row struct {
	json  any
	cells []cell
}

// list writes results. none is what a person is told when there are none.
func (p *printer) list(cs []column, rows []row, none string) error {
	switch p.format {
	case formatJSON:
		values := make([]any, len(rows))
		for i, r := range rows {
			values[i] = r.json
		}
		return p.value(values)
	case formatLines:
		for _, r := range rows {
			if err := p.value(r.json); err != nil {
				return err
			}
		}
		return nil
	}
	cells := make([][]cell, len(rows))
	for i, r := range rows {
		cells[i] = r.cells
	}
	if p.format == formatTabs {
		return writeTabs(p.w, cells)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.w, none)
		return err
	}
	return writeTable(p.w, p.colour, "", cs, cells)
}

// value writes one JSON document: indented as json, in one line as jsonl.
func (p *printer) value(v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	data = cleanJSON(data)
	if p.format == formatJSON {
		var b bytes.Buffer
		if err := json.Indent(&b, data, "", "  "); err != nil {
			return err
		}
		data = b.Bytes()
	}
	_, err = p.w.Write(append(data, '\n'))
	return err
}

// line writes one line of text.
func (p *printer) line(format string, args ...any) error {
	_, err := fmt.Fprintln(p.w, clean(fmt.Sprintf(format, args...)))
	return err
}

// when shows a time: for a person in the local zone, else RFC 3339 in UTC. The zero time is nothing.
func (p *printer) when(t time.Time) string {
	switch {
	case t.IsZero() || t.Unix() == 0:
		return ""
	case p.format == formatTable:
		return t.Local().Format("2006-01-02 15:04:05")
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// size shows a count of bytes: rounded for a person.
func (p *printer) size(n uint64) string {
	if p.format != formatTable {
		return strconv.FormatUint(n, 10)
	}
	return console.Size(n)
}

// bytes is size with its unit, in any format.
func (p *printer) bytes(n uint64) string {
	if p.format == formatTable {
		return p.size(n)
	}
	return p.size(n) + " bytes"
}

func itoa[T ~int | ~int64 | ~uint32 | ~uint64](n T) string { return fmt.Sprint(n) }
