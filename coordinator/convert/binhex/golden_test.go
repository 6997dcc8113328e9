package binhex

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/golden"
)

// inputs are texts as they lie in old mail, whole and damaged. One more was written by binhex of Debian's macutils.
func inputs(t *testing.T) map[string][]byte {
	text := encode(t, sample())
	at := bytes.IndexByte(text, ':')
	swap := func(old, other string) []byte { return bytes.Replace(text, []byte(old), []byte(other), -1) }
	set := func(i int, c byte) []byte { b := bytes.Clone(text); b[i] = c; return b }
	runs := &macfile.File{Name: "runs", Data: []byte(strings.Repeat("\x00", 600) + strings.Repeat("\x90", 300)), Resource: []byte("\x90\x00\x90")}
	return map[string][]byte{
		"whole.hqx":             text,
		"line-ends-cr.hqx":      swap("\n", "\r"),
		"line-ends-crlf.hqx":    swap("\n", "\r\n"),
		"in-a-letter.hqx":       append(append([]byte("Dear Jane,\r\n\r\nhere it is.\r\n\r\n"), text...), "\r\nRegards\r\n"...),
		"other-first-line.hqx":  swap("with BinHex 4.0)", "by hand, sorry)"),
		"indented.hqx":          swap("\n", "\n  "),
		"blank-lines.hqx":       swap("\n", "\n\n"),
		"one-line.hqx":          append(bytes.Clone(text[:at]), bytes.ReplaceAll(text[at:], []byte("\n"), nil)...),
		"runs.hqx":              encode(t, runs),
		"empty-forks.hqx":       encode(t, &macfile.File{Name: "empty"}),
		"name-in-mac-roman.hqx": encode(t, &macfile.File{Name: "\x86ber caf\x8E", Data: []byte("d")}),
		"text-behind.hqx":       append(bytes.Clone(text), "and something else:\n"...),
		"bad-no-colon.hqx":      text[:at],
		"bad-cut.hqx":           text[:len(text)/2],
		"bad-character.hqx":     set(at+40, '~'),
		"bad-header.hqx":        set(at+6, text[at+6]^1),
		"bad-data.hqx":          set(at+80, 'a'),
		"bad-ends-early.hqx":    append(bytes.Clone(text[:at+50]), ':'),
		"bad-too-large.hqx":     encode(t, &macfile.File{Name: "large", Data: make([]byte, 5000)}),
		"none-quoted.hqx":       swap("\n", "\n> "),
		"none-talk.hqx":         []byte("It says (This file must be converted with BinHex 4.0)\n\n:x:"),
	}
}

// TestGolden has what each text is read as.
func TestGolden(t *testing.T) {
	golden.Inputs(t, "testdata", inputs(t))
	golden.Check(t, "testdata", 22, func(data []byte) string {
		f, err := Decode(data, 4096)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("name %q\ntype %q, creator %q, flags %04X\ndata of %d %q\nresource of %d %q\n",
			f.Name, f.Type[:], f.Creator[:], f.Flags, len(f.Data), f.Data[:min(len(f.Data), 100)], len(f.Resource), f.Resource[:min(len(f.Resource), 100)])
	})
}
