package appledouble

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidegate/internal/golden"
)

// inputs are files of both kinds and versions, whole and damaged. One more was written by unar.
func inputs() map[string][]byte {
	name, dates := entry{entryName, "Caf\xC3\xA9.txt"}, entry{entryDates, "\x00\x00\x00\x01\xFF\xFF\xFF\xFF\x80\x00\x00\x00\x80\x00\x00\x00"}
	resource, data, comment := entry{entryResource, "resource"}, entry{entryData, "data"}, entry{entryComment, strings.Repeat("c", 300)}
	whole := build(magicSingle, version2, name, finder, dates, resource, data)
	set := func(at int, value ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], value)
		return b
	}
	return map[string][]byte{
		"single-2.bin":              whole,
		"single-1-info.bin":         build(magicSingle, version1, finder, entry{entryInfo, "\xA9\xC5\xC2\x28\xA9\xC5\xC2\x29"}, data),
		"single-data-only.bin":      build(magicSingle, version2, data),
		"single-long-comment.bin":   build(magicSingle, version2, finder, comment),
		"single-unknown.bin":        build(magicSingle, version2, entry{5, "icon"}, entry{0xFFFF, "?"}, data),
		"single-empty-forks.bin":    build(magicSingle, version2, finder, entry{entryResource, ""}, entry{entryData, ""}),
		"double-2.bin":              build(magicDouble, version2, name, finder, dates, resource),
		"double-without-finder.bin": build(magicDouble, version2, resource),
		"double-dates-unknown.bin":  build(magicDouble, version2, finder, entry{entryDates, "\x80\x00\x00\x00\x80\x00\x00\x00"}),
		"double-short-dates.bin":    build(magicDouble, version2, finder, entry{entryDates, "\x00\x00"}),
		"bad-double-with-data.bin":  build(magicDouble, version2, finder, data),
		"bad-twice.bin":             build(magicSingle, version2, resource, resource),
		"bad-short-finder.bin":      build(magicSingle, version2, entry{entryFinder, "TEXT"}),
		"bad-name-of-256.bin":       build(magicSingle, version2, entry{entryName, strings.Repeat("n", 256)}),
		"bad-version.bin":           set(5, 9),
		"bad-count.bin":             set(24, 0xFF, 0xFF),
		"bad-offset.bin":            set(headerSize+4, 0xFF, 0xFF, 0xFF, 0xFF),
		"bad-cut.bin":               whole[:len(whole)-1],
	}
}

// TestGolden has what each file is read as.
func TestGolden(t *testing.T) {
	golden.Inputs(t, "testdata", inputs())
	golden.Check(t, "testdata", 19, func(data []byte) string {
		f, double, err := Decode(data, time.UTC)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("double %v, name %q\ntype %q, creator %q, flags %04X\ncreated %v\nmodified %v\ndata %q\nresource %q\ncomment of %d bytes\n",
			double, f.Name, f.Type[:], f.Creator[:], f.Flags, f.Created, f.Modified, f.Data, f.Resource, len(f.Comment))
	})
}
