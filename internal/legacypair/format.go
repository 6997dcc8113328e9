package legacypair

import (
	"bytes"
	"fmt"
	"strings"
)

// format writes a message in the order of the published samples (KB Q117581, Q103801). off is added to the count of TEXT.
func format(m Message, o Options, p program, off int) []byte {
	if o.Wrap {
		m.Body = wrap(m.Body, o.EOL, p.wrap)
		if p.subject > 0 {
			m.Subject = cut(m.Subject, p.subject)
		}
	}
	var b bytes.Buffer
	line := func(token, tail string) { b.WriteString(token + ":" + tail + o.EOL) }
	line("VERSION", "3.00")
	for _, a := range m.To {
		line("TO", a)
	}
	for _, a := range m.Cc {
		if o.Extended {
			line("CC", a)
		} else {
			line("TO", a) // KB Q87223
		}
	}
	line("FROM", m.From)
	line("DATE", m.Date)
	line("TIME", m.Time)
	line("SUBJECT", m.Subject)
	if m.Priority != "" {
		line("PRIORITY", m.Priority)
	}
	for _, a := range m.Attachments {
		line("ATTACHMENT", fmt.Sprintf("%s %d", a.Name, len(a.Content)))
	}
	line("TEXT", fmt.Sprint(len(m.Body)+off))
	b.WriteString(m.Body)
	for _, a := range m.Attachments {
		b.Write(a.Content)
	}
	return b.Bytes()
}

// wrap breaks lines behind a column, at no blank in particular.
func wrap(body, eol string, column int) string {
	lines := strings.Split(body, eol)
	for i, line := range lines {
		var b strings.Builder
		for len(line) > column {
			b.WriteString(line[:column] + eol)
			line = line[column:]
		}
		lines[i] = b.String() + line
	}
	return strings.Join(lines, eol)
}

func cut(s string, n int) string { return s[:min(len(s), n)] }
