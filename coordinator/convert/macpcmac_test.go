package convert

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
)

// seed is what a generated test starts from: SIDEGATE_SEED, to run one again, or always the same.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SIDEGATE_SEED")
	if text == "" {
		text = "1"
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("SIDEGATE_SEED: %v", err)
	}
	t.Logf("SIDEGATE_SEED=%d", n)
	return n
}

// TestThousandSetsFromMacToPCToMac sends generated sets of attachments from a Macintosh through the PC half to another
// Macintosh: both forks, type, creator, flags, dates, comment and name arrive as they left, in their order. (KB Q117561, Q122779)
func TestThousandSetsFromMacToPCToMac(t *testing.T) {
	const sets = 1000
	from, files := seed(t), 0
	for n := range uint64(sets) {
		sent := macSet(rand.New(rand.NewPCG(from, n)))
		files += len(sent)
		d := with(sent...)
		in, content := &Import{Message: d.Message, Recipients: d.Recipients}, d.Content.(memory)
		for _, peer := range []Dialect{PC(), Mac()} {
			in, content = crossed(t, peer, in, content)
		}
		got, err := readContent(delivery(in, content))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.enclosures) != len(sent) {
			t.Fatalf("set %d: %d attachments arrived, %d were sent", n, len(got.enclosures), len(sent))
		}
		for i, e := range got.enclosures {
			if problem := unlike(sent[i], e); problem != "" {
				t.Errorf("set %d, attachment %d, %q: %s", n, i+1, sent[i].Name, problem)
			}
		}
		if t.Failed() {
			t.Fatalf("SIDEGATE_SEED=%d finds it again", from)
		}
	}
	t.Logf("%d sets of %d files", sets, files)
}

// arriving is how a name arrives: one that ends in "-" crashed Macintoshes, so it ends before. (KB Q122779)
func arriving(name string) string { return strings.TrimRight(name, "-. ") }

// unlike says in what a file that arrived differs from the one that was sent.
func unlike(sent, got enclosure) string {
	was, is := sent.Mac, got.Mac
	name := arriving(sent.Name)
	switch {
	case got.Name != name:
		return fmt.Sprintf("is called %q", got.Name)
	case !bytes.Equal(got.data, sent.data):
		return fmt.Sprintf("has a data fork of %d bytes, not the one of %d", len(got.data), len(sent.data))
	case !bytes.Equal(got.resource, sent.resource):
		return fmt.Sprintf("has a resource fork of %d bytes, not the one of %d", len(got.resource), len(sent.resource))
	case is == nil:
		return "is no Macintosh file any more"
	case is.Type != was.Type || is.Creator != was.Creator:
		return fmt.Sprintf("is of type %q and creator %q, was of %q and %q", is.Type[:], is.Creator[:], was.Type[:], was.Creator[:])
	case is.FinderFlags != was.FinderFlags:
		return fmt.Sprintf("has the flags %04X, had %04X", is.FinderFlags, was.FinderFlags)
	case !is.Created.Equal(was.Created) || !is.Modified.Equal(was.Modified):
		return fmt.Sprintf("was made %v and changed %v, and not %v and %v", is.Created, is.Modified, was.Created, was.Modified)
	case !bytes.Equal(is.Comment, was.Comment):
		return fmt.Sprintf("has a comment of %d bytes, had one of %d", len(is.Comment), len(was.Comment))
	}
	return ""
}

// TestPlainFilesComeBack: what the table of types knows and has no resource fork travels to a PC as a plain file, and comes
// back with its data fork and the type of the table. (KB Q76093, Q157948)
func TestPlainFilesComeBack(t *testing.T) {
	for _, c := range []struct{ name, kind, data string }{
		{"Report.doc", "TEXTMSWD", "\xD0\xCF\x11\xE0\x00\r\n\r"}, // binary
		{"Budget.XLS", "XLS3XCEL", "\x09\x02\r\n\x00"},
		{"Letter.txt", "TEXTMSWD", "Gr\x9A\xA7e\raus M\x9Fnchen\r"}, // text, all of it in both code pages
		{"Table.csv", "TEXTXCEL", "a,b\rc,d\r"},
		{"Paper.pdf", "TEXTCARO", "%PDF-1.1\r\n\xE2\xE3\xCF\xD3\r"},
	} {
		sent := macMail(c.name, c.kind[:4], c.kind[4:], c.data, "")
		d := with(sent)
		in, content := crossed(t, PC(), &Import{Message: d.Message, Recipients: d.Recipients}, d.Content.(memory))
		got, err := readContent(delivery(in, content))
		if err != nil || len(got.enclosures) != 1 {
			t.Fatalf("%s: %v", c.name, err)
		}
		e := got.enclosures[0]
		if e.Mac == nil || string(e.Mac.Type[:])+string(e.Mac.Creator[:]) != c.kind || string(e.data) != c.data || !strings.EqualFold(e.Name, c.name) {
			t.Errorf("%s comes back as %q with %+v, %q", c.name, e.Name, e.Mac, e.data)
		}
	}
}

// TestNamesInContainers: names in containers are in Mac Roman, and no pair of its letters is taken for UTF-8, which newer
// programs write.
func TestNamesInContainers(t *testing.T) {
	var letters []byte
	for i := 0x80; i < 0x100; i++ {
		if r := charset.MacRoman.Rune(byte(i)); isLetter(r) {
			letters = append(letters, byte(i))
		}
	}
	if len(letters) < 60 {
		t.Fatalf("%d letters", len(letters))
	}
	for _, a := range letters {
		for _, b := range letters {
			if raw := string([]byte{'x', a, b}); insideName(raw) != charset.MacRoman.Decode(raw) {
				t.Errorf("% X is read as %q, and is %q", raw, insideName(raw), charset.MacRoman.Decode(raw))
			}
		}
	}
	for raw, want := range map[string]string{"café.txt": "café.txt", "日本.txt": "日本.txt", "caf\x8E": "café", "plain": "plain", "\xC7\x83cole\xC8": "«École»", " a\tb ": "a b"} {
		if got := insideName(raw); got != want {
			t.Errorf("%q is read as %q, want %q", raw, got, want)
		}
	}
}

// TestEveryCodeInNamesAndRecipients: whatever code of a code page stands in the name of an attachment or in the address of a
// recipient, it is there again when the file is read and written new. (KB Q166152, Q175041)
func TestEveryCodeInNamesAndRecipients(t *testing.T) {
	for _, table := range []*charset.Table{charset.MacRoman, charset.CP850, charset.Windows1252, charset.CP437} {
		peer := Mac()
		peer.Charset = table
		var codes []byte
		for i := range 256 {
			// Line ends, NUL, ^Z and ESC no header line can hold; see package charset for what addresses do about them.
			if !strings.ContainsRune("\x00\n\r\x1A\x1B", rune(i)) {
				codes = append(codes, byte(i))
			}
		}
		for len(codes) > 0 {
			some := codes[:min(len(codes), 50)]
			codes = codes[len(some):]
			m := &mmff.Message{From: "CSI:N/P/B", Date: "1994-04-04", Time: "13:10"}
			for _, c := range some {
				// The code is in the address a second time, in digits: capitals and small letters are one recipient.
				at := fmt.Sprintf("a%sb%02X", []byte{c}, c)
				m.To = append(m.To, "MSMAIL:"+at+"@Server", "MSMAIL:user@"+at, "CSI:NET/PO/"+at)
				m.Attachments = append(m.Attachments, mmff.Attachment{Name: fmt.Sprintf("a%sb%02X", []byte{c}, c), Content: []byte{c}})
			}
			data, err := mmff.Marshal(m, mmff.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in, content := read(t, converter(peer), data)
			in.Message.Original.Digest[0]++ // somebody touched it, so it is written new
			f, err := mmff.Parse(write(t, converter(peer), delivery(in, content)).Data)
			if err != nil {
				t.Fatal(err)
			}
			out := f.Messages[0]
			for i, c := range some {
				name := m.Attachments[i].Name
				if r := table.Rune(c); unicode.IsControl(r) || strings.ContainsRune(`:/\\`, r) {
					name = "" // no name of a file
				}
				if got := out.Attachments[i].Name; name != "" && got != name {
					t.Errorf("%s: %02X: the attachment %q becomes %q", table.Name(), c, name, got)
				}
			}
			sent := map[string]bool{}
			for _, to := range out.To {
				sent[to] = true
			}
			for i, to := range m.To {
				if c := some[i/3]; !sent[to] && !(i%3 == 2 && c == '/') { // which parts a CSI address elsewhere
					t.Errorf("%s: %02X: the recipient %q is not among those written", table.Name(), c, to)
				}
			}
		}
	}
}
