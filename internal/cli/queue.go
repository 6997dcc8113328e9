package cli

import (
	"context"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

func (a *app) queue() *urfave.Command {
	commands := []*urfave.Command{a.queueList(), a.queueShow()}
	for _, action := range queueActions {
		commands = append(commands, a.queueAction(action))
	}
	return a.group("queue", "see and steer what waits in lanes", commands...)
}

// queueActions are what can be done to what waits.
var queueActions = []struct {
	name, usage, about string
	action             pb.QueueAction
}{
	{"retry", "offer messages again at once", "Makes messages due now that wait for their next try.", pb.QueueAction_QUEUE_ACTION_RETRY},
	{"hold", "keep messages until they are released", "Holds messages: they wait, whatever happens, until they are released.", pb.QueueAction_QUEUE_ACTION_HOLD},
	{"release", "end a hold", "Lets held messages go their way again.", pb.QueueAction_QUEUE_ACTION_RELEASE},
	{"return", "give messages back to their senders", "Ends the waiting with a delivery report to each sender; the message rests in bad mail.", pb.QueueAction_QUEUE_ACTION_RETURN},
	{"delete", "remove messages without a report", "Removes messages. Nobody is told, and nothing brings them back.", pb.QueueAction_QUEUE_ACTION_DELETE},
	{"reroute", "look for the way again", "Looks for the way of messages again, after routes have changed.", pb.QueueAction_QUEUE_ACTION_REROUTE},
}

func filterFlags(extra ...urfave.Flag) []urfave.Flag {
	return append([]urfave.Flag{
		&urfave.StringFlag{Name: "lane", Usage: "only what waits in the lane called `NAME`"},
		&urfave.StringFlag{Name: "sender", Usage: "only what `ADDRESS` sent"},
		&urfave.StringFlag{Name: "recipient", Usage: "only what goes to `ADDRESS`"},
	}, extra...)
}

// filter is the choice the flags and IDs make.
func (c *call) filter(ids []string) (*pb.QueueFilter, error) {
	f := &pb.QueueFilter{MessageIds: ids, Lane: c.cmd.String("lane")}
	for flag, at := range map[string]*string{"sender": &f.Sender, "recipient": &f.Recipient} {
		if given := c.cmd.String(flag); given != "" {
			address, err := c.address("--"+flag, given)
			if err != nil {
				return nil, err
			}
			*at = address
		}
	}
	return f, nil
}

func (a *app) queueList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list what waits",
		about: `Lists messages that wait in lanes, oldest first. Columns: ID, lane, state, since, tries, next try, sender,
recipients, subject, reason.

Example:
  $P queue list --lane macside`,
		flags: a.connection(filterFlags()...),
		do: func(ctx context.Context, c *call) error {
			filter, err := c.filter(nil)
			if err != nil {
				return err
			}
			return c.listing(asOperator, func(out *printer, conn connection) error {
				client := pb.NewAdminServiceClient(conn)
				entries, err := pages(ctx, c, func(ctx context.Context, token string) ([]*pb.QueueEntry, string, error) {
					r, err := client.ListQueueEntries(ctx, &pb.ListQueueEntriesRequest{Filter: filter, PageSize: 500, PageToken: token})
					return r.GetEntries(), r.GetNextPageToken(), err
				})
				if err != nil {
					return err
				}
				return out.queue(entries)
			})
		},
	})
}

func (p *printer) queue(entries []*pb.QueueEntry) error {
	rows := make([]row, len(entries))
	for i, e := range entries {
		shape, err := fields(e)
		if err != nil {
			return err
		}
		rows[i] = row{shape, []cell{
			text(e.GetMessageId()), text(e.GetLane()), text(e.GetState()), text(p.when(e.GetQueueTime().AsTime())), text(itoa(e.GetAttempts())),
			text(p.when(e.GetNextTime().AsTime())), text(e.GetSender()), text(strings.Join(e.GetRecipients(), ", ")), text(e.GetSubject()), text(e.GetReason()),
		}}
	}
	return p.list(columns("ID", "LANE", "STATE", "SINCE", "TRIES", "NEXT", "SENDER", "RECIPIENTS", "SUBJECT", "REASON"), rows, "Nothing waits.")
}

func (a *app) queueShow() *urfave.Command {
	return a.command(spec{
		name: "show", usage: "show one message that waits, without its content", args: "ID",
		about: `Shows where one message waits, and what is known of it.

Example:
  $P queue show 0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewAdminServiceClient(conn).GetQueueEntry(ctx, &pb.GetQueueEntryRequest{MessageId: c.args[0]})
				if err != nil {
					return err
				}
				if !out.json() {
					if err := out.queue(r.GetEntries()); err != nil || out.format == formatTabs {
						return err
					}
					if err := out.line(""); err != nil {
						return err
					}
					return out.letter(r.GetMessage())
				}
				shape, err := messageShape(r.GetMessage(), false)
				if err != nil {
					return err
				}
				whole, err := fields(r)
				if err != nil {
					return err
				}
				return out.value(append(shape, member{"entries", whole.get("entries")}))
			})
		},
	})
}

func (a *app) queueAction(action struct {
	name, usage, about string
	action             pb.QueueAction
}) *urfave.Command {
	return a.command(spec{
		name: action.name, usage: action.usage, args: "[ID...]",
		about: action.about + ` Say which by full ID, or --all with a filter. The IDs it was
done to are printed. What was sent and has no receipt yet is left alone, because the receiver may have it, unless
--may-duplicate is given.

Example:
  $P queue ` + action.name + ` --all --recipient $YOU --reason "asked by phone"`,
		flags: a.connection(filterFlags(
			&urfave.BoolFlag{Name: "all", Usage: "everything that the filter leaves", HideDefault: true},
			&urfave.BoolFlag{Name: "may-duplicate", Usage: "also what was sent without a receipt; the receiver may have it twice", HideDefault: true},
			&urfave.StringFlag{Name: "reason", Usage: "`TEXT` for the log and the trace"},
		)...),
		do: func(ctx context.Context, c *call) error {
			if err := c.idsOrAll(); err != nil {
				return err
			}
			for _, id := range c.args {
				if wire.CheckID("", id) != nil {
					return usagef("%q is not a message ID; queue list shows those that wait", id)
				}
			}
			filter, err := c.filter(c.args)
			if err != nil {
				return err
			}
			filter.All = c.cmd.Bool("all")
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewAdminServiceClient(conn).UpdateQueueEntries(ctx, &pb.UpdateQueueEntriesRequest{
					Filter: filter, Action: action.action, MayDuplicate: c.cmd.Bool("may-duplicate"), Reason: c.cmd.String("reason"),
				})
				if err != nil {
					return err
				}
				return c.acted(out, r)
			})
		},
	})
}

// idsOrAll wants one or the other.
func (c *call) idsOrAll() error {
	switch all := c.cmd.Bool("all"); {
	case all && len(c.args) > 0:
		return usagef("--all cannot stand together with IDs")
	case !all && len(c.args) == 0:
		return usagef("wants IDs, or --all")
	}
	return nil
}

// acted tells what was done. IDs that were named and not done make the command fail.
func (c *call) acted(out *printer, r *pb.UpdateQueueEntriesResponse) error {
	if out.json() {
		shape, err := fields(r)
		if err != nil {
			return err
		}
		if err := out.value(shape); err != nil {
			return err
		}
	} else {
		for _, id := range r.GetMessageIds() {
			if err := out.line("%s", id); err != nil {
				return err
			}
		}
	}
	for _, id := range r.GetBoundMessageIds() {
		c.complain("%s: %s: %s: left alone: it was sent and has no receipt yet (see --may-duplicate)", c.program.Name, c.path(), id)
	}
	missed := len(r.GetBoundMessageIds()) > 0 && len(c.args) > 0
	for _, id := range c.args {
		if !slices.Contains(r.GetMessageIds(), id) && !slices.Contains(r.GetBoundMessageIds(), id) {
			c.complain("%s: %s: %s: nothing was done: it does not wait here, or not in a state for this (see queue show)", c.program.Name, c.path(), id)
			missed = true
		}
	}
	if missed {
		return reported{exitFailed}
	}
	return nil
}
