package mmff

import (
	"fmt"
	"strings"
)

func truncated() class {
	c := class{dir: "truncated", about: "A mail cut at some byte behind its first TO: always incomplete, never a handshake."}
	data := fileTransfer("\r\n", 152, 291)
	for _, n := range []int{16, 18, 24, 41, 42, 43, 60, 72, 73, 100, 150, 183, 184, 190, 191, 192, 193, 194, 300, 344, 345, 346, 634, 635} {
		c.samples = append(c.samples, sample{fmt.Sprintf("at-%03d", n), data[:n], KindIncomplete})
	}
	return c
}

func overrun() class {
	return class{"overrun", "Counts that promise more than the file has.", []sample{
		{"text", lines("\r\n", with(full, "TEXT:10")...) + "123456789", KindIncomplete},
		{"text-nothing", lines("\r\n", with(full, "TEXT:10")...), KindIncomplete},
		{"attachment", lines("\r\n", with(full, "ATTACHMENT:a 3", "TEXT:2")...) + "xxaa", KindIncomplete},
		{"second-attachment", lines("\r\n", with(full, "ATTACHMENT:a 3", "ATTACHMENT:b 3", "TEXT:2")...) + "xxaaab", KindIncomplete},
		{"all", lines("\r\n", with(full, "ATTACHMENT:a 3", "ATTACHMENT:b 3", "TEXT:2")...), KindIncomplete},
		{"huge", lines("\r\n", with(full, "TEXT:9223372036854775807")...) + "x", KindIncomplete},
		{"huge-attachments", lines("\r\n", with(full, "ATTACHMENT:a 9223372036854775807", "ATTACHMENT:b 9223372036854775807", "TEXT:1")...) + "x", KindIncomplete},
	}}
}

func misaligned() class {
	return class{"misaligned", "Counts that were made with another line end: reported as such, and no attachment is eaten.", []sample{
		{"lf-counted-crlf", fileTransfer("\n", 152, 291), KindIncomplete},
		{"cr-counted-crlf", fileTransfer("\r", 152, 291), KindIncomplete},
		{"crlf-counted-lf", fileTransfer("\r\n", 143, 275), KindBad},
		{"body-only-counted-crlf", fileTransfer("\n", 152, 275), KindIncomplete},
		{"body-only-counted-lf", fileTransfer("\r\n", 143, 291), KindBad},
		{"header-crlf-then-lf", lines("\r\n", "VERSION:3.00") + lines("\n", full[1:]...) + "TEXT:1\nx", KindBad},
		{"header-lf-then-crlf", lines("\n", "VERSION:3.00") + lines("\r\n", full[1:]...) + "TEXT:1\r\nx", KindMail},
		{"doubled-cr", in("\r\r\n", mailText("\r\n", full, "text\r\n")), KindBad},
	}}
}

func leftover() class {
	return class{"leftover", "Bytes behind the last count that are neither padding nor a next message.", []sample{
		{"one-byte", mailText("\r\n", full, "text") + "x", KindBad},
		{"after-padding", mailText("\r\n", full, "text") + "\r\n\r\nx", KindBad},
		{"undeclared-attachment", mailText("\r\n", full, "text\r\n") + "\x00\x01\x02PK", KindBad},
		{"text-zero-with-body", lines("\r\n", with(full, "TEXT:0")...) + "body", KindBad},
		{"header-again", mailText("\r\n", full, "text") + "TO:a/b/c\r\n", KindBad},
	}}
}

func damaged() class {
	return class{"bad-fields", "Counts that are no numbers and missing lines.", []sample{
		{"text-word", lines("\r\n", with(full, "TEXT:abc")...) + "abc", KindBad},
		{"text-empty", lines("\r\n", with(full, "TEXT:")...), KindBad},
		{"text-negative", lines("\r\n", with(full, "TEXT:-1")...), KindBad},
		{"text-too-many-digits", lines("\r\n", with(full, "TEXT:99999999999999999999")...), KindBad},
		{"attachment-no-count", mailText("\r\n", with(full, "ATTACHMENT:a.txt"), "text"), KindBad},
		{"attachment-word", mailText("\r\n", with(full, "ATTACHMENT:a.txt many"), "text"), KindBad},
		{"attachment-empty", mailText("\r\n", with(full, "ATTACHMENT:"), "text"), KindBad},
		{"no-to", mailText("\r\n", []string{"VERSION:3.00", "FROM:a/b/c"}, "text"), KindBad},
		{"no-from", mailText("\r\n", []string{"VERSION:3.00", "TO:a/b/c"}, "text"), KindBad},
		{"neither", mailText("\r\n", []string{"VERSION:3.00"}, "text"), KindBad},
		{"version-odd", mailText("\r\n", append([]string{"VERSION:three"}, full[1:]...), "text"), KindMail},
		{"line-too-long", mailText("\r\n", with(full, "SUBJECT:"+strings.Repeat("x", 65<<10)), "text"), KindBad},
	}}
}

func headless() class {
	m := mailText("\r\n", full, "text\r\n")
	return class{"headless", "A message without its VERSION line, or mail of another kind.", []sample{
		{"no-version", strings.TrimPrefix(m, "VERSION:3.00\r\n"), KindBad},
		{"version-late", mailText("\r\n", []string{full[1], full[0], full[2]}, "text"), KindBad},
		{"internet-mail", "From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\ntext\r\n", KindBad},
		{"garbage-before", "garbage " + m, KindBad},
	}}
}
