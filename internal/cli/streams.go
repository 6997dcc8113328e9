package cli

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Streams are what a command reads, writes and is surrounded by.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTerminal and ErrTerminal say that a person watches.
	OutTerminal, ErrTerminal bool
	// Env looks up a variable of the environment.
	Env func(string) (string, bool)
}

// System returns the process's own streams.
func System() Streams {
	terminal := func(f *os.File) bool { return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()) }
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		OutTerminal: terminal(os.Stdout), ErrTerminal: terminal(os.Stderr),
		Env: os.LookupEnv,
	}
}

// colour reports whether stdout takes colours: a terminal that can, and nobody who minds (https://no-color.org).
func (s Streams) colour() bool {
	if no, _ := s.Env("NO_COLOR"); no != "" || !s.OutTerminal {
		return false
	}
	term, _ := s.Env("TERM")
	return term != "dumb"
}
