package cli

import (
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

// describe sets how a flag looks in help texts: its names, what its value is called, what it does, its default and its
// variable. The value's name stands in backquotes in the usage, or is the argument of the setting of that name.
func (a *app) describe(f urfave.Flag, arguments map[string]string) {
	settable, ok := f.(interface{ SetStringer(urfave.FlagStringFunc) })
	doc, isDoc := f.(urfave.DocGenerationFlag)
	if !ok || !isDoc {
		return
	}
	usage, argument := unquote(doc.GetUsage())
	if arguments[f.Names()[0]] != "" && argument == "" {
		argument = arguments[f.Names()[0]]
	}
	line := "--" + f.Names()[0]
	for _, alias := range f.Names()[1:] {
		line += ", -" + alias
	}
	if doc.TakesValue() {
		line += " " + argument
	}
	fallback := doc.GetDefaultText()
	if fallback == "" && doc.IsDefaultVisible() {
		fallback = flagText(f)
	}
	if fallback != "" {
		usage += " (default: " + fallback + ")"
	}
	if variables := doc.GetEnvVars(); len(variables) > 0 {
		usage += " [$" + strings.Join(variables, ", $") + "]"
	}
	settable.SetStringer(func(urfave.Flag) string { return line + "\t" + usage })
}

// unquote takes the name of the value out of its backquotes.
func unquote(usage string) (text, argument string) {
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		if argument, after, ok := strings.Cut(rest, "`"); ok {
			return before + argument + after, argument
		}
	}
	return usage, ""
}

// settingArguments are what the values of settings are called.
func (a *app) settingArguments() map[string]string {
	names := map[string]string{}
	for _, s := range config.Settings(a.program.Name) {
		names[s.Key] = s.Arg
	}
	return names
}
