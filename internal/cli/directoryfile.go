package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	urfave "github.com/urfave/cli/v3"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/directory"
	"sidegate/internal/directory/listfile"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// listFlags say how a file with a list of people is written.
func (a *app) listFlags(extra ...urfave.Flag) []urfave.Flag {
	return a.connection(append([]urfave.Flag{
		&urfave.StringFlag{Name: "format", Value: listfile.Import, Usage: "import (the file of IMPORT.EXE) or recipients (gateway recipients of a Macintosh server) as `FORMAT`"},
		&urfave.StringFlag{Name: "charset", Usage: "`CODEPAGE` of the file: 850, 858, 437, 1252, macroman or macroman-euro; default: 850 for import, macroman for recipients"},
		&urfave.StringFlag{Name: "delimiter", Value: "tab", Usage: "`CHARACTER` between the fields of a recipients file: tab or one of ; , | ~ ^ # !"},
	}, extra...)...)
}

var listLineEnds = map[string]string{"crlf": "\r\n", "cr": "\r", "lf": "\n"}

// listFormat reads the flags of a list file.
func (c *call) listFormat() (format string, f listfile.Format, err error) {
	format = c.text("format")
	page, end := "850", "crlf"
	switch format {
	case listfile.Import:
	case listfile.Recipients:
		page, end = "macroman", "cr"
	default:
		return "", f, usagef("--format %q is not import or recipients", format)
	}
	if given := c.text("charset"); given != "" {
		page = given
	}
	if f.Table, err = listfile.Table(page); err != nil {
		return "", f, usagef("--charset: %v", err)
	}
	if given := c.text("line-end"); given != "" {
		end = given
	}
	if f.EOL = listLineEnds[end]; f.EOL == "" {
		return "", f, usagef("--line-end %q is not crlf, cr or lf", end)
	}
	delimiter := c.text("delimiter")
	if delimiter == "tab" {
		delimiter = "\t"
	}
	if f.Delimiter, err = listfile.Delimiter(delimiter); err != nil {
		return "", f, usagef("--delimiter: %v", err)
	}
	return format, f, nil
}

// listFile reads a list file.
func (c *call) listFile(ctx context.Context, path string) (listfile.File, listfile.Format, error) {
	format, f, err := c.listFormat()
	if err != nil {
		return listfile.File{}, f, err
	}
	in := c.stdin(ctx)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return listfile.File{}, f, err
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, listfile.MaxSize+1))
	if err != nil {
		return listfile.File{}, f, err
	}
	read, err := listfile.Read(data, format, f)
	if err != nil {
		return listfile.File{}, f, fmt.Errorf("%s: %w", path, err)
	}
	if read.Ignored > 0 {
		c.complain("%s: %d lines of templates and details are left out: no details are kept", path, read.Ignored)
	}
	return read, f, nil
}

func (a *app) directoryExport() *urfave.Command {
	return a.command(spec{
		name: "export", usage: "write the people who are known as a list for the old systems",
		about: `Writes everybody this end knows as a file for the old systems, on standard output. In format import that is the file of
IMPORT.EXE: list by list, each of which replaces the one the old system has, unless only a part of it was chosen, which
then is added; names longer than 30 characters are shortened so that no two of a list are the same. In format recipients it is the text import of gateway recipients on a
Macintosh server: name, type and address. What the code page cannot show of names is replaced, and counted on standard
error; addresses always come back.

Examples:
  $P directory export --source announced --only '*@Marketing' > MACLIST.TXT
  $P directory export --format recipients --delimiter ';' > recipients.txt`,
		flags: a.listFlags(append(append(choiceFlags(), a.proxiesFlag()...), &urfave.StringFlag{Name: "line-end", Usage: "crlf, cr or lf as `END`; default: crlf for import, cr for recipients"})...),
		do: func(ctx context.Context, c *call) error {
			format, f, err := c.listFormat()
			if err != nil {
				return err
			}
			chosen, err := c.choice()
			if err != nil {
				return err
			}
			return c.transfer(ctx, asOperator, func(ctx context.Context, _ *printer, conn connection) error {
				known, left, err := c.knownAndLeft(ctx, conn, chosen)
				if err != nil {
					return err
				}
				if err := c.asProxies(ctx, conn, known, left); err != nil {
					return err
				}
				var loss charset.Loss
				if format == listfile.Recipients {
					loss, err = listfile.WriteRecipients(c.streams.Out, known, f)
				} else {
					loss, err = listfile.WriteImport(c.streams.Out, known, left, f)
				}
				if err == nil && loss.Count > 0 {
					c.complain("%d characters of names are not in code page %s and were replaced, such as %s", loss.Count, f.Table.Name(), string(loss.Runes))
				}
				return err
			})
		},
	})
}

// exported reads everybody who is asked for from the server.
func exported(ctx context.Context, client pb.DirectoryServiceClient, chosen choice) ([]*pb.KnownEntry, error) {
	st, err := client.ExportEntries(ctx, &pb.ExportEntriesRequest{Sources: chosen.from})
	if err != nil {
		return nil, err
	}
	var all []*pb.KnownEntry
	for {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for _, k := range r.GetEntries() {
			if chosen.has(k.GetEntry().GetAddress()) {
				all = append(all, k)
			}
		}
	}
}

// known reads everybody who is asked for as entries, by name.
func (c *call) known(ctx context.Context, conn connection, chosen choice) ([]directory.Entry, error) {
	known, _, err := c.knownAndLeft(ctx, conn, chosen)
	return known, err
}

// knownAndLeft reads everybody, and parts those who are asked for from the others.
func (c *call) knownAndLeft(ctx context.Context, conn connection, chosen choice) (known, left []directory.Entry, err error) {
	all, err := exported(ctx, pb.NewDirectoryServiceClient(conn), choice{})
	if err != nil {
		return nil, nil, err
	}
	for _, k := range all {
		e, err := directory.NewEntry(k.GetEntry().GetName(), k.GetEntry().GetAddress())
		if err != nil {
			return nil, nil, fmt.Errorf("the server told of somebody who cannot be: %w", err)
		}
		if chosen.has(k.GetEntry().GetAddress()) && (len(chosen.from) == 0 || slices.Contains(chosen.from, k.GetSource())) {
			known = append(known, e)
		} else {
			left = append(left, e)
		}
	}
	return known, left, nil
}

// everybody is the pattern of a list without a name.
var everybody = mail.MustPattern("*")
