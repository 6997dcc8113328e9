package mmff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInline: a message with outside files is the one that has them inside, but for the order of its attachments.
func TestInline(t *testing.T) {
	head := []string{"VERSION:3.00", "TO:N/P/A", "FROM:N/P/B"}
	outside := lines("\r\n", with(head, "ATTACHMENT:IN.TXT 2", `XATTACH:M:\OUT\A.DOC`, "XATTACH:MISC/B.TXT,Letter to Jim", "XATTACH:HD:C.TXT[ ]",
		`XTEXT:C:\TEXT.TXT`)...) + "in"
	inside := lines("\r\n", with(head, "ATTACHMENT:IN.TXT 2", "ATTACHMENT:A.DOC 1", "ATTACHMENT:Letter to Jim 2", "ATTACHMENT:C.TXT 0", "TEXT:6")...) +
		"text\r\n" + "in" + "a" + "bb"
	f, err := Parse([]byte(outside))
	if err != nil {
		t.Fatal(err)
	}
	m := f.Messages[0]
	got, err := Marshal(m.Inline([][]byte{[]byte("text\r\n"), []byte("a"), []byte("bb"), nil}), Options{EOL: CRLF})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inside, string(got)); diff != "" {
		t.Error(diff)
	}
	if m.XText == nil || len(m.XAttach) != 3 || len(m.Attachments) != 1 || m.Modified() {
		t.Errorf("the message itself was changed: %+v", m)
	}
}
