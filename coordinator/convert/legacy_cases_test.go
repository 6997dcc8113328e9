package convert

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert/macbinary"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// legacyNames are names of attachments that damaged messages, crashed Macintoshes or were lost.
var legacyNames = []string{
	"A name of over thirteen", // KB Q122779
	"Read Me",                 // KB Q122779: a blank
	"TEST.DOC-",               // KB Q122779: ends in "-"
	"Thirty-one characters, not more",
	"Übersicht café.doc", // KB Q166152
	"Makefile",           // no extension
	"Resource only",
	"Empty",
	"Empty",
}

// crossed is a message after it was written for a half and read from what it wrote.
func crossed(t *testing.T, peer Dialect, in *Import, content memory) (*Import, memory) {
	t.Helper()
	table := mappings.Default()
	c := New(Options{Peer: peer, Zone: zone, Now: now, ConvertText: peer.Name == "pc", Mappings: func() *mappings.Table { return table }})
	d := delivery(in, content)
	d.Message.Original = nil // a program has read it and passes it on
	d.Message.Size, d.Content = 0, nil
	rest := content
	d.Message.Size = d.Message.BodySize
	for _, a := range d.Message.Attachments {
		d.Message.Size += a.Size
		if a.Mac != nil {
			d.Message.Size += a.Mac.ResourceSize
		}
	}
	d.Content = rest[:d.Message.Size]
	return read(t, c, write(t, c, d).Data)
}

// Files from a Macintosh over PC Mail to another Macintosh: KB Q117561, Q122779. Every fork arrives, in order; a name arrives
// whole wherever its file travels as MacBinary.
func TestMacToPCToMac(t *testing.T) {
	var sent []enclosure
	for i, name := range legacyNames {
		e := macMail(name, "ABCD", "EFGH", fmt.Sprint("data ", i), fmt.Sprint("resource ", i))
		switch name {
		case "Resource only":
			e.data = nil
		case "Empty":
			e.data, e.resource = nil, nil
		}
		sent = append(sent, e)
	}
	d := with(sent...)
	in, content := &Import{Message: d.Message, Recipients: d.Recipients}, d.Content.(memory)
	for _, peer := range []Dialect{Mac(), PC(), Mac()} {
		in, content = crossed(t, peer, in, content)
	}
	p, err := readContent(delivery(in, content))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.enclosures) != len(sent) {
		t.Fatalf("%d attachments arrived, %d were sent", len(p.enclosures), len(sent))
	}
	for i, e := range p.enclosures {
		if !bytes.Equal(e.data, sent[i].data) || !bytes.Equal(e.resource, sent[i].resource) {
			t.Errorf("%q holds %q and %q", legacyNames[i], e.data, e.resource)
		}
		if e.Mac == nil || e.Mac.Type != sent[i].Mac.Type || e.Mac.Creator != sent[i].Mac.Creator {
			t.Errorf("%q lost its type: %+v", legacyNames[i], e.Mac)
		}
		// What ends in "-" crashed the receiver: inside MacBinary, too, the name must not.
		if want := strings.TrimRight(legacyNames[i], "-"); e.Name != want {
			t.Errorf("%q arrives as %q", legacyNames[i], e.Name)
		}
	}
}

// KB Q139314: addresses changed at every crossing, and in the end nobody knew them.
func TestAddressesStayTheSame(t *testing.T) {
	want := addresses("Bullet • Before@Coconut Mail Server", "MACNET/MACPO/T60009HO", "NET/PO/$SYSTEM", "user@MS Mail Connection", "FAX:555^0DAttention", "日本@Server",
		"3COM:Bob Jones:Sales:ACME", "X400:g=Bob;s=Jones;p=ACME;a= ;c=us")
	m := mail.Message{Sender: want[0], To: want}
	d := compose(m, "text")
	d.Recipients = want
	in, content := &Import{Message: d.Message, Recipients: d.Recipients}, d.Content.(memory)
	for range 5 {
		for _, peer := range []Dialect{Mac(), PC()} {
			in, content = crossed(t, peer, in, content)
		}
	}
	if diff := cmp.Diff(want, in.Message.To); diff != "" || in.Message.Sender != want[0] {
		t.Errorf("from %v, to %s", in.Message.Sender, diff)
	}
}

// KB Q115165: where the names inside and outside of MacBinary differed, clients doubled or moved extensions. A valid name in 8.3
// is the same in both places; a longer one is whole inside, or it would be lost.
func TestNameInsideAndOutside(t *testing.T) {
	for _, c := range []struct{ name, outside, inside string }{
		{"REPORT.DOC", "REPORT.DOC", "REPORT.DOC"},
		{"report.doc", "report.doc", "report.doc"},
		{"Annual Report", "ANNUAL_R", "Annual Report"},
	} {
		f, err := mmff.Parse(write(t, converter(PC()), with(macMail(c.name, "ABCD", "EFGH", "x", "r"))).Data)
		if err != nil {
			t.Fatal(err)
		}
		a := f.Messages[0].Attachments[0]
		inside, err := macbinary.Decode(a.Content, zone)
		if err != nil || a.Name != c.outside || inside.Name != c.inside {
			t.Errorf("%q is %q outside and %+v inside (%v)", c.name, a.Name, inside, err)
		}
	}
}

// KB Q107205: Schedule+ put the time of a meeting into the header printed in the text, and it was thrown away with it.
func TestTimeOfAMeetingStays(t *testing.T) {
	text := "FROM:    Anna\r\nWHEN:    1995-03-30 10:00\r\nWHERE:   Room 5\r\n" + strings.Repeat("-", 52) + "\r\nCome.\r\n"
	for _, headlen := range []string{"4", "5", "99"} {
		in, content := read(t, converter(PC()), parsed([]string{"TO:N/P/A", "FROM:N/P/B", "EXT:I:" + strconv.Itoa(len(headlen)) + ":HEADLEN", headlen}, text))
		for _, peer := range []Dialect{Mac(), PC()} {
			if !strings.Contains(string(content[:in.Message.BodySize]), "WHEN:    1995-03-30 10:00\n") {
				t.Errorf("HEADLEN %s: before %s the text is %q", headlen, peer.Name, content[:in.Message.BodySize])
			}
			in, content = crossed(t, peer, in, content)
		}
	}
}

// KB Q111860, Q150285: lines broken at 78 and 79, subjects cut at 40.
func TestNothingIsWrapped(t *testing.T) {
	line, subject := strings.Repeat("0123456789 ", 50), strings.Repeat("s", 63)
	for _, peer := range []Dialect{PC(), Mac()} {
		m := written(t, converter(peer), compose(mail.Message{Subject: subject, To: addresses("N/P/A")}, line+"\n", "N/P/A"))
		if string(m.Body) != line+"\r\n" || m.Subject != subject {
			t.Errorf("%s: subject %q, text %q", peer.Name, m.Subject, m.Body)
		}
	}
}
