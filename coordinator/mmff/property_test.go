package mmff

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// values draws what may stand in a header line: any byte but CR, LF and NUL.
func values(t *rapid.T, label string, least int) string {
	b := rapid.SliceOfN(rapid.Byte(), least, 20).Draw(t, label)
	return strings.NewReplacer("\r", "r", "\n", "n", "\x00", "0").Replace(string(b))
}

// messages draws a message that a writer must take.
func messages(t *rapid.T) *Message {
	list := func(label string, least int) []string {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return "CSI:" + values(t, label, 0) }), least, 3).Draw(t, label+"s")
	}
	m := &Message{Version: "3.00", To: list("to", 1), Cc: list("cc", 0), From: "x" + values(t, "from", 0), Date: values(t, "date", 0),
		Time: values(t, "time", 0), Subject: values(t, "subject", 0), Priority: values(t, "priority", 0),
		Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body")}
	for range rapid.IntRange(0, 3).Draw(t, "attachments") {
		m.Attachments = append(m.Attachments, Attachment{Name: "n" + values(t, "name", 0), Content: rapid.SliceOf(rapid.Byte()).Draw(t, "content"),
			Token: rapid.SampledFrom([]string{"", "ATTACHMENT", "ATTACHMENTS"}).Draw(t, "token")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "fields") {
		m.Fields = append(m.Fields, Field{Name: rapid.StringMatching(`X-[A-Za-z0-9_.$#/-]{1,8}`).Draw(t, "field"), Value: values(t, "value", 0)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "exts") {
		m.Ext = append(m.Ext, Ext{Type: rapid.SampledFrom([]string{"I", "S", ""}).Draw(t, "type"), Name: values(t, "ext", 0), Value: values(t, "extvalue", 0)})
	}
	return m
}

// options draws how to write.
func options(t *rapid.T) Options {
	return Options{EOL: rapid.SampledFrom([]EOL{EOLNone, CR, LF, CRLF}).Draw(t, "eol"), Extended: rapid.Bool().Draw(t, "extended")}
}

// TestRoundTrip: what is written is read back as it was, is one mail, and repeats itself; a mail behind it changes nothing.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, o := messages(t), options(t)
		data, err := Marshal(m, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if kind := Classify(data); kind != KindMail {
			t.Fatalf("written as %s", kind)
		}
		second, err := Marshal(messages(t), options(t))
		if err != nil {
			t.Fatalf("%v", err)
		}
		f, err := Parse(append(bytes.Clone(data), second...))
		if err != nil || len(f.Messages) != 2 {
			t.Fatalf("two in one file: %d messages, %v", len(f.Messages), err)
		}
		for i, want := range [][]byte{data, second} {
			if b, err := f.Messages[i].Bytes(); err != nil || !bytes.Equal(b, want) {
				t.Fatalf("message %d: %q, %v", i+1, b, err)
			}
		}
	})
}

// TestCutsProperty: a mail cut anywhere is incomplete, or a handshake as long as no recipient and no sender is seen.
func TestCutsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := Marshal(messages(t), options(t))
		if err != nil {
			t.Fatalf("%v", err)
		}
		n := rapid.IntRange(1, len(data)-1).Draw(t, "cut")
		kind := Classify(data[:n])
		noAddress := n <= bytes.Index(data, []byte("TO:"))
		// A body of no bytes may lose the line end of its count and is whole all the same.
		whole := kind == KindMail && bytes.HasSuffix(bytes.TrimRight(data[:n], "\r"), []byte("TEXT:0"))
		if kind != KindIncomplete && !(kind == KindHandshake && noAddress) && !whole {
			t.Fatalf("cut at %d of %d: %s", n, len(data), kind)
		}
	})
}
