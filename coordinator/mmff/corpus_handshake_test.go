package mmff

import (
	"fmt"
	"strings"
)

func handshakes() class {
	c := class{dir: "handshake", about: "Every shape a liveness file may have; the bytes of a real one are not known."}
	add := func(name, data string) { c.samples = append(c.samples, sample{name, data, KindHandshake}) }
	c.samples = append(c.samples, sample{"zero-bytes", "", KindEmpty})
	for name, eol := range map[string]string{"cr": "\r", "lf": "\n", "crlf": "\r\n"} {
		add("line-end-only-"+name, eol)
		add("version-"+name, lines(eol, "VERSION:3.00"))
		add("version-text-"+name, lines(eol, "VERSION:3.00", "TEXT:0"))
		add("no-recipients-"+name, lines(eol, "VERSION:3.00", "DATE:1994-04-04", "TIME:13:10", "SUBJECT:", "PRIORITY:3"))
		add("sender-only-"+name, lines(eol, "VERSION:3.00", "FROM:CSI:NET/PO/ADMIN", "TEXT:0"))
	}
	add("version-no-line-end", "VERSION:3.00")
	add("version-no-tail", "VERSION:\r\n")
	add("version-lower", "version:3.00\r\n")
	add("version-eof-mark", "VERSION:3.00\r\n\x1A")
	add("version-nuls", "VERSION:3.00\r\n"+strings.Repeat("\x00", 498))
	add("version-leading", "\r\n  VERSION:3.00\r\n")
	add("text-only", "TEXT:0\r\n")
	add("subject-only", "SUBJECT:Handshake\r\n")
	add("token-nobody-knows", "VERSION:3.00\r\nHANDSHAKE:1\r\n")
	add("nuls", strings.Repeat("\x00", 128))
	add("nuls-512", strings.Repeat("\x00", 512))
	add("one-byte", "\x01")
	add("marker", "MMFF")
	add("marker-line", "HANDSHAKE 1994-04-04\r\n")
	return c
}

func nearHandshakes() class {
	return class{"not-handshake", "Small files that come close to a handshake and are not one.", []sample{
		{"truncated-to", "VERSION:3.00\r\nTO:", KindIncomplete},
		{"truncated-in-token", "VERSION:3.00\r\nT", KindIncomplete},
		{"truncated-in-from", "VERSION:3.00\r\nFR", KindIncomplete},
		{"truncated-sender", "VERSION:3.00\r\nFROM:a/b/c\r\n", KindIncomplete},
		{"truncated-version", "VERS", KindIncomplete},
		{"promised-body", "VERSION:3.00\r\nTEXT:5\r\n", KindIncomplete},
		{"body", "VERSION:3.00\r\nTEXT:5\r\nhello", KindBad},
		{"uncounted-body", "VERSION:3.00\r\nTEXT:0\r\nhello", KindBad},
		{"sender-and-body", "VERSION:3.00\r\nFROM:a/b/c\r\nTEXT:5\r\nhello", KindBad},
		{"attachment", "VERSION:3.00\r\nATTACHMENT:a 3\r\nTEXT:0\r\naaa", KindBad},
		{"empty-mail", mailText("\r\n", envelope, ""), KindMail},
		{"least-mail", "VERSION:1\nTO:a\nFROM:b\nTEXT:0", KindMail},
		{"mail-as-body", mailText("\r\n", envelope, "VERSION:3.00\r\n"), KindMail},
		{"to-after-other-line-end", "VERSION:3.00\r\nSUBJECT:x\nTO:a/b/c\n", KindBad},
		{"to-after-nul", "VERSION:3.00\x00TO:a/b/c\x00", KindIncomplete},
		{"cc-only", "VERSION:3.00\r\nCC:a/b/c\r\n", KindIncomplete},
		{"bcc-ended", "VERSION:3.00\r\nBCC:a/b/c\r\nTEXT:0\r\n", KindBad},
		{"outside-body", "VERSION:3.00\r\nXTEXT:a.txt\r\n", KindBad},
		{"nuls-513", strings.Repeat("\x00", 513), KindIncomplete},
		{"version-nuls-513", "VERSION:3.00\r\n" + strings.Repeat("\x00", 499), KindIncomplete},
	}}
}

func foreign() class {
	return class{"foreign", "Files of other programs that got the name of a slot.", []sample{
		{"appledouble", "\x00\x05\x16\x07\x00\x02\x00\x00" + strings.Repeat("\x00", 18), KindForeign},
		{"appledouble-large", "\x00\x05\x16\x07\x00\x02\x00\x00" + strings.Repeat("\x00Mac OS X", 90), KindForeign},
		{"prose", "Hi Jim,\r\nplease call me back.\r\nJohn\r\n", KindForeign},
		{"prose-long", strings.Repeat("All work and no play.\r\n", 40), KindForeign},
		{"pdf", "%PDF-1.1\n%\xE2\xE3\n", KindForeign},
		{"zip", "PK\x03\x04\x14\x00\x00\x00", KindForeign},
		{"html", "<html></html>", KindForeign},
		{"binary", strings.Repeat("\x01\x02\x03\x04\xFE\xFF", 100), KindForeign},
	}}
}

// handshakeVariants crosses every shape with case, line end and padding.
func handshakeVariants() map[string]string {
	shapes := map[string][]string{
		"version": {"VERSION:3.00"}, "version 3.0": {"VERSION:3.0"}, "version blank": {"VERSION: 3.00"}, "version text": {"VERSION:3.00", "TEXT:0"},
		"text 00": {"VERSION:3.00", "TEXT:00"}, "text empty": {"VERSION:3.00", "TEXT:"},
		"dates": {"VERSION:3.00", "DATE:1994-04-04", "TIME:13:10"}, "dates text": {"VERSION:3.00", "DATE:1994-04-04", "TIME:13:10", "TEXT:0"},
		"subject": {"VERSION:3.00", "SUBJECT:Handshake", "PRIORITY:3", "TEXT:0"}, "sender": {"VERSION:3.00", "FROM:CSI:NET/PO/ADMIN", "TEXT:0"},
		"sender all": {"VERSION:3.00", "FROM:MSMAIL:Network Manager@Server", "DATE:1994-04-04", "TIME:13:10", "SUBJECT:", "PRIORITY:1", "TEXT:0"},
		"ext":        {"VERSION:3.00", "EXT:I:3:AGE", "9", "TEXT:0"}, "unknown": {"VERSION:3.00", "HANDSHAKE:1"}, "no version": {"DATE:1994-04-04", "TEXT:0"},
	}
	out := map[string]string{}
	for shape, l := range shapes {
		for eolName, eol := range map[string]string{"cr": "\r", "lf": "\n", "crlf": "\r\n", "mixed": "\n\r"} {
			for padName, pad := range map[string][2]string{
				"bare": {}, "spaces": {"  ", "  "}, "lines": {"\r\n", "\r\n\r\n"}, "eof": {"", "\x1A"}, "nuls": {"", strings.Repeat("\x00", 128)},
				"eof nuls": {"", "\x1A" + strings.Repeat("\x00", 100)}, "bom": {byteOrderMark, ""},
			} {
				text := lines(eol, l...)
				name := fmt.Sprintf("%s/%s/%s", shape, eolName, padName)
				out[name] = pad[0] + text + pad[1]
				out[name+"/lower"] = pad[0] + strings.ToLower(text) + pad[1]
			}
		}
	}
	return out
}
