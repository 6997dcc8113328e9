package cli

import (
	"context"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

// app is one run of a program.
type app struct {
	program Program
	streams Streams
}

func (a *app) coordinator() bool { return a.program.Name == config.Coordinator }

// call is one run of one command.
type call struct {
	*app
	cmd  *urfave.Command
	args []string

	// certificates is the directory of those the command dialled with, if it did.
	certificates string
}

// spec describes one command.
type spec struct {
	name, usage string
	// args is what help texts show. It also says how many there may be: one for each word, a word in brackets is
	// optional, and the last may be repeated if it ends in three dots.
	args string
	// about explains the command and ends in an example. $P stands for the program, $ME for an address at home there
	// and $YOU for one on the other side.
	about  string
	flags  []urfave.Flag
	hidden bool
	// do runs the command. Its context ends at SIGINT and SIGTERM, unless signals are the command's own business, or the
	// system's: a look at a share that hangs has no eye for a context.
	do         func(ctx context.Context, c *call) error
	ownSignals bool
}

// command makes a command of its description.
func (a *app) command(s spec) *urfave.Command {
	return &urfave.Command{
		Name: s.name, Usage: s.usage, ArgsUsage: s.args, Description: a.fill(s.about), Flags: s.flags, Hidden: s.hidden,
		Action: func(ctx context.Context, cmd *urfave.Command) error {
			c := &call{app: a, cmd: cmd, args: cmd.Args().Slice()}
			err := checkArgs(s.args, c.args)
			if err == nil && s.ownSignals {
				err = s.do(ctx, c)
			} else if err == nil {
				err = c.interruptible(ctx, s.do)
			}
			if err != nil {
				return &failure{command: c.path(), err: err, certificates: c.certificates}
			}
			return nil
		},
	}
}

// interruptible runs a command whose context the first SIGINT or SIGTERM ends. The second ends the process.
func (c *call) interruptible(ctx context.Context, do func(context.Context, *call) error) error {
	signalled, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(signalled, stop)()
	err := do(signalled, c)
	if err != nil && signalled.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("interrupted")
	}
	return err
}

// path is the command with those above it, without the program.
func (c *call) path() string {
	return strings.TrimPrefix(c.cmd.FullName(), c.cmd.Root().Name+" ")
}

// checkArgs holds the arguments against their description.
func checkArgs(usage string, args []string) error {
	least, most := 0, 0
	words := strings.Fields(usage)
	for _, w := range words {
		most++
		if !strings.HasPrefix(w, "[") {
			least++
		}
		if strings.HasSuffix(strings.TrimSuffix(w, "]"), "...") {
			most = 1 << 30
		}
	}
	switch {
	case len(args) < least:
		return usagef("%s is missing", strings.TrimSuffix(words[len(args)], "..."))
	case len(args) > most:
		return usagef("%q is one argument too many", args[most])
	}
	return nil
}

// fill puts the program's names into a text.
func (a *app) fill(s string) string {
	me, you := "NET/PO/ANN", "bob@Marketing"
	switch a.program.Name {
	case config.MacSide:
		me, you = you, me
	}
	return strings.NewReplacer("$P", a.program.Name, "$ME", me, "$YOU", you, "$ENV", config.Env(a.program.Name, "")).Replace(s)
}

// group makes a command that only has commands below it.
func (a *app) group(name, usage string, commands ...*urfave.Command) *urfave.Command {
	return &urfave.Command{
		Name: name, Usage: usage, Commands: commands,
		Action: func(_ context.Context, cmd *urfave.Command) error {
			return &failure{command: name, err: unknownCommand(cmd)}
		},
	}
}

func unknownCommand(cmd *urfave.Command) error {
	var names []string
	for _, sub := range cmd.VisibleCommands() {
		names = append(names, sub.Name)
	}
	if given := cmd.Args().First(); given != "" {
		if meant := urfave.SuggestCommand(cmd.VisibleCommands(), given); meant != "" {
			return usagef("there is no command %q, did you mean %s?", given, meant)
		}
		return usagef("there is no command %q; there are %s", given, strings.Join(names, ", "))
	}
	return usagef("wants one of %s", strings.Join(names, ", "))
}

// root makes the whole tree of commands.
func (a *app) root() *urfave.Command {
	root := &urfave.Command{
		Name: a.program.Name, Usage: usages[a.program.Name], Description: a.fill(rootAbout),
		Version: Build().Version, Flags: a.early(), HideHelpCommand: true,
		Reader: a.streams.In, Writer: a.streams.Out, ErrWriter: a.streams.Err,
		EnableShellCompletion: true, ConfigureShellCompletionCommand: a.configureCompletion,
		ExitErrHandler: func(context.Context, *urfave.Command, error) {}, // Run's caller decides
		Action: func(_ context.Context, cmd *urfave.Command) error {
			if cmd.Args().Present() {
				return unknownCommand(cmd)
			}
			return urfave.ShowRootCommandHelp(cmd)
		},
	}
	root.Commands = slices.Concat(
		[]*urfave.Command{a.serve()},
		a.mailCommands(),
		[]*urfave.Command{a.directory(), a.status(), a.queue(), a.badMail(), a.link(), a.store()},
		a.spoolCommands(),
		[]*urfave.Command{a.pki(), a.config(), a.health(), a.version(), a.help()},
	)
	a.finish(root)
	return root
}

// finish sets what every command has in common.
func (a *app) finish(cmd *urfave.Command) {
	cmd.DisableSliceFlagSeparator = true // addresses and file names may hold commas
	cmd.OnUsageError = func(_ context.Context, cmd *urfave.Command, err error, _ bool) error {
		if cmd == cmd.Root() {
			return err
		}
		c := &call{app: a, cmd: cmd}
		return &failure{command: c.path(), err: &usageError{usageText(err)}}
	}
	arguments := a.settingArguments()
	for _, f := range cmd.Flags {
		a.describe(f, arguments)
	}
	for _, sub := range cmd.Commands {
		a.finish(sub)
	}
}

func (a *app) configureCompletion(cmd *urfave.Command) {
	cmd.Hidden = false
	cmd.Usage = "print a script that completes commands and flags in a shell"
	cmd.ArgsUsage = "bash|zsh|fish|pwsh"
	cmd.Description = a.fill("Prints the script for one shell.\n\nExample:\n  source <($P completion bash)\n  $P completion fish > ~/.config/fish/completions/$P.fish")
	cmd.Action = func(_ context.Context, cmd *urfave.Command) error {
		return &failure{command: "completion", err: unknownCommand(cmd)}
	}
	a.finish(cmd)
}

// help shows the help of a command.
func (a *app) help() *urfave.Command {
	return a.command(spec{
		name: "help", usage: "explain a command", args: "[COMMAND] [SUBCOMMAND]",
		about: "Shows what a command does and what it can be told; the same as COMMAND --help.\n\nExample:\n  $P help status",
		do: func(ctx context.Context, c *call) error {
			at := c.cmd.Root()
			for i, name := range c.args {
				sub := at.Command(name)
				if sub == nil {
					return usagef("there is no command %q", strings.Join(c.args[:i+1], " "))
				}
				if i == len(c.args)-1 {
					return urfave.ShowCommandHelp(ctx, at, name)
				}
				at = sub
			}
			return urfave.ShowRootCommandHelp(at)
		},
	})
}

// deadline is the context of one call to the server.
func (c *call) deadline(ctx context.Context) (context.Context, context.CancelFunc, error) {
	timeout, err := c.timeout()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

func (c *call) timeout() (time.Duration, error) {
	d, err := config.ParseDuration(c.text("timeout"))
	if err != nil || d == 0 {
		return 0, usagef("%s %q is not a duration such as 10s", c.where("timeout"), c.text("timeout"))
	}
	return d, nil
}
