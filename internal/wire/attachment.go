package wire

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	pb "sidegate/proto/sidegate/v1"
)

func checkAttachments(p *pb.Message) error {
	if len(p.Attachments) > MaxAttachments {
		return fieldError("attachments", "are %d, the most is %d", len(p.Attachments), MaxAttachments)
	}
	for i, a := range p.Attachments {
		field := fmt.Sprintf("attachments[%d]", i)
		if a == nil {
			return fieldError(field, "is missing")
		}
		if err := checkLine(field+".file_name", a.FileName, MaxFileName); err != nil {
			return err
		}
		if n := len(a.Sha256); n != 0 && n != 32 {
			return fieldError(field+".sha256", "has %d bytes instead of 32", n)
		}
		if err := checkMac(field+".mac", a.Mac); err != nil {
			return err
		}
	}
	return nil
}

func checkMac(field string, f *pb.MacFile) error {
	if f == nil {
		return nil
	}
	if n := len(f.Type); n != 0 && n != 4 {
		return fieldError(field+".type", "has %d bytes instead of 4", n)
	}
	if n := len(f.Creator); n != 0 && n != 4 {
		return fieldError(field+".creator", "has %d bytes instead of 4", n)
	}
	if f.FinderFlags > 0xFFFF {
		return fieldError(field+".finder_flags", "are %#x, which does not fit into 16 bits", f.FinderFlags)
	}
	if n := len(f.Comment); n > MaxFinderComment {
		return fieldError(field+".comment", "has %d bytes, the most is %d", n, MaxFinderComment)
	}
	if err := checkTime(field+".create_time", f.CreateTime); err != nil {
		return err
	}
	return checkTime(field+".modify_time", f.ModifyTime)
}

func checkOriginal(p *pb.Message) error {
	o := p.Original
	if o == nil {
		return nil
	}
	if o.Format == "" {
		return fieldError("original.format", "is empty")
	}
	if err := checkLine("original.format", o.Format, maxFormat); err != nil {
		return err
	}
	if n := len(o.Sha256); n != 32 {
		return fieldError("original.sha256", "has %d bytes instead of 32", n)
	}
	if n := len(o.MessageDigest); n != 32 {
		return fieldError("original.message_digest", "has %d bytes instead of 32", n)
	}
	return nil
}

// checkLine checks one line of text: length, UTF-8, no control characters.
func checkLine(field, text string, max int) error {
	return check(field, text, max, func(rune) bool { return false })
}

// CheckText checks text of several lines from outside: at most max bytes of UTF-8, and no control characters but
// line ends and tabs.
func CheckText(field, text string, max int) error {
	return check(field, text, max, func(r rune) bool { return r == '\n' || r == '\t' })
}

// CheckLine checks one line of text from outside: at most max bytes of UTF-8 and no control characters.
func CheckLine(field, text string, max int) error { return checkLine(field, text, max) }

func check(field, text string, max int, allowed func(rune) bool) error {
	if len(text) > max {
		return fieldError(field, "has %d bytes, the most is %d", len(text), max)
	}
	if !utf8.ValidString(text) {
		return fieldError(field, "is not valid UTF-8")
	}
	for _, r := range text {
		if ' ' <= r && r <= '~' {
			continue
		}
		if (unicode.IsControl(r) || r == '\u2028' || r == '\u2029') && !allowed(r) {
			return fieldError(field, "holds the control character %U", r)
		}
	}
	return nil
}
