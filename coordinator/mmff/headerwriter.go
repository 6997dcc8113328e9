package mmff

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A headerWriter collects lines until one is refused.
type headerWriter struct {
	b   bytes.Buffer
	eol string
	err error
}

// line writes one field.
func (h *headerWriter) line(name, value string) {
	h.check(name, value)
	h.b.WriteString(name)
	h.b.WriteByte(':')
	h.b.WriteString(value)
	h.b.WriteString(h.eol)
}

// check refuses a value that would end its line: it could bring fields of its own.
func (h *headerWriter) check(name, value string) {
	if i := strings.IndexAny(value, "\r\n\x00"); i >= 0 {
		h.refuse("%s has the control character 0x%02X at byte %d", name, value[i], i)
	}
}

func (h *headerWriter) refuse(format string, args ...any) {
	if h.err == nil {
		h.err = fmt.Errorf("mmff: write: "+format, args...)
	}
}

// header returns everything up to and including the TEXT or XTEXT line.
func header(m *Message, o Options) ([]byte, error) {
	h := &headerWriter{eol: o.sequence()}
	h.envelope(m, o)
	for _, a := range m.Attachments {
		h.attachment(a)
	}
	for _, ref := range m.XAttach {
		h.reference("XATTACH", ref)
	}
	if o.Extended {
		for _, f := range m.Fields {
			h.field(f)
		}
		// Only EXT and TEXT may follow an EXT value: a number that is no count must not reach over lines of unknown names.
		for _, x := range m.Ext {
			h.ext(x)
		}
	}
	if m.XText == nil {
		h.line("TEXT", strconv.Itoa(len(m.Body)))
		return h.b.Bytes(), h.err
	}
	if len(m.Body) > 0 {
		h.refuse("XTEXT stands beside a body of %d bytes", len(m.Body))
	}
	h.reference("XTEXT", *m.XText)
	return h.b.Bytes(), h.err
}

// envelope writes VERSION to PRIORITY, in the order of the published samples (KB Q117581, Q103801).
func (h *headerWriter) envelope(m *Message, o Options) {
	h.line("VERSION", versionOf(m))
	for _, to := range m.To {
		h.address("TO", to)
	}
	for _, cc := range m.Cc {
		if o.Extended {
			h.address("CC", cc)
		} else {
			h.address("TO", cc)
		}
	}
	if len(m.To)+len(m.Cc) == 0 {
		h.refuse("TO is missing")
	}
	h.address("FROM", m.From)
	for _, f := range []struct{ name, value string }{
		{"DATE", m.Date}, {"TIME", m.Time}, {"SUBJECT", m.Subject}, {"PRIORITY", m.Priority},
	} {
		if f.value != "" || o.Extended && repeated(m, f.name) {
			h.line(f.name, f.value)
		}
	}
}

func versionOf(m *Message) string {
	if m.Version == "" {
		return "3.00"
	}
	return m.Version
}

// repeated reports whether Fields hold another one of that name. The first must then be written even if it is empty, or the
// second would count.
func repeated(m *Message, name string) bool {
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

func (h *headerWriter) address(name, value string) {
	if strings.Trim(value, blanks) == "" {
		h.refuse("%s is empty", name)
	}
	h.line(name, value)
}

func (h *headerWriter) attachment(a Attachment) {
	token := "ATTACHMENT"
	if a.Token == "ATTACHMENTS" {
		token = a.Token
	}
	if a.Name == "" {
		h.refuse("%s has no name", token)
	}
	h.line(token, a.Name+" "+strconv.Itoa(len(a.Content)))
}

func (h *headerWriter) reference(token string, ref Reference) {
	ref.Token = token
	if ref.Physical() == "" {
		h.refuse("%s has no file name", token)
	}
	h.line(token, ref.Tail)
}

// ext writes a counted number new, and keeps any other.
func (h *headerWriter) ext(x Ext) {
	n := x.N
	if x.Counted || n == 0 {
		n = len(x.Value) + len(h.eol)
	}
	if strings.Contains(x.Type, ":") {
		h.refuse("EXT has a colon in its type %s", quote(x.Type))
	}
	h.check("EXT "+quote(x.Name), x.Value)
	h.line("EXT", x.Type+":"+strconv.Itoa(n)+":"+x.Name)
	h.b.WriteString(x.Value)
	h.b.WriteString(h.eol)
}

func (h *headerWriter) field(f Field) {
	t := known(f.Name)
	switch {
	case !validName(f.Name):
		h.refuse("%s is no name for a field", quote(f.Name))
	case t != tokenUnknown && !t.single() && t != tokenExt:
		h.refuse("%s stands among the unknown fields", f.Name)
	}
	h.line(f.Name, f.Value)
}
