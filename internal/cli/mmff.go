package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

// maxMessageFile bounds a message file given on the command line.
const maxMessageFile = 256 << 20

func (a *app) mmff() *urfave.Command {
	return a.group("mmff", "look at, check and convert message files", a.mmffShow(), a.mmffCheck(), a.mmffToEML(), a.mmffFromEML(), a.mmffToMbox(), a.mmffMappings())
}

func (a *app) mmffFlags(extra ...urfave.Flag) []urfave.Flag {
	defaults := config.Default(config.Coordinator).Spool
	return append(extra,
		&urfave.StringFlag{Name: "code-page", Value: defaults.CodePage, Sources: a.source("code-page"),
			Usage: "character set of the file: 437, 850, 852, 858, 1252 or macintosh as `PAGE`"},
		&urfave.StringFlag{Name: "spool-zone", Usage: "time zone of DATE and TIME as `ZONE`", Value: "UTC", Sources: a.source("spool-zone")},
	)
}

// mmffOptions are the flags, checked by the rules of the settings they are named after.
func (c *call) mmffOptions() (MMFFOptions, error) {
	o := MMFFOptions{CodePage: c.text("code-page"), Zone: c.text("spool-zone"), LineEnd: c.text("line-end")}
	given := map[string][]string{"code-page": {o.CodePage}, "spool-zone": {o.Zone}}
	if o.LineEnd != "" {
		given["line-end"] = []string{o.LineEnd}
	}
	checked, err := config.Load(config.Coordinator, config.Sources{Flags: given})
	if err != nil {
		return o, usagef("%v", err)
	}
	return MMFFOptions{CodePage: checked.Spool.CodePage, Zone: checked.Spool.Zone.String(), LineEnd: checked.Spool.LineEnd}, nil
}

// errDirectory ends in the way of those who want a file.
var errDirectory = errors.New("is a directory")

func (c *call) messageFile(ctx context.Context, path string) ([]byte, error) {
	if path == "-" {
		return bounded(c.stdin(ctx), "stdin")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s %w", path, errDirectory)
	}
	return bounded(f, path)
}

func bounded(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxMessageFile+1))
	if err == nil && len(data) > maxMessageFile {
		err = fmt.Errorf("%s has more than %s", name, config.FormatSize(maxMessageFile))
	}
	return data, err
}

func (a *app) mmffShow() *urfave.Command {
	return a.command(spec{
		name: "show", usage: "show what a message file holds", args: "FILE",
		about: `Shows the messages in a file as far as they can be read, and what is wrong with it.

Example:
  $P mmff show /spool/STORE/MACTOPC/MMFF1.MSG --output json`,
		flags: a.mmffFlags(a.outputFlag()),
		do: func(ctx context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			file, err := c.showFile(ctx, c.args[0])
			if errors.Is(err, errDirectory) {
				return usagef("%v: mmff check takes directories", err)
			}
			if err != nil {
				return err
			}
			if out.json() {
				return out.value(file)
			}
			return out.messageFile(file)
		},
	})
}

// showFile reads one file with the tool. Lists are never null in JSON.
func (c *call) showFile(ctx context.Context, path string) (MMFFFile, error) {
	o, err := c.mmffOptions()
	if err != nil {
		return MMFFFile{}, err
	}
	data, err := c.messageFile(ctx, path)
	if err != nil {
		return MMFFFile{}, err
	}
	file := c.program.MMFF.Show(filepath.Base(path), data, o)
	file.Messages, file.Errors, file.Notes = full(file.Messages), full(file.Errors), full(file.Notes)
	for i := range file.Messages {
		m := &file.Messages[i]
		m.Recipients.To, m.Recipients.Cc, m.Recipients.Bcc = full(m.Recipients.To), full(m.Recipients.Cc), full(m.Recipients.Bcc)
		m.Attachments = full(m.Attachments)
		for j := range m.Attachments {
			m.Attachments[j].Content = full(m.Attachments[j].Content)
		}
	}
	return file, nil
}

func full[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (p *printer) messageFile(file MMFFFile) error {
	s := p.sheet()
	s.field("Kind", file.Kind)
	for _, e := range file.Errors {
		s.field("Error", e.Text)
	}
	for _, n := range file.Notes {
		s.field("Note", n.Text)
	}
	for _, m := range file.Messages {
		s.text("\n")
		s.field("From", m.Sender)
		s.field("To", strings.Join(m.Recipients.To, ", "))
		s.field("Cc", strings.Join(m.Recipients.Cc, ", "))
		s.field("Bcc", strings.Join(m.Recipients.Bcc, ", "))
		s.field("Subject", m.Subject)
		s.field("Date", strings.TrimSpace(m.Date+" "+m.Time))
		s.field("Priority", m.Priority)
		for _, a := range m.Attachments {
			s.field("File", fmt.Sprintf("%s (%s)", a.FileName, p.bytes(uint64(a.SizeBytes))))
		}
		s.text("\n" + strings.TrimSuffix(cleanText(m.Body), "\n") + "\n")
	}
	return s.write()
}

func (a *app) mmffCheck() *urfave.Command {
	return a.command(spec{
		name: "check", usage: "check message files", args: "PATH...",
		about: `Prints one line for each file, and for all of those in directories, its kind and its first error, and ends with exit
code 1 unless every one is mail or a handshake.

Example:
  $P mmff check /spool/BADMAIL`,
		flags: a.mmffFlags(a.outputFlag()),
		do: func(ctx context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			files, rows, bad := c.checked(), []row(nil), false
			for _, path := range files {
				file, err := c.showFile(ctx, path)
				if _, wrong := err.(*usageError); wrong {
					return err
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					file = MMFFFile{Kind: "unreadable", Messages: []MMFFMessage{}, Errors: []MMFFError{{Text: err.Error()}}}
				}
				sound := file.Kind == "mail" || file.Kind == "handshake"
				bad = bad || !sound
				rows = append(rows, checkRow(path, file, sound))
			}
			if err := out.list(columns("FILE", "KIND", "MESSAGES", "ERROR"), rows, "There is no file."); err != nil {
				return err
			}
			if bad {
				return reported{exitFailed}
			}
			return nil
		},
	})
}

// checked are the files to check: each path itself if it cannot be walked, so that its row says why.
func (c *call) checked() (files []string) {
	for _, path := range c.args {
		below, _, err := below([]string{path})
		if err != nil {
			below = []string{path}
		}
		files = append(files, below...)
	}
	return files
}

func checkRow(path string, file MMFFFile, sound bool) row {
	kind := cell{file.Kind, green}
	if !sound {
		kind.style = red
	}
	first := ""
	if len(file.Errors) > 0 {
		first = file.Errors[0].Text
	}
	return row{struct {
		File         string      `json:"file"`
		Kind         string      `json:"kind"`
		MessageCount int         `json:"messageCount"`
		Errors       []MMFFError `json:"errors"`
	}{path, file.Kind, len(file.Messages), full(file.Errors)}, []cell{text(path), kind, text(itoa(len(file.Messages))), text(first)}}
}
