package convert

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert/mappings"
	"sidegate/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files new")

// Every testdata/*.mmff is read, shown in *.golden, and written new for both peers, as if somebody had touched it, in
// *.pc.mmff.golden and *.mac.mmff.golden.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.mmff")
	if err != nil || len(files) < 8 {
		t.Fatalf("there are %d files: %v", len(files), err)
	}
	table := mappings.Default()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".mmff")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Peer: PC(), Zone: zone, Now: now, Mappings: func() *mappings.Table { return table }}
			in, content := read(t, New(o), data)
			golden(t, "testdata/"+name+".golden", []byte(show(in, content)))
			in.Message.Original.Digest[0]++
			for _, peer := range []Dialect{PC(), Mac()} {
				o.Peer = peer
				out := write(t, New(o), delivery(in, content))
				golden(t, "testdata/"+name+"."+peer.Name+".mmff.golden", out.Data)
			}
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %s", file, cmp.Diff(string(want), string(got)))
	}
}

// show is an import for people.
func show(in *Import, content []byte) string {
	m := in.Message
	var b strings.Builder
	fmt.Fprintf(&b, "class %d, priority %d, read receipt %v\nfrom %s\nto %s\ncc %s\nrecipients %s\nsubmitted %s\nsubject %q\n",
		m.Class, m.Priority, m.ReadReceipt, m.Sender, m.To, m.Cc, in.Recipients, m.Submitted.Format("2006-01-02 15:04:05 -0700"), m.Subject)
	for _, f := range in.Failures {
		fmt.Fprintf(&b, "failure %s: %s: %s\n", f.Recipient, f.Reason, f.Explanation)
	}
	for _, f := range m.Legacy {
		fmt.Fprintf(&b, "kept %s: %q\n", f.Name, f.Value)
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(&b, "attachment %q, %d bytes%s\n", a.Name, a.Size, showMac(a.Mac))
	}
	if r := in.Receipt; r != nil {
		fmt.Fprintf(&b, "receipt not read %v, reader %s, subject %q, sent %s, read %s, ID %q\n", r.NotRead, r.Reader, r.Subject,
			r.Sent.Format("2006-01-02 15:04"), r.Read.Format("2006-01-02 15:04"), r.ID)
	}
	for _, n := range in.Notes {
		fmt.Fprintf(&b, "note %s: %s\n", n.Kind, n.Text)
	}
	fmt.Fprintf(&b, "text of %d bytes:\n%s", m.BodySize, content[:m.BodySize])
	return b.String()
}

func showMac(f *mail.MacFile) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf(", type %q, creator %q, resource fork %d bytes", f.Type[:], f.Creator[:], f.ResourceSize)
}
