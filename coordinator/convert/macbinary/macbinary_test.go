package macbinary

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/bounds"
	"sidegate/internal/foreign"
)

func sample() *macfile.File {
	return &macfile.File{
		Name: "Read Me", Type: [4]byte{'T', 'E', 'X', 'T'}, Creator: [4]byte{'M', 'S', 'W', 'D'}, Flags: 0x2101,
		Created: time.Date(1994, 4, 4, 13, 10, 0, 0, time.UTC), Modified: time.Date(2039, 12, 31, 23, 59, 59, 0, time.UTC),
		Data: []byte("data fork\r"), Resource: bytes.Repeat([]byte("resource "), 30), Comment: []byte("a comment"),
	}
}

func encode(t testing.TB, f *macfile.File) []byte {
	t.Helper()
	b, err := Encode(f, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// first is f as MacBinary I.
func first(t testing.TB, f *macfile.File) []byte {
	g := *f
	g.Comment = nil
	b := encode(t, &g)
	for i := 99; i < block; i++ {
		b[i] = 0
	}
	return b
}

// third is f as MacBinary III, with a second header.
func third(t testing.TB, f *macfile.File) []byte {
	b := encode(t, f)
	copy(b[102:], "mBIN")
	b[122] = 130
	binary.BigEndian.PutUint16(b[120:], 5)
	binary.BigEndian.PutUint16(b[124:], macfile.CRC(0, b[:124]))
	return append(b[:block:block], append(make([]byte, block), b[block:]...)...)
}

func TestHeader(t *testing.T) {
	b := encode(t, sample())
	for _, c := range []struct {
		at   int
		want string
	}{
		{0, "\x00\x07Read Me\x00"}, {65, "TEXTMSWD\x21\x00"}, {83, "\x00\x00\x00\x0A\x00\x00\x01\x0E"}, {99, "\x00\x09\x01"}, {122, "\x81\x81"},
		{128, "data fork\r\x00"}, {256, "resource "}, {640, "a comment\x00"},
	} {
		if got := string(b[c.at : c.at+len(c.want)]); got != c.want {
			t.Errorf("byte %d: %q, want %q", c.at, got, c.want)
		}
	}
	if len(b) != 768 || macfile.CRC(0, b[:124]) != binary.BigEndian.Uint16(b[124:]) {
		t.Errorf("%d bytes, checksum %X", len(b), b[124:126])
	}
	// The check value of CRC-16/XMODEM.
	if crc := macfile.CRC(0, []byte("123456789")); crc != 0x31C3 {
		t.Errorf("the checksum of 123456789 is %X, want 31C3", crc)
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		name   string
		encode func(testing.TB, *macfile.File) []byte
		change func(*macfile.File)
	}{
		{"I", first, func(f *macfile.File) { f.Flags &= 0xFF00; f.Comment = nil }},
		{"II", encode, func(*macfile.File) {}},
		{"III", third, func(*macfile.File) {}},
	} {
		want := sample()
		c.change(want)
		got, err := Decode(c.encode(t, sample()), time.UTC)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Data that only begins like MacBinary must stay what it is.
func TestWhatIsNoMacBinary(t *testing.T) {
	change := func(version func(testing.TB, *macfile.File) []byte, f func(b []byte) []byte) []byte {
		return f(bytes.Clone(version(t, sample())))
	}
	set := func(at int, value ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], value); return b }
	}
	for name, data := range map[string][]byte{
		"nothing":                           nil,
		"zeros":                             make([]byte, 1024),
		"short":                             encode(t, sample())[:127],
		"II: header only":                   encode(t, sample())[:128],
		"II: checksum wrong":                change(encode, set(124, 1, 1)),
		"II: name of 64":                    change(encode, set(1, 64)),
		"II: colon in the name":             change(encode, set(3, ':')),
		"II: resource fork cut":             encode(t, sample())[:300],
		"II: something behind":              append(encode(t, sample()), "tail"...),
		"II: many zeros behind":             append(encode(t, sample()), make([]byte, 5000)...),
		"I: control character in the name":  change(first, set(3, 7)),
		"I: control character in the type":  change(first, set(66, 0)),
		"I: no forks":                       change(first, set(83, 0, 0, 0, 0, 0, 0, 0, 0)),
		"I: fork too long":                  change(first, set(83, 0x00, 0x80, 0, 0)),
		"I: one byte too many":              append(first(t, sample()), 0),
		"I: one byte too few":               first(t, sample())[:128+128+269],
		"I: something in the reserved part": change(first, set(110, 1)),
		"an icon":                           append([]byte{0, 0, 1, 0, 1, 0, 16, 16}, make([]byte, 500)...),
		"an AppleDouble file":               append([]byte{0, 5, 0x16, 7, 0, 2, 0, 0}, make([]byte, 500)...),
	} {
		if f, err := Decode(data, time.UTC); err != ErrNot {
			t.Errorf("%s is read as %q: %v", name, f.Name, err)
		}
	}
}

func TestPaddingMayBeMissing(t *testing.T) {
	for name, data := range map[string][]byte{
		"II without the last padding":     encode(t, sample())[:640+9],
		"II without the comment":          encode(t, sample())[:640],
		"II with zeros behind":            append(encode(t, sample()), make([]byte, 128)...),
		"I without the last padding":      first(t, sample())[:256+270],
		"I, data fork only, no padding":   first(t, &macfile.File{Name: "x", Type: [4]byte{'A', 'A', 'A', 'A'}, Creator: [4]byte{'B', 'B', 'B', 'B'}, Data: []byte("d")})[:129],
		"II, both forks empty, no blocks": encode(t, &macfile.File{Name: "x"}),
	} {
		if _, err := Decode(data, time.UTC); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDates(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	at := time.Date(1994, 4, 4, 13, 10, 0, 0, zone)
	if s := macfile.Seconds(at, zone); !macfile.Time(s, zone).Equal(at) || macfile.Time(s, time.UTC).Equal(at) {
		t.Errorf("%v becomes %d and %v", at, s, macfile.Time(s, zone))
	}
	for _, out := range []time.Time{{}, time.Date(1903, 1, 1, 0, 0, 0, 0, zone), time.Date(2040, 3, 1, 0, 0, 0, 0, zone)} {
		if s := macfile.Seconds(out, zone); s != 0 || !macfile.Time(s, zone).IsZero() {
			t.Errorf("%v becomes %d", out, s)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, f := range []macfile.File{{}, {Name: strings.Repeat("x", 64)}, {Name: "a:b"}, {Name: "a\x00b"}, {Name: "x", Comment: make([]byte, 1<<16)}} {
		if _, err := Encode(&f, time.UTC); err == nil {
			t.Errorf("%d bytes of name and %d of comment were written", len(f.Name), len(f.Comment))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fork := rapid.SliceOfN(rapid.Byte(), 0, 600)
		f := &macfile.File{
			Name: rapid.StringMatching(`[^:\x00]{1,15}`).Draw(t, "name"), Type: [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "type")),
			Flags: rapid.Uint16().Draw(t, "flags"), Data: fork.Draw(t, "data"), Resource: fork.Draw(t, "resource"), Comment: fork.Draw(t, "comment"),
		}
		b, err := Encode(f, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != f.Name || got.Type != f.Type || got.Flags != f.Flags || !bytes.Equal(got.Data, f.Data) || !bytes.Equal(got.Resource, f.Resource) || !bytes.Equal(got.Comment, f.Comment) {
			t.Fatalf("%+v became %+v", f, got)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(first(f, sample()))
	f.Add(third(f, sample()))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got *macfile.File
		var err error
		bounds.Allocation(t, len(data), func() { got, err = Decode(data, time.UTC) })
		if err != nil {
			return
		}
		if len(got.Data)+len(got.Resource)+len(got.Comment)+block > len(data) {
			t.Fatal("more was read than there is")
		}
		again, err := Decode(encode(t, got), time.UTC)
		if err != nil || !bytes.Equal(again.Data, got.Data) || !bytes.Equal(again.Resource, got.Resource) || again.Name != got.Name {
			t.Fatalf("%q does not come back: %v", got.Name, err)
		}
	})
}

// Two programs that share no line with ours must read what we write.
func TestOtherProgramsAgree(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sample.bin")
	if err := os.WriteFile(file, encode(t, sample()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("macsave", func(t *testing.T) {
		foreign.Need(t, "macsave", "macutils")
		dir := t.TempDir()
		cmd := exec.Command("macsave", "-f")
		cmd.Dir = dir
		silent := sample() // macsave takes a comment for the next file
		silent.Comment = nil
		cmd.Stdin = bytes.NewReader(encode(t, silent))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		compare(t, filepath.Join(dir, "Read_Me.data"), sample().Data)
		compare(t, filepath.Join(dir, "Read_Me.rsrc"), sample().Resource)
		info, err := os.ReadFile(filepath.Join(dir, "Read_Me.info"))
		if err != nil || string(info[65:73]) != "TEXTMSWD" {
			t.Errorf("info is %q: %v", info, err)
		}
		cmd = exec.Command("macstream", "Read_Me.info")
		cmd.Dir = dir
		// It changes a flag and leaves the checksum as it was, so it gets a header without one.
		if err := os.WriteFile(filepath.Join(dir, "Read_Me.info"), first(t, silent)[:block], 0o600); err != nil {
			t.Fatal(err)
		}
		stream, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		f, err := Decode(stream, time.UTC)
		if err != nil || !bytes.Equal(f.Data, sample().Data) || !bytes.Equal(f.Resource, sample().Resource) || f.Type != sample().Type {
			t.Errorf("what macstream wrote is read as %+v: %v", f, err)
		}
	})
	t.Run("unar", func(t *testing.T) {
		foreign.Need(t, "unar", "unar")
		dir := t.TempDir()
		if out, err := exec.Command("unar", "-q", "-k", "visible", "-o", dir, file).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		compare(t, filepath.Join(dir, "Read Me"), sample().Data)
		double, err := os.ReadFile(filepath.Join(dir, "Read Me.rsrc"))
		if err != nil || !bytes.Contains(double, sample().Resource) || !bytes.Contains(double, []byte("TEXTMSWD")) {
			t.Errorf("resource fork: %v", err)
		}
	})
}

func compare(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil {
		names, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
		t.Fatalf("%v; there are %q", err, names)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", filepath.Base(file), got, want)
	}
}
