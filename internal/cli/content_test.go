package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/coordinator/convert/appledouble"
	pb "sidegate/proto/sidegate/v1"
)

// letter is a message with everything in it: body "Dear Tom\n", two files, the first of a Macintosh, and an original.
func letter() (*pb.Message, []byte) {
	content := []byte("Dear Tom\n" + "data" + "resource" + "second" + "VERSION:3.00")
	hash, second := sha256.Sum256(content), sha256.Sum256([]byte("second"))
	return &pb.Message{
		MessageId: "1", Sender: "net/po/ann", BodySizeBytes: 9, SizeBytes: uint32(len(content)), Sha256: hash[:],
		Attachments: []*pb.Attachment{
			{FileName: "Budget", SizeBytes: 4, Mac: &pb.MacFile{Type: []byte("TEXT"), Creator: []byte("MSWD"), FinderFlags: 0x4000, ResourceForkSizeBytes: 8, Comment: []byte("old")}},
			{FileName: "b.txt", SizeBytes: 6, Sha256: second[:]},
		},
		Original: &pb.Original{Format: "mmff", SizeBytes: 12},
	}, content
}

func feed(chunks ...string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(chunks) == 0 {
			return nil, io.EOF
		}
		next := chunks[0]
		chunks = chunks[1:]
		return []byte(next), nil
	}
}

func TestReceive(t *testing.T) {
	_, content := letter()
	all := string(content)
	withoutOriginal := strings.TrimSuffix(all, "VERSION:3.00")
	for _, tt := range []struct {
		name   string
		chunks []string
		change func(*pb.Message)
		want   string // error
	}{
		{name: "one chunk", chunks: []string{all}},
		{name: "many chunks, some empty", chunks: append(strings.Split(all, ""), "", "")},
		{name: "without the original, which was not asked for", chunks: []string{withoutOriginal}},
		{name: "inside the message", change: func(m *pb.Message) {
			m.Body, m.Attachments[0].Content, m.Attachments[0].Mac.ResourceFork, m.Attachments[1].Content = "Dear Tom\n", []byte("data"), []byte("resource"), []byte("second")
		}},
		{name: "ends too early", chunks: []string{"Dear Tom\ndata"}, want: "the content ended too early: 0 of 8 bytes"},
		{name: "nothing at all", want: "the content ended too early: 0 of 9 bytes"},
		{name: "half an original", chunks: []string{withoutOriginal, "VERS"}, want: "the content ended too early: 4 of 12 bytes"},
		{name: "more than announced", chunks: []string{all, "more"}, want: "4 bytes came that nobody announced"},
		{name: "a bit turned over in a file", chunks: []string{strings.Replace(all, "second", "sfcond", 1)}, want: "the content does not match its SHA-256"},
		{name: "a bit turned over in the body", chunks: []string{strings.Replace(all, "Tom", "Tim", 1)}, want: "the content does not match its SHA-256"},
		{name: "inside, and shorter than announced", change: func(m *pb.Message) { m.Body = "Dear" }, want: "the content ended too early: 4 of 9 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := letter()
			if tt.change != nil {
				tt.change(m)
			}
			err := fill(m, feed(tt.chunks...))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || err.Error() != tt.want):
				t.Errorf("got %v, want %s", err, tt.want)
			case tt.want == "" && (m.GetBody() != "Dear Tom\n" || string(m.GetAttachments()[0].GetMac().GetResourceFork()) != "resource" || string(m.GetAttachments()[1].GetContent()) != "second"):
				t.Errorf("got %v", m)
			}
		})
	}
}

// TestSaveMacintosh writes both halves of a Macintosh file; the AppleDouble reader of the coordinator is the witness.
func TestSaveMacintosh(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.terminal = false
	m, content := letter()
	f.boxes["NET/PO/ANN"] = []*stored{{&pb.MailboxEntry{Message: m}, content}}
	dir := t.TempDir()
	s.must("pcside", "read", "NET/PO/ANN", "1", "--save", dir)
	for name, want := range map[string]string{"Budget": "data", "b.txt": "second"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "._Budget"))
	if err != nil {
		t.Fatal(err)
	}
	got, double, err := appledouble.Decode(data, time.UTC)
	if err != nil || !double {
		t.Fatalf("double %v, %v", double, err)
	}
	if string(got.Resource) != "resource" || string(got.Type[:]) != "TEXT" || string(got.Creator[:]) != "MSWD" || got.Flags != 0x4000 || string(got.Comment) != "old" {
		t.Errorf("got %+v", got)
	}
	if out := s.must("pcside", "read", "NET/PO/ANN", "1", "--raw"); out != "VERSION:3.00" {
		t.Errorf("--raw writes %q", out)
	}
}

// TestMacintoshFileThereAndBack saves a Macintosh file and sends what was saved: it arrives with both forks and all that the
// Finder keeps.
func TestMacintoshFileThereAndBack(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	s.terminal = false
	m, content := letter()
	m.Attachments[0].Mac.CreateTime = timestamppb.New(time.Date(1994, 5, 6, 7, 8, 9, 0, time.UTC))
	m.Attachments[0].Mac.ModifyTime = timestamppb.New(time.Date(2004, 5, 6, 7, 8, 9, 0, time.UTC))
	f.boxes["NET/PO/ANN"] = []*stored{{&pb.MailboxEntry{Message: m}, content}}
	dir := t.TempDir()
	out := s.must("pcside", "read", "NET/PO/ANN", "1", "--save", dir)
	if !strings.Contains(out, "File: Budget (4 bytes, resource fork 8 bytes)\n") || !strings.Contains(out, "File: b.txt (6 bytes)\n") {
		t.Errorf("read shows %s", out)
	}
	if said := s.err.String(); !strings.Contains(said, "saved "+filepath.Join(dir, "._Budget")+" (its Macintosh half, resource fork 8 bytes)\n") || strings.Contains(said, "._b.txt") {
		t.Errorf("read says %s", said)
	}
	s.must("pcside", "send", "--from", "NET/PO/TOM", "--to", "NET/PO/ANN", "--body", "back", "--attach", filepath.Join(dir, "Budget"), "--attach", filepath.Join(dir, "b.txt"))
	back := f.boxes["NET/PO/ANN"][1]
	if got := string(back.content); got != "backdataresourcesecond" {
		t.Errorf("the content is %q", got)
	}
	want := proto.CloneOf(m.GetAttachments()[0].GetMac())
	want.ResourceFork = nil
	if got := back.entry.GetMessage().GetAttachments(); len(got) != 2 || !proto.Equal(got[0].GetMac(), want) || got[1].Mac != nil {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestBesideAnAttachment: what only looks like the other half of a file is neither sent nor lost without a word.
func TestBesideAnAttachment(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	dir := t.TempDir()
	path := filepath.Join(dir, "menu.txt")
	send := []string{"pcside", "send", "--from", "NET/PO/TOM", "--to", "NET/PO/ANN", "--body", "", "--attach", path}
	f.boxes["NET/PO/ANN"] = []*stored{}
	empty := &bytes.Buffer{}
	if err := errors.Join(writeAppleDouble(empty, &pb.MacFile{}, strings.NewReader("")), os.WriteFile(path, []byte("menu"), 0o600),
		os.WriteFile(besideOf(path), empty.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	s.must(send...)
	if a := f.boxes["NET/PO/ANN"][0].entry.GetMessage().GetAttachments()[0]; a.Mac != nil {
		t.Errorf("an AppleDouble file that tells nothing became %v", a.Mac)
	}
	if err := os.WriteFile(besideOf(path), []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := s.run(t.Context(), send...); code != exitFailed || !strings.Contains(s.err.String(), "._menu.txt is no AppleDouble file") {
		t.Errorf("exits with %d: %s", code, s.err.String())
	}
}

// TestBrokenContentIsNotKept leaves nothing behind of a message whose bytes are not those that were announced.
func TestBrokenContentIsNotKept(t *testing.T) {
	f := newFake()
	s := newScreen(t, f)
	m, content := letter()
	long := bytes.Repeat([]byte("x"), 100)
	m.Attachments = append(m.Attachments, &pb.Attachment{FileName: "long", SizeBytes: 100})
	m.Original, m.SizeBytes = nil, m.SizeBytes+100-12
	f.boxes["NET/PO/ANN"] = []*stored{{&pb.MailboxEntry{Message: m}, append(content[:len(content)-12:len(content)-12], long...)}}
	dir := t.TempDir()
	if code := s.run(t.Context(), "pcside", "read", "NET/PO/ANN", "1", "--save", dir); code != exitFailed {
		t.Errorf("exits with %d", code)
	}
	if got := s.err.String(); !strings.Contains(got, "pcside: read: the content does not match its SHA-256\n") {
		t.Errorf("says %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestFileName(t *testing.T) {
	for given, want := range map[string]string{
		"menu.txt":           "menu.txt",
		"Größe 日本.doc":       "Größe 日本.doc",
		"../../etc/passwd":   "_.._.._etc_passwd",
		`..\..\boot.ini`:     "_.._.._boot.ini",
		"/etc/passwd":        "_etc_passwd",
		"..":                 "attachment",
		".":                  "attachment",
		"":                   "attachment",
		"  ":                 "attachment",
		".bashrc":            "_.bashrc",
		"._menu.txt":         "_._menu.txt",
		"-rf":                "_-rf",
		"CON":                "_CON",
		"nul.txt":            "_nul.txt",
		"com1.log":           "_com1.log",
		"comfort.txt":        "comfort.txt",
		"a\x00b\x1b[2Jc":     "a_b_[2Jc",
		"photo\u202egnp.exe": "photo_gnp.exe",
		"a:b|c?.txt":         "a_b_c_.txt",
		"trailing. . ":       "trailing",
		"Icon\r":             "Icon_",
	} {
		if got := fileName(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
	if got := fileName(strings.Repeat("é", 200) + ".docx"); len(got) > maxFileName || !strings.HasSuffix(got, "é.docx") {
		t.Errorf("a long name became %d bytes: %q", len(got), got)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../a")
	f.Add("CON.txt")
	f.Fuzz(func(t *testing.T, given string) {
		name := fileName(given)
		if name == "" || len(name) > maxFileName+1 || !filepath.IsLocal(name) || strings.ContainsAny(name, "/\\") || name[0] == '.' {
			t.Errorf("%q became %q", given, name)
		}
		if again := fileName(name); again != name {
			t.Errorf("%q became %q, and that %q", given, name, again)
		}
	})
}

// TestExitCodes: what waits is done when it is told to stop; everything else has failed.
func TestExitCodes(t *testing.T) {
	s := newScreen(t, newFake())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := s.run(ctx, "pcside", "status"); code != exitFailed {
		t.Errorf("a cancelled command exits with %d", code)
	}
	if code := s.run(ctx, "pcside", "inbox", "a@b", "--follow"); code != exitDone {
		t.Errorf("a cancelled wait exits with %d: %s", code, s.err.String())
	}
}

func TestShapesKeepEveryField(t *testing.T) {
	m, _ := letter()
	shape, err := messageShape(m, true)
	if err != nil {
		t.Fatal(err)
	}
	data, err := marshal(shape)
	if err != nil {
		t.Fatal(err)
	}
	var back pb.Message
	if err := protojson.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(m, &back) {
		t.Error(cmp.Diff(m.String(), back.String()))
	}
}
