package convert

import (
	"bytes"
	"io"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
)

// chunk is how much text is converted at a time.
const chunk = 32 << 10

// readText writes text of a file as UTF-8 with \n line ends. CR LF, CR and LF end a line each, once: a text that was
// converted on one side only would otherwise get doubled or lost lines (KB Q119051).
func readText(w io.Writer, text []byte, table *charset.Table) error {
	var lines, decoded []byte
	afterCR := false
	for len(text) > 0 {
		piece := text[:min(len(text), chunk)]
		text = text[len(piece):]
		lines = lines[:0]
		for _, c := range piece {
			switch {
			case c == '\r':
				lines = append(lines, '\n')
			case c != '\n' || !afterCR:
				lines = append(lines, c)
			}
			afterCR = c == '\r'
		}
		decoded = table.AppendDecode(decoded[:0], lines)
		if _, err := w.Write(decoded); err != nil {
			return err
		}
	}
	return nil
}

// writeText turns UTF-8 with \n line ends into text of a file. Bare CR and CR LF, which a client may have left in, end
// lines like the others.
func writeText(text []byte, table *charset.Table, eol mmff.EOL) ([]byte, charset.Loss) {
	b, loss := table.AppendEncode(make([]byte, 0, len(text)+len(text)/16), normalLines(text))
	if eol != mmff.LF {
		b = bytes.ReplaceAll(b, []byte{'\n'}, []byte(eol.Sequence()))
	}
	return b, loss
}

// normalLines makes every line end a \n.
func normalLines(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte{'\n'}), []byte{'\r'}, []byte{'\n'})
}
