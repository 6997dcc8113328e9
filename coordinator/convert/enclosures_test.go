package convert

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert/binhex"
	"sidegate/coordinator/convert/macbinary"
	"sidegate/coordinator/convert/macfile"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// file is an attachment as it stands in a file.
type file struct{ name, content string }

// enclosing is a file with these attachments.
func enclosing(files ...file) []byte {
	m := &mmff.Message{To: []string{"N/P/A"}, From: "N/P/B", Date: "1994-04-04", Time: "13:10", Body: []byte("text")}
	for _, f := range files {
		m.Attachments = append(m.Attachments, mmff.Attachment{Name: f.name, Content: []byte(f.content)})
	}
	data, err := mmff.Marshal(m, mmff.Options{})
	if err != nil {
		panic(err)
	}
	return data
}

// with is a delivery with these attachments.
func with(es ...enclosure) *mail.Delivery {
	d := compose(mail.Message{To: addresses("N/P/A")}, "text", "N/P/A")
	content := []byte("text")
	for _, e := range es {
		e.Size, e.SHA256 = int64(len(e.data)), sha256.Sum256(e.data)
		if e.Mac != nil {
			e.Mac.ResourceSize = int64(len(e.resource))
		}
		content = append(append(content, e.data...), e.resource...)
		d.Message.Attachments = append(d.Message.Attachments, e.Attachment)
	}
	d.Message.Size, d.Content = int64(len(content)), memory(content)
	return d
}

// opened takes an import apart again.
func opened(t testing.TB, c *Converter, data []byte) ([]enclosure, *Import) {
	t.Helper()
	in, content := read(t, c, data)
	p, err := readContent(delivery(in, content))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.enclosures {
		if e.SHA256 != sha256.Sum256(e.data) {
			t.Errorf("%s: the hash is not that of its data fork", e.Name)
		}
	}
	return p.enclosures, in
}

func macMail(name, kind, creator string, data, resource string) enclosure {
	return enclosure{
		Attachment: mail.Attachment{Name: name, Mac: &mail.MacFile{
			Type: [4]byte([]byte(kind)), Creator: [4]byte([]byte(creator)), FinderFlags: 0x2000, Comment: []byte("why"),
			Created: time.Date(1994, 4, 4, 13, 10, 0, 0, zone), Modified: time.Date(1994, 4, 5, 13, 10, 0, 0, zone),
		}},
		data: []byte(data), resource: []byte(resource),
	}
}

func TestMacFilesComeBack(t *testing.T) {
	for _, peer := range []Dialect{PC(), Mac()} {
		want := macMail("Über • Plan", "SITD", "SIT!", "data", "resource")
		got, in := opened(t, converter(peer), write(t, converter(peer), with(want)).Data)
		want.Size, want.SHA256, want.Mac.ResourceSize = 4, sha256.Sum256([]byte("data")), 8
		if diff := cmp.Diff([]mail.Attachment{want.Attachment}, in.Message.Attachments); diff != "" {
			t.Errorf("%s: %s", peer.Name, diff)
		}
		if string(got[0].resource) != "resource" {
			t.Errorf("%s: resource fork %q", peer.Name, got[0].resource)
		}
	}
}

// KB Q117561: attachments 2 to n were copies of the first.
func TestAttachmentsStayApart(t *testing.T) {
	var es []enclosure
	for i := range 20 {
		e := enclosure{Attachment: mail.Attachment{Name: "Same Name"}, data: bytes.Repeat([]byte{byte(i)}, i)}
		if i%3 == 0 {
			e = macMail("Same Name", "ABCD", "EFGH", strconv.Itoa(i), "r"+strconv.Itoa(i))
		}
		es = append(es, e)
	}
	got, _ := opened(t, converter(PC()), write(t, converter(PC()), with(es...)).Data)
	for i, e := range got {
		if !bytes.Equal(e.data, es[i].data) || !bytes.Equal(e.resource, es[i].resource) {
			t.Errorf("attachment %d holds %q and %q", i, e.data, e.resource)
		}
	}
}

func TestWhichFilesTravelPlain(t *testing.T) {
	table := mappings.Default()
	for _, c := range []struct {
		name     string
		e        enclosure
		peer     Dialect
		none     bool
		plain    bool
		noteKind string
	}{
		{"no Macintosh side", enclosure{Attachment: mail.Attachment{Name: "a.bin"}, data: []byte("x")}, PC(), false, true, ""},
		{"no table", macMail("a.doc", "W6BN", "MSWD", "x", ""), PC(), true, false, ""},
		{"extension in the table", macMail("a.doc", "W6BN", "MSWD", "x", ""), PC(), false, true, ""}, // KB Q104422
		{"towards a Macintosh, of that type", macMail("a.doc", "TEXT", "MSWD", "x", ""), Mac(), false, true, ""},
		{"towards a Macintosh, of another type", macMail("a.doc", "W6BN", "MSWD", "x", ""), Mac(), false, false, ""},
		{"resource fork", macMail("a.doc", "TEXT", "MSWD", "x", "r"), PC(), false, false, NoteResource}, // KB Q157948
		{"StuffIt Deluxe", macMail("a.sit", "SITD", "SIT!", "x", ""), PC(), false, false, ""},           // KB Q157948
		{"no extension", macMail("adoc", "TEXT", "MSWD", "x", ""), PC(), false, false, ""},
		{"nothing of the Macintosh", enclosure{Attachment: mail.Attachment{Name: "a.zip", Mac: &mail.MacFile{}}, data: []byte("x")}, PC(), false, true, ""},
	} {
		o := Options{Peer: c.peer, Zone: zone, Mappings: func() *mappings.Table { return table }}
		if c.none {
			o.Mappings = nil
		}
		f := write(t, New(o), with(c.e))
		parsed, err := mmff.Parse(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		got := parsed.Messages[0].Attachments[0].Content
		if plain := bytes.Equal(got, c.e.data); plain != c.plain {
			t.Errorf("%s: plain %v", c.name, plain)
		}
		if kinds := noteKinds(f.Notes); strings.Replace(kinds, NoteName, "", 1) != c.noteKind {
			t.Errorf("%s: notes %v", c.name, f.Notes)
		}
	}
}

func TestTextIsConvertedForTheMacintosh(t *testing.T) {
	table := mappings.Default()
	c := New(Options{Peer: PC(), Zone: zone, Now: now, ConvertText: true, Mappings: func() *mappings.Table { return table }})
	data := enclosing(file{"a.txt", "Gr\x81\xE1e\r\n"}, file{"b.wk1", "\x00\x00\r\n"}, file{"c.csv", "\x00\r\n"}, file{"d.zip", "\r\n"})
	got, in := opened(t, c, data)
	for i, want := range []string{"Gr\x9F\xA7e\r", "\x00\x00\r\n", "\x00\r\n", "\r\n"} {
		if string(got[i].data) != want {
			t.Errorf("attachment %d holds %q, want %q", i, got[i].data, want)
		}
		if hasType := got[i].Mac != nil; hasType != (i < 3) {
			t.Errorf("attachment %d has a type: %v", i, hasType)
		}
	}
	if noteKinds(in.Notes) != NoteContent {
		t.Errorf("notes %v", in.Notes)
	}
	for _, touched := range []bool{false, true} {
		in, content := read(t, c, data)
		if touched {
			in.Message.Original.Digest[0]++
		}
		f := write(t, c, delivery(in, content))
		if f.Verbatim == touched {
			t.Errorf("verbatim %v", f.Verbatim)
		}
		back, err := mmff.Parse(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"Gr\x81\xE1e\r\n", "\x00\x00\r\n", "\x00\r\n", "\r\n"} {
			if got := string(back.Messages[0].Attachments[i].Content); got != want {
				t.Errorf("attachment %d goes out as %q, want %q", i, got, want)
			}
		}
	}
}

// double is an AppleDouble file with a resource fork.
func double(resource string) string {
	b := []byte("\x00\x05\x16\x07\x00\x02\x00\x00" + strings.Repeat("\x00", 16) + "\x00\x02")
	for _, e := range []struct{ id, at, n uint32 }{{9, 50, 32}, {2, 82, uint32(len(resource))}} {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, e.id), e.at), e.n)
	}
	return string(b) + "TEXTMSWD" + strings.Repeat("\x00", 24) + resource
}

func TestContainersAreOpened(t *testing.T) {
	f := &macfile.File{Name: "Inside", Type: [4]byte{'A', 'B', 'C', 'D'}, Creator: [4]byte{'E', 'F', 'G', 'H'}, Data: []byte("data"), Resource: []byte("resource")}
	bin, err := macbinary.Encode(f, zone)
	if err != nil {
		t.Fatal(err)
	}
	hqx, err := binhex.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	single := strings.Replace(double("resource"), "\x00\x05\x16\x07", "\x00\x05\x16\x00", 1)
	for _, c := range []struct {
		name  string
		files []file
		want  string
	}{
		{"MacBinary", []file{{"INSIDE", string(bin)}}, "Inside:data:resource"},
		{"MacBinary that is damaged", []file{{"INSIDE", string(bin[:200])}}, "INSIDE:" + string(bin[:200]) + ":-"},
		{"AppleSingle", []file{{"X", single}}, "X::resource"},
		{"BinHex", []file{{"X.HQX", string(hqx)}}, "Inside:data:resource"},
		{"AppleDouble", []file{{"._a.txt", double("r")}, {"A.TXT", "data"}}, "A.TXT:data:r"},
		{"AppleDouble behind", []file{{"A.TXT", "data"}, {"%A.TXT", double("r")}, {"B", "b"}}, "A.TXT:data:r B:b:-"},
		{"AppleDouble of nobody", []file{{"._b.txt", double("r")}, {"A.TXT", "data"}}, "._b.txt:" + double("r") + ":- A.TXT:data:-"},
		{"a name only", []file{{"._a.txt", "x"}, {"a.txt", "data"}}, "._a.txt:x:- a.txt:data:-"},
	} {
		conv := New(Options{Peer: PC(), Zone: zone, Now: now, OpenBinHex: true})
		es, _ := opened(t, conv, enclosing(c.files...))
		var got []string
		for _, e := range es {
			resource := "-"
			if e.Mac != nil {
				resource = string(e.resource)
			}
			got = append(got, e.Name+":"+string(e.data)+":"+resource)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if es, _ := opened(t, converter(PC()), enclosing(file{"X.HQX", string(hqx)})); es[0].Mac != nil {
		t.Error("BinHex was opened without being asked")
	}
}

// winmail is a TNEF file with these files inside.
func winmail(files ...file) string {
	attr := func(kind, id uint16, content string) string {
		b := append([]byte{2}, byte(id), byte(id>>8), byte(kind), byte(kind>>8))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(content))), content...)
		var sum uint16
		for _, c := range []byte(content) {
			sum += uint16(c)
		}
		return string(binary.LittleEndian.AppendUint16(b, sum))
	}
	out := "\x78\x9F\x3E\x22\x01\x00"
	for _, f := range files {
		out += attr(6, 0x9002, strings.Repeat("\x00", 14)) + attr(1, 0x8010, f.name+"\x00") + attr(6, 0x800F, f.content)
	}
	return out
}

func TestWinmail(t *testing.T) {
	sealed := winmail(file{"A.TXT", "one"}, file{"B.TXT", "two"})
	data := enclosing(file{"A.TXT", "one"}, file{"winmail.dat", sealed}, file{"C.TXT", "three"})
	damaged := enclosing(file{"WINMAIL.DAT", sealed[:20]})
	for _, c := range []struct {
		policy Winmail
		data   []byte
		want   string
	}{
		{WinmailOpen, data, "A.TXT B.TXT C.TXT"},
		{WinmailStrip, data, "A.TXT C.TXT"},
		{WinmailKeep, data, "A.TXT winmail.dat C.TXT"},
		{WinmailOpen, damaged, "WINMAIL.DAT"},
		{WinmailStrip, damaged, ""},
	} {
		o := Options{Peer: PC(), Zone: zone, Now: now, Winmail: c.policy}
		es, _ := opened(t, New(o), c.data)
		var names []string
		for _, e := range es {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%d: %s, want %s", c.policy, got, c.want)
		}
		in, content := read(t, New(o), c.data)
		if f := write(t, New(o), delivery(in, content)); !f.Verbatim {
			t.Errorf("%d: towards the PC it is not carried along", c.policy)
		}
		o.Peer = Mac()
		if f := write(t, New(o), delivery(in, content)); bytes.Contains(f.Data, []byte(sealed)) {
			t.Errorf("%d: an old Macintosh half would return this", c.policy)
		}
	}
}
