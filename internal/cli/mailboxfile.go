package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// savedMailbox is one line of a file of mailboxes.
type savedMailbox struct {
	Address     string   `json:"address"`
	DisplayName string   `json:"displayName"`
	Owners      []string `json:"owners"`
	Aliases     []string `json:"aliases,omitempty"`
}

func (a *app) mailboxName() *urfave.Command {
	return a.mailboxAction(spec{
		name: "name", usage: "say under which name a mailbox stands in the directory",
		about: `Gives a mailbox the name under which this end and those linked with it list it in their directories. Without --name it
stands in none. Mail does not depend on it.

Example:
  $P mailbox name $ME --name 'Ann Lee'`,
		flags: a.connection(nameFlag()),
	}, func(ctx context.Context, c *call, client pb.MailboxServiceClient, address string) (*pb.Mailbox, error) {
		r, err := client.UpdateMailboxName(ctx, &pb.UpdateMailboxNameRequest{Address: address, DisplayName: c.cmd.String("name")})
		return r.GetMailbox(), err
	})
}

func nameFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "name", Usage: "`NAME` of whoever reads it, for the directory"}
}

func (a *app) mailboxExport() *urfave.Command {
	return a.command(spec{
		name: "export", usage: "write all mailboxes, without their mail, as a file",
		about: `Writes address, name, owners and aliases of every mailbox as JSON, one mailbox in a line, on standard output. mailbox
import makes them again, here or at an end that was set up anew.

Example:
  $P mailbox export > mailboxes.jsonl`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asOperator, func(_ *printer, conn connection) error {
				boxes, err := allMailboxes(ctx, c, pb.NewMailboxServiceClient(conn))
				if err != nil {
					return err
				}
				for _, b := range boxes {
					line, err := marshal(savedMailbox{b.GetAddress(), b.GetDisplayName(), append([]string{}, b.GetOwners()...), b.GetAliases()})
					if err != nil {
						return err
					}
					if _, err := c.streams.Out.Write(append(cleanJSON(line), '\n')); err != nil {
						return err
					}
				}
				return nil
			})
		},
	})
}

// allMailboxes lists every mailbox the caller may see.
func allMailboxes(ctx context.Context, c *call, client pb.MailboxServiceClient) ([]*pb.Mailbox, error) {
	return pages(ctx, c, func(ctx context.Context, token string) ([]*pb.Mailbox, string, error) {
		r, err := client.ListMailboxes(ctx, &pb.ListMailboxesRequest{PageSize: 500, PageToken: token})
		return r.GetMailboxes(), r.GetNextPageToken(), err
	})
}

func (a *app) mailboxImport() *urfave.Command {
	return a.command(spec{
		name: "import", usage: "make mailboxes from a file", args: "FILE",
		about: `Makes the mailboxes of a file that mailbox export wrote, as far as they are not there, and gives those that are their
name, owners and aliases; no mailbox, alias or message is ever removed. The whole file is read before anything is done,
and a fault is named with its line. Every mailbox is an act of its own: when one is refused, what was done stays done,
and the command may be repeated. Prints what was made or changed. - reads standard input.

Example:
  $P mailbox import mailboxes.jsonl --dry-run`,
		flags: a.connection(&urfave.BoolFlag{Name: "dry-run", Usage: "only print what would be done", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			data, err := c.messageFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			saved, err := parseMailboxes(data)
			if err != nil {
				return fmt.Errorf("%s: %w", c.args[0], err)
			}
			return c.listing(asOperator, func(out *printer, conn connection) error {
				done, err := c.restoreMailboxes(ctx, pb.NewMailboxServiceClient(conn), saved)
				return errors.Join(out.restored(done), err)
			})
		},
	})
}

// parseMailboxes reads a file of mailboxes.
func parseMailboxes(data []byte) ([]savedMailbox, error) {
	var saved []savedMailbox
	lines := map[string]int{}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		var b savedMailbox
		if err := decoder.Decode(&b); err != nil {
			return nil, fmt.Errorf("line %d: is no mailbox as mailbox export writes it, in JSON: %s", n, strings.TrimPrefix(err.Error(), "json: "))
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: something follows the mailbox", n)
		}
		if b.Address == "" {
			return nil, fmt.Errorf("line %d: the address is missing", n)
		}
		address, err := mail.ParseAddress(b.Address)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if was := lines[address.Key()]; was > 0 {
			return nil, fmt.Errorf("line %d: %s stands in line %d already", n, address, was)
		}
		b.Address, lines[address.Key()] = address.String(), n
		saved = append(saved, b)
	}
	return saved, nil
}

// restoration is what was done to one mailbox.
type restoration struct {
	Address string `json:"address"`
	Done    string `json:"done"`
}

// restoreMailboxes makes and changes what is not as it was saved, one mailbox after the other.
func (c *call) restoreMailboxes(ctx context.Context, client pb.MailboxServiceClient, saved []savedMailbox) ([]restoration, error) {
	var done []restoration
	for _, b := range saved {
		limited, cancel, err := c.deadline(ctx)
		if err != nil {
			return done, err
		}
		what, err := restore(limited, client, b, c.cmd.Bool("dry-run"))
		cancel()
		if err != nil {
			return done, fmt.Errorf("mailbox %s: %w", b.Address, err)
		}
		if what != "" {
			done = append(done, restoration{b.Address, what})
		}
	}
	return done, nil
}

// restore does what is to be done to one mailbox, and says what that is.
func restore(ctx context.Context, client pb.MailboxServiceClient, b savedMailbox, dryRun bool) (string, error) {
	r, err := client.GetMailbox(ctx, &pb.GetMailboxRequest{Address: b.Address})
	now := r.GetMailbox()
	var what []string
	var acts []func() error
	switch {
	case status.Code(err) == codes.NotFound:
		what = append(what, "made")
		now = &pb.Mailbox{DisplayName: b.DisplayName, Owners: b.Owners}
		acts = append(acts, func() error {
			_, err := client.CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: b.Address, Owners: b.Owners, DisplayName: b.DisplayName})
			return err
		})
	case err != nil:
		return "", err
	}
	if now.GetDisplayName() != b.DisplayName {
		what = append(what, "named")
		acts = append(acts, func() error {
			_, err := client.UpdateMailboxName(ctx, &pb.UpdateMailboxNameRequest{Address: b.Address, DisplayName: b.DisplayName})
			return err
		})
	}
	if !slices.Equal(now.GetOwners(), b.Owners) {
		what = append(what, "owners changed")
		acts = append(acts, func() error {
			_, err := client.UpdateMailboxOwners(ctx, &pb.UpdateMailboxOwnersRequest{Address: b.Address, Owners: b.Owners})
			return err
		})
	}
	if slices.ContainsFunc(b.Aliases, func(alias string) bool { return !slices.Contains(now.GetAliases(), alias) }) {
		what = append(what, "aliases added")
		acts = append(acts, func() error {
			_, err := client.AddMailboxAliases(ctx, &pb.AddMailboxAliasesRequest{Address: b.Address, Aliases: b.Aliases})
			return err
		})
	}
	for _, act := range acts {
		if dryRun {
			break
		}
		if err := act(); err != nil {
			return "", err
		}
	}
	return strings.Join(what, ", "), nil
}

func (p *printer) restored(done []restoration) error {
	rows := make([]row, len(done))
	for i, r := range done {
		rows[i] = row{r, []cell{text(r.Address), text(r.Done)}}
	}
	return p.list(columns("ADDRESS", "DONE"), rows, "Every mailbox is as in the file.")
}
