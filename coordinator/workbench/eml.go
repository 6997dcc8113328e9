package workbench

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/cli"

	_ "github.com/emersion/go-message/charset" // other people's mail comes in many
)

// domain carries the addresses of the old systems in RFC 5322 form: "CSI:NET/PO/USER"@sidegate.invalid. The name can
// belong to nobody (RFC 2606).
const domain = "sidegate.invalid"

// fieldPrefix begins the names of header fields that hold what RFC 5322 has no place for.
const fieldPrefix = "X-Mmff-"

// conversion is one conversion of one message, in either direction.
type conversion struct {
	table  *charset.Table
	zone   *time.Location
	eol    mmff.EOL // of files written
	losses []string
}

// begin takes the settings of a conversion.
func begin(o cli.MMFFOptions) (*conversion, error) {
	t, err := table(o.CodePage)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	return &conversion{table: t, zone: zone, eol: lineEnd(o.LineEnd)}, nil
}

func (c *conversion) lose(format string, args ...any) {
	c.losses = append(c.losses, fmt.Sprintf(format, args...))
}

// oneLine replaces control characters, which could end a line of a header and begin another one, and notes that.
func (c *conversion) oneLine(what, text string) string {
	replaced := 0
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '\u2028' || r == '\u2029' {
			replaced++
			return ' '
		}
		return r
	}, text)
	if replaced > 0 {
		c.lose("%s: control characters became blanks (%d)", what, replaced)
	}
	return line
}

// ToEML turns every message of a file into RFC 5322 form. What the old format knows and RFC 5322 does not travels in
// fields that begin with X-Mmff-. Of a handshake nothing is made, and the losses say so: old spools are full of them.
func (Files) ToEML(data []byte, o cli.MMFFOptions) (made [][]byte, losses []string, err error) {
	switch mmff.Classify(data) {
	case mmff.KindHandshake:
		return nil, []string{"the file is a handshake, which is no message"}, nil
	case mmff.KindEmpty:
		return nil, []string{"the file is empty, as some handshakes are"}, nil
	}
	f, err := mmff.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range f.Messages {
		if m.XText != nil {
			return nil, nil, fmt.Errorf("the text of message %d is in a file outside, which did not come along", m.Ordinal)
		}
		c, err := begin(o)
		if err != nil {
			return nil, nil, err
		}
		eml, err := c.writeEML(m)
		if err != nil {
			return nil, nil, fmt.Errorf("message %d: %w", m.Ordinal, err)
		}
		for _, l := range c.losses {
			losses = append(losses, fmt.Sprintf("message %d: %s", m.Ordinal, l))
		}
		made = append(made, eml)
	}
	return made, losses, nil
}

func (c *conversion) writeEML(m *mmff.Message) ([]byte, error) {
	for _, x := range m.XAttach {
		c.lose("the attachment %s is in a file outside", c.oneLine("XATTACH", c.table.Decode(x.Tail)))
	}
	var out bytes.Buffer
	w, err := mail.CreateWriter(&out, c.emlHeader(m))
	if err != nil {
		return nil, err
	}
	if err := writeText(w, c.table.Decode(string(lines(m.Body)))); err != nil {
		return nil, err
	}
	for i, a := range m.Attachments {
		name := c.oneLine(fmt.Sprintf("the name of attachment %d", i+1), c.table.Decode(a.Name))
		if err := writeAttachment(w, name, a.Content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeText(w *mail.Writer, text string) error {
	var h mail.InlineHeader
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	part, err := w.CreateSingleInline(h)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(part, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		return err
	}
	return part.Close()
}

func writeAttachment(w *mail.Writer, name string, content []byte) error {
	var h mail.AttachmentHeader
	h.SetContentType("application/octet-stream", nil)
	h.Set("Content-Disposition", "attachment; "+parameter("filename", name))
	h.Set("Content-Transfer-Encoding", "base64")
	part, err := w.CreateAttachment(h)
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	return part.Close()
}

func lineEnd(name string) mmff.EOL {
	switch strings.ToLower(name) {
	case "cr":
		return mmff.CR
	case "lf":
		return mmff.LF
	}
	return mmff.CRLF
}
