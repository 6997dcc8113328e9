package workbench

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/mail"

	"sidegate/coordinator/mmff"
)

func (c *conversion) emlHeader(m *mmff.Message) mail.Header {
	var h mail.Header
	h.SetAddressList("From", c.emlAddresses("FROM", []string{m.From}))
	h.SetAddressList("To", c.emlAddresses("TO", m.To))
	if len(m.Cc) > 0 {
		h.SetAddressList("Cc", c.emlAddresses("CC", m.Cc))
	}
	h.Set("Subject", words(c.oneLine("SUBJECT", c.table.Decode(m.Subject))))
	if at, err := time.ParseInLocation("2006-01-02 15:04", m.Date+" "+m.Time, c.zone); err == nil && at.Format("2006-01-02 15:04") == m.Date+" "+m.Time {
		h.SetDate(at)
	} else {
		c.keep(&h, "Date", m.Date)
		c.keep(&h, "Time", m.Time)
	}
	c.keep(&h, "Priority", m.Priority)
	switch strings.ToUpper(m.Priority) {
	case "R":
		h.SetAddressList("Disposition-Notification-To", c.emlAddresses("FROM", []string{m.From}))
	case "1":
		h.Set("Importance", "low") // RFC 2156; KB Q112915 for which number means what
	case "4", "5":
		h.Set("Importance", "high")
	}
	for _, f := range m.Fields {
		c.keep(&h, "Field", f.Name+":"+f.Value)
	}
	for _, x := range m.Ext {
		if strings.ContainsAny(x.Value, "\r\n") {
			c.lose("EXT %s: its %d bytes are in several lines, which have no place", c.oneLine("EXT", c.table.Decode(x.Name)), len(x.Value))
			continue
		}
		c.keep(&h, "Ext", fmt.Sprintf("%s:%d:%s=%s", x.Type, x.N, x.Name, x.Value))
	}
	return h
}

// keep puts a value into a field of ours, if there is one.
func (c *conversion) keep(h *mail.Header, name, value string) {
	if value != "" {
		h.Add(fieldPrefix+name, words(c.oneLine(strings.ToUpper(name), c.table.Decode(value))))
	}
}

// maxLocal is the longest old address that is written, in bytes. Each may become three, and no word of a header may have more
// than 998: folding would break it in two, and the recipients behind it would be lost with it.
const maxLocal = 300

// emlAddresses puts old addresses into local parts, with their types, so that they can be read back.
func (c *conversion) emlAddresses(what string, raw []string) []*mail.Address {
	var out []*mail.Address
	for _, text := range raw {
		text = c.table.DecodeAddress(text)
		if len(text) > maxLocal {
			c.lose("%s: an address of %d bytes was cut", what, len(text))
			text = prefix(text, maxLocal)
		}
		if value, ok := strings.CutPrefix(text, "SMTP:"); ok {
			if a, err := mail.ParseAddress("<" + value + ">"); err == nil && a.Address == value {
				out = append(out, &mail.Address{Address: value})
				continue
			}
		}
		if strings.Trim(text, " \t") == "" {
			c.lose("%s: an empty address became (empty)", what)
			text = "(empty)"
		}
		// The name is for people. In encoded words a backslash makes it none (RFC 2047, section 5).
		out = append(out, &mail.Address{Name: strings.ReplaceAll(text, `\`, "/"), Address: hidden(text) + "@" + domain})
	}
	return out
}

// hidden writes bytes that no local part may hold as =XX, and an equals sign that would be read as one of those.
func hidden(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf || text[i] == '=' && shown.MatchString(text[i:min(len(text), i+3)]) {
			fmt.Fprintf(&b, "=%02X", text[i])
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// shown finds what hidden wrote.
var shown = regexp.MustCompile(`=[0-9A-F]{2}`)

// unhidden undoes hidden.
func unhidden(local string) string {
	return shown.ReplaceAllStringFunc(local, func(code string) string {
		n, err := strconv.ParseUint(code[1:], 16, 8)
		if err != nil {
			return code
		}
		return string([]byte{byte(n)})
	})
}

// words is text for a header field: as it is where that is safe, else in encoded words (RFC 2047), so that neither folding nor
// a reader changes it.
func words(text string) string {
	plain, run := text == strings.Trim(text, " ") && !strings.Contains(text, "=?") && !strings.Contains(text, "  "), 0
	for _, r := range text {
		if run++; r == ' ' {
			run = 0
		}
		plain = plain && r < utf8.RuneSelf && run < 70
	}
	if plain {
		return text
	}
	const most = 42 // bytes: an encoded word has at most 75 characters
	var out []string
	for len(text) > 0 {
		piece := prefix(text, most)
		out = append(out, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(piece))+"?=")
		text = text[len(piece):]
	}
	return strings.Join(out, " ")
}
