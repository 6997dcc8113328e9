package macbinary

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/golden"
)

// inputs are files of each version, whole and damaged, and what is none.
func inputs(t *testing.T) map[string][]byte {
	set := func(b []byte, at int, value ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], value)
		return b
	}
	named := func(name string) []byte { f := sample(); f.Name = name; return encode(t, f) }
	dataOnly, resourceOnly, empty := sample(), sample(), sample()
	dataOnly.Resource, dataOnly.Comment = nil, nil
	resourceOnly.Data, resourceOnly.Comment = nil, nil
	empty.Data, empty.Resource, empty.Comment = nil, nil, nil
	two := encode(t, sample())
	return map[string][]byte{
		"i-both-forks.bin":         first(t, sample()),
		"i-data-only.bin":          first(t, dataOnly),
		"i-resource-only.bin":      first(t, resourceOnly),
		"i-no-padding.bin":         first(t, sample())[:256+270],
		"ii-both-forks.bin":        two,
		"ii-empty.bin":             encode(t, empty),
		"ii-name-of-63.bin":        named(strings.Repeat("n", 63)),
		"ii-name-in-mac-roman.bin": named("\x86bersicht caf\x8E \xA5"),
		"ii-name-with-slash.bin":   named("1/2 of it"),
		"ii-comment-missing.bin":   two[:640],
		"ii-zeros-behind.bin":      append(bytes.Clone(two), make([]byte, 128)...),
		"ii-flags.bin":             encode(t, &macfile.File{Name: "flags", Flags: 0xFFFF}),
		"ii-dates-zero.bin":        encode(t, &macfile.File{Name: "dates", Data: []byte("d")}),
		"iii-second-header.bin":    third(t, sample()),
		"bad-checksum.bin":         set(two, 124, 1, 1),
		"bad-name-of-64.bin":       set(two, 1, 64),
		"bad-name-with-colon.bin":  set(two, 3, ':'),
		"bad-resource-cut.bin":     two[:300],
		"bad-header-only.bin":      two[:128],
		"bad-text-behind.bin":      append(bytes.Clone(two), "and so on"...),
		"bad-huge-fork.bin":        set(two, 83, 0x7F, 0xFF, 0xFF, 0xFF),
		"none-icon.bin":            append([]byte{0, 0, 1, 0, 1, 0, 16, 16}, make([]byte, 500)...),
		"none-zeros.bin":           make([]byte, 256),
		"none-text.bin":            []byte(strings.Repeat("a text of some length\r\n", 10)),
	}
}

// TestGolden has what each file is read as.
func TestGolden(t *testing.T) {
	golden.Inputs(t, "testdata", inputs(t))
	golden.Check(t, "testdata", 24, func(data []byte) string {
		f, err := Decode(data, time.UTC)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("name %q\ntype %q, creator %q, flags %04X\ncreated %v\nmodified %v\ndata %q\nresource %q\ncomment %q\n",
			f.Name, f.Type[:], f.Creator[:], f.Flags, f.Created, f.Modified, f.Data, f.Resource, f.Comment)
	})
}
