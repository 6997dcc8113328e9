package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/directory"
	"sidegate/internal/directory/listfile"
	pb "sidegate/proto/sidegate/v1"
)

// stepsAtOnce is how many steps of an import go into one request.
const stepsAtOnce = 400

func (a *app) directoryImport() *urfave.Command {
	return a.command(spec{
		name: "import", usage: "take people in from a list of the old systems", args: "FILE",
		about: `Reads a file with a list of people, changes what was imported here before by it, all or nothing, and prints what
changed: entries added, removed, and changed with their old names. In a file of format import, each R line replaces one
list, and A, M and D lines add, change and remove; other lists stay as they are. A file of recipients adds to what is
there, unless --replace is given; a replacement that leaves nobody wants --yes. Names of mailboxes, and what linked ends
told, are not touched. A file with a fault in it changes nothing; every fault is named with its line. - reads standard
input.

Examples:
  $P directory import MACLIST.TXT --dry-run
  $P directory import recipients.txt --format recipients --delimiter ';' --charset macroman`,
		flags: a.listFlags(
			&urfave.BoolFlag{Name: "replace", Usage: "the file is everything: remove what was imported here and is not in it", HideDefault: true},
			&urfave.BoolFlag{Name: "dry-run", Usage: "only print what would change", HideDefault: true},
			&urfave.BoolFlag{Name: "yes", Usage: "with --replace: even if that removes everybody", HideDefault: true},
		),
		do: func(ctx context.Context, c *call) error {
			read, f, err := c.listFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			return c.transfer(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				now, err := c.imported(ctx, conn)
				if err != nil {
					return err
				}
				steps, err := read.Steps(now, f.Table)
				if err != nil {
					return fmt.Errorf("%s: %w", c.args[0], err)
				}
				if c.cmd.Bool("replace") {
					steps = append([]directory.Step{{Replace: &everybody}}, steps...)
					if err := c.mayEmpty(now, steps); err != nil {
						return fmt.Errorf("%s: %w", c.args[0], err)
					}
				}
				changes, sum, err := upload(ctx, pb.NewDirectoryServiceClient(conn), steps, c.cmd.Bool("dry-run"))
				if err != nil {
					return err
				}
				c.sumUp(sum, c.cmd.Bool("dry-run"))
				return out.changes(changes, "Nothing changes.")
			})
		},
	})
}

// mayEmpty wants --yes for an import that leaves nobody: an export that failed is an empty file.
func (c *call) mayEmpty(now directory.List, steps []directory.Step) error {
	after, err := now.Updated(steps)
	if err != nil || now.Len() == 0 || after.Len() > 0 || c.cmd.Bool("dry-run") {
		return err
	}
	return c.confirmed(fmt.Sprintf("it names nobody, and all %d who were imported here would be removed", now.Len()))
}

// imported is what was imported at the server.
func (c *call) imported(ctx context.Context, conn connection) (directory.List, error) {
	entries, err := c.known(ctx, conn, choice{from: directorySources["imported"]})
	if err != nil {
		return directory.List{}, err
	}
	return directory.NewList(entries)
}

func (c *call) sumUp(sum *pb.ImportSummary, dryRun bool) {
	would := ""
	if dryRun {
		would = "would be "
	}
	c.complain("%s%d added, %d changed, %d removed; %d in all", would, sum.GetAdded(), sum.GetChanged(), sum.GetRemoved(), sum.GetTotal())
	if n := sum.GetNotServed(); n > 0 {
		c.complain("%d of them have addresses that are not served here; mail to them goes to whoever serves them", n)
	}
}

// upload sends steps and reads what they changed.
func upload(ctx context.Context, client pb.DirectoryServiceClient, steps []directory.Step, dryRun bool) ([]*pb.DirectoryChange, *pb.ImportSummary, error) {
	st, err := client.ImportEntries(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = st.Send(&pb.ImportEntriesRequest{DryRun: dryRun})
	for some := range slices.Chunk(steps, stepsAtOnce) {
		if err != nil {
			break // the answer says why
		}
		err = st.Send(&pb.ImportEntriesRequest{Steps: toSteps(some)})
	}
	if err := st.CloseSend(); err != nil {
		return nil, nil, err
	}
	var changes []*pb.DirectoryChange
	var sum *pb.ImportSummary
	for {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return changes, sum, nil
		}
		if err != nil {
			return nil, nil, err
		}
		changes, sum = append(changes, r.GetChanges()...), r.GetSummary()
	}
}

func toSteps(steps []directory.Step) []*pb.ImportStep {
	out := make([]*pb.ImportStep, len(steps))
	for i, s := range steps {
		out[i] = &pb.ImportStep{}
		switch {
		case s.Put != nil:
			out[i].Kind = &pb.ImportStep_Put{Put: toEntry(*s.Put)}
		case s.Remove != nil:
			out[i].Kind = &pb.ImportStep_Remove{Remove: s.Remove.String()}
		case s.Replace != nil:
			out[i].Kind = &pb.ImportStep_Replace{Replace: s.Replace.String()}
		}
	}
	return out
}

func toEntry(e directory.Entry) *pb.DirectoryEntry {
	return &pb.DirectoryEntry{Name: e.Name, Address: e.Address.String()}
}

// changes prints what an import changed, or what two lists differ in.
func (p *printer) changes(changes []*pb.DirectoryChange, none string) error {
	rows := make([]row, len(changes))
	for i, d := range changes {
		what, at, was := cell{"added", green}, d.GetAfter(), ""
		switch {
		case d.GetAfter() == nil:
			what, at = cell{"removed", red}, d.GetBefore()
		case d.GetBefore() != nil:
			what, was = cell{"changed", yellow}, d.GetBefore().GetName()
		}
		rows[i] = row{struct {
			Change  string `json:"change"`
			Name    string `json:"name"`
			Address string `json:"address"`
			Before  string `json:"before,omitempty"`
		}{what.text, at.GetName(), at.GetAddress(), was}, []cell{what, text(at.GetName()), text(at.GetAddress()), text(was)}}
	}
	return p.list(columns("CHANGE", "NAME", "ADDRESS", "BEFORE"), rows, none)
}

func (a *app) directoryDiff() *urfave.Command {
	return a.command(spec{
		name: "diff", usage: "compare a list of the old systems with who is known here", args: "FILE",
		about: `Compares a file with everybody this end knows, and changes nothing: added stands for who is in the file only, removed
for who is known here only, changed for another name. The lists that the file replaces with R lines are compared as a
whole; without R lines the file is taken for everybody. A name that the file has only because it had to be shortened is
no difference. Ends with exit code 1 if there is any. directory export writes the file that mends an old system's list.

Example:
  $P directory diff GLOBAL.TXT --source announced`,
		flags: a.listFlags(choiceFlags()...),
		do: func(ctx context.Context, c *call) error {
			read, f, err := c.listFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			chosen, err := c.choice()
			if err != nil {
				return err
			}
			return c.transfer(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				entries, err := c.known(ctx, conn, chosen)
				if err != nil {
					return err
				}
				changes, err := differ(read, directory.Merge(entries), f)
				if err != nil {
					return fmt.Errorf("%s: %w", c.args[0], err)
				}
				if err := out.changes(changes, "The file has the same people."); err != nil {
					return err
				}
				if len(changes) > 0 {
					return reported{exitFailed}
				}
				return nil
			})
		},
	})
}

// differ compares a file with a list.
func differ(read listfile.File, known directory.List, f listfile.Format) ([]*pb.DirectoryChange, error) {
	steps, err := read.Steps(known, f.Table)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(steps, func(s directory.Step) bool { return s.Replace != nil }) {
		steps = append([]directory.Step{{Replace: &everybody}}, steps...)
	}
	now, err := known.Updated(steps)
	if err != nil {
		return nil, err
	}
	var changes []*pb.DirectoryChange
	for c := range directory.Compare(known, now).All() {
		d := &pb.DirectoryChange{}
		if c.Old != (directory.Entry{}) {
			d.Before = toEntry(c.Old)
		}
		if c.New != (directory.Entry{}) {
			d.After = toEntry(c.New)
		}
		changes = append(changes, d)
	}
	return changes, nil
}
