package legacypair

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/mmff"
)

// asMMFF is a message as the coordinator's reader gives it.
func asMMFF(m *mmff.Message) Message {
	out := Message{To: m.To, Cc: m.Cc, From: m.From, Date: m.Date, Time: m.Time, Subject: m.Subject, Priority: m.Priority, Body: string(m.Body)}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, Attachment{Name: a.Name, Content: a.Content})
	}
	return out
}

// TestReadersAgree: what this writer writes, both readers read alike; what the coordinator's writer writes, this reader
// takes, strict as it is.
func TestReadersAgree(t *testing.T) {
	for _, d := range []Direction{ToMac, ToPC} {
		for i, m := range Generate(7, 200, d) {
			text := format(m, Options{}.withDefaults(), program{}, 0)
			file, err := mmff.Parser{Strict: true, EOL: mmff.CRLF}.Parse(text)
			if err != nil || len(file.Messages) != 1 {
				t.Fatalf("message %d: %d messages, %v\n%q", i, len(file.Messages), err, cut(string(text), 500))
			}
			want(t, fmt.Sprintf("mmff, message %d", i), []Message{asMMFF(file.Messages[0])}, []Message{m})

			read := file.Messages[0]
			read.Subject += "." // so that it is written anew
			again, err := mmff.Marshal(read, mmff.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, bad := parse(again, Options{}.withDefaults())
			if bad != nil {
				t.Fatalf("message %d: %v", i, bad)
			}
			m.Subject += "."
			want(t, fmt.Sprintf("message %d", i), []Message{got}, []Message{m})
		}
	}
}

// TestHandshakesAgree: the coordinator recognises every shape, and these halves recognise what the coordinator writes.
func TestHandshakesAgree(t *testing.T) {
	for _, s := range []Shape{ShapeEmpty, ShapeVersion, ShapeHeader, ShapeMarker} {
		if _, ok := handshake.Recognise(handshakeText(s, "\r\n")); !ok {
			t.Errorf("the coordinator does not recognise %q", handshakeText(s, "\r\n"))
		}
		for _, eol := range []string{"\r\n", "\r", "\n"} {
			if !isHandshake(handshakeText(s, eol)) {
				t.Errorf("not recognised: %q", handshakeText(s, eol))
			}
		}
	}
	if !isHandshake(handshake.Default) {
		t.Errorf("the coordinator's is not recognised: %q", handshake.Default)
	}
	for _, mail := range []string{head + "TEXT:0\r\n", "VERSION:3.00\r\nTEXT:5\r\nhello", "VERSION:3.00\r\nTEXT:0\r\nhello", "hello",
		"VERSION:3.00\r\nTO:", "VERSION:3.00\r\n" + strings.Repeat("DATE:1\r\n", 100)} {
		if isHandshake([]byte(mail)) {
			t.Errorf("taken for a handshake: %q", mail)
		}
	}
}

// TestGenerate: the same seed gives the same mail, another one other mail, and every message fits both halves.
func TestGenerate(t *testing.T) {
	a, b := Generate(1, 100, ToMac), Generate(1, 100, ToMac)
	want(t, "the same seed", a, b)
	if cmp.Equal(subjects(a), subjects(Generate(2, 100, ToMac))) {
		t.Error("another seed gives the same subjects")
	}
	seen := map[string]bool{}
	attached, many := 0, 0
	for _, m := range append(a, Generate(1, 900, ToPC)...) {
		if len(m.Subject) > 40 || len(m.Body) > MaxBody || strings.TrimRight(m.Subject, " ") != m.Subject {
			t.Errorf("does not fit: %q, %d bytes", m.Subject, len(m.Body))
		}
		for _, line := range strings.Split(m.Body, "\r\n") {
			if len(line) > 78 {
				t.Errorf("a line of %d", len(line))
			}
		}
		seen[m.From+m.Subject] = true
		attached += min(1, len(m.Attachments))
		many += min(1, len(m.To)-1)
	}
	if len(seen) != 1000 || attached < 400 || attached > 600 || many < 100 {
		t.Errorf("%d different, %d with attachments, %d to several", len(seen), attached, many)
	}
}

// TestVariants: the settings that change what crosses the spool.
func TestVariants(t *testing.T) {
	m := Message{To: MacUsers[:1], Cc: MacUsers[1:2], From: PCUsers[0], Date: "1994-04-04", Time: "13:10",
		Subject: strings.Repeat("s", 50), Body: strings.Repeat("b", 100) + "\r\nshort\r\n"}
	asTo := m.clone()
	asTo.To, asTo.Cc = []string{m.To[0], m.Cc[0]}, nil
	wrapped := asTo.clone()
	wrapped.Subject = strings.Repeat("s", 40)
	wrapped.Body = strings.Repeat("b", 79) + "\r\n" + strings.Repeat("b", 21) + "\r\nshort\r\n"
	for _, tt := range []struct {
		name string
		o    Options
		want Message
	}{
		{"plain, CC becomes TO, KB Q87223", Options{}, asTo},
		{"extended, KB Q87223", Options{Extended: true}, m},
		{"wrapped, KB Q150285", Options{Wrap: true}, wrapped},
		{"lower case", Options{Lower: true}, asTo},
		{"claimed as 1.0b, KB Q148768", Options{OldClaim: true}, asTo},
		{"deleted directly, KB Q130066", Options{Direct: true}, asTo},
		{"one slot", Options{Slots: 1}, asTo},
		{"more slots than there are", Options{Slots: 1000}, asTo},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fs, path := spool(t)
			pc, mac := NewPCHalf(fs, tt.o), NewMacHalf(fs, tt.o)
			mac.Send(m)
			steps(1, mac, pc)
			want(t, "received", pc.Received(), []Message{tt.want})
			if left := files(t, path, toPC); len(left) != 0 {
				t.Errorf("MACTOPC holds %v", left)
			}
		})
	}
}

// TestOldClaimDiesClaiming: what 1.0b leaves is found again under its one name.
func TestOldClaimDiesClaiming(t *testing.T) {
	fs, path := spool(t)
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{OldClaim: true, Bugs: Bugs{DieAt: Claimed}})
	pc.Send(numbered(3)...)
	steps(1, pc, mac)
	if d := cmp.Diff([]string{"MMFF2.MSG", "MMFF3.MSG", "MSGATE.RDG"}, files(t, path, toMac)); d != "" {
		t.Error(d)
	}
	mac.Restart()
	mac.Step()
	if d := cmp.Diff([]string{"0", "1", "2"}, subjects(mac.Received())); d != "" {
		t.Error(d)
	}
}

// TestForeignFiles: files that are none of the gateway's business stay where they are, and a directory with the name of
// a message stops nothing (KB Q164858).
func TestForeignFiles(t *testing.T) {
	fs, path := spool(t)
	foreign := []string{".DS_Store", "MMFF0.MSG", "MMFF01.MSG", "MMFF100.MSG", "MMFF1.TXT", "XMMFF1.MSG", "MMFF1.MSG.BAK"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(path, toPC, name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(path, toPC, "MMFF3.MSG"), 0o777); err != nil {
		t.Fatal(err)
	}
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
	mac.Send(numbered(12)...)
	steps(3, mac, pc)
	if got := len(pc.Received()); got != 12 {
		t.Errorf("%d of 12 delivered", got)
	}
	if got := files(t, path, toPC); len(got) != len(foreign)+1 {
		t.Errorf("MACTOPC holds %v", got)
	}
}
