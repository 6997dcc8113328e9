package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

func addresses(texts ...string) (as []mail.Address) {
	for _, text := range texts {
		as = append(as, mail.MustAddress(text))
	}
	return as
}

// written is the file of a delivery, read by the parser.
func written(t testing.TB, c *Converter, d *mail.Delivery) *mmff.Message {
	t.Helper()
	f, err := mmff.Parse(write(t, c, d).Data)
	if err != nil || len(f.Messages) != 1 || len(f.Notes) > 0 {
		t.Fatalf("%d messages, %v, %v", len(f.Messages), f.Notes, err)
	}
	return f.Messages[0]
}

func TestPlainMessage(t *testing.T) {
	d := compose(mail.Message{Subject: "Grüße", To: addresses("NET/PO/USER"), Priority: 3}, "Hallo\nWelt – schön\n", "NET/PO/USER")
	f := write(t, converter(PC()), d)
	want := "VERSION:3.00\r\nTO:CSI:NET/PO/USER\r\nFROM:MSMAIL:Jane Doe@Marketing\r\nDATE:1994-04-04\r\nTIME:13:10\r\n" +
		"SUBJECT:Gr\x81\xE1e\r\nPRIORITY:3\r\nTEXT:21\r\nHallo\r\nWelt - sch\x94n\r\n"
	if got := string(f.Data); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if noteKinds(f.Notes) != NoteCharset || f.Verbatim {
		t.Errorf("notes %v, verbatim %v", f.Notes, f.Verbatim)
	}
}

func TestHeadOfTheText(t *testing.T) {
	long := strings.Repeat("0123456789", 7)
	rule := ruler + "\n"
	for _, c := range []struct {
		name       string
		message    mail.Message
		recipients []string
		to, head   string
	}{
		{"nothing to add", mail.Message{To: addresses("N/P/A", "N/P/B")}, []string{"N/P/A", "N/P/B"}, "CSI:N/P/A CSI:N/P/B", ""},
		{"Cc becomes TO", mail.Message{To: addresses("N/P/A"), Cc: addresses("N/P/B")}, []string{"N/P/A", "N/P/B"},
			"CSI:N/P/A CSI:N/P/B", "To: N/P/A\nCc: N/P/B\n" + rule},
		{"others are elsewhere", mail.Message{To: addresses("N/P/A", "x@y")}, []string{"N/P/A"}, "CSI:N/P/A", "To: N/P/A, x@y\n" + rule},
		{"hidden", mail.Message{To: addresses("N/P/A")}, []string{"N/P/H"}, "CSI:N/P/H", "To: N/P/A\n" + rule},
		{"hidden only", mail.Message{}, []string{"N/P/H"}, "CSI:N/P/H", ""},
		{"long subject", mail.Message{Subject: long, To: addresses("N/P/A")}, []string{"N/P/A"}, "CSI:N/P/A", "Subject: " + long + "\n" + rule},
		{"urgent with receipt", mail.Message{Priority: 5, ReadReceipt: true, To: addresses("N/P/A")}, []string{"N/P/A"}, "CSI:N/P/A", "Priority: urgent\n" + rule},
		{"normal with receipt", mail.Message{Priority: 3, ReadReceipt: true, To: addresses("N/P/A")}, []string{"N/P/A"}, "CSI:N/P/A", ""},
		{"sender that cannot be read", mail.Message{Sender: mail.Address{Type: TypeInvalid, Value: "rubbish"}, To: addresses("N/P/A")}, []string{"N/P/A"},
			"CSI:N/P/A", "From: rubbish\n" + rule},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := written(t, converter(Mac()), compose(c.message, "text", c.recipients...))
			if got := strings.Join(m.To, " "); got != c.to {
				t.Errorf("TO is %s, want %s", got, c.to)
			}
			if want := strings.ReplaceAll(c.head+"text", "\n", "\r\n"); string(m.Body) != want {
				t.Errorf("text is %q, want %q", m.Body, want)
			}
		})
	}
}

func TestListsAreBounded(t *testing.T) {
	var m mail.Message
	for i := range 5000 {
		m.To = append(m.To, mail.MustAddress(fmt.Sprintf("N/P/U%d", i)))
	}
	out := written(t, converter(Mac()), compose(m, "text", "N/P/U7"))
	if !bytes.Contains(out.Body, []byte("N/P/U19 and 4980 more\r\n")) || len(out.To) != 1 {
		t.Errorf("text is %q", out.Body)
	}
}

func TestSubjectLimit(t *testing.T) { // KB Q117581
	for _, c := range []struct {
		length int
		cut    bool
	}{{62, false}, {63, false}, {64, true}, {65, true}, {1000, true}} {
		subject := strings.Repeat("é", c.length)
		d := compose(mail.Message{Subject: subject, To: addresses("N/P/A")}, "", "N/P/A")
		m := written(t, converter(Mac()), d)
		if len(m.Subject) > 63 || strings.HasSuffix(m.Subject, cutMark) != c.cut {
			t.Errorf("%d characters become %q", c.length, m.Subject)
		}
		if first, _, _ := bytes.Cut(m.Body, []byte("\r\n")); c.cut && Mac().Charset.Decode(string(first)) != "Subject: "+subject {
			t.Errorf("%d characters: the first line is %q", c.length, first)
		}
		if m := written(t, converter(PC()), d); len(m.Subject) != c.length {
			t.Errorf("%d characters become %d towards PC Mail", c.length, len(m.Subject))
		}
	}
}

func TestBodyLimit(t *testing.T) { // KB Q132855
	for _, c := range []struct {
		name, body string
		cut        bool
	}{
		{"one line that fits", strings.Repeat("é", 32767), false},
		{"one line that does not", strings.Repeat("é", 32768), true},
		{"lines", strings.Repeat("0123456789 12345\n", 4000), true},
		{"only line ends", strings.Repeat("\n", 40000), true},
	} {
		d := compose(mail.Message{To: addresses("N/P/A")}, c.body, "N/P/A")
		m := written(t, converter(Mac()), d)
		whole, _ := writeText([]byte(c.body), Mac().Charset, mmff.CRLF)
		switch {
		case len(m.Body) > 32767 || len(m.Attachments) > 0 != c.cut:
			t.Errorf("%s: text of %d, %d attachments", c.name, len(m.Body), len(m.Attachments))
		case !c.cut && !bytes.Equal(m.Body, whole):
			t.Errorf("%s: the text was changed", c.name)
		case c.cut && (!bytes.Equal(m.Attachments[0].Content, whole) || !bytes.HasSuffix(m.Body, []byte("\r\n[The whole text is in the attachment TEXT.TXT.]\r\n"))):
			t.Errorf("%s: the attachment has %d bytes, want %d; the text ends %q", c.name, len(m.Attachments[0].Content), len(whole), m.Body[max(0, len(m.Body)-80):])
		}
		if m := written(t, converter(PC()), d); !bytes.Equal(m.Body, whole) {
			t.Errorf("%s: towards PC Mail the text was changed", c.name)
		}
	}
}

func TestTooLarge(t *testing.T) {
	c := New(Options{Peer: PC(), Zone: zone, MaxSize: 1000})
	d := compose(mail.Message{To: addresses("N/P/A")}, strings.Repeat("x", 1000), "N/P/A")
	_, err := c.ToMMFF(d)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Reason != ReasonTooLarge || !strings.Contains(refusal.Explanation, "1000") {
		t.Errorf("error is %v", err)
	}
}

func TestRefusedDeliveries(t *testing.T) {
	good := compose(mail.Message{To: addresses("N/P/A")}, "text", "N/P/A")
	lying := *good.Message
	lying.BodySize = 5
	negative := *good.Message
	negative.BodySize, negative.Attachments = 14, []mail.Attachment{{Size: -10}}
	for _, c := range []struct {
		name, reason string
		d            mail.Delivery
	}{
		{"nobody", ReasonRecipients, mail.Delivery{Message: good.Message, Content: good.Content}},
		{"hidden beside visible", ReasonRecipients, mail.Delivery{Message: good.Message, Recipients: addresses("N/P/A", "N/P/H"), Content: good.Content}},
		{"size lies", ReasonContent, mail.Delivery{Message: &lying, Recipients: good.Recipients, Content: good.Content}},
		{"negative size", ReasonContent, mail.Delivery{Message: &negative, Recipients: good.Recipients, Content: good.Content}},
		{"no content", ReasonContent, mail.Delivery{Message: good.Message, Recipients: good.Recipients}},
	} {
		_, err := converter(PC()).ToMMFF(&c.d)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != c.reason {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := converter(PC()).ToMMFF(&mail.Delivery{Message: good.Message, Recipients: good.Recipients, Content: broken{good.Content}})
	if refusal := (*Refusal)(nil); err == nil || errors.As(err, &refusal) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("content that cannot be read: %v", err)
	}
}

// broken is content that ends too early, as on a failing disk.
type broken struct{ mail.Content }

func (b broken) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("te")), nil
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		recipients []string
		want       string
	}{
		{[]string{"N/P/A", "N/P/B"}, "[N/P/A N/P/B]"},
		{[]string{"N/P/H", "N/P/B", "n/p/a", "N/P/I"}, "[N/P/B n/p/a] [N/P/H] [N/P/I]"},
		{[]string{"N/P/H"}, "[N/P/H]"},
		{[]string{"N/P/H", "N/P/I"}, "[N/P/H] [N/P/I]"},
	} {
		var got []string
		for _, d := range Split(compose(mail.Message{To: addresses("N/P/A"), Cc: addresses("N/P/B")}, "text", c.recipients...)) {
			got = append(got, fmt.Sprint(d.Recipients))
			m := written(t, converter(PC()), d)
			for _, hidden := range []string{"N/P/H", "N/P/I"} {
				if fmt.Sprint(d.Recipients) != "["+hidden+"]" && strings.Contains(fmt.Sprintf("%s%s", m.To, m.Body), hidden) {
					t.Errorf("%v shows %s", d.Recipients, hidden)
				}
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v parts into %v", c.recipients, got)
		}
	}
}

// What came from files outside goes on inside: the half that gets it does not see the directory that the original names.
func TestInlinedContentGoesOutInside(t *testing.T) {
	f, err := mmff.Parse([]byte("VERSION:3.00\r\nTO:N/P/A\r\nFROM:N/P/C\r\nDATE:1994-04-04\r\nXATTACH:M:\\A.TXT\r\nXTEXT:M:\\B.TXT\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := converter(PC())
	var content bytes.Buffer
	in, err := c.FromMMFF(f.Messages[0].Inline([][]byte{[]byte("text\r\n"), []byte("abc")}), &content)
	if err != nil {
		t.Fatal(err)
	}
	out := write(t, c, delivery(in, content.Bytes()))
	if out.Verbatim || bytes.Contains(out.Data, []byte("\nX")) || !bytes.HasSuffix(out.Data, []byte("TEXT:6\r\ntext\r\nabc")) {
		t.Errorf("verbatim: %v\n%s", out.Verbatim, out.Data)
	}
}

// Whatever differs from what was read, the original must not go out again.
func TestVerbatimOnlyIfNothingChanged(t *testing.T) {
	file := parsed([]string{"TO:N/P/A", "TO:N/P/B", "FROM:N/P/C", "DATE:1994-04-04", "TIME:13:10", "SUBJECT:s", "X-THING:1", "ATTACHMENT:A.TXT 3"}, "te\x99t\r\n")
	file = append(file, "abc"...)
	for _, c := range []struct {
		name   string
		peer   func(*Options)
		change func(*mail.Delivery)
		file   []byte
		want   bool
	}{
		{name: "nothing", want: false}, // X-THING makes the file Extended
		{name: "a peer that takes Extended", peer: func(o *Options) { o.Peer.Extended = true }, want: true},
		{name: "recipients in another order", file: parsed([]string{"TO:N/P/A", "TO:n/p/b", "FROM:N/P/C", "DATE:1994-04-04"}, "x"),
			change: func(d *mail.Delivery) { d.Recipients = addresses("N/P/B", "N/P/A") }, want: true},
		{name: "one recipient is elsewhere", peer: extended, change: func(d *mail.Delivery) { d.Recipients = d.Recipients[:1] }},
		{name: "subject", peer: extended, change: func(d *mail.Delivery) { d.Message.Subject = "t" }},
		{name: "priority", peer: extended, change: func(d *mail.Delivery) { d.Message.Priority = 5 }},
		{name: "name of an attachment", peer: extended, change: func(d *mail.Delivery) { d.Message.Attachments[0].Name = "B.TXT" }},
		{name: "bytes", peer: extended, change: func(d *mail.Delivery) {
			b := bytes.Clone(d.Content.(memory))
			d.Message.SHA256[0]++
			d.Content = memory(b)
		}},
		{name: "original swapped", peer: extended, change: func(d *mail.Delivery) {
			b := bytes.Clone(d.Content.(memory))
			copy(b[bytes.Index(b, []byte("TO:N/P/A")):], "TO:N/P/X")
			d.Content = memory(b)
		}},
		{name: "zone", peer: func(o *Options) { o.Peer.Extended, o.Zone = true, now().UTC().Location() }},
		{name: "code page", peer: func(o *Options) { o.Peer.Extended, o.Peer.Charset = true, mustTable(t, "macroman") }},
		{name: "line end", peer: func(o *Options) { o.Peer.Extended, o.Peer.EOL = true, mmff.CR }},
		{name: "subject limit", peer: func(o *Options) { o.Peer = Mac() }, file: parsed([]string{"TO:N/P/A", "FROM:N/P/C", "SUBJECT:" + strings.Repeat("x", 64)}, "x")},
		{name: "bad recipient", file: parsed([]string{"TO:N/P/A", "TO:rubbish", "FROM:N/P/C", "DATE:1994-04-04"}, "x")},
		{name: "no date", file: parsed([]string{"TO:N/P/A", "FROM:N/P/C"}, "x"), change: func(d *mail.Delivery) { d.Message.Submitted = now().AddDate(0, 0, -1) }},
		{name: "name that DOS cannot take", file: append(parsed([]string{"TO:N/P/A", "FROM:N/P/C", "DATE:1994-04-04", "ATTACHMENT:Read Me 1"}, "x"), 'y')},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.file == nil {
				c.file = file
			}
			in, content := read(t, converter(PC()), c.file)
			d := delivery(in, content)
			if c.change != nil {
				c.change(d)
			}
			o := Options{Peer: PC(), Zone: zone, Now: now}
			if c.peer != nil {
				c.peer(&o)
			}
			f := write(t, New(o), d)
			if f.Verbatim != c.want || f.Verbatim != bytes.Equal(f.Data, c.file) {
				t.Errorf("verbatim %v, %q", f.Verbatim, f.Data)
			}
		})
	}
}

func extended(o *Options) { o.Peer.Extended = true }

func TestExtendedPeer(t *testing.T) {
	peer := PC()
	peer.Extended = true
	m := mail.Message{To: addresses("N/P/A"), Cc: addresses("N/P/B"), Legacy: []mail.LegacyField{
		{Name: "EXT:I::HEADLEN", Value: []byte("9")}, {Name: "EXT:S:7:THING", Value: []byte("v")}, {Name: "X-THING", Value: []byte(" 1")},
		{Name: "TO", Value: []byte("N/P/EVIL")}, {Name: "SUBJECT", Value: []byte("other")}, {Name: "X\r\nTO", Value: []byte("N/P/EVIL")}, {Name: "X-EVIL", Value: []byte("1\r\nTO:N/P/EVIL")},
	}}
	f, err := mmff.Parse(write(t, converter(peer), compose(m, "text", "N/P/A", "N/P/B")).Data)
	if err != nil {
		t.Fatal(err)
	}
	out := f.Messages[0]
	if len(out.To) != 1 || len(out.Cc) != 1 || string(out.Body) != "text" || out.Subject != "" {
		t.Errorf("message is %+v", out)
	}
	if len(out.Ext) != 1 || out.Ext[0].Name != "THING" || len(out.Fields) != 1 || out.Fields[0].Value != " 1" {
		t.Errorf("kept fields are %+v and %+v", out.Ext, out.Fields)
	}
}
