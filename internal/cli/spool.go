package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
	pb "sidegate/proto/sidegate/v1"
)

// spoolCommands are what a coordinator has beyond the sides.
func (a *app) spoolCommands() []*urfave.Command {
	if a.coordinator() {
		return []*urfave.Command{a.spool(), a.proxy(), a.registered(), a.mmff()}
	}
	var hints []*urfave.Command
	for _, name := range []string{"spool", "proxy", "registered", "mmff"} {
		hints = append(hints, a.elsewhere(name, "a side has no spool: %s %s ...", config.Coordinator, name))
	}
	return hints
}

func (a *app) spool() *urfave.Command {
	return a.group("spool", "make and examine a spool", a.spoolInit(), a.spoolCheck(), a.spoolShow(), a.spoolHandshakes(), a.spoolBadMail(), a.spoolRepublish(), a.spoolResume())
}

func (a *app) spoolInit() *urfave.Command {
	return a.command(spec{
		name: "init", usage: "make what is missing of a spool", args: "DIR",
		about: `Makes INI, BADMAIL, MISC, STORE/MACTOPC and STORE/PCTOMAC where they are missing, in any letter case, and prints
what it made. What is there stays as it is, but for --owner, which gives everything in DIR away, and --mode, which
changes the directories.

Example:
  $P spool init ./MACGATE`,
		flags: []urfave.Flag{
			&urfave.StringFlag{Name: "owner", Usage: "give the spool to `UID:GID`"},
			&urfave.StringFlag{Name: "mode", Usage: "octal `MODE` of the spool's directories, such as 0770"},
			a.outputFlag(),
		},
		ownSignals: true,
		do: func(_ context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			rights, err := c.rights()
			if err != nil {
				return err
			}
			made, err := c.program.Spool.Init(c.args[0])
			if err != nil {
				return err
			}
			if err := rights.apply(c.args[0]); err != nil {
				return err
			}
			rows := make([]row, len(made))
			for i, path := range made {
				rows[i] = row{struct {
					Path string `json:"path"`
				}{path}, []cell{text(path)}}
			}
			return out.list(columns("MADE"), rows, "Nothing was missing.")
		},
	})
}

func (a *app) spoolCheck() *urfave.Command {
	return a.command(spec{
		name: "check", usage: "examine a spool without changing it", args: "DIR",
		about: `Looks at a spool's directories, slots and files and prints what it finds, one line each; ends with exit code 1 if
anything is a problem. No coordinator needs to be running.

Example:
  $P spool check /spool`,
		flags:      []urfave.Flag{a.outputFlag()},
		ownSignals: true,
		do: func(_ context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			report, err := c.program.Spool.Check(c.args[0])
			if err != nil {
				return err
			}
			return out.spoolReport(report)
		},
	})
}

func (p *printer) spoolReport(report SpoolReport) error {
	rows := make([]row, len(report.Findings))
	bad := false
	for i, f := range report.Findings {
		level := cell{f.Level, green}
		switch f.Level {
		case "problem":
			level.style, bad = red, true
		case "note":
			level.style = yellow
		}
		rows[i] = row{f, []cell{level, text(f.Path), text(f.Text)}}
	}
	if err := p.list(columns("", "PATH", "FINDING"), rows, "Nothing to say."); err != nil {
		return err
	}
	if bad {
		return reported{exitFailed}
	}
	return nil
}

func (a *app) spoolShow() *urfave.Command {
	return a.command(spec{
		name: "show", usage: "show the slots of a running coordinator's spool",
		about: `Shows every slot that is not free, with what is in it and for how long, and what the coordinator found out about
the volume. Columns: directory, slot, file, state, age, size, message ID, detail.

Example:
  $P spool show`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewSpoolServiceClient(conn).GetSpool(ctx, &pb.GetSpoolRequest{})
				if err != nil {
					return err
				}
				return out.spool(r)
			})
		},
	})
}

func (p *printer) spool(r *pb.GetSpoolResponse) error {
	if p.json() {
		completeStatus(&pb.Status{Spool: r.GetStatus()})
		shape, err := fields(r)
		if err != nil {
			return err
		}
		return p.value(shape)
	}
	slots := make([][]cell, len(r.GetSlots()))
	for i, s := range r.GetSlots() {
		slots[i] = []cell{
			text(s.GetDirectory()), text(itoa(s.GetNumber())), text(s.GetFileName()), {s.GetState(), slotStyle(s.GetState())},
			text(age(s.GetAge().AsDuration())), text(p.size(uint64(s.GetSizeBytes()))), text(s.GetMessageId()), text(s.GetDetail()),
		}
	}
	v := newStatusView(p, &pb.Status{Spool: r.GetStatus()})
	if p.format == formatTabs {
		rows := append([][]cell{append([]cell{text("spool")}, v.spoolLine()...)}, labelled("leg", v.directions)...)
		rows = append(rows, labelled("slot", slots)...)
		for _, finding := range r.GetVolumeFindings() {
			rows = append(rows, []cell{text("volume"), text(finding)})
		}
		return writeTabs(p.w, rows)
	}
	st := r.GetStatus()
	if err := p.line("%s, role %s, %d slots per direction, lease %s", st.GetDirectory(), st.GetRole(), st.GetBlockingFactor(), st.GetLease()); err != nil {
		return err
	}
	for _, finding := range r.GetVolumeFindings() {
		if err := p.line("- %s", finding); err != nil {
			return err
		}
	}
	for _, note := range spoolNotes(st) {
		if err := p.line("- %s", note); err != nil {
			return err
		}
	}
	fmt.Fprintln(p.w)
	if err := writeTable(p.w, p.colour, "", directionColumns, v.directions); err != nil {
		return err
	}
	fmt.Fprintln(p.w)
	if len(slots) == 0 {
		return p.line("Every slot is free.")
	}
	return writeTable(p.w, p.colour, "", columns("DIRECTORY", "SLOT", "FILE", "STATE", "AGE", "SIZE", "ID", "DETAIL"), slots)
}

// spoolNotes say what limits are kept, how quick the volume is, and what is suspicious.
func spoolNotes(st *pb.SpoolStatus) []string {
	var notes []string
	if times := st.GetConnectTimes(); len(times) > 0 {
		notes = append(notes, "connect times: "+strings.Join(times, "; "))
	}
	if n := st.GetPerCycle(); n > 0 {
		notes = append(notes, fmt.Sprintf("at most %d files each way in a cycle", n))
	}
	for _, l := range st.GetListingTimes() {
		notes = append(notes, fmt.Sprintf("listing %s takes %s, %s at most since the start", l.GetDirectory(), quick(l.GetLast().AsDuration()), quick(l.GetLongest().AsDuration())))
	}
	for _, sign := range st.GetSecondGatewaySigns() {
		notes = append(notes, "sign of a second gateway: "+sign)
	}
	return notes
}

// quick is a short time for people.
func quick(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return d.Round(100 * time.Millisecond).String()
}

func slotStyle(state string) style {
	switch state {
	case "stuck", "blocked":
		return red
	case "incomplete", "foreign":
		return yellow
	}
	return plain
}

func (a *app) spoolHandshakes() *urfave.Command {
	return a.command(spec{
		name: "handshakes", usage: "list the handshakes consumed lately",
		about: `Lists handshakes of the old program, newest first, with the rule that recognised them. JSON carries their bytes.

Example:
  $P spool handshakes --output json`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewSpoolServiceClient(conn).ListHandshakes(ctx, &pb.ListHandshakesRequest{})
				if err != nil {
					return err
				}
				rows := make([]row, len(r.GetHandshakes()))
				for i, h := range r.GetHandshakes() {
					shape, err := fields(h)
					if err != nil {
						return err
					}
					rows[i] = row{shape, []cell{
						text(out.when(h.GetTime().AsTime())), text(h.GetDirectory()), text(h.GetFileName()),
						text(itoa(len(h.GetContent()))), text(h.GetRule()),
					}}
				}
				return out.list(columns("TIME", "DIRECTORY", "FILE", "BYTES", "RULE"), rows, "No handshake was consumed lately.")
			})
		},
	})
}

func (a *app) spoolBadMail() *urfave.Command {
	return a.command(spec{
		name: "badmail", usage: "list the files in the spool's BADMAIL directory",
		about: "Lists the files in BADMAIL with their reasons, whoever put them there.\n\nExample:\n  $P spool badmail",
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewSpoolServiceClient(conn).ListSpoolBadMail(ctx, &pb.ListSpoolBadMailRequest{})
				if err != nil {
					return err
				}
				rows := make([]row, len(r.GetFiles()))
				for i, f := range r.GetFiles() {
					shape, err := fields(f)
					if err != nil {
						return err
					}
					rows[i] = row{shape, []cell{text(f.GetFileName()), text(out.size(uint64(f.GetSizeBytes()))), text(inOneLine(f.GetReason()))}}
				}
				return out.list(columns("FILE", "SIZE", "REASON"), rows, "BADMAIL is empty.")
			})
		},
	})
}

// inOneLine is what the text file beside a piece of bad mail says, for a table: of ours the reason with its explanation, of
// others everything.
func inOneLine(text string) string {
	if _, reason, ours := strings.Cut(text, "\nReason:"); ours {
		text, _, _ = strings.Cut(reason, "To try again")
	}
	return strings.Join(strings.Fields(text), " ")
}

func (a *app) spoolRepublish() *urfave.Command {
	return a.command(spec{
		name: "republish", usage: "write messages again that vanished in doubt", args: "[ID...]",
		about: `Writes messages into the spool again that were published and of which nobody can say whether the old program took
them; its readers may then have them twice. Without IDs: all that are in doubt, with --all.

Example:
  $P spool republish --all`,
		flags: a.connection(&urfave.BoolFlag{Name: "all", Usage: "all that are in doubt", HideDefault: true}),
		do: func(ctx context.Context, c *call) error {
			if err := c.idsOrAll(); err != nil {
				return err
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				r, err := pb.NewSpoolServiceClient(conn).RepublishSlots(ctx, &pb.RepublishSlotsRequest{MessageIds: c.args})
				if err != nil {
					return err
				}
				return c.acted(out, &pb.UpdateQueueEntriesResponse{MessageIds: r.GetMessageIds()})
			})
		},
	})
}
