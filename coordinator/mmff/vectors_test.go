package mmff

import (
	"errors"
	"strings"
	"testing"
)

// TestVectorCounts has the counts of KB Q103801 in the published line end and recounted for the other two.
func TestVectorCounts(t *testing.T) {
	for _, v := range []struct {
		eol              string
		text, attachment int
	}{{"\r\n", 152, 291}, {"\n", 143, 275}, {"\r", 143, 275}} {
		f, err := Parse([]byte(fileTransfer(v.eol, v.text, v.attachment)))
		if err != nil {
			t.Fatalf("%q: %v", v.eol, err)
		}
		m := f.Messages[0]
		if string(m.Body) != in(v.eol, fileBody) || len(m.Body) != v.text {
			t.Errorf("%q: body %q", v.eol, m.Body)
		}
		a := m.Attachments[0]
		if a.Name != "config.sys" || string(a.Content) != in(v.eol, fileContent) || len(a.Content) != v.attachment {
			t.Errorf("%q: attachment %q %q", v.eol, a.Name, a.Content)
		}
		if f.EOL.Sequence() != v.eol {
			t.Errorf("%q: line end %s", v.eol, f.EOL)
		}
	}
}

// TestVectorMisaligned: counts for CR LF over lines in LF are reported as such (and the other way about).
func TestVectorMisaligned(t *testing.T) {
	for _, v := range []struct {
		name, data string
		counted    EOL
		temporary  bool
	}{
		{"LF counted as CR LF", fileTransfer("\n", 152, 291), CRLF, true},
		{"CR counted as CR LF", fileTransfer("\r", 152, 291), CRLF, true},
		{"CR LF counted as LF", fileTransfer("\r\n", 143, 275), LF, false},
		{"only the body counted as CR LF", fileTransfer("\n", 152, 275), CRLF, true},
		{"only the body counted as LF", fileTransfer("\r\n", 143, 291), LF, false},
	} {
		f, err := Parse([]byte(v.data))
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrMisaligned) || e.Misaligned() != v.counted || e.Temporary() != v.temporary {
			t.Errorf("%s: %v", v.name, err)
		}
		if !f.Messages[0].Partial {
			t.Errorf("%s: the message is not called partial", v.name)
		}
	}
}

// TestVectorHeadlen: 9 would eat a line of the body, 8 and 7 do not (KB Q147034).
func TestVectorHeadlen(t *testing.T) {
	for headlen, want := range map[string]string{"9": "", "8": "first", "7": "\r\nfirst", "0": "", "-1": "", "x": "", "99999": ""} {
		f, err := Parse([]byte(meeting(headlen)))
		if err != nil {
			t.Fatal(err)
		}
		head, rest := f.Messages[0].PrintedHeader()
		if want == "" && (head != nil || len(rest) != len(f.Messages[0].Body)) {
			t.Errorf("HEADLEN %s was believed: %q", headlen, head)
		}
		if want != "" && (head == nil || !strings.HasPrefix(string(rest), want)) {
			t.Errorf("HEADLEN %s: rest is %q", headlen, rest)
		}
	}
}

// TestVectorError is KB Q118533: read in the wrong line end, a file fails at its second line.
func TestVectorError(t *testing.T) {
	data := []byte("VERSION:3.00\r\nTO:net/po/mailbox\r\nFROM:net/po/other\r\nTEXT:0\r\n")
	_, err := Parser{EOL: CR}.Parse(data)
	var e *Error
	if !errors.As(err, &e) || e.Error() != "141-1-2 Cannot match token TO (has tail net/po/mailbox)" {
		t.Errorf("got %v", err)
	}
	if _, err := Parse(data); err != nil {
		t.Errorf("with the line end looked up: %v", err)
	}
	_, err = Parser{EOL: LF}.Parse(data)
	if err != nil {
		t.Errorf("LF stands in CR LF, so only values suffer: %v", err)
	}
}

// TestVectorStrict: PCM is for directory data only (KB Q106623).
func TestVectorStrict(t *testing.T) {
	data := []byte(mailText("\r\n", []string{"VERSION:3.00", "TO:PCM:net/po/user", "FROM:CSI:a/b/c"}, "x"))
	if _, err := Parse(data); err != nil {
		t.Errorf("tolerant: %v", err)
	}
	_, err := Parser{Strict: true}.Parse(data)
	if err == nil || err.Error() != "151-1-2 Unknown service PCM (in address PCM:net/po/user)" {
		t.Errorf("strict: %v", err)
	}
}
