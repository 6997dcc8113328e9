package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/mmff"
	pb "sidegate/proto/sidegate/v1"
)

type linkStatus = pb.LinkStatus

// The sample of KB Q103801, retyped: a mail of FFAPI with one file.
const (
	sampleBody = "Automatic File Transfer\n-----------------------\n\nUse Attachments/Save or FFAPI AppGet -w to save.\n\n" +
		"Attached files:\n---------------\n\nconfig.sys\n"
	sampleFile = "DEVICE=C:\\WIN\\HIMEM.SYS\nDOS=HIGH,UMB\nFILES=35\nBUFFERS=20\nLASTDRIVE=Z\n\n" +
		"DEVICE=C:\\WIN\\EMM386.EXE NoEMS x=d800-dfff\ndevicehigh=c:\\dos\\ansi.sys\n\nSTACKS=9,256\nFCBS=20,0\n\n" +
		"device=C:\\WIN\\protman.dos /i:C:\\WIN\ndevice=C:\\WIN\\workgrp.sys\ndevice=C:\\WIN\\ubnei.dos\ndevice=C:\\WIN\\ubxps.dos\n"
)

// sample is the message in one of the line ends, counted in it.
func sample(eol, subject string) []byte {
	in := func(s string) string { return strings.ReplaceAll(s, "\n", eol) }
	head := []string{
		"VERSION:3.00", "TO:CSI:COMPANY/DEPT/jsmith", "FROM:CSI:COMPANY/DEPT/sjones", "DATE:1992-11-29", "TIME:23:44",
		"SUBJECT:" + subject, "PRIORITY:F", fmt.Sprintf("ATTACHMENT:config.sys %d", len(in(sampleFile))), fmt.Sprintf("TEXT:%d", len(in(sampleBody))),
	}
	return []byte(strings.Join(head, eol) + eol + in(sampleBody) + in(sampleFile))
}

// TestTheSampleIsThePublishedOne holds the retyped sample against the copy that was checked byte for byte.
func TestTheSampleIsThePublishedOne(t *testing.T) {
	published, err := os.ReadFile("../../coordinator/mmff/testdata/vectors/v2-crlf.mmff")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(published), string(sample("\r\n", "Automatic File Transfer (1 files)"))); d != "" {
		t.Error(d)
	}
}

// read is what read --output json tells.
type read struct {
	listed
	Recipients  struct{ To, Cc []string }
	Body        string
	Attachments []struct {
		FileName  string
		SizeBytes int
		Content   []byte
	}
	SubmitTime string
}

// TestSampleArrives: mail of the old half is read in any line end and letter case and arrives once, with the text as
// lines, the enclosed file byte for byte, and the bytes it came in for who asks for them.
func TestSampleArrives(t *testing.T) {
	w := newTrio(t)
	two := append(append(sample("\r\n", "first of two"), "\r\n"...), sample("\r\n", "second of two")...)
	for _, s := range []struct {
		name     string
		data     []byte
		eol      string
		subjects []string
	}{
		{"MMFF1.MSG", sample("\r\n", "Automatic File Transfer (1 files)"), "\r\n", []string{"Automatic File Transfer (1 files)"}},
		{"MMFF3.MSG", sample("\r", "in CR"), "\r", []string{"in CR"}},
		{"MMFF4.MSG", sample("\n", "in LF"), "\n", []string{"in LF"}},
		{"mmff2.msg", sample("\r\n", "in lower case"), "\r\n", []string{"in lower case"}},
		{"MMFF5.MSG", two, "\r\n", []string{"first of two", "second of two"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			path := w.drop(s.name, s.data)
			for _, subject := range s.subjects {
				w.checkSample(t, w.pc.arrived(jsmith, subject), s.eol, s.data)
			}
			waitFor(t, "free slot", func() bool { _, err := os.Lstat(path); return os.IsNotExist(err) })
		})
	}
	if n := len(w.pc.inbox(jsmith)); n != 6 {
		t.Errorf("%d messages arrived, want 6", n)
	}
	left, err := os.ReadDir(filepath.Join(w.spool, "STORE", "MACTOPC"))
	if err != nil || len(left) > 0 {
		t.Errorf("MACTOPC holds %v, %v", left, err)
	}
	if files, err := os.ReadDir(filepath.Join(w.spool, "BADMAIL")); err != nil || len(files) > 0 {
		t.Errorf("BADMAIL holds %v, %v", files, err)
	}
}

// checkSample reads one message in every way there is.
func (w *trio) checkSample(t *testing.T, m listed, eol string, file []byte) {
	t.Helper()
	if m.Sender != "COMPANY/DEPT/sjones" || len(m.Attachments) != 1 || m.Attachments[0].FileName != "config.sys" {
		t.Errorf("inbox tells %+v", m)
	}
	content := strings.ReplaceAll(sampleFile, "\n", eol)
	d := w.pc.as("user", "read", jsmith, m.MessageID, "--output", "json")
	var got read
	if err := json.Unmarshal([]byte(d.out), &got); err != nil || d.code != 0 {
		t.Fatalf("read: %v: %s", err, d)
	}
	if got.Body != sampleBody || fmt.Sprint(got.Recipients.To) != "[COMPANY/DEPT/jsmith]" || got.SubmitTime != "1992-11-29T23:44:00Z" {
		t.Errorf("read tells %+v", got)
	}
	if len(got.Attachments) != 1 || string(got.Attachments[0].Content) != content || got.Attachments[0].SizeBytes != len(content) {
		t.Errorf("the enclosed file is %+v", got.Attachments)
	}
	dir := t.TempDir()
	if d := w.pc.as("user", "read", jsmith, m.MessageID, "--save", dir); d.code != 0 {
		t.Errorf("read --save: %s", d)
	}
	if saved, err := os.ReadFile(filepath.Join(dir, "config.sys")); err != nil || string(saved) != content {
		t.Errorf("the saved file differs: %v", err)
	}
	raw := w.pc.as("user", "read", jsmith, m.MessageID, "--raw")
	if raw.code != 0 || raw.out == "" || !bytes.Contains(file, []byte(raw.out)) {
		t.Errorf("read --raw gives what was never in the file: %s", raw)
	}
	parsed, err := mmff.Parse([]byte(raw.out))
	if err != nil || len(parsed.Messages) != 1 || string(parsed.Messages[0].Body) != strings.ReplaceAll(sampleBody, "\n", eol) {
		t.Errorf("the original is not the message: %v", err)
	}
	if eol == "\r\n" && (len(parsed.Messages[0].Body) != 152 || len(content) != 291) {
		t.Error("the counts are not the published ones")
	}
}
