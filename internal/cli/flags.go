package cli

import (
	"strconv"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

// variable names the environment variable of a flag in help texts. It never finds a value: who wins over whom is
// decided in one place, by call.find and by config.Load.
type variable string

func (variable) Lookup() (string, bool) { return "", false }
func (v variable) String() string       { return "environment variable " + string(v) }
func (v variable) GoString() string     { return string(v) }
func (variable) IsFromEnv() bool        { return true }
func (v variable) Key() string          { return string(v) }

func (a *app) source(key string) urfave.ValueSourceChain {
	return urfave.NewValueSourceChain(variable(config.Env(a.program.Name, key)))
}

// connection are the flags of every command that talks to a running program.
func (a *app) connection(extra ...urfave.Flag) []urfave.Flag {
	const category = "CONNECTION"
	return append(extra,
		a.outputFlag(),
		&urfave.StringFlag{Name: "addr", Category: category, Sources: a.source("addr"),
			Usage: "`HOST:PORT` to talk to", Value: config.Default(a.program.Name).Listen},
		&urfave.StringFlag{Name: "tls-dir", Category: category, Sources: a.source("tls-dir"),
			Usage: "`DIR` with tls.crt, tls.key and links-ca.crt; default: what serve made for this user"},
		&urfave.BoolFlag{Name: "insecure-dev", Category: category, Usage: "plaintext, to loopback only", Sources: a.source("insecure-dev"), HideDefault: true},
		&urfave.StringFlag{Name: "timeout", Category: category, Usage: "`DURATION` to wait for an answer", Value: "10s", Sources: a.source("timeout")},
	)
}

func (a *app) outputFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Category: "OUTPUT", Sources: a.source("output"),
		Usage: "table, json or jsonl as `FORMAT`; default: a table on a terminal, else columns parted by tabs"}
}

// early are flags that may also stand before the command.
func (a *app) early() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "addr", Hidden: true, Local: true},
		&urfave.StringFlag{Name: "tls-dir", Hidden: true, Local: true},
		&urfave.BoolFlag{Name: "insecure-dev", Hidden: true, Local: true},
		&urfave.StringFlag{Name: "timeout", Hidden: true, Local: true},
		&urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Hidden: true, Local: true},
		&urfave.StringFlag{Name: "config", Hidden: true, Local: true},
	}
}

// Where a flag's value came from, the stronger the higher.
const (
	fromDefault = iota
	fromEnv
	fromFlag
)

// find returns a flag's text: as given behind the command, else before it, else in the environment, else its default.
func (c *call) find(name string) (value string, from int) {
	var fallback string
	for i, cmd := range c.cmd.Lineage() {
		for _, f := range cmd.Flags {
			if f.Names()[0] != name {
				continue
			}
			if f.IsSet() {
				return flagText(f), fromFlag
			}
			if i == 0 {
				fallback = flagText(f)
			}
		}
	}
	if v, ok := c.streams.Env(config.Env(c.program.Name, name)); ok && v != "" {
		return v, fromEnv
	}
	return fallback, fromDefault
}

func flagText(f urfave.Flag) string {
	switch v := f.Get().(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// where names a flag in an error: the variable, when that is where its value came from.
func (c *call) where(name string) string {
	if _, from := c.find(name); from == fromEnv {
		return config.Env(c.program.Name, name)
	}
	return "--" + name
}

// text returns the value of a flag that may also come from before the command or from the environment.
func (c *call) text(name string) string {
	v, _ := c.find(name)
	return v
}
