package legacypair

import "fmt"

// fault is why a file is bad, in the numbers of the old programs (KB Q85043, Q106623). The file holds one message, so the
// middle number is always 1.
type fault struct {
	code, line int
	text       string
	spins      bool // a carriage return in a subject (KB Q141970)
}

// Error returns the fault as logs show it: "141-1-2 Cannot match token TO (has tail net/po/mailbox)" (KB Q118533).
func (f *fault) Error() string { return fmt.Sprintf("%d-1-%d %s", f.code, f.line, f.text) }

func failed(code, line int, format string, args ...any) *fault {
	return &fault{code: code, line: line, text: fmt.Sprintf(format, args...)}
}
