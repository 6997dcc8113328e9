package service

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/mmff"
	"sidegate/coordinator/proxy"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

func memoryStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(storetest.NewMemory(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a store in memory has nothing to lose
	return s
}

func people(t *testing.T, lines ...string) directory.List {
	t.Helper()
	var entries []directory.Entry
	for _, line := range lines {
		name, address, _ := strings.Cut(line, "=")
		e, err := directory.NewEntry(name, address)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	l, err := directory.NewList(entries)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestPeopleByName shows what becomes of name@GATEWAY: one person of that name is meant, otherwise nobody. RN50, KB Q123371.
func TestPeopleByName(t *testing.T) {
	l := people(t, "Ann Smith=NET/PO/ASMITH", "Bob Jones=bob@Marketing", "Bob Jones=BJ@Sales", "Proxied=MACNET/MACPO/A00001XY")
	n := &names{gateways: []string{"MS Mail Connection", "Exchange"}, find: l.Find}
	for address, want := range map[string]string{
		"Ann Smith@MS Mail Connection": "NET/PO/ASMITH",
		"ann smith@ms mail connection": "NET/PO/ASMITH",
		"ASMITH@EXCHANGE":              "NET/PO/ASMITH",
		"bj@Exchange":                  "BJ@Sales",
		"Bob Jones@Exchange":           "the directory has 2 people called Bob Jones",
		"Carl@Exchange":                "the directory has nobody called Carl",
		"Ann Smith@Marketing":          "Ann Smith@Marketing",
		"SMTP:asmith@Exchange":         "SMTP:asmith@Exchange",
		"Exchange/PO/ASMITH":           "Exchange/PO/ASMITH",
	} {
		if got := read(n, address); got != want {
			t.Errorf("%s means %s, want %s", address, got, want)
		}
	}
	var err error
	if n.proxies, err = proxy.Open(proxy.Options{Store: memoryStore(t), Name: mail.Postoffice{Network: "MACNET", Name: "MACPO"}}); err != nil {
		t.Fatal(err)
	}
	if out, err := n.Write([]mail.Address{mail.MustAddress("xylo@Somewhere"), mail.MustAddress("NET/PO/ANN")}); err != nil || fmt.Sprint(out) != "[MACNET/MACPO/A00001XY NET/PO/ANN]" {
		t.Errorf("written: %v, %v", out, err)
	}
	if got := read(n, "proxied@exchange"); got != "xylo@Somewhere" {
		t.Errorf("a name in the directory that stands for a proxy means %s", got)
	}
}

func read(n *names, address string) string {
	a, err := n.Read(mail.MustAddress(address))
	if err != nil {
		return err.Error()
	}
	return a.String()
}

// TestGate shows that only notes of registered senders pass, and that others are told why.
func TestGate(t *testing.T) {
	g := gate{convert.New(convert.Options{Peer: convert.PC()}), func(a mail.Address) bool { return a.Key() == "CSI:net/po/ann" }}
	for _, tt := range []struct{ name, from, to, subject, body, want string }{
		{"registered", "CSI:NET/PO/ANN", "TO:MSMAIL:bob@Marketing", "hello", "x", "[bob@Marketing] []"},
		{"not registered", "CSI:NET/PO/CARL", "TO:MSMAIL:bob@Marketing", "hello", "x", "[] [bob@Marketing NOT_REGISTERED NET/PO/CARL is not registered for this gateway. Ask whoever runs it.]"},
		{"an address that cannot be read besides", "CSI:NET/PO/CARL", "TO:rubbish", "hello", "x", "[] [INVALID:rubbish BAD_ADDRESS The address in line 2 cannot be read (142).]"},
		{"a report", "CSI:NET/PO/POSTOFFICE", "TO:MSMAIL:bob@Marketing", "Mail failure", "x", "[bob@Marketing] []"},
		{"a receipt", "CSI:NET/PO/POSTOFFICE", "TO:MSMAIL:bob@Marketing", "Registered: ann", "x", "[bob@Marketing] []"},
		{"mail between programs", "CSI:NET/PO/$SYSTEM", "TO:CSI:NET/PO/$SYSTEM", "x", "x", "[NET/PO/$SYSTEM] []"},
	} {
		text := "VERSION:2\r\n" + tt.to + "\r\nFROM:" + tt.from + "\r\nSUBJECT:" + tt.subject + "\r\nTEXT:" + fmt.Sprint(len(tt.body)) + "\r\n" + tt.body
		f, err := mmff.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		in, err := g.FromMMFF(f.Messages[0], io.Discard)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var failures []string
		for _, f := range in.Failures {
			failures = append(failures, fmt.Sprint(f.Recipient, " ", f.Reason, " ", f.Explanation))
		}
		if got := fmt.Sprint(in.Recipients, " ", failures); got != tt.want || len(in.Fingerprints) != len(in.Recipients) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
