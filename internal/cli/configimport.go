package cli

import (
	"bytes"
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v3"
)

// ImportedSettings is what a settings file of the old gateway says, in our words.
type ImportedSettings struct {
	Settings []ImportedSetting
	// Notes are for a person: what was left out, and why.
	Notes []string
}

// ImportedSetting is one of them.
type ImportedSetting struct {
	Line  int
	From  string // its old name
	Key   string
	Value string
}

// configImport is at the coordinator only: the sides' old programs kept no settings in files.
func (a *app) configImport() []*urfave.Command {
	if !a.coordinator() {
		return nil
	}
	return []*urfave.Command{a.command(spec{
		name: "import", usage: "turn MSGATE.INI or MACGATE.INI into settings", args: "FILE",
		about: `Prints the settings of the old gateway as a file for --config, with what was left out as comments.

Example:
  $P config import /spool/INI/MACGATE.INI > $P.yaml`,
		do: func(ctx context.Context, c *call) error {
			data, err := c.messageFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			found, err := c.program.MMFF.ImportSettings(data)
			if err != nil {
				return fmt.Errorf("%s: %w", c.args[0], err)
			}
			var b bytes.Buffer
			for _, n := range found.Notes {
				fmt.Fprintf(&b, "# %s\n", clean(n))
			}
			for _, s := range found.Settings {
				fmt.Fprintf(&b, "%s: %s # line %d, %s\n", s.Key, s.Value, s.Line, clean(s.From))
			}
			_, err = b.WriteTo(c.streams.Out)
			return err
		},
	})}
}
