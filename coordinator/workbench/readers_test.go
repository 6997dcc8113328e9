package workbench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/foreign"
)

// told is what a reader of mail says a message holds.
type told struct {
	Subject string
	From    string
	To      []string
	Body    string
	Files   [][2]string // name, and content in Latin-1
	Defects []string
}

// oddLetter has what readers stumble over: names that need RFC 2231, in pieces; words that look encoded; a subject that folding
// would break; lines that look like the end of a message or the beginning of one.
func oddLetter() []byte {
	text := "From here\r\n.\r\n..\r\n>From there\r\n--\r\n=20\r\n\x00\x1A\x84 trailing blank \r\nFrom  x\r\n"
	return []byte("VERSION:3.00\r\nTO:CSI:NET/PO/USER\r\nTO:MSMAIL:John \"Jack\" Chen@San Francisco; Marketing\r\nFROM:MSMAIL:bob@Caf\x82\r\n" +
		"DATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:=?utf-8?q?no?= " + strings.Repeat("unbroken", 150) + " \x81ber\r\nPRIORITY:5\r\n" +
		"ATTACHMENT:\x9Abersicht caf\x82 und noch ein sehr langer Name \x84\x94\x81 f\x81r alle.doc 3\r\n" +
		"ATTACHMENT:a\"b\\c;d=e.txt 4\r\nATTACHMENT:=?utf-8?q?x?= 0\r\n" + fmt.Sprintf("TEXT:%d\r\n", len(text)) + text + "abcA\r\nB")
}

// sound are the messages that readers are given: the odd letter and every sound file of the corpus that has one message.
func sound(t *testing.T) (messages []*mmff.Message, mails [][]byte) {
	t.Helper()
	add := func(path string, data []byte) {
		f, err := mmff.Parse(data)
		if err != nil || len(f.Messages) != 1 || f.Messages[0].XText != nil {
			return
		}
		made, _, err := Files{}.ToEML(data, defaults)
		if err != nil || len(made) != 1 {
			t.Fatalf("%s: %d messages, %v", path, len(made), err)
		}
		messages, mails = append(messages, f.Messages[0]), append(mails, made[0])
	}
	add("the odd letter", oddLetter())
	err := filepath.WalkDir("../mmff/testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".mmff" {
			return err
		}
		data, err := os.ReadFile(path)
		add(path, data)
		return err
	})
	if err != nil || len(mails) < 100 || len(messages[0].Attachments) != 3 {
		t.Fatalf("%d messages: %v", len(mails), err)
	}
	return messages, mails
}

// mailboxFile is a mailbox with all of these.
func mailboxFile(t *testing.T, mails [][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "all.mbox")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	box := Files{}.Mailbox(f)
	for _, m := range mails {
		if err := box.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// agree holds what a reader says against the message it was made of.
func agree(t *testing.T, name string, m *mmff.Message, got told) {
	t.Helper()
	c, err := begin(defaults)
	if err != nil {
		t.Fatal(err)
	}
	table := charset.CP850
	if want := c.oneLine("", table.Decode(m.Subject)); got.Subject != want {
		t.Errorf("%s: subject %q, want %q", name, got.Subject, want)
	}
	if want := table.Decode(string(lines(m.Body))); strings.ReplaceAll(got.Body, "\r\n", "\n") != want {
		t.Errorf("%s: text %q, want %q", name, got.Body, want)
	}
	if len(got.Files) != len(m.Attachments) || len(got.Defects) > 0 {
		t.Errorf("%s: %d files, want %d; defects %q", name, len(got.Files), len(m.Attachments), got.Defects)
		return
	}
	for i, a := range m.Attachments {
		content := latin1(a.Content)
		// Python takes blanks off both ends of a name.
		if want := strings.TrimSpace(c.oneLine("", table.Decode(a.Name))); got.Files[i] != [2]string{want, content} {
			t.Errorf("%s: file %d is %q with %d bytes, want %q with %d", name, i+1, got.Files[i][0], len(got.Files[i][1]), want, len(content))
		}
	}
}

// latin1 is bytes as characters of the same numbers.
func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

const pythonReader = `
import sys, json, email, email.policy, mailbox
def tell(m):
  body = m.get_body(preferencelist=("plain",))
  return {"subject": m["subject"] or "", "from": m["from"].addresses[0].username, "to": [a.username for a in (m["to"] or m["cc"]).addresses],
    "body": body.get_payload(decode=True).decode("utf-8"), "files": [[a.get_filename() or "", a.get_payload(decode=True).decode("latin-1")] for a in m.iter_attachments()],
    "defects": [str(d) for p in m.walk() for d in p.defects] + [k + ": " + str(d) for p in m.walk() for k, v in p.items() for d in v.defects]}
parse = lambda f: email.message_from_binary_file(f, policy=email.policy.default)
box = mailbox.mbox(sys.argv[1], factory=parse, create=False)
print(json.dumps([tell(box[k]) for k in box.keys()]))`

// TestPythonReadsMailbox holds what we write against the mailbox and mail modules of Python.
func TestPythonReadsMailbox(t *testing.T) {
	python := foreign.Need(t, "python3", "python3")
	messages, mails := sound(t)
	var complaint bytes.Buffer
	cmd := exec.Command(python, "-c", pythonReader, mailboxFile(t, mails))
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaint.String())
	}
	var got []told
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(messages) {
		t.Fatalf("Python reads %d messages, %d were written", len(got), len(messages))
	}
	for i, m := range messages {
		// The mailbox form puts a > before lines that begin with From.
		if got[i].Body = strings.ReplaceAll("\n"+got[i].Body, "\n>From ", "\nFrom ")[1:]; i == 0 {
			got[i].Body = strings.Replace(got[i].Body, "\nFrom there", "\n>From there", 1)
		}
		agree(t, fmt.Sprintf("message %d (%.20q)", i+1, m.Subject), m, got[i])
	}
}

// TestMblazeReads holds what we write against the programs of mblaze, one message at a time.
func TestMblazeReads(t *testing.T) {
	mhdr, mshow := foreign.Need(t, "mhdr", "mblaze"), foreign.Need(t, "mshow", "mblaze")
	messages, mails := sound(t)
	run := func(dir, program string, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+dir, "MBLAZE="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %q: %v", program, args, err)
		}
		return string(out)
	}
	for i, m := range messages {
		dir := t.TempDir()
		path := filepath.Join(dir, "letter.eml")
		if err := os.WriteFile(path, mails[i], 0o600); err != nil {
			t.Fatal(err)
		}
		subject := strings.TrimSuffix(run(dir, mhdr, "-d", "-h", "subject", path), "\n")
		c, err := begin(defaults)
		if err != nil {
			t.Fatal(err)
		}
		if want := c.oneLine("", charset.CP850.Decode(m.Subject)); subject != want {
			t.Errorf("message %d: subject %q, want %q", i+1, subject, want)
		}
		// Part 1 is the whole, part 2 the text, the others are the files.
		if text, want := run(dir, mshow, "-O", path, "2"), charset.CP850.Decode(string(lines(m.Body))); strings.ReplaceAll(text, "\r\n", "\n") != want {
			t.Errorf("message %d: text %q, want %q", i+1, text, want)
		}
		for j, a := range m.Attachments {
			if content := run(dir, mshow, "-O", path, fmt.Sprint(j+3)); content != string(a.Content) {
				t.Errorf("message %d: file %d holds %q, want %q", i+1, j+1, content, a.Content)
			}
		}
	}
}

// TestMailReads holds a mailbox against s-nail, a mail program people use.
func TestMailReads(t *testing.T) {
	program := foreign.Need(t, "s-nail", "s-nail")
	messages, mails := sound(t)
	cmd := exec.Command(program, "-n", "-R", "-S", "ttycharset=utf-8", "-f", mailboxFile(t, mails))
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir(), "COLUMNS=400", "PAGER=cat")
	cmd.Stdin = strings.NewReader("set crt=0\nprint *\nexit\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := fmt.Sprintf(" %d messages ", len(messages)); !strings.Contains(string(out), want) {
		t.Errorf("s-nail does not see%s", want)
	}
	blocks := strings.Split(string(out), "[-- Message ")[1:]
	if len(blocks) != len(messages) {
		t.Fatalf("s-nail shows %d messages, %d were written", len(blocks), len(messages))
	}
	c, err := begin(defaults)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range messages {
		subject := strings.TrimRight(c.oneLine("", charset.CP850.Decode(m.Subject)), " ")
		if !strings.Contains(blocks[i], "\nSubject: "+subject) && subject != "" {
			t.Errorf("message %d: no subject %q in %.600q", i+1, subject, blocks[i])
		}
	}
	if !strings.Contains(blocks[0], "\nFrom: MSMAIL:bob@Caf\u00e9 <") {
		t.Errorf("the sender is not shown: %q", blocks[0])
	}
}
