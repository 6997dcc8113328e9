package convert

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// memory is content in memory.
type memory []byte

func (m memory) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m)), nil }
func (m memory) Size() int64                  { return int64(len(m)) }
func (m memory) SHA256() [32]byte             { return sha256.Sum256(m) }

var zone = time.FixedZone("CET", 3600)

func now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, zone) }

func converter(d Dialect) *Converter {
	return New(Options{Peer: d, Zone: zone, Now: now, Postmaster: mail.MustAddress("NET/PO/POSTMASTER")})
}

// read reads a file that holds one sound message.
func read(t testing.TB, c *Converter, data []byte) (*Import, memory) {
	t.Helper()
	f, err := mmff.Parse(data)
	if err != nil {
		t.Fatalf("parse %q: %v", data, err)
	}
	var content bytes.Buffer
	in, err := c.FromMMFF(f.Messages[0], &content)
	if err != nil {
		t.Fatalf("read %q: %v", data, err)
	}
	return in, content.Bytes()
}

func write(t testing.TB, c *Converter, d *mail.Delivery) *File {
	t.Helper()
	f, err := c.ToMMFF(d)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	return f
}

func delivery(in *Import, content memory) *mail.Delivery {
	return &mail.Delivery{Message: in.Message, Recipients: in.Recipients, Content: content}
}

// compose makes a delivery of a message that never was a file.
func compose(m mail.Message, body string, recipients ...string) *mail.Delivery {
	m.BodySize, m.Size, m.SHA256 = int64(len(body)), int64(len(body)), sha256.Sum256([]byte(body))
	if m.Class == 0 {
		m.Class = mail.Note
	}
	if m.Sender.IsZero() {
		m.Sender = mail.MustAddress("Jane Doe@Marketing")
	}
	if m.Submitted.IsZero() {
		m.Submitted = time.Date(1994, 4, 4, 13, 10, 0, 0, zone)
	}
	d := &mail.Delivery{Message: &m, Content: memory(body)}
	for _, r := range recipients {
		d.Recipients = append(d.Recipients, mail.MustAddress(r))
	}
	return d
}

func noteKinds(list []Note) string {
	var kinds []string
	for _, n := range list {
		kinds = append(kinds, n.Kind)
	}
	return strings.Join(kinds, " ")
}

// KB Q103801 is the only whole file that was ever published.
func TestPublishedSample(t *testing.T) {
	data, err := os.ReadFile("testdata/q103801.mmff")
	if err != nil {
		t.Fatal(err)
	}
	c := converter(PC())
	in, content := read(t, c, data)
	m := in.Message
	if m.BodySize != 152-9 || len(m.Attachments) != 1 || m.Attachments[0].Name != "config.sys" || m.Attachments[0].Size != 291 {
		t.Fatalf("message is %+v", m)
	}
	if m.SHA256 != sha256.Sum256(content) || m.Size != int64(len(content)) || !bytes.HasSuffix(content, data) {
		t.Error("size, hash or original do not fit the content")
	}
	if m.Attachments[0].SHA256 != sha256.Sum256(content[m.BodySize:m.BodySize+291]) {
		t.Error("the hash of the attachment is not over its data fork")
	}
	if want := time.Date(1992, 11, 29, 23, 44, 0, 0, zone); !m.Submitted.Equal(want) {
		t.Errorf("submitted %v, want %v", m.Submitted, want)
	}
	f := write(t, c, delivery(in, content))
	if !f.Verbatim || !bytes.Equal(f.Data, data) {
		t.Errorf("verbatim %v, data %q", f.Verbatim, f.Data)
	}
	m.Original.Digest[0]++ // something was changed: the file has to be written new, and comes out the same
	again := write(t, c, delivery(in, content))
	if again.Verbatim || !bytes.Equal(again.Data, data) {
		t.Errorf("verbatim %v, data %s", again.Verbatim, cmp.Diff(string(data), string(again.Data)))
	}
	if diff := cmp.Diff(f.Fingerprints, again.Fingerprints); diff != "" || len(f.Fingerprints) != 1 {
		t.Errorf("fingerprints differ: %s", diff)
	}
}

func TestLineEndsAreReadOnce(t *testing.T) {
	for _, eol := range []mmff.EOL{mmff.CR, mmff.LF, mmff.CRLF} {
		for _, inBody := range []string{"\r", "\n", "\r\n"} {
			head := strings.ReplaceAll("VERSION:3.00\nTO:N/P/A\nFROM:N/P/B\nTEXT:", "\n", eol.Sequence())
			body := strings.Join([]string{"one", "", "three", ""}, inBody)
			data := head + string(rune('0'+len(body)/10)) + string(rune('0'+len(body)%10)) + eol.Sequence() + body
			in, content := read(t, converter(PC()), []byte(data))
			if got := string(content[:in.Message.BodySize]); got != "one\n\nthree\n" {
				t.Errorf("%v with %q in the text: %q", eol, inBody, got)
			}
			for _, want := range []mmff.EOL{mmff.CR, mmff.LF, mmff.CRLF} {
				d := PC()
				d.EOL = want
				in.Message.Original.Digest[0]++
				f := write(t, converter(d), delivery(in, content))
				if !bytes.HasSuffix(f.Data, []byte(strings.ReplaceAll("one\n\nthree\n", "\n", want.Sequence()))) {
					t.Errorf("%v written as %v: %q", eol, want, f.Data)
				}
			}
		}
	}
}

// A line end that lies across two chunks is still one.
func TestLineEndAcrossChunks(t *testing.T) {
	text := strings.Repeat("x", chunk-1) + "\r\n" + strings.Repeat("y", chunk-2) + "\r\n\r\n"
	var b bytes.Buffer
	if err := readText(&b, []byte(text), PC().Charset); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), strings.ReplaceAll(text, "\r\n", "\n"); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

func TestEveryCodeSurvives(t *testing.T) {
	var all []byte
	for i := range 256 {
		if c := byte(i); c != '\r' && c != '\n' {
			all = append(all, c)
		}
	}
	printable := all[bytes.IndexByte(all, '!'):]
	for _, name := range []string{"850", "437", "1252", "macroman"} {
		d := PC()
		d.Charset = mustTable(t, name)
		c := converter(d)
		m := &mmff.Message{To: []string{"CSI:N/P/A"}, From: "MSMAIL:" + string(printable) + "@Server", Subject: "x" + string(printable) + "x", Body: all}
		data, err := mmff.Marshal(m, mmff.Options{})
		if err != nil {
			t.Fatal(err)
		}
		in, content := read(t, c, data)
		in.Message.Original = nil
		in.Message.Size = in.Message.BodySize
		f, err := mmff.Parse(write(t, c, delivery(in, content[:in.Message.BodySize])).Data)
		if err != nil {
			t.Fatal(err)
		}
		out := f.Messages[0]
		if !bytes.Equal(out.Body, all) || out.From != m.From {
			t.Errorf("%s: text % X\nfrom %q", name, out.Body, out.From)
		}
		if len(out.Subject) != len(m.Subject) {
			t.Fatalf("%s: the subject has %d codes, want %d", name, len(out.Subject), len(m.Subject))
		}
		for i, b := range []byte(out.Subject) {
			want := m.Subject[i]
			if unicode.IsControl(d.Charset.Rune(want)) {
				want = ' '
			}
			if b != want {
				t.Errorf("%s: %02X in the subject became %02X", name, m.Subject[i], b)
			}
		}
	}
}
