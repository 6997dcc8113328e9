package legacypair

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// head is a sound header up to where a test goes on.
const head = "VERSION:3.00\r\nTO:CSI:MACNET/MACPO/T60009HO\r\nFROM:CSI:NET1/PO1/Admin\r\n"

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "143-1-1 "},
		{"no text", head, "143-1-4 Message ends"},
		{"published cut sample, KB Q117581", head + "DATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:01234", "143-1-6 "},
		{"no version", strings.TrimPrefix(head, "VERSION:3.00\r\n") + "TEXT:0\r\n", "141-1-1 Cannot match token TO "},
		{"no recipient", "VERSION:3.00\r\nFROM:CSI:A/B/C\r\nTEXT:0\r\n", "143-1-3 Message has no TO"},
		{"no sender", "VERSION:3.00\r\nTO:CSI:A/B/C\r\nTEXT:0\r\n", "143-1-3 Message has no TO or no FROM"},
		{"two senders", head + "FROM:CSI:A/B/C\r\n", "143-1-4 A second FROM"},
		{"unknown token", head + "XYZ:1\r\n", "141-1-4 Cannot match token XYZ (has tail 1)"},
		{"CC in Basic, KB Q87223", head + "CC:CSI:A/B/C\r\n", "141-1-4 Cannot match token CC "},
		{"no colon", head + "hello\r\n", "144-1-4 Cannot partition"},
		{"line ends LF, KB Q85055", strings.ReplaceAll(head, "\r", "") + "TEXT:0\n\r\n", "144-1-1 Cannot partition"},
		{"blank line", head + "\r\n", "144-1-4 "},
		{"directory type, KB Q106623", "VERSION:3.00\r\nTO:PCM:NET/PO/A\r\n", "151-1-2 Unknown service PCM (has address NET/PO/A)"},
		{"two parts", "VERSION:3.00\r\nTO:CSI:NET/A\r\n", "142-1-2 Bad address"},
		{"long name, KB Q96003", "VERSION:3.00\r\nTO:NET/PO/ELEVENCHARS\r\n", "142-1-2 Bad address"},
		{"native without server", "VERSION:3.00\r\nTO:MSMAIL:John Chen\r\n", "142-1-2 Bad address"},
		{"native without user", "VERSION:3.00\r\nTO:MSMAIL:@Sales\r\n", "142-1-2 Bad address"},
		{"no SMTP address", "VERSION:3.00\r\nTO:SMTP: \r\n", "142-1-2 Bad address"},
		{"two priorities", head + "PRIORITY:12\r\n", "140-1-4 Bad value for token PRIORITY (has tail 12)"},
		{"attachment without count", head + "ATTACHMENT:config.sys\r\n", "140-1-4 Bad value"},
		{"attachment with two names", head + "ATTACHMENT:Read Me\r\n", "140-1-4 Bad count"},
		{"negative count", head + "TEXT:-1\r\n", "140-1-4 Bad count"},
		{"count beyond all numbers", head + "TEXT:99999999999999999999\r\n", "140-1-4 Bad count"},
		{"outside text without name", head + "XTEXT:\r\n", "146-1-4 "},
		{"outside text", head + "XTEXT:C:\\A.TXT\r\n", "147-1-4 "},
		{"outside attachment", head + "XATTACH:C:\\A.TXT,A\r\n", "147-1-4 "},
		{"short body", head + "TEXT:4\r\nabc", "143-1-4 Message is cut: 4 bytes counted, 3 there"},
		{"short attachment", head + "ATTACHMENT:A 4\r\nTEXT:2\r\nababc", "143-1-5 Message is cut: 4 bytes counted, 3 there"},
		{"bytes behind", head + "TEXT:1\r\nabc", "143-1-4 2 bytes behind"},
		{"two messages", head + "TEXT:0\r\n" + head + "TEXT:0\r\n", "143-1-4 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, f := parse([]byte(tt.text), Options{}.withDefaults())
			if f == nil || !strings.HasPrefix(f.Error(), tt.want) {
				t.Errorf("got %v, want %s", f, tt.want)
			}
		})
	}
}

// TestParseWrongSwitch is the published example: a CR LF file read with -F0 (KB Q118533).
func TestParseWrongSwitch(t *testing.T) {
	_, f := parse([]byte("VERSION:3.00\r\nTO:net/po/mailbox\r\n"), Options{EOL: "\r"})
	if f == nil || f.Error() != "141-1-2 Cannot match token TO (has tail net/po/mailbox)" {
		t.Errorf("got %v", f)
	}
}

func TestParseAccepts(t *testing.T) {
	base := Message{To: []string{"CSI:MACNET/MACPO/T60009HO"}, From: "CSI:NET1/PO1/Admin"}
	with := func(change func(*Message)) Message { m := base.clone(); change(&m); return m }
	tests := []struct {
		name, text string
		o          Options
		want       Message
	}{
		{"bare", head + "TEXT:0\r\n", Options{}, base},
		{"small letters, any order", "Version:3.00\r\nSubject:a:b\r\nfrom:CSI:NET1/PO1/Admin\r\nto:CSI:MACNET/MACPO/T60009HO\r\ntext:0\r\n",
			Options{}, with(func(m *Message) { m.Subject = "a:b" })},
		{"padding behind", head + "TEXT:3\r\nabc\r\n\x1a\x00", Options{}, with(func(m *Message) { m.Body = "abc" })},
		{"CR only", strings.ReplaceAll(head, "\r\n", "\r") + "TEXT:2\ra\r", Options{EOL: "\r"}, with(func(m *Message) { m.Body = "a\r" })},
		{"attachments back to back", head + "ATTACHMENT:Read Me 3\r\nATTACHMENTS:B 0\r\nATTACHMENT:C 1\r\nTEXT:2\r\nababcx", Options{},
			with(func(m *Message) {
				m.Body = "ab"
				m.Attachments = []Attachment{{"Read Me", []byte("abc")}, {"B", []byte{}}, {"C", []byte("x")}}
			})},
		{"extended", head + "CC:MSMail:Ann@Sales\r\nEXT:I:3:HEADLEN\r\n9\r\nPRIORITY:R\r\nTEXT:0\r\n", Options{Extended: true},
			with(func(m *Message) { m.Cc, m.Priority = []string{"MSMail:Ann@Sales"}, "R" })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := parse([]byte(tt.text), tt.o.withDefaults())
			if f != nil {
				t.Fatal(f)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestMacLimits: KB Q117581, and what a note holds (KB Q132855).
func TestMacLimits(t *testing.T) {
	fs, path := spool(t)
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
	long := func(subject, body int) Message {
		return Message{To: MacUsers[:1], From: PCUsers[0], Subject: strings.Repeat("s", subject), Body: strings.Repeat("b", body)}
	}
	pc.Send(long(63, MaxBody), long(64, 1), long(1, MaxBody+1))
	steps(1, pc, mac)
	if got := mac.Received(); len(got) != 1 || len(got[0].Body) != MaxBody {
		t.Errorf("%d delivered", len(got))
	}
	if got := files(t, path, "BADMAIL"); len(got) != 2 || len(mac.Notices()) != 2 || mac.Counters().BadMail != 2 {
		t.Errorf("BADMAIL %v, notices %v", got, mac.Notices())
	}
	// The PC half has no such limits. KB Q117581: cut to 63 and dropped again in a free slot, the file is delivered.
	mac.Send(long(64, MaxBody+1))
	steps(1, mac, pc)
	if got := pc.Received(); len(got) != 1 || len(got[0].Subject) != 64 {
		t.Errorf("PC half: %d delivered", len(got))
	}
	if err := fs.Rename("BADMAIL/MMFF2.MSG", toMac+"/MMFF77.MSG"); err != nil {
		t.Fatal(err)
	}
	mac.Step()
	if got := files(t, path, "BADMAIL"); len(got) != 2 {
		t.Errorf("dropped as it is, it comes back: %v", got)
	}
}

// TestBadMailNames: files of one slot do not overwrite each other in BADMAIL.
func TestBadMailNames(t *testing.T) {
	fs, path := spool(t)
	pc, mac := NewPCHalf(fs, Options{}), NewMacHalf(fs, Options{})
	for range 3 {
		pc.Send(Message{Text: []byte("no message at all")})
		steps(1, pc, mac)
	}
	if d := cmp.Diff([]string{"MMFF1.001", "MMFF1.002", "MMFF1.MSG"}, files(t, path, "BADMAIL")); d != "" {
		t.Error(d)
	}
}
