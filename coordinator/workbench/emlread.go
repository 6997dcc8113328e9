package workbench

import (
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/cli"
)

// FromEML turns a message in RFC 5322 form into a file. Of several texts the first plain one is the body, the others
// become attachments. Whatever is damaged is read as far as it can be, and told of; then the whole is attached besides.
func (Files) FromEML(data []byte, o cli.MMFFOptions) (file []byte, losses []string, err error) {
	c, err := begin(o)
	if err != nil {
		return nil, nil, err
	}
	whole, problem := message.Read(bytes.NewReader(data))
	if problem != nil && !odd(problem) {
		return nil, nil, fmt.Errorf("not in RFC 5322 form: %w", problem)
	}
	m, h := &mmff.Message{Version: "3.00"}, mail.Header{Header: whole.Header}
	if err := c.readHeader(m, h); err != nil {
		return nil, nil, err
	}
	if !c.readParts(m, whole, problem) {
		c.lose("some of it could not be read, so the whole is attached as %s", originalName)
		m.Attachments = append(m.Attachments, mmff.Attachment{Name: originalName, Size: int64(len(data)), Content: data})
	}
	c.unplaced(h)
	file, err = mmff.Marshal(m, mmff.Options{EOL: c.eol, Extended: m.Extended()})
	if kept := len(m.Fields) + len(m.Ext); err != nil && kept > 0 {
		// Kept fields are worth less than the message, and whoever wrote it could put anything into them.
		c.lose("%d kept fields cannot be written: %v", kept, err)
		m.Fields, m.Ext = nil, nil
		file, err = mmff.Marshal(m, mmff.Options{EOL: c.eol, Extended: m.Extended()})
	}
	return file, c.losses, err
}

// odd reports whether an error of the reader comes with something that can be read all the same.
func odd(err error) bool { return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err) }

// originalName is the attachment that holds a message which could not be read whole.
const originalName = "ORIGINAL.EML"

// placed are the fields whose meaning a message file holds.
var placed = map[string]bool{
	"From": true, "To": true, "Cc": true, "Subject": true, "Date": true, "Mime-Version": true, "Content-Type": true,
	"Content-Transfer-Encoding": true, "Content-Disposition": true, "Disposition-Notification-To": true, "Message-Id": true, "Importance": true,
	fieldPrefix + "Priority": true, fieldPrefix + "Field": true, fieldPrefix + "Ext": true, fieldPrefix + "Date": true, fieldPrefix + "Time": true,
}

// unplaced names the header fields that a message file has no place for.
func (c *conversion) unplaced(h mail.Header) {
	named := map[string]bool{}
	for f := h.Fields(); f.Next(); {
		if key := textproto.CanonicalMIMEHeaderKey(f.Key()); !placed[key] && !named[key] {
			named[key] = true
			c.lose("the header field %s has no place", key)
		}
	}
}

func (c *conversion) readHeader(m *mmff.Message, h mail.Header) error {
	from := c.oldAddresses(h, "From")
	if len(from) == 0 {
		return errors.New("the From field names nobody; a message file has one sender")
	}
	if m.From = from[0]; len(from) > 1 {
		c.lose("the From field names %d senders, the first one is kept", len(from))
	}
	if m.To, m.Cc = c.oldAddresses(h, "To"), c.oldAddresses(h, "Cc"); len(m.To)+len(m.Cc) == 0 {
		return errors.New("the fields To and Cc name nobody; a message file has a recipient")
	}
	m.Subject = c.encode("the subject", c.oneLine("the subject", c.text(h.Get("Subject"))))
	if at, err := h.Date(); err == nil && !at.IsZero() {
		m.Date, m.Time = at.In(c.zone).Format("2006-01-02"), at.In(c.zone).Format("15:04")
	} else {
		m.Date, m.Time = c.kept(h, "Date"), c.kept(h, "Time")
		if h.Get("Date") != "" {
			c.lose("the Date field cannot be read: %s", c.oneLine("the date", prefix(h.Get("Date"), 60)))
		}
	}
	m.Priority = c.priority(h)
	c.ownFields(m, h)
	return nil
}

// priority is the letter of a field of ours, or what other programs mean by it.
func (c *conversion) priority(h mail.Header) string {
	if kept := c.kept(h, "Priority"); kept != "" {
		return kept
	}
	switch {
	case h.Get("Disposition-Notification-To") != "":
		return "R"
	case strings.EqualFold(h.Get("Importance"), "high"):
		return "4"
	case strings.EqualFold(h.Get("Importance"), "low"):
		return "1"
	}
	return ""
}

// ownFields reads back what ToEML put into fields of ours.
func (c *conversion) ownFields(m *mmff.Message, h mail.Header) {
	for f := h.FieldsByKey(fieldPrefix + "Field"); f.Next(); {
		name, value, _ := strings.Cut(c.ours("FIELD", f.Value()), ":")
		m.Fields = append(m.Fields, mmff.Field{Name: name, Value: value})
	}
	for f := h.FieldsByKey(fieldPrefix + "Ext"); f.Next(); {
		text := c.ours("EXT", f.Value())
		parts := strings.SplitN(text, ":", 3)
		n, err := 0, error(nil)
		if len(parts) == 3 {
			n, err = strconv.Atoi(parts[1])
		}
		if len(parts) != 3 || err != nil || n < 0 {
			c.lose("a field %sExt is not TYPE:N:NAME=VALUE", fieldPrefix)
			continue
		}
		name, value, _ := strings.Cut(parts[2], "=")
		counted := n == len(value)+1 || n == len(value)+2
		m.Ext = append(m.Ext, mmff.Ext{Type: parts[0], N: n, Name: name, Value: value, Counted: counted})
	}
}

// kept is the value of a field of ours.
func (c *conversion) kept(h mail.Header, name string) string {
	return c.ours(strings.ToUpper(name), h.Get(fieldPrefix+name))
}

func (c *conversion) ours(what, value string) string {
	return c.encode(what, c.oneLine(what, c.text(value)))
}

// text decodes a header field. A word in a charset nobody knows stays as it is; bytes that are in none are taken for
// UTF-8 if they can be, else for Windows-1252.
func (c *conversion) text(value string) string {
	var h message.Header
	h.Set("X", value)
	decoded, err := h.Text("X")
	if err != nil {
		c.lose("words of a header are in a charset nobody knows and stay as they are: %s", c.oneLine("the header", prefix(value, 60)))
	}
	return visible(decoded)
}

func visible(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return charset.Windows1252.Decode(text)
}

// encode puts text into the code page of the file.
func (c *conversion) encode(what, text string) string {
	coded, loss := c.table.Encode(text)
	if loss.Count > 0 {
		c.lose("%s: code page %s lacks characters of it (%d): %s", what, c.table.Name(), loss.Count, c.oneLine(what, string(loss.Runes)))
	}
	return coded
}

// looksLikeAddress finds addresses in a field that is not in the form it should have.
var looksLikeAddress = regexp.MustCompile(`[^\s<>,;:"'()\[\]\\@]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]`)

// oldAddresses reads a field of addresses, strictly if that is possible.
func (c *conversion) oldAddresses(h mail.Header, field string) []string {
	var out []string
	list, err := h.AddressList(field)
	if err != nil {
		for _, found := range looksLikeAddress.FindAllString(visible(h.Get(field)), -1) {
			list = append(list, &mail.Address{Address: found})
		}
		c.lose("the field %s is not in the form of addresses; %d were found in it", field, len(list))
	}
	for _, a := range list {
		old, ours := strings.CutSuffix(a.Address, "@"+domain)
		if old = visible(unhidden(old)); !ours {
			old = "SMTP:" + visible(a.Address)
		}
		out = append(out, c.table.EncodeAddress(old))
	}
	return out
}
