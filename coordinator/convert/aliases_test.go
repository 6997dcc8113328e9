package convert

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// proxies calls people of the Macintosh side MACNET/MACPO/n, in the order in which it meets them.
type proxies struct {
	met  []mail.Address
	fail error
}

func (p *proxies) Read(a mail.Address) (mail.Address, error) {
	number, ok := strings.CutPrefix(a.Value, "MACNET/MACPO/")
	if a.Type != mail.TypePC || !ok {
		return a, nil
	}
	var n int
	if _, err := fmt.Sscan(number, &n); err != nil || n < 1 || n > len(p.met) {
		return a, fmt.Errorf("nobody has the proxy address %s", a)
	}
	return p.met[n-1], nil
}

func (p *proxies) Write(as []mail.Address) ([]mail.Address, error) {
	if p.fail != nil {
		return nil, p.fail
	}
	out := slices.Clone(as)
	for i, a := range as {
		if a.Type != mail.TypeMac {
			continue
		}
		if !slices.Contains(p.met, a) {
			p.met = append(p.met, a)
		}
		out[i] = mail.MustAddress(fmt.Sprintf("MACNET/MACPO/%d", slices.Index(p.met, a)+1))
	}
	return out, nil
}

func proxied(d Dialect) (*Converter, *proxies) {
	p := &proxies{}
	return New(Options{Peer: d, Zone: zone, Now: now, Addresses: p}), p
}

// TestProxiesCross shows a note of a Macintosh user and the answer to it: the PC half sees proxies only, the rest of the
// world sees none, and the same text is recognised when it comes back.
func TestProxiesCross(t *testing.T) {
	c, _ := proxied(PC())
	d := compose(mail.Message{Sender: mail.MustAddress("Harry Olson@Marketing"), To: addresses("NET/PO/ANN", "Mary Fox@Sales"), Subject: "hello",
		Submitted: now(), Priority: 3}, "text", "NET/PO/ANN", "Mary Fox@Sales")
	f := write(t, c, d)
	m := parse(t, f.Data)
	if got := fmt.Sprint(m.From, m.To); got != "CSI:MACNET/MACPO/2[CSI:NET/PO/ANN CSI:MACNET/MACPO/1]" {
		t.Errorf("the PC half is shown %s", got)
	}
	in, _ := read(t, c, f.Data)
	if in.Message.Sender != d.Message.Sender || fmt.Sprint(in.Recipients) != fmt.Sprint(d.Recipients) || fmt.Sprint(in.Message.To) != fmt.Sprint(d.Message.To) {
		t.Errorf("read again: from %s to %v", in.Message.Sender, in.Recipients)
	}
	if !slices.Equal(in.Fingerprints, f.Fingerprints) {
		t.Error("the text is not recognised when it comes back")
	}
	answer := parsed([]string{"TO:" + m.From, "TO:CSI:MACNET/MACPO/99", "FROM:CSI:NET/PO/ANN", "SUBJECT:RE: hello", "PRIORITY:3"}, "thanks")
	in, _ = read(t, c, answer)
	if fmt.Sprint(in.Recipients) != "[Harry Olson@Marketing]" {
		t.Errorf("the answer goes to %v", in.Recipients)
	}
	if len(in.Failures) != 1 || in.Failures[0].Reason != ReasonAddress || in.Failures[0].Recipient.String() != "MACNET/MACPO/99" ||
		!strings.Contains(in.Failures[0].Explanation, "nobody has the proxy address MACNET/MACPO/99") {
		t.Errorf("a proxy nobody has: %+v", in.Failures)
	}
}

func parse(t *testing.T, data []byte) *mmff.Message {
	t.Helper()
	f, err := mmff.Parse(data)
	if err != nil || len(f.Messages) != 1 {
		t.Fatalf("%v in %q", err, data)
	}
	return f.Messages[0]
}

// TestProxyNamedTwice shows that somebody who is named by proxy and by address is one recipient.
func TestProxyNamedTwice(t *testing.T) {
	c, p := proxied(PC())
	p.met = []mail.Address{mail.MustAddress("bob@Marketing")}
	in, _ := read(t, c, parsed([]string{"TO:CSI:MACNET/MACPO/1", "TO:MSMAIL:Bob@marketing", "FROM:CSI:NET/PO/ANN", "SUBJECT:x", "PRIORITY:3"}, "y"))
	if len(in.Recipients) != 1 || len(in.Fingerprints) != 1 {
		t.Errorf("recipients: %v", in.Recipients)
	}
}

// TestOriginalWithOtherNames shows that a file read from the Macintosh half is not passed on as it is to a PC half, which
// does not know its people by those names, nor the other way; but a file of the PC half goes back unchanged.
func TestOriginalWithOtherNames(t *testing.T) {
	mac := converter(Mac())
	pc, p := proxied(PC())
	file := parsed([]string{"TO:CSI:NET/PO/ANN", "FROM:MSMAIL:bob@Marketing", "SUBJECT:x", "PRIORITY:3"}, "y")
	in, content := read(t, mac, file)
	if f := write(t, mac, delivery(in, content)); !f.Verbatim {
		t.Error("where nobody has another name the original was written anew")
	}
	f := write(t, pc, delivery(in, content))
	if f.Verbatim || bytes.Contains(f.Data, []byte("MSMAIL")) {
		t.Errorf("the PC half is given %q", f.Data)
	}
	p.met = []mail.Address{mail.MustAddress("bob@Marketing")}
	file = parsed([]string{"TO:CSI:MACNET/MACPO/1", "FROM:CSI:NET/PO/ANN", "SUBJECT:x", "PRIORITY:3"}, "y")
	in, content = read(t, pc, file)
	if f := write(t, mac, delivery(in, content)); f.Verbatim || !bytes.Contains(f.Data, []byte("TO:MSMAIL:bob@Marketing")) {
		t.Errorf("the Macintosh half is given %q", f.Data)
	}
	if f := write(t, pc, delivery(in, content)); !f.Verbatim || !bytes.Equal(f.Data, file) {
		t.Errorf("the PC half gets back %q", f.Data)
	}
}

func TestNamesThatCannotBeWritten(t *testing.T) {
	c, p := proxied(PC())
	for _, want := range []error{refuse(ReasonAddress, "no ID is left"), errors.New("the store is busy")} {
		p.fail = want
		_, err := c.ToMMFF(compose(mail.Message{Sender: mail.MustAddress("bob@Marketing")}, "x", "NET/PO/ANN"))
		if !errors.Is(err, want) {
			t.Errorf("the error is %v, want %v", err, want)
		}
	}
}
