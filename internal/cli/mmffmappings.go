package cli

import (
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v3"
)

func (a *app) mmffMappings() *urfave.Command {
	return a.command(spec{
		name: "mappings", usage: "print the table of file types, or check one", args: "[FILE]",
		about: `Prints the table that says what a Macintosh takes files for, and which are text: MAPPINGS.TXT. It is in force until there
is a file of that name in the spool's directory INI, in the spool itself or in STORE; such a file takes its place as a
whole, also while the service runs. With FILE the file is checked, and every fault is named with its line.

Examples:
  $P mmff mappings > /spool/INI/MAPPINGS.TXT
  $P mmff mappings /spool/INI/MAPPINGS.TXT`,
		do: func(ctx context.Context, c *call) error {
			if len(c.args) == 0 {
				_, err := c.streams.Out.Write(c.program.MMFF.Mappings())
				return err
			}
			data, err := c.messageFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			types, err := c.program.MMFF.CheckMappings(data)
			if err != nil {
				return fmt.Errorf("%s: %w", c.args[0], err)
			}
			_, err = fmt.Fprintf(c.streams.Out, "%s has no faults; types: %d\n", clean(c.args[0]), types)
			return err
		},
	})
}
