package convert

import (
	"strconv"
	"strings"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// An EXT field is kept under the name "EXT:type:n:name", which is its first line (KB Q147034). A counted n is left out,
// because it follows from the value.

func extName(x mmff.Ext) string {
	n := strconv.Itoa(x.N)
	if x.Counted {
		n = ""
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, cutText("EXT:"+x.Type+":"+n+":"+x.Name, maxName))
}

// writeLegacy puts kept fields back into an Extended file. Only names that mean nothing to a reader go out: the fields of a
// message that came over a link may say anything. HEADLEN counts lines of a text that we may have changed, and a wrong one
// eats lines of it, so it goes out with the original only.
func writeLegacy(m *mmff.Message, fields []mail.LegacyField) {
	for _, f := range fields {
		value := string(f.Value)
		if strings.ContainsAny(f.Name+value, "\r\n\x00") {
			continue
		}
		rest, isExt := strings.CutPrefix(f.Name, "EXT:")
		if !isExt {
			if !reserved[strings.ToUpper(f.Name)] {
				m.Fields = append(m.Fields, mmff.Field{Name: f.Name, Value: value})
			}
			continue
		}
		parts := strings.SplitN(rest, ":", 3)
		if len(parts) != 3 || strings.EqualFold(parts[2], "HEADLEN") {
			continue
		}
		n, err := strconv.Atoi(parts[1])
		m.Ext = append(m.Ext, mmff.Ext{Type: parts[0], N: n, Counted: err != nil, Name: parts[2], Value: value})
	}
}

// reserved are the tokens a file has places of its own for.
var reserved = map[string]bool{
	"VERSION": true, "TO": true, "CC": true, hiddenField: true, "FROM": true, "DATE": true, "TIME": true, "SUBJECT": true, "PRIORITY": true,
	"ATTACHMENT": true, "ATTACHMENTS": true, "XATTACH": true, "EXT": true, "TEXT": true, "XTEXT": true,
	classField: true,
}
