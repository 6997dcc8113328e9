package workbench

import (
	"encoding/base64"
	"fmt"
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

// emlAddresses puts old addresses into local parts, with their types, so that they can be read back.
func (c *conversion) emlAddresses(what string, raw []string) []*mail.Address {
	var out []*mail.Address
	for _, text := range raw {
		text = c.table.DecodeAddress(text)
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
		out = append(out, &mail.Address{Name: text, Address: text + "@" + domain})
	}
	return out
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

// parameter is one parameter of a header field: quoted where that is safe, else in the form of RFC 2231, in pieces.
func parameter(name, value string) string {
	const most = 20 // characters, each of which may become three for each of its bytes
	plain := len(value) <= 60
	for i := 0; i < len(value); i++ {
		plain = plain && ' ' <= value[i] && value[i] < 0x7F
	}
	// A reader may take an encoded word in quotes for what it stands for.
	if plain && !strings.Contains(value, "=?") && value == strings.Trim(value, " ") {
		return name + "=" + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	var out []string
	for i := 0; i == 0 || len(value) > 0; i++ {
		piece := prefix(value, most)
		value = value[len(piece):]
		charset := ""
		if i == 0 {
			charset = "utf-8''"
		}
		out = append(out, name+"*"+strconv.Itoa(i)+"*="+charset+percent(piece))
	}
	return strings.Join(out, "; ")
}

// percent escapes whatever is no letter, digit or one of a few harmless signs.
func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// prefix is the beginning of s, of at most so many bytes and without a character cut in two.
func prefix(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 1 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
