package service

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidegate/coordinator/mmff"
	"sidegate/coordinator/spool"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/mail"
)

// converterOf is the converter of a coordinator that was told these settings.
func converterOf(t *testing.T, settings ...string) spool.Converter {
	t.Helper()
	given := map[string][]string{"spool": {"x"}, "role": {"mac"}}
	for _, text := range settings {
		if key, value, ok := strings.Cut(text, "="); ok {
			given[key] = []string{value}
		}
	}
	c, err := config.Load(config.Coordinator, config.Sources{Flags: given})
	if err != nil {
		t.Fatal(err)
	}
	converter, err := newConverter(&daemon.End{Config: c, World: daemon.World{Now: time.Now}}, nil, &names{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return converter
}

// attached are the names of the attachments of a file as it is read.
func attached(t *testing.T, c spool.Converter, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return attachedIn(t, c, data)
}

func attachedIn(t *testing.T, c spool.Converter, data []byte) string {
	t.Helper()
	f, err := mmff.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.FromMMFF(f.Messages[0], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, a := range in.Message.Attachments {
		all = append(all, a.Name)
	}
	return strings.Join(all, " ")
}

// TestWinmailSetting: KB Q126648.
func TestWinmailSetting(t *testing.T) {
	for setting, want := range map[string]string{
		"":              "BESIDE.TXT INSIDE.DOC",
		"winmail=open":  "BESIDE.TXT INSIDE.DOC",
		"winmail=strip": "BESIDE.TXT",
		"winmail=keep":  "BESIDE.TXT WINMAIL.DAT",
	} {
		if got := attached(t, converterOf(t, setting), "../convert/testdata/q126648.mmff"); got != want {
			t.Errorf("%q: the attachments are %s, want %s", setting, got, want)
		}
	}
}

func TestBinHexSetting(t *testing.T) {
	sealed, err := os.ReadFile("../convert/binhex/testdata/by-macutils.hqx")
	if err != nil {
		t.Fatal(err)
	}
	data := fmt.Appendf(nil, "VERSION:3.00\r\nTO:NET/PO/A\r\nFROM:NET/PO/B\r\nATTACHMENT:OUTSIDE.HQX %d\r\nTEXT:0\r\n%s", len(sealed), sealed)
	closed, open := attachedIn(t, converterOf(t), data), attachedIn(t, converterOf(t, "open-binhex=true"), data)
	if closed != "OUTSIDE.HQX" || open == closed || open == "" {
		t.Errorf("without the setting %q, with it %q", closed, open)
	}
}

// TestFileFormatSetting: a Basic file has no CC (KB Q87223).
func TestFileFormatSetting(t *testing.T) {
	ann, bob := mail.MustAddress("NET/PO/ANN"), mail.MustAddress("NET/PO/BOB")
	d := &mail.Delivery{Message: &mail.Message{Sender: mail.MustAddress("carl@Design"), To: []mail.Address{ann}, Cc: []mail.Address{bob}, Subject: "x"},
		Recipients: []mail.Address{ann, bob}}
	for setting, want := range map[string]string{
		"": "TO:CSI:NET/PO/BOB\r\n", "file-format=basic": "TO:CSI:NET/PO/BOB\r\n", "file-format=extended": "CC:CSI:NET/PO/BOB\r\n",
	} {
		f, err := converterOf(t, setting).ToMMFF(d)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(f.Data, []byte("\n"+want)) {
			t.Errorf("%q: no %q in\n%s", setting, want, f.Data)
		}
	}
}

// TestHandshakeSetting: the file is read when the service starts, and refused if a mail could be taken for it.
func TestHandshakeSetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.msg")
	for content, want := range map[string]string{
		"two lines that\r\nnobody could have guessed were those of a handshake, for they are many\r\n": "",
		"VERSION:3.00\r\nTO:NET/PO/A\r\n": "those of a mail",
		strings.Repeat("\x01", 4000):      "at most 512 bytes",
		"":                                "without being shown",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := handshakeSample(file)
		if want == "" && (err != nil || string(got) != content) {
			t.Errorf("%q: %q, %v", content, got, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--handshake: "+file)) {
			t.Errorf("%.40q: %v, want %q", content, err, want)
		}
	}
	if _, err := handshakeSample(file + "x"); err == nil || !strings.Contains(err.Error(), "--handshake") {
		t.Errorf("no such file: %v", err)
	}
	if got, err := handshakeSample(""); got != nil || err != nil {
		t.Errorf("none: %q, %v", got, err)
	}
}
