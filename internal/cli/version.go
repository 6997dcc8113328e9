package cli

import (
	"context"
	"runtime"
	"runtime/debug"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

// Set by the linker:
//
//	-ldflags "-X sidegate/internal/cli.version=v1.2.0 -X sidegate/internal/cli.commit=abc -X sidegate/internal/cli.date=2026-01-02T15:04:05Z"
var version, commit, date string

// Version says what was built from what.
type Version struct {
	// Version is a tag, or devel.
	Version string `json:"version"`
	// Commit is the revision the program was built from, empty if unknown.
	Commit string `json:"commit"`
	// Date is that of the commit, in RFC 3339; empty if unknown.
	Date string `json:"date"`
	// Go is the version of the compiler.
	Go string `json:"go"`
	// Proto is the version of the protocol.
	Proto string `json:"proto"`
}

// Build returns the version of this program: what the linker was told, else what the compiler noted.
func Build() Version {
	v := Version{
		Version: version, Commit: commit, Date: date, Go: runtime.Version(),
		Proto: string(pb.File_sidegate_v1_message_proto.Package()),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && v.Commit == "":
				v.Commit = s.Value
			case s.Key == "vcs.time" && v.Date == "":
				v.Date = s.Value
			}
		}
		if v.Version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
	}
	if v.Version == "" {
		v.Version = "devel"
	}
	return v
}

func (a *app) version() *urfave.Command {
	return a.command(spec{
		name: "version", usage: "say what was built from what",
		about: "Prints version, commit, date, compiler and protocol.\n\nExample:\n  $P version --output json",
		flags: []urfave.Flag{a.outputFlag()},
		do: func(_ context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			v := Build()
			if out.json() {
				return out.value(v)
			}
			rows := [][]cell{
				{text("version"), text(v.Version)}, {text("commit"), text(v.Commit)}, {text("date"), text(v.Date)},
				{text("go"), text(v.Go)}, {text("proto"), text(v.Proto)},
			}
			if out.format == formatTabs {
				return writeTabs(out.w, rows)
			}
			return writeTable(out.w, out.colour, "", columns(c.program.Name, ""), rows)
		},
	})
}
