package convert

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
)

// drawText is text that a code page can hold.
func drawText(t *rapid.T, table *charset.Table, label string, most int) string {
	return table.Decode(string(rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, label)))
}

func drawAddress(t *rapid.T, label string) mail.Address {
	part := rapid.StringMatching(`[A-Za-z0-9äé• ()+U]{0,9}[a-z]`)
	if rapid.Bool().Draw(t, label+" pc") {
		return mail.Address{Type: mail.TypePC, Value: "N/" + strings.TrimSpace(part.Draw(t, label)) + "/U"}
	}
	return mail.Address{Type: mail.TypeMac, Value: strings.TrimSpace(part.Draw(t, label)) + "@" + strings.TrimSpace(part.Draw(t, label+" server"))}
}

// A message that is written and read says the same, but for what the package comment lists as lost.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		peer := rapid.SampledFrom([]Dialect{PC(), Mac()}).Draw(t, "peer")
		peer.Charset = rapid.SampledFrom([]*charset.Table{charset.CP850, charset.CP437, charset.Windows1252, charset.MacRoman}).Draw(t, "table")
		peer.EOL = rapid.SampledFrom([]mmff.EOL{mmff.CR, mmff.LF, mmff.CRLF}).Draw(t, "line end")
		c := converter(peer)
		m := mail.Message{
			Sender:      drawAddress(t, "sender"),
			Priority:    rapid.IntRange(1, 5).Draw(t, "priority"),
			ReadReceipt: rapid.Bool().Draw(t, "receipt"),
			Submitted:   time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "submitted"), 0).In(zone),
		}
		m.Subject, _ = oneLine(drawText(t, peer.Charset, "subject", 70))
		for range rapid.IntRange(1, 3).Draw(t, "to") {
			m.To = append(m.To, drawAddress(t, "to"))
		}
		if rapid.Bool().Draw(t, "has cc") {
			m.Cc = append(m.Cc, drawAddress(t, "cc"))
		}
		body := string(normalLines([]byte(drawText(t, peer.Charset, "body", 300))))
		d := compose(m, body)
		d.Recipients = append(slices.Clone(m.To), m.Cc...)
		var forks [][]byte
		content := []byte(body)
		for i := range rapid.IntRange(0, 3).Draw(t, "attachments") {
			fork := append([]byte{byte(i + 1)}, rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "fork")...)
			name, _ := oneLine(drawText(t, peer.Charset, "name", 40))
			forks, content = append(forks, fork), append(content, fork...)
			a := mail.Attachment{Name: name, Size: int64(len(fork))}
			if rapid.Bool().Draw(t, "is a Macintosh file") {
				resource := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "resource fork")
				a.Mac = &mail.MacFile{Type: [4]byte{'T', byte(i)}, FinderFlags: rapid.Uint16().Draw(t, "flags"), ResourceSize: int64(len(resource))}
				content = append(content, resource...)
			}
			d.Message.Attachments = append(d.Message.Attachments, a)
		}
		d.Message.Size, d.Content = int64(len(content)), memory(content)

		f, err := c.ToMMFF(d)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := mmff.Parse(f.Data)
		if err != nil || len(parsed.Messages) != 1 {
			t.Fatalf("%q: %v", f.Data, err)
		}
		var read bytes.Buffer
		in, err := c.FromMMFF(parsed.Messages[0], &read)
		if err != nil {
			t.Fatal(err)
		}
		got := in.Message
		if want := (mail.Address{Type: m.Sender.Type, Value: norm.NFC.String(m.Sender.Value)}); got.Sender != want {
			t.Fatalf("sender is %v, want %v", got.Sender, want)
		}
		if !sameSet(in.Recipients, d.Recipients) || len(in.Failures) > 0 {
			t.Fatalf("recipients are %v, want %v", in.Recipients, d.Recipients)
		}
		subject := strings.TrimSpace(m.Subject)
		if over := peer.SubjectLimit > 0 && len([]rune(subject)) > peer.SubjectLimit; !over && got.Subject != subject {
			t.Fatalf("subject is %q, want %q", got.Subject, subject)
		}
		if !got.Submitted.Equal(m.Submitted.Truncate(time.Minute)) || got.ReadReceipt != m.ReadReceipt || !m.ReadReceipt && got.Priority != m.Priority {
			t.Fatalf("read %+v, want %+v", got, m)
		}
		if text := read.String()[:got.BodySize]; !strings.Contains(text, body) || len(f.Notes) == 0 && len(text) > len(body) && !m.ReadReceipt {
			t.Fatalf("text is %q, want %q", text, body)
		}
		for i, fork := range forks {
			was, is := d.Message.Attachments[i].Mac, got.Attachments[i].Mac
			if got.Attachments[i].SHA256 != sha256.Sum256(fork) || (was == nil) != (is == nil) {
				t.Fatalf("attachment %d was changed", i)
			}
			if was != nil && (is.Type != was.Type || is.FinderFlags != was.FinderFlags || is.ResourceSize != was.ResourceSize) {
				t.Fatalf("attachment %d is %+v, want %+v", i, is, was)
			}
		}
		if !slices.Equal(in.Fingerprints, f.Fingerprints) && slices.Equal(in.Recipients, d.Recipients) {
			t.Fatal("the file is not recognised when it comes back")
		}
		again, err := c.ToMMFF(delivery(in, read.Bytes()))
		if err != nil || !again.Verbatim || !bytes.Equal(again.Data, f.Data) {
			t.Fatalf("the file is not written again as it was: %v", err)
		}
	})
}

// Whatever a file holds, what is read of it keeps every promise a message makes, and can be written.
func FuzzFromMMFF(f *testing.F) {
	sample, err := os.ReadFile("testdata/q103801.mmff")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample, uint8(0))
	f.Add(parsed([]string{"TO:N/P/A", "CC:MSMAIL:•@x", "TO:bad", "FROM:", "DATE:x", "PRIORITY:R", "EXT:I:3:HEADLEN\r\n9", "XATTACH:a,b", "ATTACHMENT:CON. 0"}, "a\r\rb\x1A"), uint8(1))
	f.Add([]byte("VERSION:3.00\rTO:N/P/A\rFROM:(U+000D)@(U+2022)\rSUBJECT:\n\x00\rATTACHMENT:a:b\\c.-  128\rTEXT:1\r\r\x00\x01a"+strings.Repeat("\x00", 125)), uint8(2))
	f.Add(enclosing(file{"winmail.dat", winmail(file{"A.TXT", "one"})}, file{"._x", double("r")}, file{"X", "data"}), uint8(3))
	f.Add(parsed([]string{"TO:N/P/$SYSTEM", "FROM:N/P/POSTOFFICE", "SUBJECT:Registered: x"}, receiptV3), uint8(4))
	f.Add(parsed([]string{"TO:N/P/A", "FROM:N/P/POSTMASTER", "PRIORITY:C"}, strings.ReplaceAll(receiptV3, "\n", "\r\n")), uint8(0))
	f.Add(parsed([]string{"TO:FAX:1", "TO:N/P/A", "FROM:N/P/B", "ATTACHMENT:A.PCX 0"}, "x"), uint8(1))
	f.Add(enclosing(file{"WINMAIL.DAT", requestOf("IPM.Microsoft Schedule.MtgReq", file{"A.TXT", "one"})}), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		peer := []Dialect{PC(), Mac(), {Charset: charset.MacRoman, EOL: mmff.CR, Names: MacNames, Extended: true, SubjectLimit: 20, BodyLimit: 200}}[n%3]
		table := mappings.Default()
		c := New(Options{Peer: peer, Zone: zone, Now: now, Postmaster: mail.MustAddress("N/P/POSTMASTER"), Winmail: Winmail(n / 3 % 3),
			ConvertText: n%2 == 0, OpenBinHex: n%4 < 2, Mappings: func() *mappings.Table { return table }})
		file, _ := mmff.Parse(data)
		for _, m := range file.Messages {
			var content bytes.Buffer
			in, err := c.FromMMFF(m, &content)
			if refusal := (*Refusal)(nil); err != nil && !errors.As(err, &refusal) {
				t.Fatal(err)
			}
			if err == nil {
				check(t, c, in, content.Bytes())
			}
		}
	})
}

func check(t *testing.T, c *Converter, in *Import, content memory) {
	m := in.Message
	if sum, ok := contentSize(m); !ok || sum != m.Size || sum != content.Size() || m.SHA256 != content.SHA256() {
		t.Fatalf("sizes or hash of %+v do not fit its %d bytes", m, len(content))
	}
	if line, replaced := oneLine(m.Subject); replaced > 0 || line != m.Subject {
		t.Fatalf("subject is %q", m.Subject)
	}
	sent := *m
	sent.ID = "01993c2e-0000-7000-8000-000000000000"
	received, err := wire.ParseMessage(wire.Message(&sent))
	if err != nil {
		t.Fatalf("no link takes it: %v", err)
	}
	if Digest(received) != Digest(m) {
		t.Fatalf("a link changes it:\n%+v\n%+v", received, m)
	}
	if !utf8.Valid(content[:m.BodySize]) {
		t.Fatal("the text is not UTF-8")
	}
	for _, a := range slices.Concat(m.To, m.Cc, in.Recipients, []mail.Address{m.Sender}) {
		if again, err := mail.ParseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%+v is read as %+v: %v", a, again, err)
		}
	}
	if len(in.Recipients) == 0 {
		return
	}
	for _, part := range Split(delivery(in, content)) {
		checkWritten(t, c, part)
	}
}

// checkWritten writes a delivery and reads the file again.
func checkWritten(t *testing.T, c *Converter, d *mail.Delivery) {
	f, err := c.ToMMFF(d)
	if err != nil {
		t.Fatal(err)
	}
	back, err := mmff.Parse(f.Data)
	if err != nil || len(back.Messages) != 1 {
		t.Fatalf("wrote %q: %v", f.Data, err)
	}
	again, err := c.FromMMFF(back.Messages[0], discard{})
	if err != nil || !sameSet(again.Recipients, d.Recipients) {
		t.Fatalf("wrote %q: recipients %v, want %v: %v", f.Data, again, d.Recipients, err)
	}
	if is := again.Message.Class == mail.ReadReceipt; d.Message.Class == mail.ReadReceipt && !is {
		t.Fatalf("a receipt is none any more: %q", f.Data)
	}
	if peer := c.options.Peer; !f.Verbatim && (peer.SubjectLimit > 0 && len(back.Messages[0].Subject) > peer.SubjectLimit || peer.BodyLimit > 0 && len(back.Messages[0].Body) > peer.BodyLimit) {
		t.Fatalf("over the limits: %q", f.Data)
	}
}
