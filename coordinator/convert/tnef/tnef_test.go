package tnef

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/bounds"
	"sidegate/internal/foreign"
)

func attr(level byte, kind, id uint16, content string) string {
	b := []byte{level}
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	b = append(b, content...)
	var sum uint16
	for _, c := range []byte(content) {
		sum += uint16(c)
	}
	return string(binary.LittleEndian.AppendUint16(b, sum))
}

const begin = "\x78\x9F\x3E\x22\x01\x00"

func file(title, data string, more ...string) string {
	return attr(2, 6, beginFile, strings.Repeat("\x00", 14)) + attr(2, 1, fileTitle, title+"\x00") + attr(2, 6, fileData, data) + strings.Join(more, "")
}

// names are properties with a long name among others.
func names(name string) string {
	var utf []byte
	for _, u := range utf16.Encode([]rune(name + "\x00")) {
		utf = binary.LittleEndian.AppendUint16(utf, u)
	}
	n := func(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }
	pad := strings.Repeat("\x00", (4-len(utf)%4)%4)
	return attr(2, 6, fileProperties, n(4)+
		n(0x3705_0003)+n(1)+
		n(0x8001_0003)+strings.Repeat("g", 16)+n(0)+n(7)+n(1)+
		n(0x3703_001E)+n(1)+n(5)+".doc\x00"+"\x00\x00\x00"+
		n(idLongName<<16|typeUnicode)+n(1)+n(uint32(len(utf)))+string(utf)+pad)
}

func TestDecode(t *testing.T) {
	data := begin + attr(1, 8, 0x9006, "\x00\x00\x01\x00") + file("A.TXT", "one") + file("B~1.DOC", "two", names("Bücher und mehr.doc")) + "\x00\x00"
	files, err := Decode([]byte(data))
	want := []Attachment{{Name: "A.TXT", Data: []byte("one")}, {Name: "Bücher und mehr.doc", Long: true, Data: []byte("two")}}
	if diff := cmp.Diff(want, files); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if files, err := Decode([]byte(begin)); err != nil || len(files) != 0 {
		t.Errorf("an empty file: %v, %v", files, err)
	}
}

func TestDamage(t *testing.T) {
	good := begin + file("A.TXT", "one")
	for name, data := range map[string]string{
		"nothing":          "",
		"signature":        "y" + good[1:],
		"cut":              good[:len(good)-1],
		"checksum":         good[:len(good)-1] + "x",
		"level":            begin + attr(3, 6, beginFile, ""),
		"data of no file":  begin + attr(2, 6, fileData, "x"),
		"length":           begin + "\x01\x06\x90\x08\x00\xFF\xFF\xFF\xFF\x00\x00",
		"text behind":      good + "text",
		"too many files":   begin + strings.Repeat(attr(2, 6, beginFile, ""), maxFiles+1),
		"something else":   "PK\x03\x04......",
		"only a signature": begin[:4],
	} {
		if files, err := Decode([]byte(data)); err != ErrNot {
			t.Errorf("%s is read as %v", name, files)
		}
	}
	for _, broken := range []string{names("x")[:30], attr(2, 6, fileProperties, "\xFF\xFF\xFF\xFF\x1F\x00\x07\x37\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")} {
		files, err := Decode([]byte(good + attr(2, 6, fileProperties, broken)))
		if err != nil || files[0].Name != "A.TXT" {
			t.Errorf("properties %q: %v, %v", broken, files, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(begin + file("A.TXT", "one", names("long"))))
	f.Add([]byte(begin + attr(1, 7, messageClass, "IPM.Note\x00")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if class := Class(data); len(class) > maxClass || len(class) > len(data) {
			t.Fatalf("a class of %d bytes in %d", len(class), len(data))
		}
		var files []Attachment
		var err error
		bounds.Allocation(t, len(data), func() { files, err = Decode(data) })
		if err == nil && len(files)*11 > len(data) {
			t.Fatalf("%d files in %d bytes", len(files), len(data))
		}
	})
}

func TestOtherProgramsAgree(t *testing.T) {
	foreign.Need(t, "tnef", "tnef")
	dir := t.TempDir()
	data := []byte(begin + attr(1, 8, 0x9006, "\x00\x00\x01\x00") + file("A.TXT", "one") + file("B.TXT", "two\x00"))
	if err := os.WriteFile(filepath.Join(dir, "winmail.dat"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tnef", "-C", dir, "-f", filepath.Join(dir, "winmail.dat")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := Decode(data)
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if theirs, err := os.ReadFile(filepath.Join(dir, f.Name)); err != nil || !bytes.Equal(theirs, f.Data) {
			t.Errorf("%s: they read %q, we %q: %v", f.Name, theirs, f.Data, err)
		}
	}
}
