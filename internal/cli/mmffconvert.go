package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

func (a *app) mmffToEML() *urfave.Command {
	return a.command(spec{
		name: "to-eml", usage: "turn message files into Internet mail form", args: "PATH...",
		about: `Turns message files, and all of those in directories, into the form that mail programs of today read. One file with
one message goes to stdout; with --save each message becomes a file in DIR, and a report says, file by file, what was
made and what has no place in the new form; a handshake is no message, and told there. Ends with exit code 1 if a file
could not be turned.

Examples:
  $P mmff to-eml MMFF1.MSG > letter.eml
  $P mmff to-eml /spool/BADMAIL --save ./letters`,
		flags: a.mmffFlags(saveFlag(), a.outputFlag()),
		do: func(ctx context.Context, c *call) error {
			return c.convertTree(ctx, ".eml", func(data []byte, o MMFFOptions) ([][]byte, []string, error) {
				return c.program.MMFF.ToEML(data, o)
			})
		},
	})
}

func (a *app) mmffFromEML() *urfave.Command {
	return a.command(spec{
		name: "from-eml", usage: "turn Internet mail into message files", args: "PATH...",
		about: `Turns files in Internet mail form, and all of those in directories, into message files as the old gateway reads them.
One file goes to stdout; with --save each becomes a file in DIR, with a report as in to-eml.

Examples:
  $P mmff from-eml letter.eml > MMFF1.MSG
  $P mmff from-eml ./letters --save ./files`,
		flags: a.mmffFlags(saveFlag(), a.outputFlag(), &urfave.StringFlag{Name: "line-end", Usage: "crlf, cr or lf as `END`",
			Sources: a.source("line-end"), Value: config.Default(config.Coordinator).Spool.LineEnd}),
		do: func(ctx context.Context, c *call) error {
			return c.convertTree(ctx, ".MSG", func(data []byte, o MMFFOptions) ([][]byte, []string, error) {
				file, losses, err := c.program.MMFF.FromEML(data, o)
				return [][]byte{file}, losses, err
			})
		},
	})
}

func (a *app) mmffToMbox() *urfave.Command {
	return a.command(spec{
		name: "to-mbox", usage: "gather message files in one mailbox file", args: "PATH...",
		about: `Turns message files, and all of those in directories, into one mailbox file (mbox) that mail programs of today open,
with a report as in to-eml. An existing FILE is not overwritten.

Example:
  $P mmff to-mbox /old/spools --save archive.mbox`,
		flags: a.mmffFlags(&urfave.StringFlag{Name: "save", Usage: "write the mailbox to `FILE`"}, a.outputFlag()),
		do: func(ctx context.Context, c *call) error {
			path := c.text("save")
			if path == "" {
				return usagef("--save is missing: it says where the mailbox goes")
			}
			return c.convertToMailbox(ctx, path)
		},
	})
}

func (c *call) convertToMailbox(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	box, empty := c.program.MMFF.Mailbox(f), true
	err = c.eachMessage(ctx, func(string, int) string { return path }, c.program.MMFF.ToEML, func(_ string, message []byte) error {
		empty = false
		return box.Add(message)
	})
	err = errors.Join(err, box.Close(), f.Sync(), f.Close())
	if err != nil && empty { // or the next try would find a file in its way
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

func saveFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "save", Usage: "write into `DIR`, which is made if it is missing"}
}

type conversion func(data []byte, o MMFFOptions) (made [][]byte, losses []string, err error)

// convertTree turns one file on stdout, or any number of files and directories into files of a directory.
func (c *call) convertTree(ctx context.Context, suffix string, convert conversion) error {
	dir := c.text("save")
	if dir == "" {
		return c.convertOne(ctx, convert)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name := func(path string, n int) string {
		base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if n > 1 {
			base = fmt.Sprintf("%s-%d", base, n)
		}
		return unused(dir, base, suffix)
	}
	return c.eachMessage(ctx, name, convert, func(path string, made []byte) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(made)
		return errors.Join(err, f.Close())
	})
}

// unused is a path in dir that nothing has yet.
func unused(dir, base, suffix string) string {
	path := filepath.Join(dir, base+suffix)
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
		path = filepath.Join(dir, fmt.Sprintf("%s_%d%s", base, n, suffix))
	}
}

func (c *call) convertOne(ctx context.Context, convert conversion) error {
	if len(c.args) != 1 {
		return usagef("say where to with --save DIR, or give one file")
	}
	if c.streams.OutTerminal {
		return usagef("the file may hold bytes a terminal must not get; send it to a file, or use --save")
	}
	o, err := c.mmffOptions()
	if err != nil {
		return err
	}
	data, err := c.messageFile(ctx, c.args[0])
	if errors.Is(err, errDirectory) {
		return usagef("%v: say where to with --save DIR", err)
	}
	if err != nil {
		return err
	}
	made, losses, err := convert(data, o)
	if err != nil {
		return err
	}
	switch {
	case len(made) == 0:
		return fmt.Errorf("%s: %s", c.args[0], strings.Join(losses, "; "))
	case len(made) > 1:
		return fmt.Errorf("%s holds %d messages; use --save DIR, or to-mbox", c.args[0], len(made))
	}
	for _, l := range losses {
		c.complain("%s", l)
	}
	_, err = c.streams.Out.Write(made[0])
	return err
}
