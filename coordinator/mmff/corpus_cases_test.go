package mmff

import (
	"fmt"
	"strings"
)

// cases are the files that articles of the Knowledge Base tell of, as far as they can be typed anew.
func cases() class {
	c := class{dir: "cases", about: "One file for each article that tells of a message which did harm, named after it."}
	mail := func(name string, header []string, body string, contents ...string) {
		c.samples = append(c.samples, sample{name, mailText("\r\n", header, body, contents...), KindMail})
	}
	mail("q148768-long-name", with(full, "ATTACHMENT:Quarterly Report for 1995.Final Version.doc 3"), "text", "aaa")
	mail("q115165-extension-twice", with(full, "ATTACHMENT:REPORT.DOC.DOC 3"), "text", "aaa")
	mail("q122779-over-13", with(full, "ATTACHMENT:FOURTEEN_CHARS 1", "ATTACHMENT:SECOND.TXT 2"), "text", "a", "bb")
	mail("q122779-blank-in-each", with(full, "ATTACHMENT:Read Me First 1", "ATTACHMENT:and me 2", "ATTACHMENT: leading 3"), "", "a", "bb", "ccc")
	mail("q117561-five-different", with(full, "ATTACHMENT:A.TXT 1", "ATTACHMENT:B.TXT 1", "ATTACHMENT:C.TXT 1", "ATTACHMENT:D.TXT 1", "ATTACHMENT:E.TXT 1"), "", "1", "2", "3", "4", "5")
	mail("q129902-harmful-signs", with(full, "ATTACHMENT:a+b=c<d>e[f]g|h;i,j.txt 1"), "", "x")
	mail("q166152-accents", with(full, "ATTACHMENT:R\x82sum\x82 \x9Abersicht.doc 1"), "", "x")
	mail("q126648-winmail", with(full, "ATTACHMENT:winmail.dat 6", "ATTACHMENT:A.DOC 1"), "text", "\x78\x9F\x3E\x22\x01\x00", "d")
	for _, p := range []string{"2", "3", "4"} {
		mail("q112915-priority-"+p, with(envelope, "PRIORITY:"+p), "text")
	}
	for _, p := range []string{"6", "9", "T", "U", "Z", " 5 ", "5!", ""} {
		mail("q118787-priority-"+strings.NewReplacer(" ", "blank", "!", "mark").Replace(p+"x"), with(envelope, "PRIORITY:"+p), "text")
	}
	mail("q98209-blank-first-line", full, "\r\nWindows clients begin so.\r\n")
	mail("q107205-when", full, "FROM:    Anna\r\nWHEN:    1995-03-30 10:00\r\nWHERE:   Room 5\r\n"+strings.Repeat("-", 78)+"\r\nCome.\r\n")
	mail("q94410-dashes", []string{"VERSION:3.00", "TO:MCI:Jim Doe / MCI ID: 123-4567^0DEMS: INTERNET^0DMBX: jim@example.org", "FROM:CSI:NET1/PO1/ADMIN"}, strings.Repeat("-", 78)+"\r\ntext\r\n")
	mail("q111860-wrapped-at-78", full, strings.Repeat("0123456789", 7)+"01234567\r\n"+"89 the rest\r\n")
	mail("q164850-both-forms", []string{"VERSION:3.00", "TO:CSI:MACNET/MACPO/T60009HO", "TO:MSMAIL:John Doe@Marketing", "TO:CSI:NET1/PO1/LIST", "FROM:MSMAIL:Jane@Sales"}, "x")
	mail("q115319-special", []string{"VERSION:3.00", "TO:CSI:NET1/PO1/*SPECIAL", "FROM:CSI:NET1/PO1/$SYSTEM"}, "A Doe, John                    PCM:NET1/PO1/JDOE\r\n")
	mail("q123371-at-service", []string{"VERSION:3.00", "TO:MSMAIL:John Doe@MS Mail Connection", "FROM:CSI:NET1/PO1/ADMIN"}, "x")
	mail("q175041-bullet-lost", []string{"VERSION:3.00", "TO:MSMAIL:| Bullet Before Name@Coconut Mail Server", "FROM:CSI:NET1/PO1/ADMIN"}, "x")
	mail("q118853-accents", with(envelope, "SUBJECT:153 is \x99, 154 is \x9A"), "\x99\x9A\r\n")
	mail("q119047-from-postoffice", []string{"VERSION:3.00", "TO:MSMAIL:johndoe@al", "FROM:CSI:NET1/PO1/POSTOFFICE", "SUBJECT:Registered: Joh"}, "It was read.\r\n")
	mail("q121666-four-hundred", append([]string{"VERSION:3.00", "FROM:CSI:NET1/PO1/ADMIN"}, numbered("TO:CSI:NET1/PO1/U%03d", 400)...), "x")
	inner := mailText("\r\n", full, "the message itself\r\n")
	mail("q108375-encapsulated", with(envelope, "SUBJECT:Encapsulated", fmt.Sprintf("ATTACHMENT:MESSAGE.MMF %d", len(inner))), "", inner)
	mail("q132855-long-note", full, strings.Repeat("0123456789 12345\r\n", 1821))
	one := mailText("\r\n", envelope, "x")
	c.samples = append(c.samples,
		sample{"q104280-fifty-messages", strings.Repeat(one, 50), KindMail},
		sample{"q104280-over-a-hundred", strings.Repeat(one, 101), KindBad},
		sample{"q85055-cr-told-as-lf", in("\r", one) + "\n", KindMail},
		sample{"q87223-cc-before-to", mailText("\r\n", []string{"VERSION:3.00", "CC:CSI:N/P/C", "TO:CSI:N/P/A", "FROM:CSI:N/P/B"}, "x"), KindMail})
	return c
}

// numbered are lines made of a pattern.
func numbered(pattern string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(pattern, i)
	}
	return out
}

// codePages puts words in each code page, and NULs, into every place of a header where text may stand.
func codePages() class {
	c := class{dir: "code-pages", about: "Words in Mac Roman, 437, 850, 1252 and UTF-8, and NULs, in each place of a header: kept as bytes, noted where they harm."}
	words := []struct{ page, text string }{
		{"macroman", "M\x9Fnchen \xA5 \xE3"}, {"cp437", "M\x81nchen \xF9 \xE1"}, {"cp850", "M\x81nchen \xB8 \xE1"}, {"cp1252", "M\xFCnchen \x95 \x80"}, {"utf8", "München • €"}, {"nul", "M\x00nchen"},
	}
	places := []struct{ place, line string }{
		{"native-user", "TO:MSMAIL:%s@Server"}, {"native-server", "TO:MSMAIL:user@%s"}, {"sender-twice", "FROM:MSMAIL:%s@Server"},
		{"name", "ATTACHMENT:%s.doc 0"}, {"field", "X-NOTE:%s"}, {"path", `XATTACH:C:\%s.doc`}, {"ext", "EXT:S:0:%s"},
	}
	for _, p := range places {
		for _, w := range words {
			want := KindMail
			if p.place == "path" && w.page == "nul" {
				want = KindBad // a path that ends early is another path
			}
			c.samples = append(c.samples, sample{p.place + "-" + w.page, mailText("\r\n", with(envelope, fmt.Sprintf(p.line, w.text)), "text"), want})
		}
	}
	return c
}

// numbers has counts, dates, times and versions in the forms in which people and programs write them.
func numbers() class {
	c := class{dir: "numbers", about: "Counts, dates, times and versions in odd forms: a count that is none is bad, a date that is none is kept as written."}
	for _, s := range []struct {
		name, field string
		want        Kind
	}{
		{"count-leading-zeros", "TEXT:0004", KindMail}, {"count-blanks-around", "TEXT: 4 ", KindMail}, {"count-tab", "TEXT:\t4", KindMail},
		{"count-plus", "TEXT:+4", KindBad}, {"count-hex", "TEXT:0x4", KindBad}, {"count-fraction", "TEXT:4.0", KindBad}, {"count-comma", "TEXT:1,004", KindBad},
		{"count-unit", "TEXT:4 bytes", KindBad}, {"count-twice", "TEXT:4 4", KindBad},
	} {
		c.samples = append(c.samples, sample{s.name, lines("\r\n", with(envelope, s.field)...) + "text", s.want})
	}
	for name, field := range map[string]string{
		"date-month-13": "DATE:1994-13-45", "date-two-digits": "DATE:94-04-04", "date-american": "DATE:04/04/1994", "date-empty": "DATE:", "date-zero": "DATE:0000-00-00",
		"date-year-10000": "DATE:10000-01-01", "time-24": "TIME:24:00", "time-short": "TIME:9:5", "time-pm": "TIME:01:10 PM", "time-dots": "TIME:13.10", "time-empty": "TIME:",
		"time-zone": "TIME:13:10 +0200",
	} {
		c.samples = append(c.samples, sample{name, mailText("\r\n", with(envelope, field), "text"), KindMail})
	}
	for name, version := range map[string]string{"version-2": "VERSION:2.10", "version-whole": "VERSION:3", "version-blanks": "VERSION: 3.00 ", "version-long": "VERSION:3.00.1", "version-empty": "VERSION:"} {
		c.samples = append(c.samples, sample{name, mailText("\r\n", append([]string{version}, envelope[1:]...), "text"), KindMail})
	}
	return c
}

// offByOne has counts that are one too small or too large, in each part and each line end.
func offByOne() class {
	c := class{dir: "off-by-one", about: "Counts one too small and one too large: of the text, of the first and of the last attachment, in each line end."}
	for name, eol := range map[string]string{"cr": "\r", "lf": "\n", "crlf": "\r\n"} {
		for part, p := range []string{"text", "first", "last"} {
			for way, by := range map[string]int{"less": -1, "more": 1} {
				n := [3]int{4, 3, 2}
				n[part] += by
				data := lines(eol, with(envelope, fmt.Sprintf("ATTACHMENT:A %d", n[1]), fmt.Sprintf("ATTACHMENT:B %d", n[2]), fmt.Sprintf("TEXT:%d", n[0]))...) + "textaaabb"
				want := KindIncomplete
				if by < 0 {
					want = KindBad
				}
				c.samples = append(c.samples, sample{p + "-" + way + "-" + name, data, want})
			}
		}
	}
	return c
}

// mended has what editors leave behind when people repair a file and drop it again, as KB Q117581 tells them to.
func mended() class {
	m := mailText("\r\n", full, "text\r\n")
	return class{"mended", "Files that somebody repaired with an editor and dropped again (KB Q117581).", []sample{
		{"final-line-added", m + "\n", KindMail},
		{"final-line-lost", strings.TrimSuffix(m, "\r\n"), KindIncomplete},
		{"indented", strings.ReplaceAll(m, "\r\nSUBJECT", "\r\n  SUBJECT"), KindMail},
		{"blanks-behind", strings.ReplaceAll(m, "Lunch\r\n", "Lunch   \r\n"), KindMail},
		{"blank-lines-between", strings.ReplaceAll(m, "\r\nFROM", "\r\n\r\n\r\nFROM"), KindMail},
		{"comment", strings.ReplaceAll(m, "SUBJECT:", "#SUBJECT:"), KindMail},
		{"comment-without-colon", strings.ReplaceAll(m, "\r\nSUBJECT:", "\r\n# was longer\r\nSUBJECT:"), KindBad},
		{"address-in-next-line", strings.ReplaceAll(m, "TO:CSI:", "TO:\r\nCSI:"), KindMail},
		{"two-addresses-in-one-line", strings.ReplaceAll(m, "T60009HO", "T60009HO, CSI:NET1/PO1/ANN"), KindMail},
		{"subject-in-two-lines", strings.ReplaceAll(m, "Lunch", "Lunch\r\nat noon"), KindBad},
		{"equals-for-colon", strings.ReplaceAll(m, "PRIORITY:", "PRIORITY="), KindBad},
		{"utf8-mark-and-lf", byteOrderMark + in("\n", mailText("\r\n", full, "text\n")), KindMail},
		{"utf16", utf16LE(m), KindForeign},
		{"text-shortened", strings.TrimSuffix(m, "ext\r\n"), KindIncomplete},
		{"text-replaced", strings.TrimSuffix(m, "text\r\n") + "a longer text\r\n", KindBad},
		{"quoted-by-a-mailer", "> " + in("\r\n> ", m), KindForeign},
		{"from-a-mailbox", "From bob Mon Apr  4 13:10:00 1994\r\n" + m, KindBad},
	}}
}

// utf16LE is what an editor that knows nothing else makes of a file.
func utf16LE(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return string(b)
}

// limits has files beyond what a parser takes, one for each bound.
func limits() class {
	return class{"limits", "Files beyond each bound of a reader: told of, with whoever is to be told still readable.", []sample{
		{"fields", mailText("\r\n", with(envelope, numbered("X-%04d:", 1001)...), "x"), KindBad},
		{"value-of-ext", mailText("\r\n", with(envelope, "EXT:S:0:X", strings.Repeat("v", 65<<10)), "x"), KindBad},
		{"ext-count", mailText("\r\n", with(envelope, "EXT:S:70000:X", "v"), "x"), KindMail},
		{"name-of-token", mailText("\r\n", with(envelope, strings.Repeat("X", 65)+":1"), "x"), KindBad},
		{"longest-name-of-token", mailText("\r\n", with(envelope, strings.Repeat("X", 64)+":1"), "x"), KindMail},
		{"longest-line", mailText("\r\n", with(envelope, "SUBJECT:"+strings.Repeat("s", 1<<10)), "x"), KindMail},
	}}
}
