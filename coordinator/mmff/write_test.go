package mmff

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fullMessage has every kind of field.
func fullMessage() *Message {
	return &Message{
		To: []string{"CSI:NET/PO/USER", "FAX:555^0DAttention: Jim"}, Cc: []string{"MSMAIL:John Chen@San Francisco"}, From: "CSI:NET/PO/ADMIN",
		Date: "1994-04-04", Time: "13:10", Subject: "Lunch", Priority: "R",
		Attachments: []Attachment{{Name: "Read Me", Content: []byte("aaa")}, {Name: "b", Content: []byte{}}},
		XAttach:     []Reference{{Token: "XATTACH", Tail: "a.doc,Letter"}},
		Ext:         []Ext{{Type: "I", Name: "HEADLEN", Value: "8"}},
		Fields:      []Field{{Name: "X-FLAG", Value: "1"}},
		Body:        []byte("text\r\n"),
	}
}

// TestWriteOrder compares the whole output with the fixed order, in both formats.
func TestWriteOrder(t *testing.T) {
	basic := lines("\r\n", "VERSION:3.00", "TO:CSI:NET/PO/USER", "TO:FAX:555^0DAttention: Jim", "TO:MSMAIL:John Chen@San Francisco",
		"FROM:CSI:NET/PO/ADMIN", "DATE:1994-04-04", "TIME:13:10", "SUBJECT:Lunch", "PRIORITY:R", "ATTACHMENT:Read Me 3", "ATTACHMENT:b 0",
		"XATTACH:a.doc,Letter", "TEXT:6") + "text\r\naaa"
	extended := lines("\n", "VERSION:3.00", "TO:CSI:NET/PO/USER", "TO:FAX:555^0DAttention: Jim", "CC:MSMAIL:John Chen@San Francisco",
		"FROM:CSI:NET/PO/ADMIN", "DATE:1994-04-04", "TIME:13:10", "SUBJECT:Lunch", "PRIORITY:R", "ATTACHMENT:Read Me 3", "ATTACHMENT:b 0",
		"XATTACH:a.doc,Letter", "X-FLAG:1", "EXT:I:2:HEADLEN", "8", "TEXT:6") + "text\r\naaa"
	for want, o := range map[string]Options{basic: {}, extended: {EOL: LF, Extended: true}} {
		got, err := Marshal(fullMessage(), o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", o, diff)
		}
	}
}

// TestWriteRefuses has one fault per row; the error must name the field.
func TestWriteRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*Message){
		"TO has the control character 0x0D":      func(m *Message) { m.To[0] = "a/b/c\rFROM:x" },
		"TO is empty":                            func(m *Message) { m.To[0] = " " },
		"TO is missing":                          func(m *Message) { m.To, m.Cc = nil, nil },
		"CC has the control character 0x0A":      func(m *Message) { m.Cc[0] = "a\n" },
		"FROM is empty":                          func(m *Message) { m.From = "" },
		"FROM has the control character":         func(m *Message) { m.From = "a/b/c\x00" },
		"VERSION has the control character":      func(m *Message) { m.Version = "3\n" },
		"DATE has the control character":         func(m *Message) { m.Date = "\r" },
		"TIME has the control character":         func(m *Message) { m.Time = "\r" },
		"SUBJECT has the control character 0x0D": func(m *Message) { m.Subject = "Lunch\r\nTO:x/y/z" },
		"PRIORITY has the control character":     func(m *Message) { m.Priority = "\x00" },
		"ATTACHMENT has the control character":   func(m *Message) { m.Attachments[1].Name = "a\nb" },
		"ATTACHMENT has no name":                 func(m *Message) { m.Attachments[1].Name = "" },
		"XATTACH has no file name":               func(m *Message) { m.XAttach[0].Tail = "" },
		"EXT HEADLEN has the control character":  func(m *Message) { m.Ext[0].Value = "8\nTEXT:0" },
		"EXT has the control character":          func(m *Message) { m.Ext[0].Name = "8\nTEXT:0" },
		"EXT has a colon in its type":            func(m *Message) { m.Ext[0].Type = "I:1" },
		"X-FLAG has the control character":       func(m *Message) { m.Fields[0].Value = "\n" },
		"TEXT stands among the unknown fields":   func(m *Message) { m.Fields[0].Name = "TEXT" },
		"is no name for a field":                 func(m *Message) { m.Fields[0].Name = "a:b" },
		"XTEXT stands beside a body of 6 bytes":  func(m *Message) { m.XText = &Reference{Tail: "x"} },
		"XTEXT has no file name":                 func(m *Message) { m.Body, m.XText = nil, &Reference{} },
		"verify: VERSION does not read back":     func(m *Message) { m.Version = " 3.00 " },
	} {
		m := fullMessage()
		spoil(m)
		_, err := Marshal(m, Options{Extended: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// TestWriteNothingOnRefusal: a refused message leaves no half file.
func TestWriteNothingOnRefusal(t *testing.T) {
	m := fullMessage()
	m.Subject = "\r"
	var b bytes.Buffer
	if err := Write(&b, m, Options{}); err == nil || b.Len() > 0 {
		t.Errorf("%v, %d bytes written", err, b.Len())
	}
}

// TestWriteError: an error of the writer is passed on, wherever it happens.
func TestWriteError(t *testing.T) {
	whole, err := Marshal(fullMessage(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, bytes.Index(whole, []byte("text\r\naaa")), len(whole) - 1} {
		if err := Write(&fullDisk{room}, fullMessage(), Options{}); !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
}

var errFull = errors.New("disk full")

// A fullDisk takes so many bytes and no more.
type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.room {
		return 0, errFull
	}
	d.room -= len(b)
	return len(b), nil
}

// TestVerify: whatever is changed behind the writer's back is found.
func TestVerify(t *testing.T) {
	o := Options{Extended: true}
	data, err := Marshal(fullMessage(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		spoiled := bytes.Clone(data)
		spoiled[i] ^= 0x11
		if err := Verify(spoiled, fullMessage(), o); err == nil {
			t.Errorf("byte %d changed from %q to %q and nobody saw", i, data[i], spoiled[i])
		}
	}
	if err := Verify(append(data, data...), fullMessage(), o); err == nil {
		t.Error("two messages are not one")
	}
	if err := Verify(data[:len(data)-1], fullMessage(), o); !errors.Is(err, ErrIncomplete) {
		t.Errorf("cut: %v", err)
	}
}

// TestOmitted: what Basic leaves out is listed.
func TestOmitted(t *testing.T) {
	want := []Field{{Name: "EXT", Value: "I:0:HEADLEN=8"}, {Name: "X-FLAG", Value: "1"}}
	if diff := cmp.Diff(want, Omitted(fullMessage(), Options{})); diff != "" {
		t.Error(diff)
	}
	if out := Omitted(fullMessage(), Options{Extended: true}); out != nil {
		t.Errorf("Extended leaves out %v", out)
	}
}

// TestBytes: unmodified messages repeat themselves byte for byte, modified ones are written anew.
func TestBytes(t *testing.T) {
	data := []byte("Version: 3.00\nfrom:a/b/c\nX-FLAG:1\nTO:d/e/f\nATTACHMENTS:Read Me 003\nText:4\ntextaaa")
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m := f.Messages[0]
	if b, err := m.Bytes(); err != nil || !bytes.Equal(b, data) || m.Modified() {
		t.Fatalf("%q, %v", b, err)
	}
	m.Subject = "New"
	want := "VERSION:3.00\nTO:d/e/f\nFROM:a/b/c\nSUBJECT:New\nATTACHMENTS:Read Me 3\nX-FLAG:1\nTEXT:4\ntextaaa"
	if b, err := m.Bytes(); err != nil || string(b) != want {
		t.Errorf("%q, %v", b, err)
	}
	m.Subject = ""
	m.Body = []byte("other")
	if !m.Modified() {
		t.Error("a new body is a change")
	}
	if !new(Message).Modified() {
		t.Error("a message that was not parsed has no bytes of its own")
	}
}

// unwritable are the classes in which there are control characters in values, and addresses and names that are none.
var unwritable = map[string]bool{"controls": true, "attachments": true, "extended": true, "addresses": true}

// TestCorpusWritten writes every mail of the corpus in both formats and all line ends. Each is refused or reads back: the
// self check never has to step in.
func TestCorpusWritten(t *testing.T) {
	written, refused := 0, 0
	for _, c := range corpus() {
		for _, s := range c.samples {
			f, _ := Parse([]byte(s.data))
			for _, m := range f.Messages {
				for _, o := range []Options{{EOL: CR}, {EOL: LF, Extended: true}, {EOL: CRLF}, {EOL: CRLF, Extended: true}} {
					_, err := Marshal(m, o)
					switch {
					case err == nil:
						written++
					case m.Partial || strings.HasPrefix(err.Error(), "mmff: write:") && (unwritable[c.dir] || strings.HasSuffix(s.name, "-nul") || s.name == "address-in-next-line"):
						refused++
					default:
						t.Errorf("%s/%s %+v: %v", c.dir, s.name, o, err)
					}
				}
			}
		}
	}
	if t.Logf("%d written, %d refused", written, refused); written < 1800 {
		t.Errorf("only %d written", written)
	}
}

func ExampleWrite() {
	m := &Message{To: []string{"CSI:NET/PO/USER"}, From: "CSI:NET/PO/ADMIN", Subject: "Lunch", Body: []byte("At noon?\n")}
	if err := Write(os.Stdout, m, Options{EOL: LF}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// VERSION:3.00
	// TO:CSI:NET/PO/USER
	// FROM:CSI:NET/PO/ADMIN
	// SUBJECT:Lunch
	// TEXT:9
	// At noon?
}
