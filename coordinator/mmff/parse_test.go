package mmff

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestErrors has the disasters and the words for them.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"count overruns, text", lines("\r\n", with(envelope, "TEXT:10")...) + "123",
			[]string{"143-1-4 TEXT promises 10 bytes and 3 are present"}},
		{"count overruns, second attachment", lines("\n", with(envelope, "ATTACHMENT:a 1", "ATTACHMENT:b 9", "TEXT:1")...) + "xab",
			[]string{"143-1-5 ATTACHMENT promises 9 bytes and 1 are present"}},
		{"bytes left over", mailText("\n", envelope, "text") + "rest",
			[]string{"143-1-4 4 bytes are left over at offset 77"}},
		{"no text line", lines("\n", envelope...),
			[]string{"143-1-3 The file ends in the header, in line 3, without a TEXT line"}},
		{"count is a word", lines("\n", with(envelope, "TEXT:ten")...),
			[]string{"140-1-4 Unknown error with token TEXT (has tail ten)"}},
		{"attachment without count", mailText("\n", with(envelope, "ATTACHMENT:Read Me"), ""),
			[]string{"140-1-4 Unknown error with token ATTACHMENT (has tail Read Me)"}},
		{"no colon", mailText("\n", with(envelope, "hello"), ""),
			[]string{"144-1-4 Cannot partition line hello"}},
		{"no sender and no recipient", mailText("\n", []string{"VERSION:3.00"}, "text"),
			[]string{"143-1-2 The message has no TO line", "143-1-2 The message has no FROM line"}},
		{"no file name", lines("\n", with(envelope, "XTEXT:")...),
			[]string{"146-1-4 Bad or missing XTEXT file name"}},
		{"several at once", mailText("\n", with(envelope, "hello", "a b:c", "XATTACH:"), "text") + "x",
			[]string{"144-1-4 Cannot partition line hello", "141-1-5 Cannot match token a b (has tail c)",
				"146-1-6 Bad or missing XATTACH file name", "143-1-7 1 byte is left over at offset 98"}},
		{"second message", mailText("\n", envelope, "text") + mailText("\n", envelope[:2], "text"),
			[]string{"143-2-3 The message has no FROM line"}},
		{"nothing", "", []string{"143-0-0 There is no message in the file"}},
	} {
		_, err := Parse([]byte(c.data))
		if diff := cmp.Diff(strings.Join(c.want, "\n"), fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestErrorPlace checks the parts of an error a program reads.
func TestErrorPlace(t *testing.T) {
	data := mailText("\r\n", envelope, "first") + lines("\r\n", with(envelope, "ATTACHMENT:Read Me 9", "TEXT:1")...) + "xab"
	f, err := Parse([]byte(data))
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrIncomplete) || errors.Is(err, ErrLimit) || errors.Is(err, ErrMisaligned) {
		t.Fatal(err)
	}
	if e.Code != CodeParser || e.Ordinal != 2 || e.Line != 4 || e.Token != "ATTACHMENT" || e.Tail != "Read Me 9" ||
		e.Promised != 9 || e.Present != 2 || e.Offset != int64(len(data)) || !e.Temporary() {
		t.Errorf("%+v", e)
	}
	if len(f.Messages) != 2 || f.Messages[0].Partial || !f.Messages[1].Partial {
		t.Errorf("the first message is sound, the second is not")
	}
}

// TestNotes: what is tolerated is noted, and refused by a strict parser.
func TestNotes(t *testing.T) {
	for name, header := range map[string][]string{
		"unknown token": with(envelope, "X-FLAG:1"), "repeated subject": with(envelope, "SUBJECT:a", "SUBJECT:b"),
		"blank line": with(envelope, ""), "unknown service": with(envelope, "TO:WARP:x"), "bad address": with(envelope, "TO:x"),
		"control in subject": with(envelope, "SUBJECT:a\rb"), "odd version": append([]string{"VERSION:x"}, envelope[1:]...),
		"malformed EXT": with(envelope, "EXT:x"), "nameless attachment": with(envelope, "ATTACHMENT:0"),
	} {
		data := []byte(mailText("\n", header, "text"))
		f, err := Parse(data)
		if err != nil || len(f.Notes) != 1 || f.Messages[0].Partial {
			t.Errorf("%s: %v, notes %v", name, err, f.Notes)
			continue
		}
		f, err = Parser{Strict: true}.Parse(data)
		if err == nil || !f.Messages[0].Partial || len(f.Notes) > 0 {
			t.Errorf("%s: a strict parser took it", name)
		}
	}
}

// cutSamples are the samples of the corpus that TestTruncation cuts at each byte.
var cutSamples = []string{
	"vectors/v4-addresses", "vectors/v8-undeliverable", "vectors/v9-read-receipt", "vectors/v10-registered", "vectors/v11-directory-request", "vectors/v11-transactions",
	"cases/q117561-five-different", "cases/q126648-winmail", "cases/q108375-encapsulated", "cases/q164850-both-forms", "attachments/binary", "code-pages/name-macroman",
	"charsets/all-bytes-body", "extended/ext-counted-lines", "line-ends/header-cr-body-lf", "attachments/content-is-mail",
}

// TestTruncation cuts several mails at each byte: nothing but the whole is a mail, and once the cut lies behind TO or FROM
// nothing is a handshake or bad.
func TestTruncation(t *testing.T) {
	samples := map[string]string{
		"file transfer": fileTransfer("\r\n", 152, 291), "file transfer LF": fileTransfer("\n", 143, 275), "file transfer CR": fileTransfer("\r", 143, 275),
		"plain": mailText("\r\n", full, "text\r\n"), "meeting": meeting("8"), "sender first": mailText("\n", []string{"VERSION:3.00", "FROM:a/b/c", "TO:d/e/f"}, "x"),
		"cc": mailText("\r\n", with(full, "CC:a/b/c", "EXT:I:3:HEADLEN", "9", "X-FLAG:1"), "text"),
	}
	for _, c := range corpus() {
		for _, s := range c.samples {
			if name := c.dir + "/" + s.name; slices.Contains(cutSamples, name) {
				samples[name] = s.data
			}
		}
	}
	if len(samples) != 7+len(cutSamples) || len(samples) < 20 {
		t.Fatalf("%d samples", len(samples))
	}
	for name, data := range samples {
		known := min(strings.Index(data, "TO:"), strings.Index(data, "FROM:")) + 1
		for n := 1; n < len(data); n++ {
			kind := Classify([]byte(data[:n]))
			if kind == KindMail || kind == KindBad || kind == KindForeign || n >= known && kind != KindIncomplete {
				_, err := Parse([]byte(data[:n]))
				t.Errorf("%s cut at %d is %s: %v", name, n, kind, err)
			}
		}
		if kind := Classify([]byte(data)); kind != KindMail {
			t.Errorf("%s is %s", name, kind)
		}
	}
}

// TestLimits goes over each limit.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		data   string
	}{
		"size":       {Limits{MaxSize: 50}, mailText("\n", envelope, strings.Repeat("x", 50))},
		"messages":   {Limits{MaxMessages: 2}, strings.Repeat(mailText("\n", envelope, "x"), 3)},
		"recipients": {Limits{MaxRecipients: 3}, mailText("\n", with(envelope, "TO:a/b/c", "CC:a/b/c", "TO:a/b/c"), "x")},
		"fields":     {Limits{MaxFields: 5}, mailText("\n", with(envelope, "A:1", "B:2", "C:3"), "x")},
		"blank":      {Limits{MaxFields: 5}, mailText("\n", with(envelope, "", "", "", ""), "x")},
	} {
		f, err := Parser{Limits: c.limits}.Parse([]byte(c.data))
		if !errors.Is(err, ErrLimit) || errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.Messages) == 0 || f.Messages[0].From == "" {
			t.Errorf("%s: the sender is not known, nobody can be told", name)
		}
		if b, err := f.Bytes(); err != nil || string(b) != c.data {
			t.Errorf("%s: the file does not repeat itself", name)
		}
		if _, err := Parse([]byte(c.data)); err != nil {
			t.Errorf("%s: without the limit: %v", name, err)
		}
	}
	for _, n := range []int{51, 64, 100, 1000} {
		long := []byte(mailText("\n", with(envelope, "X:"+strings.Repeat("x", n)), "x"))
		if _, err := (Parser{Limits: Limits{MaxLine: 50}}).Parse(long); codeOf(err) != CodeTooBig {
			t.Errorf("line of %d: %v", n, err)
		}
	}
}

// TestErrorsAreCounted: not all of many errors are kept, but none is forgotten.
func TestErrorsAreCounted(t *testing.T) {
	data := mailText("\n", with(envelope, strings.Split(strings.Repeat("x\n", 99)+"x", "\n")...), "text")
	_, err := Parser{Limits: Limits{MaxErrors: 3}}.Parse([]byte(data))
	faults := err.(Errors)
	if len(faults) != 4 || faults[3].Text != "97 more are not listed" {
		t.Errorf("%d errors: %v", len(faults), err)
	}
}

// TestSharedMemory: contents are not copied.
func TestSharedMemory(t *testing.T) {
	data := []byte(mailText("\n", with(envelope, "ATTACHMENT:a 3"), "text", "aaa"))
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m := f.Messages[0]
	if &m.Body[0] != &data[bytes.Index(data, []byte("textaaa"))] || cap(m.Body) != len(m.Body) || cap(m.Attachments[0].Content) != 3 {
		t.Error("the body is a copy, or can grow into the attachment")
	}
}
