package appledouble

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert/macbinary"
	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/bounds"
	"sidegate/internal/foreign"
)

type entry struct {
	id      uint32
	content string
}

// build puts a file together.
func build(magic, version uint32, entries ...entry) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	b = binary.BigEndian.AppendUint32(b, version)
	b = append(b, make([]byte, 16)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(entries)))
	at := len(b) + entrySize*len(entries)
	for _, e := range entries {
		b = binary.BigEndian.AppendUint32(b, e.id)
		b = binary.BigEndian.AppendUint32(b, uint32(at))
		b = binary.BigEndian.AppendUint32(b, uint32(len(e.content)))
		at += len(e.content)
	}
	for _, e := range entries {
		b = append(b, e.content...)
	}
	return b
}

var finder = entry{entryFinder, "TEXTMSWD\x21\x01" + string(make([]byte, 22))}

func TestDecode(t *testing.T) {
	want := &macfile.File{
		Name: "Read Me", Type: [4]byte{'T', 'E', 'X', 'T'}, Creator: [4]byte{'M', 'S', 'W', 'D'}, Flags: 0x2101,
		Created: time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC), Data: []byte("data"), Resource: []byte("resource"), Comment: []byte("comment"),
	}
	dates := entry{entryDates, "\x00\x00\x00\x01\x80\x00\x00\x00\x80\x00\x00\x00\x80\x00\x00\x00"}
	all := []entry{{entryName, "Read Me"}, finder, dates, {entryComment, "comment"}, {entryResource, "resource"}, {5, "icon"}}
	text := cmp.Transformer("text", func(b []byte) string { return string(b) })
	f, double, err := Decode(build(magicSingle, version2, append(all, entry{entryData, "data"})...), time.UTC)
	if diff := cmp.Diff(want, f, text); diff != "" || double || err != nil {
		t.Errorf("AppleSingle: %v, %v, %s", double, err, diff)
	}
	want.Data = nil
	f, double, err = Decode(build(magicDouble, version2, all...), time.UTC)
	if diff := cmp.Diff(want, f, text); diff != "" || !double || err != nil {
		t.Errorf("AppleDouble: %v, %v, %s", double, err, diff)
	}
	f, _, err = Decode(build(magicSingle, version1, finder, entry{entryInfo, "\x00\x00\x00\x00\xA9\xC5\xC2\x28"}), time.UTC)
	if err != nil || !f.Created.IsZero() || f.Modified.Year() != 1994 {
		t.Errorf("version 1: %+v, %v", f, err)
	}
}

func TestWhatIsNeither(t *testing.T) {
	good := build(magicSingle, version2, finder, entry{entryResource, "resource"})
	set := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"header only":         good[:headerSize],
		"cut in the entries":  good[:headerSize+20],
		"cut in an entry":     good[:len(good)-1],
		"magic":               set(3, 1),
		"version":             set(5, 3),
		"no entries":          set(25, 0),
		"too many entries":    set(24, 1),
		"offset out of range": set(headerSize+4, 0xFF),
		"length out of range": set(headerSize+8, 0xFF),
		"same entry twice":    build(magicSingle, version2, finder, finder),
		"data in AppleDouble": build(magicDouble, version2, finder, entry{entryData, "data"}),
		"short Finder info":   build(magicSingle, version2, entry{entryFinder, "TEXT"}),
		"long name":           build(magicSingle, version2, entry{entryName, string(make([]byte, 256))}),
	} {
		if f, _, err := Decode(data, time.UTC); err != ErrNot {
			t.Errorf("%s is read as %+v", name, f)
		}
	}
	if _, _, err := Decode(good, time.UTC); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(build(magicSingle, version2, finder, entry{entryResource, "resource"}, entry{entryData, "data"}))
	f.Add(build(magicDouble, version1, finder, entry{entryInfo, "12345678"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var file *macfile.File
		var err error
		bounds.Allocation(t, len(data), func() { file, _, err = Decode(data, time.UTC) })
		if err == nil && (len(file.Data) > len(data) || len(file.Resource) > len(data) || len(file.Name) > maxName) {
			t.Fatalf("%d bytes became %d and %d", len(data), len(file.Data), len(file.Resource))
		}
	})
}

// unar writes AppleDouble files of its own.
func TestOtherProgramsAgree(t *testing.T) {
	foreign.Need(t, "unar", "unar")
	want := &macfile.File{Name: "Sample", Type: [4]byte{'A', 'B', 'C', 'D'}, Creator: [4]byte{'E', 'F', 'G', 'H'}, Data: []byte("d"), Resource: []byte("resource fork")}
	packed, err := macbinary.Encode(want, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sample.bin"), packed, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unar", "-q", "-k", "visible", "-o", dir, filepath.Join(dir, "sample.bin")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "Sample.rsrc"))
	if err != nil {
		t.Fatal(err)
	}
	f, double, err := Decode(data, time.UTC)
	if err != nil || !double || f.Type != want.Type || f.Creator != want.Creator || !bytes.Equal(f.Resource, want.Resource) {
		t.Errorf("what unar wrote is read as %+v, %v, %v", f, double, err)
	}
}
