package mappings

import (
	"bytes"
	"unicode/utf8"

	"sidegate/coordinator/convert/charset"
)

// Converted is what became of a file.
type Converted struct {
	Data []byte
	// Loss is what the other code page could not hold.
	Loss charset.Loss
	// Protected says that the table calls the file text and its content does not look like it, so it was left alone.
	Protected bool
}

// ToMac converts the content of a PC file for the Macintosh: code page and line ends (CR LF becomes CR).
func (m Mapping) ToMac(data []byte) Converted {
	return m.convert(data, m.table(), charset.MacRoman, "\r")
}

// ToPC converts the content of a Macintosh file for the PC. Lines that end in CR LF already are not doubled.
func (m Mapping) ToPC(data []byte) Converted {
	return m.convert(data, charset.MacRoman, m.table(), "\r\n")
}

// table is the code page on the PC.
func (m Mapping) table() *charset.Table {
	if m.Kind == ANSI {
		return charset.Windows1252
	}
	return charset.CP850
}

func (m Mapping) convert(data []byte, from, to *charset.Table, eol string) Converted {
	if m.Kind == Binary {
		return Converted{Data: data}
	}
	if IsBinary(data) {
		return Converted{Data: data, Protected: true}
	}
	lines := bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte{'\n'}), []byte{'\r'}, []byte{'\n'})
	c := Converted{Data: lines}
	// What reads as UTF-8 was written by a newer program. It stays UTF-8: neither table is right for it.
	if !utf8.Valid(lines) || isASCII(lines) {
		c.Data, c.Loss = to.AppendEncode(make([]byte, 0, len(lines)), from.AppendDecode(nil, lines))
	}
	c.Data = bytes.ReplaceAll(c.Data, []byte{'\n'}, []byte(eol))
	return c
}

func isASCII(data []byte) bool {
	for _, c := range data {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// IsBinary reports whether data holds what text does not: a control character other than those of printers and terminals, or
// ^Z before the end. A table that called Lotus worksheets text destroyed them (KB Q76092).
func IsBinary(data []byte) bool {
	for i, c := range data {
		switch {
		case c >= ' ' && c != 0x7F:
		case c == 0x1A:
			if len(bytes.Trim(data[i:], "\x1A\x00")) > 0 {
				return true
			}
			return false // DOS ends a text so, and fills the block
		case c < 7 || c > '\r' && c != 0x1B:
			return true
		}
	}
	return false
}
