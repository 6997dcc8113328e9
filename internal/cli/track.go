package cli

import (
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

func (a *app) track() *urfave.Command {
	return a.command(spec{
		name: "track", usage: "follow one message's way", args: "ID",
		about: `Tells every step of one message that this end knows of, with the clock of the end where it happened, and the state
each recipient has reached. For programs, lines begin with "event" or "recipient".

Example:
  $P track 0199f1a2-5b1c-7cc2-9a53-0d6b7c1f4e2a`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.mail(ctx, asOperator, func(ctx context.Context, out *printer, client pb.MailServiceClient) error {
				r, err := client.TrackMessage(ctx, &pb.TrackMessageRequest{MessageId: c.args[0]})
				if err != nil {
					return err
				}
				return out.way(r)
			})
		},
	})
}

// way shows the steps and the states of a message.
func (p *printer) way(r *pb.TrackMessageResponse) error {
	if p.json() {
		shape, err := fields(r)
		if err != nil {
			return err
		}
		return p.value(shape)
	}
	events := make([][]cell, len(r.GetEvents()))
	for i, e := range r.GetEvents() {
		events[i] = []cell{text(p.when(e.GetTime().AsTime())), text(e.GetEnd()), {e.GetEvent(), bold}, text(e.GetRecipient()), text(e.GetDetail())}
	}
	states := make([][]cell, len(r.GetRecipients()))
	for i, s := range r.GetRecipients() {
		finality := "on its way"
		if s.GetTerminal() {
			finality = "final"
		}
		states[i] = []cell{text(s.GetAddress()), {s.GetState(), recipientStyle(s)}, text(finality)}
	}
	if p.format == formatTabs {
		return writeTabs(p.w, append(labelled("event", events), labelled("recipient", states)...))
	}
	if err := writeTable(p.w, p.colour, "", columns("TIME", "END", "EVENT", "RECIPIENT", "DETAIL"), events); err != nil {
		return err
	}
	fmt.Fprintln(p.w)
	return writeTable(p.w, p.colour, "", columns("RECIPIENT", "STATE", ""), states)
}

func recipientStyle(s *pb.RecipientState) style {
	switch s.GetState() {
	case "delivered", "relayed":
		return green
	case "returned", "bad-mail":
		return red
	case "held":
		return yellow
	}
	return plain
}

// labelled puts a word in front of every row, for output that mixes kinds of rows.
func labelled(label string, rows [][]cell) [][]cell {
	out := make([][]cell, len(rows))
	for i, r := range rows {
		out[i] = append([]cell{text(label)}, r...)
	}
	return out
}
