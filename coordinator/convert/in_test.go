package convert

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

func mustTable(t testing.TB, name string) *charset.Table {
	t.Helper()
	table, err := charset.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// parsed is a file with these header lines before TEXT and this text, in CR LF.
func parsed(lines []string, body string) []byte {
	head := strings.Join(append([]string{"VERSION:3.00"}, lines...), "\r\n")
	return []byte(head + "\r\nTEXT:" + strconv.Itoa(len(body)) + "\r\n" + body)
}

func TestPriorities(t *testing.T) {
	for _, c := range []struct {
		letter   string
		priority int
		receipt  bool
		class    mail.Class
		kept     string
		back     string
	}{
		{"", 3, false, mail.Note, "", "3"},
		{"1", 1, false, mail.Note, "", "1"},
		{"2", 2, false, mail.Note, "", "2"},
		{"3", 3, false, mail.Note, "", "3"},
		{"4", 4, false, mail.Note, "", "4"},
		{"5", 5, false, mail.Note, "", "5"},
		{"R", 3, true, mail.Note, "", "R"},
		{"r", 3, true, mail.Note, "", "R"},
		{"C", 3, false, mail.ReadReceipt, "", "C"},
		{"F", 3, false, mail.Note, "F", "F"},
		{"T", 3, false, mail.Note, "", "3"},
		{"U", 3, false, mail.Note, "", "3"},
		{"7", 3, false, mail.Note, "7", "7"},
		{"Z", 3, false, mail.Note, "Z", "Z"},
		{"urgent", 3, false, mail.Note, "urgent", "3"},
	} {
		in, content := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "PRIORITY:" + c.letter}, ""))
		m := in.Message
		kept := ""
		if len(m.Legacy) > 0 {
			kept = string(m.Legacy[0].Value)
		}
		if m.Priority != c.priority || m.ReadReceipt != c.receipt || m.Class != c.class || kept != c.kept {
			t.Errorf("%q: priority %d, receipt %v, class %d, kept %q", c.letter, m.Priority, m.ReadReceipt, m.Class, kept)
		}
		m.Original.Digest[0]++
		if f := write(t, converter(PC()), delivery(in, content)); !strings.Contains(string(f.Data), "\r\nPRIORITY:"+c.back+"\r\n") {
			t.Errorf("%q is written as %q, want %q", c.letter, f.Data, c.back)
		}
	}
}

func TestDates(t *testing.T) {
	at := func(y int, mo time.Month, d, h, mi, s int) time.Time { return time.Date(y, mo, d, h, mi, s, 0, zone) }
	for _, c := range []struct {
		date, clock string
		want        time.Time
		noted       bool
	}{
		{"1994-04-04", "13:10", at(1994, 4, 4, 13, 10, 0), false},
		{" 1994-4-4 ", "3:10:05", at(1994, 4, 4, 3, 10, 5), false},
		{"1994/04/04", "13.10", at(1994, 4, 4, 13, 10, 0), false},
		{"", "", now(), false},
		{"", "13:10", at(2026, 3, 4, 13, 10, 0), false},
		{"1994-04-04", "", at(1994, 4, 4, 0, 0, 0), false},
		{"1994-04-04", "25:10", at(1994, 4, 4, 0, 0, 0), true},
		{"1994-02-30", "13:10", now(), true},
		{"0000-01-01", "13:10", now(), true},
		{"gestern", "13:10", now(), true},
	} {
		in, _ := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "DATE:" + c.date, "TIME:" + c.clock}, ""))
		if got := in.Message.Submitted; !got.Equal(c.want) || got.Location() != zone {
			t.Errorf("%q %q: %v, want %v", c.date, c.clock, got, c.want)
		}
		if noted := len(in.Notes) > 0; noted != c.noted {
			t.Errorf("%q %q: notes %v", c.date, c.clock, in.Notes)
		}
	}
}

func TestAddressesAreRead(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want mail.Address
		bad  bool
	}{
		{"CSI:NET/PO/USER", mail.Address{Type: "CSI", Value: "NET/PO/USER"}, false},
		{"NET/PO/$SYSTEM", mail.Address{Type: "CSI", Value: "NET/PO/$SYSTEM"}, false},
		{"pcm: NET/PO/USER", mail.Address{Type: "CSI", Value: "NET/PO/USER"}, false}, // KB Q106623
		{"MSMail:John Chen@San Francisco Marketing", mail.Address{Type: "MSMAIL", Value: "John Chen@San Francisco Marketing"}, false},
		{"MSA:Ren\x82@Caf\x82", mail.Address{Type: "MSMAIL", Value: "René@Café"}, false},
		{"user@server", mail.Address{Type: "MSMAIL", Value: "user@server"}, false},
		{"SMTP:a@b.c", mail.Address{Type: "SMTP", Value: "a@b.c"}, false},
		{"MCI:Name^0DCompany", mail.Address{Type: "MCI", Value: "Name^0DCompany"}, false},               // KB Q87651
		{"3COM:Bob Jones:Sales:ACME", mail.Address{Type: "3COM", Value: "Bob Jones:Sales:ACME"}, false}, // KB Q94410
		{"X400:g=Bob;s=Jones;p=ACME;a= ;c=us", mail.Address{Type: "X400", Value: "g=Bob;s=Jones;p=ACME;a= ;c=us"}, false},
		{"PROFS:NODE.BOB", mail.Address{Type: "PROFS", Value: "NODE.BOB"}, false},
		{"FOO:bar", mail.Address{Type: "FOO", Value: "bar"}, false},
		{"NET/PO", mail.Address{Type: TypeInvalid, Value: "NET/PO"}, true},
		{"CSI:NET/PO/A/B", mail.Address{Type: TypeInvalid, Value: "NET/PO/A/B"}, true},
		{"  ", mail.Address{Type: TypeInvalid, Value: "(empty)"}, true},
		{"MSMAIL:" + strings.Repeat("x", 600) + "@s", mail.Address{Type: TypeInvalid, Value: strings.Repeat("x", mail.MaxAddress-8)}, true},
	} {
		got, code := readAddress(c.raw, charset.CP850)
		if got != c.want || code != 0 != c.bad {
			t.Errorf("%q: %v, error %d", c.raw, got, code)
		}
		if again, err := mail.ParseAddress(got.String()); err != nil || again != got {
			t.Errorf("%q: %v is no address: %v", c.raw, got, err)
		}
	}
}

// KB Q122779: one bad recipient stopped all.
func TestOneBadRecipientDoesNotStopTheOthers(t *testing.T) {
	in, _ := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "TO:rubbish", "CC:N/P/C", "TO:n/p/a", "FROM:N/P/B"}, ""))
	if diff := cmp.Diff([]mail.Address{mail.MustAddress("N/P/A"), mail.MustAddress("N/P/C")}, in.Recipients); diff != "" {
		t.Error(diff)
	}
	if len(in.Failures) != 1 || in.Failures[0].Reason != ReasonAddress || in.Failures[0].Recipient.Value != "rubbish" {
		t.Errorf("failures are %v", in.Failures)
	}
	if len(in.Message.To) != 3 || len(in.Message.Cc) != 1 || len(in.Fingerprints) != 2 {
		t.Errorf("message is %+v", in.Message)
	}
	for _, n := range in.Notes {
		if strings.Contains(n.Text, "rubbish") {
			t.Errorf("the note %q quotes an address", n.Text)
		}
	}
}

func TestSubjectsAreRead(t *testing.T) {
	long := strings.Repeat("0123456789", 150)
	for _, c := range []struct{ raw, want, notes string }{
		{"plain", "plain", ""},
		{"  blanks\taround ", "blanks around", ""},
		{"a\rb", "a b", NoteControl}, // KB Q141970
		{"a\x1B[31mb\x7F", "a [31mb", NoteControl},
		{"\x99sterreich", "Österreich", ""},
		{long, long[:995] + "...", NoteSubject},
	} {
		m := &mmff.Message{To: []string{"N/P/A"}, From: "N/P/B", Subject: c.raw}
		in, err := converter(PC()).FromMMFF(m, io.Discard)
		if err != nil || in.Message.Subject != c.want || noteKinds(in.Notes) != c.notes {
			t.Errorf("%q: %q, %v, %v", c.raw, in.Message.Subject, in.Notes, err)
		}
	}
	in, content := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "SUBJECT:" + long}, "text"))
	if got := string(content[:in.Message.BodySize]); got != "Subject: "+long+"\n\ntext" {
		t.Errorf("a long subject is not whole in the text: %q", got)
	}
}

func TestUnknownFieldsAreKept(t *testing.T) {
	in, _ := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "EXT:I:3:HEADLEN\r\n9", "X-THING:\x99 \x01"}, ""))
	want := []mail.LegacyField{{Name: "EXT:I::HEADLEN", Value: []byte("9")}, {Name: "X-THING", Value: []byte("\x99 \x01")}}
	if diff := cmp.Diff(want, in.Message.Legacy); diff != "" {
		t.Error(diff)
	}
	var lines []string
	for range 200 {
		lines = append(lines, "X-THING:"+strings.Repeat("x", 300))
	}
	in, _ = read(t, converter(PC()), parsed(append(lines, "TO:N/P/A", "FROM:N/P/B"), ""))
	size := 0
	for _, f := range in.Message.Legacy {
		size += len(f.Name) + len(f.Value)
	}
	if size > maxLegacyBytes || len(in.Notes) != maxNotes || in.Notes[maxNotes-1].Kind != "more" {
		t.Errorf("%d bytes kept, notes %v", size, in.Notes)
	}
}

// TestHiddenRecipients: whoever stands in a BCC line gets the message, is reported like others if that cannot be, and shows
// nowhere. KB Q156962.
func TestHiddenRecipients(t *testing.T) {
	in, content := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "CC:N/P/C", "bcc:N/P/HIDDEN", "BCC:rubbish", "BCC:N/P/A", "X-THING:1"}, "hello"))
	if got := fmt.Sprint(in.Recipients); got != "[N/P/A N/P/C N/P/HIDDEN]" {
		t.Errorf("recipients %s", got)
	}
	if got := fmt.Sprint(in.Message.To, in.Message.Cc); got != "[N/P/A] [N/P/C]" || len(in.Fingerprints) != len(in.Recipients) {
		t.Errorf("visible %s, %d fingerprints", got, len(in.Fingerprints))
	}
	if len(in.Failures) != 1 || in.Failures[0].Reason != ReasonAddress || !strings.Contains(in.Failures[0].Explanation, "in line 6 ") {
		t.Errorf("failures %+v", in.Failures)
	}
	if m := in.Message; m.Original != nil || len(m.Legacy) != 1 || strings.Contains(fmt.Sprintf("%+v %s", m, content), "HIDDEN") {
		t.Errorf("the hidden recipient shows: %+v %q", m, content)
	}
	peer := Mac()
	peer.Extended = true
	for _, file := range []Dialect{PC(), Mac(), peer} {
		d := delivery(in, content)
		d.Recipients = []mail.Address{mail.MustAddress("N/P/A")}
		if f := write(t, converter(file), d); bytes.Contains(f.Data, []byte("HIDDEN")) {
			t.Errorf("the hidden recipient shows in %s", f.Data)
		}
	}
}

// TestHiddenInAnOriginal: an original that came over a link with a BCC line, from an end that kept it, is not written again.
func TestHiddenInAnOriginal(t *testing.T) {
	in, content := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "BCX:N/P/HIDDEN"}, "hello"))
	peer := PC()
	peer.Extended = true
	if f := write(t, converter(peer), delivery(in, content)); !f.Verbatim {
		t.Fatal("the test is of no use: such an original is not written at all")
	}
	content = bytes.Replace(content, []byte("BCX:"), []byte("BCC:"), 1)
	in.Message.Original.SHA256 = sha256.Sum256(content[bytes.Index(content, []byte("VERSION")):])
	in.Message.SHA256 = sha256.Sum256(content)
	in.Message.Legacy[0].Name = "BCC"
	in.Message.Original.Digest = Digest(in.Message)
	if f := write(t, converter(peer), delivery(in, content)); f.Verbatim || bytes.Contains(f.Data, []byte("HIDDEN")) {
		t.Errorf("written: %s", f.Data)
	}
}

func TestRefusedFiles(t *testing.T) {
	for _, c := range []struct {
		name, data, reason string
	}{
		{"cut in the text", "VERSION:3.00\nTO:N/P/A\nFROM:N/P/B\nTEXT:5\nabc", ReasonUnreadable},
		{"too many attachments", "VERSION:3.00\nTO:N/P/A\nFROM:N/P/B\n" + strings.Repeat("ATTACHMENT:A 0\n", 65) + "TEXT:0\n", ReasonTooLarge},
		{"text outside", "VERSION:3.00\nTO:N/P/A\nFROM:N/P/B\nXTEXT:C:\\AUTOEXEC.BAT\n", ReasonOutside},
		{"attachment outside", "VERSION:3.00\nTO:N/P/A\nFROM:N/P/B\nXATTACH:/etc/passwd,LIST.TXT\nTEXT:0\n", ReasonOutside},
	} {
		f, _ := mmff.Parse([]byte(c.data))
		_, err := converter(PC()).FromMMFF(f.Messages[0], io.Discard)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != c.reason {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSystemMail(t *testing.T) {
	for _, c := range []struct {
		to   []string
		want mail.Class
	}{
		{[]string{"TO:N/P/$SYSTEM"}, mail.System},
		{[]string{"TO:CSI:N/P/*SPECIAL", "TO:N/P/$system"}, mail.System},
		{[]string{"TO:N/P/$SYSTEM", "TO:N/P/A"}, mail.Note},
		{[]string{"TO:MSMAIL:a/$SYSTEM@b"}, mail.Note},
	} {
		in, _ := read(t, converter(PC()), parsed(append(c.to, "FROM:N/P/B"), ""))
		if in.Message.Class != c.want {
			t.Errorf("%v has class %d", c.to, in.Message.Class)
		}
	}
}

func TestBlankFirstLine(t *testing.T) { // KB Q98209
	o := Options{Peer: PC(), Zone: zone, Now: now, DropBlankLine: true}
	in, content := read(t, New(o), parsed([]string{"TO:N/P/A", "FROM:N/P/B"}, "\r\n\r\ntext"))
	if got := string(content[:in.Message.BodySize]); got != "\ntext" {
		t.Errorf("text is %q", got)
	}
}
