package workbench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-mbox"
	"github.com/emersion/go-message"
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

// ToEML turns every message of a file into RFC 5322 form. What the old format knows and RFC 5322 does not travels in
// fields that begin with X-Mmff-.
func (Files) ToEML(data []byte, o cli.MMFFOptions) (made [][]byte, losses []string, err error) {
	t, zone, err := settings(o)
	if err != nil {
		return nil, nil, err
	}
	f, err := mmff.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range f.Messages {
		if m.XText != nil {
			return nil, nil, fmt.Errorf("the text of message %d is in a file outside, which did not come along", m.Ordinal)
		}
		for _, x := range m.XAttach {
			losses = append(losses, fmt.Sprintf("message %d: the attachment %s is in a file outside", m.Ordinal, t.Decode(x.Tail)))
		}
		eml, err := writeEML(m, t, zone)
		if err != nil {
			return nil, nil, fmt.Errorf("message %d: %w", m.Ordinal, err)
		}
		made = append(made, eml)
	}
	return made, losses, nil
}

func settings(o cli.MMFFOptions) (*charset.Table, *time.Location, error) {
	t, err := table(o.CodePage)
	if err != nil {
		return nil, nil, err
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return nil, nil, fmt.Errorf("zone: %w", err)
	}
	return t, zone, nil
}

func writeEML(m *mmff.Message, t *charset.Table, zone *time.Location) ([]byte, error) {
	h, err := emlHeader(m, t, zone)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := mail.CreateWriter(&out, h)
	if err != nil {
		return nil, err
	}
	if err := writeText(w, t.Decode(string(lines(m.Body)))); err != nil {
		return nil, err
	}
	for _, a := range m.Attachments {
		if err := writeAttachment(w, t.Decode(a.Name), a.Content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func emlHeader(m *mmff.Message, t *charset.Table, zone *time.Location) (mail.Header, error) {
	var h mail.Header
	h.SetAddressList("From", emlAddresses([]string{m.From}, t))
	h.SetAddressList("To", emlAddresses(m.To, t))
	if len(m.Cc) > 0 {
		h.SetAddressList("Cc", emlAddresses(m.Cc, t))
	}
	h.SetSubject(t.Decode(m.Subject))
	if at, err := time.ParseInLocation("2006-01-02 15:04", m.Date+" "+m.Time, zone); err == nil {
		h.SetDate(at)
	} else {
		h.Set(fieldPrefix+"Date", m.Date+" "+m.Time)
	}
	if m.Priority != "" {
		h.Set(fieldPrefix+"Priority", m.Priority)
	}
	if strings.EqualFold(m.Priority, "R") {
		h.SetAddressList("Disposition-Notification-To", emlAddresses([]string{m.From}, t))
	}
	for _, f := range m.Fields {
		h.SetText(fieldPrefix+"Field", f.Name+":"+t.Decode(f.Value))
	}
	return h, nil
}

// emlAddresses puts an old address into the local part, with its type, so that it can be read back.
func emlAddresses(raw []string, t *charset.Table) []*mail.Address {
	var out []*mail.Address
	for _, text := range raw {
		text = t.DecodeAddress(text)
		if value, ok := strings.CutPrefix(text, "SMTP:"); ok {
			out = append(out, &mail.Address{Address: value})
			continue
		}
		out = append(out, &mail.Address{Name: text, Address: text + "@" + domain})
	}
	return out
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
	h.SetFilename(name)
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

// FromEML turns a message in RFC 5322 form into a file. Of several texts the first plain one is the body, the others
// become attachments.
func (Files) FromEML(data []byte, o cli.MMFFOptions) (file []byte, losses []string, err error) {
	t, zone, err := settings(o)
	if err != nil {
		return nil, nil, err
	}
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil && !message.IsUnknownCharset(err) {
		return nil, nil, fmt.Errorf("not in RFC 5322 form: %w", err)
	}
	m := &mmff.Message{Version: "3.00"}
	if err := readHeader(m, r.Header, t, zone); err != nil {
		return nil, nil, err
	}
	if err := readParts(m, r, t, lineEnd(o.LineEnd)); err != nil {
		return nil, nil, err
	}
	file, err = mmff.Marshal(m, mmff.Options{EOL: lineEnd(o.LineEnd), Extended: len(m.Cc) > 0})
	return file, unplaced(r.Header), err
}

// placed are the fields whose meaning a message file holds.
var placed = map[string]bool{
	"From": true, "To": true, "Cc": true, "Subject": true, "Date": true, "Mime-Version": true, "Content-Type": true,
	"Content-Transfer-Encoding": true, "Disposition-Notification-To": true, "Message-Id": true, fieldPrefix + "Priority": true,
}

// unplaced names the header fields that a message file has no place for.
func unplaced(h mail.Header) []string {
	var out []string
	for f := h.Fields(); f.Next(); {
		if key := textproto.CanonicalMIMEHeaderKey(f.Key()); !placed[key] {
			out = append(out, "the header field "+key+" has no place")
		}
	}
	return out
}

// Mailbox begins a mailbox file.
func (Files) Mailbox(w io.Writer) cli.MMFFMailbox { return &mailbox{w: mbox.NewWriter(w)} }

type mailbox struct{ w *mbox.Writer }

// Add adds one message under the date in its header.
func (b *mailbox) Add(eml []byte) error {
	r, err := mail.CreateReader(bytes.NewReader(eml))
	if err != nil && !message.IsUnknownCharset(err) {
		return err
	}
	at, err := r.Header.Date()
	if err != nil || at.IsZero() {
		at = time.Unix(0, 0)
	}
	out, err := b.w.CreateMessage("MAILER-DAEMON", at)
	if err != nil {
		return err
	}
	_, err = out.Write(bytes.ReplaceAll(eml, []byte("\r\n"), []byte("\n")))
	return err
}

// Close ends the file.
func (b *mailbox) Close() error { return b.w.Close() }

func readHeader(m *mmff.Message, h mail.Header, t *charset.Table, zone *time.Location) error {
	from, err := oldAddresses(h, "From", t)
	if err != nil {
		return err
	}
	if len(from) != 1 {
		return fmt.Errorf("the From field names %d senders; a message file has one", len(from))
	}
	m.From = from[0]
	if m.To, err = oldAddresses(h, "To", t); err != nil {
		return err
	}
	if m.Cc, err = oldAddresses(h, "Cc", t); err != nil {
		return err
	}
	subject, err := h.Subject()
	if err != nil {
		return fmt.Errorf("the Subject field: %w", err)
	}
	m.Subject, _ = t.Encode(subject)
	if at, err := h.Date(); err == nil && !at.IsZero() {
		m.Date, m.Time = at.In(zone).Format("2006-01-02"), at.In(zone).Format("15:04")
	}
	m.Priority = h.Get(fieldPrefix + "Priority")
	if m.Priority == "" && h.Get("Disposition-Notification-To") != "" {
		m.Priority = "R"
	}
	return nil
}

func oldAddresses(h mail.Header, field string, t *charset.Table) ([]string, error) {
	list, err := h.AddressList(field)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	var out []string
	for _, a := range list {
		old, ours := strings.CutSuffix(a.Address, "@"+domain)
		if !ours {
			old = "SMTP:" + a.Address
		}
		out = append(out, t.EncodeAddress(old))
	}
	return out, nil
}

func readParts(m *mmff.Message, r *mail.Reader, t *charset.Table, eol mmff.EOL) error {
	haveBody := false
	for n := 1; ; n++ {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return fmt.Errorf("part %d: %w", n, err)
		}
		content, err := io.ReadAll(p.Body)
		if err != nil {
			return fmt.Errorf("part %d: %w", n, err)
		}
		if inline, ok := p.Header.(*mail.InlineHeader); ok && !haveBody && isPlain(inline) {
			haveBody = true
			body, _ := t.Encode(strings.ReplaceAll(string(lines(content)), "\n", eol.Sequence()))
			m.Body = []byte(body)
			continue
		}
		name, _ := t.Encode(partName(p, n))
		m.Attachments = append(m.Attachments, mmff.Attachment{Name: name, Size: int64(len(content)), Content: content})
	}
}

func isPlain(h *mail.InlineHeader) bool {
	kind, _, err := h.ContentType()
	return err != nil || kind == "text/plain" || kind == ""
}

func partName(p *mail.Part, n int) string {
	if a, ok := p.Header.(*mail.AttachmentHeader); ok {
		if name, err := a.Filename(); err == nil && name != "" {
			return name
		}
	}
	return fmt.Sprintf("PART%d.DAT", n)
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
