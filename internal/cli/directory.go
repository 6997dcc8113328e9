package cli

import (
	"context"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

func (a *app) directory() *urfave.Command {
	return a.group("directory", "look people up; exchange lists of people with the old systems",
		a.directoryList(), a.directorySearch(), a.directoryShow(), a.directoryExport(), a.directoryImport(), a.directoryDiff())
}

// directorySources are the words for where entries come from.
var directorySources = map[string][]pb.DirectorySource{
	"all":       nil,
	"own":       {pb.DirectorySource_DIRECTORY_SOURCE_MAILBOX, pb.DirectorySource_DIRECTORY_SOURCE_IMPORTED},
	"mailbox":   {pb.DirectorySource_DIRECTORY_SOURCE_MAILBOX},
	"imported":  {pb.DirectorySource_DIRECTORY_SOURCE_IMPORTED},
	"announced": {pb.DirectorySource_DIRECTORY_SOURCE_ANNOUNCED},
}

// choiceFlags choose among the entries that are known.
func choiceFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "source", Value: "all",
			Usage: "only entries from `SOURCE`: mailbox (named mailboxes here), imported (here), own (both), announced (by linked ends) or all"},
		&urfave.StringSliceFlag{Name: "only", Usage: "only addresses that `PATTERN` covers, such as NET/PO/* or *@Server; may be repeated"},
	}
}

// choice is what of a directory is asked for.
type choice struct {
	from     []pb.DirectorySource
	patterns []mail.Pattern // none: all
}

func (c *call) choice() (choice, error) {
	from, ok := directorySources[c.text("source")]
	if !ok {
		return choice{}, usagef("--source %q is not one of mailbox, imported, own, announced, all", c.text("source"))
	}
	out := choice{from: from}
	for _, text := range c.cmd.StringSlice("only") {
		p, err := mail.ParsePattern(text)
		if err != nil {
			return choice{}, usagef("--only: %v", err)
		}
		out.patterns = append(out.patterns, p)
	}
	return out, nil
}

// has reports whether an address is asked for.
func (ch choice) has(text string) bool {
	a, err := mail.ParseAddress(text)
	return len(ch.patterns) == 0 || err == nil && slices.ContainsFunc(ch.patterns, func(p mail.Pattern) bool { return p.Match(a) })
}

func (a *app) directoryList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list everybody who is known",
		about: `Lists the people this end knows by name: those with a named mailbox here, those whose names were imported here, and
those that the linked ends told of. Columns: name, address, the end that knows it, and how. Wants an operator.

Example:
  $P directory list --source announced`,
		flags: a.connection(choiceFlags()...),
		do: func(ctx context.Context, c *call) error {
			chosen, err := c.choice()
			if err != nil {
				return err
			}
			return c.transfer(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				entries, err := exported(ctx, pb.NewDirectoryServiceClient(conn), chosen)
				if err != nil {
					return err
				}
				return out.people(entries)
			})
		},
	})
}

func (a *app) directorySearch() *urfave.Command {
	return a.command(spec{
		name: "search", usage: "look for people by name or address", args: "TEXT...",
		about: `Looks for people whose name or address holds the text, in any letter case. With --prefix only the beginnings of names,
of words in them, and of addresses count. Columns as in directory list.

Examples:
  $P directory search lee
  $P directory search --prefix $YOU`,
		flags: a.connection(&urfave.BoolFlag{Name: "prefix", Usage: "match beginnings only", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asUser, func(out *printer, conn connection) error {
				client := pb.NewDirectoryServiceClient(conn)
				entries, err := pages(ctx, c, func(ctx context.Context, token string) ([]*pb.KnownEntry, string, error) {
					r, err := client.SearchEntries(ctx, &pb.SearchEntriesRequest{
						Query: strings.Join(c.args, " "), Prefix: c.cmd.Bool("prefix"), PageSize: 500, PageToken: token,
					})
					return r.GetEntries(), r.GetNextPageToken(), err
				})
				if err != nil {
					return err
				}
				return out.people(entries)
			})
		},
	})
}

func (a *app) directoryShow() *urfave.Command {
	return a.command(spec{
		name: "show", usage: "tell who has an address", args: "ADDRESS",
		about: "Tells the name that belongs to an address. Ends with exit code 1 if nobody known has it.\n\nExample:\n  $P directory show $YOU",
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			address, err := c.address("ADDRESS", c.args[0])
			if err != nil {
				return err
			}
			return c.exchange(ctx, asUser, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewDirectoryServiceClient(conn).LookupEntry(ctx, &pb.LookupEntryRequest{Address: address})
				if err != nil {
					return err
				}
				return out.people([]*pb.KnownEntry{r.GetEntry()})
			})
		},
	})
}

// sourceWord is where an entry comes from, in one word.
func sourceWord(s pb.DirectorySource) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "DIRECTORY_SOURCE_"))
}

func (p *printer) people(entries []*pb.KnownEntry) error {
	rows := make([]row, len(entries))
	for i, k := range entries {
		shape, err := fields(k.GetEntry())
		if err != nil {
			return err
		}
		if err := shape.add("end", k.GetEnd()); err != nil {
			return err
		}
		if err := shape.add("source", sourceWord(k.GetSource())); err != nil {
			return err
		}
		rows[i] = row{shape, []cell{text(k.GetEntry().GetName()), text(k.GetEntry().GetAddress()), text(k.GetEnd()), text(sourceWord(k.GetSource()))}}
	}
	return p.list(columns("NAME", "ADDRESS", "END", "SOURCE"), rows, "Nobody is known.")
}
