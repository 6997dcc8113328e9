package cli

import (
	"context"
	"fmt"
	"strconv"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

// usages say what each program is, in one line.
var usages = map[string]string{
	config.PCSide:      "the PC Mail side of Sidegate",
	config.MacSide:     "the AppleTalk Mail side of Sidegate",
	config.Coordinator: "the keeper of a spool between Sidegate and an old mail gateway",
}

const rootAbout = `One program, both the service (serve) and the commands to use and run it (all others).
Every command explains itself with --help, and most end in an example.

Settings come from flags, then variables that begin with $ENV, then --config FILE, then defaults.
Exit codes: 0 done, 1 failed, 2 called wrongly, 75 try again later.`

func (a *app) serve() *urfave.Command {
	example := "$P serve --data ./data --peer macside.example:7402=sidegate://peer/macside --tls-dir ./pki/$P"
	switch a.program.Name {
	case config.MacSide:
		example = "$P serve --data ./data --accept-peer sidegate://peer/pcside --tls-dir ./pki/$P"
	case config.Coordinator:
		example = "$P serve --spool /spool --role pc --serves '*@*' --peer 127.0.0.1:7401 --insecure-dev"
	}
	return a.command(spec{
		name: "serve", usage: "run the service",
		about: `Runs the service until SIGTERM or SIGINT, which end it in good order; a second one ends it at once. SIGHUP reads
certificates and the log level again. Without --tls-dir and --insecure-dev it makes certificates of its own, as long as
every address is loopback.

Example:
  ` + example,
		flags: a.settingFlags(), ownSignals: true,
		do: func(ctx context.Context, c *call) error {
			settings, err := c.settings()
			if err != nil {
				return err
			}
			if err := c.ownCertificates(settings); err != nil {
				return err
			}
			return c.program.Serve(ctx, settings)
		},
	})
}

// settingFlags are one flag for each setting, and --config.
func (a *app) settingFlags(extra ...urfave.Flag) []urfave.Flag {
	flags := append(extra, &urfave.StringFlag{Name: "config", Usage: "read settings from `FILE`, in YAML", Sources: a.source("config")})
	for _, s := range config.Settings(a.program.Name) {
		usage, category, sources := s.Usage, s.Group, a.source(s.Key)
		switch {
		case s.Switch():
			on, _ := strconv.ParseBool(s.Default)
			flags = append(flags, &urfave.BoolFlag{Name: s.Key, Usage: usage, Category: category, Sources: sources, Value: on, HideDefault: !on})
		case s.List:
			flags = append(flags, &urfave.StringSliceFlag{Name: s.Key, Usage: usage, Category: category, Sources: sources, DefaultText: s.Default})
		default:
			flags = append(flags, &urfave.StringFlag{Name: s.Key, Usage: usage, Category: category, Sources: sources, DefaultText: s.Default})
		}
	}
	return flags
}

// settings gathers the settings and refuses those that cannot be run. Slips of the command line and of files are usage
// errors, one line each.
func (c *call) settings() (*config.Config, error) {
	settings, err := c.load()
	if err != nil {
		return nil, err
	}
	if err := settings.Validate(); err != nil {
		return nil, c.wrong(err)
	}
	return settings, nil
}

func (c *call) load() (*config.Config, error) {
	given := map[string][]string{}
	for _, cmd := range c.cmd.Lineage() {
		for _, f := range cmd.Flags {
			name := f.Names()[0]
			if _, closer := given[name]; closer || !f.IsSet() {
				continue
			}
			switch v := f.Get().(type) {
			case []string:
				given[name] = v
			case string:
				given[name] = []string{v}
			case bool:
				given[name] = []string{strconv.FormatBool(v)}
			}
		}
	}
	file := ""
	if f := given["config"]; len(f) == 1 {
		file = f[0]
	}
	settings, err := config.Load(c.program.Name, config.Sources{Flags: given, Env: c.streams.Env, File: file})
	if err != nil {
		return nil, c.wrong(err)
	}
	return settings, nil
}

// wrong prints every fault of the settings and makes the command end as called wrongly.
func (c *call) wrong(err error) error {
	for _, line := range explain(err) {
		c.complain("%s: %s: %s", c.program.Name, c.path(), line)
	}
	return reported{exitUsage}
}

func (a *app) config() *urfave.Command {
	return a.group("config", "show and check settings", append([]*urfave.Command{
		a.command(spec{
			name: "print", usage: "print settings as a file",
			about: `Prints every setting with its default, commented out, as a file to begin with; with --effective what is in force
with the flags, variables and file given, each with where it came from. Secrets are never among the settings.

Examples:
  $P config print > $P.yaml
  $P config print --effective --config $P.yaml`,
			flags: a.settingFlags(&urfave.BoolFlag{Name: "effective", Usage: "what is in force, instead of the defaults", HideDefault: true}),
			do: func(_ context.Context, c *call) error {
				settings, err := c.load()
				if err != nil {
					return err
				}
				return settings.Print(c.streams.Out, c.cmd.Bool("effective"))
			},
		}),
		a.command(spec{
			name: "validate", usage: "check settings without running",
			about: `Checks what serve would check, with the flags, variables and file given, and prints every fault.

Example:
  $P config validate --config $P.yaml`,
			flags: a.settingFlags(),
			do: func(_ context.Context, c *call) error {
				if _, err := c.settings(); err != nil {
					return err
				}
				_, err := fmt.Fprintln(c.streams.Out, "ok")
				return err
			},
		}),
	}, a.configImport()...)...)
}
