package tnef

import (
	"fmt"
	"strings"
	"testing"

	"sidegate/internal/golden"
)

// inputs are WINMAIL.DAT as Windows clients enclosed it (KB Q126648), whole and damaged.
func inputs() map[string][]byte {
	version, class := attr(1, 8, 0x9006, "\x00\x00\x01\x00"), attr(1, 7, 0x8008, "IPM.Microsoft Mail.Note\x00")
	one := file("A.TXT", "one")
	files := map[string]string{
		"nothing-inside":      begin + version,
		"message-only":        begin + version + class + attr(1, 1, 0x8004, "Subject\x00"),
		"one-file":            begin + version + one,
		"two-files":           begin + version + one + file("B.DOC", "two\x00\x01"),
		"same-name-twice":     begin + one + file("A.TXT", "other"),
		"long-name":           begin + file("BUECHE~1.DOC", "two", names("Bücher und mehr.doc")),
		"long-name-before":    begin + attr(2, 6, beginFile, strings.Repeat("\x00", 14)) + names("Zuerst.doc") + attr(2, 1, fileTitle, "ZUERST.DOC\x00") + attr(2, 6, fileData, "d"),
		"japanese-name":       begin + file("__.TXT", "x", names("日本.txt")),
		"no-name":             begin + attr(2, 6, beginFile, strings.Repeat("\x00", 14)) + attr(2, 6, fileData, "data"),
		"empty-file":          begin + file("EMPTY.TXT", ""),
		"padded":              begin + one + "\x00\x00\x00",
		"properties-cut":      begin + file("A.TXT", "one", attr(2, 6, fileProperties, "\x05\x00\x00\x00\x1F\x00")),
		"properties-lie":      begin + file("A.TXT", "one", attr(2, 6, fileProperties, "\xFF\xFF\xFF\xFF\x1F\x00\x07\x37\xFF\xFF\xFF\xFF")),
		"bad-signature":       "\x79" + begin[1:] + one,
		"bad-checksum":        (begin + one)[:len(begin+one)-1] + "x",
		"bad-cut":             (begin + one)[:len(begin+one)-3],
		"bad-level":           begin + attr(3, 6, beginFile, ""),
		"bad-data-of-no-file": begin + attr(2, 6, fileData, "x"),
		"bad-text-behind":     begin + one + "text",
		"bad-length":          begin + "\x01\x06\x90\x08\x00\xFF\xFF\xFF\xFF\x00\x00",
	}
	out := map[string][]byte{}
	for name, data := range files {
		out[name+".dat"] = []byte(data)
	}
	return out
}

// TestGolden has what each file is read as.
func TestGolden(t *testing.T) {
	golden.Inputs(t, "testdata", inputs())
	golden.Check(t, "testdata", 20, func(data []byte) string {
		files, err := Decode(data)
		if err != nil {
			return err.Error() + "\n"
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d files\n", len(files))
		for _, f := range files {
			fmt.Fprintf(&b, "name %q, long %v, data %q\n", f.Name, f.Long, f.Data)
		}
		return b.String()
	})
}
