package binhex

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/bounds"
	"sidegate/internal/foreign"
)

func sample() *macfile.File {
	return &macfile.File{
		Name: "Read Me", Type: [4]byte{'T', 'E', 'X', 'T'}, Creator: [4]byte{'M', 'S', 'W', 'D'}, Flags: 0x0100,
		Data:     []byte("data \x90 fork\r" + strings.Repeat("\x90", 9) + strings.Repeat("x", 700)),
		Resource: []byte{0, 0, 0, 1, 1, 0x90, 0x90, 0x90, 2},
	}
}

func encode(t testing.TB, f *macfile.File) []byte {
	t.Helper()
	b, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(a, b *macfile.File) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Creator == b.Creator && a.Flags == b.Flags && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Resource, b.Resource)
}

func TestShape(t *testing.T) {
	lines := strings.Split(string(encode(t, sample())), "\n")
	if lines[0] != "(This file must be converted with BinHex 4.0)" || lines[1] != "" || !strings.HasPrefix(lines[2], ":") || !strings.HasSuffix(lines[len(lines)-2], ":") {
		t.Errorf("%q", lines)
	}
	for _, line := range lines[2:] {
		if len(line) > width {
			t.Errorf("a line has %d characters", len(line))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fork := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x90, 0x90, 'x'}), 0, 900)
		f := &macfile.File{Name: rapid.StringMatching(`[a-zA-Z ]{1,63}`).Draw(t, "name"), Flags: rapid.Uint16().Draw(t, "flags"), Data: fork.Draw(t, "data"), Resource: fork.Draw(t, "resource")}
		text, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, eol := range []string{"\n", "\r", "\r\n"} {
			got, err := Decode(bytes.ReplaceAll(text, []byte("\n"), []byte(eol)), 2000)
			if err != nil || !same(f, got) {
				t.Fatalf("%+v became %+v: %v", f, got, err)
			}
		}
	})
}

func TestDamage(t *testing.T) {
	text := encode(t, sample())
	at := bytes.IndexByte(text, ':')
	set := func(i int, c byte) []byte {
		b := bytes.Clone(text)
		b[i] = c
		return b
	}
	for _, c := range []struct {
		name string
		text []byte
		max  int64
		want error
	}{
		{"nothing", nil, 1000, ErrNot},
		{"a letter", []byte("Dear Jane,\n"), 1000, ErrNot},
		{"only talk of it", []byte("It says (This file must be converted with BinHex 4.0)\n\n:x:"), 1000, ErrNot},
		{"no colon", text[:at], 1000, ErrNot},
		{"first line only", []byte(begin), 1000, ErrNot},
		{"cut in the header", text[:at+20], 1000, ErrDamaged},
		{"cut in the data", text[:at+60], 1000, ErrDamaged},
		{"ends too early", append(bytes.Clone(text[:at+50]), ':'), 1000, ErrDamaged},
		{"bad character", set(at+40, '~'), 1000, ErrDamaged},
		{"bit of the header", set(at+6, text[at+6]^1), 1000, ErrDamaged},
		{"bit of the data", set(at+50, 'a'), 1000, ErrDamaged},
		{"empty name", set(at+1, '!'), 1000, ErrDamaged},
		{"too large", text, 100, ErrTooLarge},
	} {
		if f, err := Decode(c.text, c.max); !errors.Is(err, c.want) {
			t.Errorf("%s is read as %+v: %v", c.name, f, err)
		}
	}
	letter := append([]byte("Dear Jane,\r\nhere it is.\r\n\r\n"), text...)
	if f, err := Decode(append(letter, "\r\nRegards"...), 1000); err != nil || !same(f, sample()) {
		t.Errorf("with a letter around it: %v", err)
	}
	if _, err := Encode(&macfile.File{Name: "a:b"}); err == nil {
		t.Error("a name with a colon was written")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte(begin + " 4.0)\n:" + strings.Repeat("!", 50)))
	f.Add([]byte(begin + " 4.0)\n:" + strings.Repeat("C!'0", 500))) // markers that repeat nothing
	f.Fuzz(func(t *testing.T, text []byte) {
		const most = 4096
		var file *macfile.File
		var err error
		bounds.Allocation(t, len(text), func() { file, err = Decode(text, most) })
		if err != nil {
			return
		}
		if len(file.Data)+len(file.Resource) > most {
			t.Fatalf("%d bytes", len(file.Data)+len(file.Resource))
		}
		if strings.ContainsAny(file.Name, "\x00:") {
			return
		}
		again, err := Decode(encode(t, file), most)
		if err != nil || !same(file, again) {
			t.Fatalf("%+v became %+v: %v", file, again, err)
		}
	})
}

// Two programs that share no line with ours read what we write, and write what we read.
func TestOtherProgramsAgree(t *testing.T) {
	dir := t.TempDir()
	run := func(t *testing.T, program, pkg string, args ...string) []byte {
		t.Helper()
		foreign.Need(t, program, pkg)
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", program, err, complaint.String())
		}
		return out
	}
	check := func(t *testing.T, file string, want []byte) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s holds %q: %v", file, got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sample.hqx"), encode(t, sample()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("hexbin and binhex", func(t *testing.T) {
		run(t, "hexbin", "macutils", "-3", "sample.hqx")
		check(t, "Read_Me.data", sample().Data)
		check(t, "Read_Me.rsrc", sample().Resource)
		text := run(t, "binhex", "macutils", "Read_Me.info")
		if f, err := Decode(text, 1000); err != nil || !bytes.Equal(f.Data, sample().Data) || !bytes.Equal(f.Resource, sample().Resource) || f.Type != sample().Type {
			t.Errorf("what binhex wrote is read as %+v: %v", f, err)
		}
	})
	t.Run("unar", func(t *testing.T) {
		run(t, "unar", "unar", "-q", "-k", "skip", "sample.hqx")
		check(t, "Read Me", sample().Data)
	})
}
