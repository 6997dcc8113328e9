package legacylog

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// clock is the time of the published samples.
func clock() time.Time { return time.Date(1995, 4, 5, 10, 56, 0, 0, time.UTC) }

// run writes a log in a directory until all that was given is written.
func run(t *testing.T, o Options, write func(*Log)) {
	t.Helper()
	l := New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	write(l)
	go func() { done <- l.Run(ctx) }()
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// everything is one of each line.
func everything(l *Log) {
	at := time.Date(1992, 10, 22, 16, 19, 0, 0, time.UTC)
	for _, m := range []Message{
		{Sender: mail.MustAddress("johndoe.aldus@Marketing"), Time: at, Subject: "From Mac Side", File: "MMFF1.MSG"},
		{Sender: mail.MustAddress("NETWORK/PO/POSTOFFICE"), ToMac: true, Time: at.Add(-4 * time.Minute), Subject: "Registered: John Doe", File: "MMFF2.MSG"},
		{Sender: mail.MustAddress("NETWORK/PO/POSTMASTER"), ToMac: true, Time: at, Subject: "Mail failure", File: "MMFF3.MSG"},
		{Sender: mail.MustAddress("Jürgen@Köln"), Time: at, Subject: "zwei\rZeilen\nund Ümläüte", File: "mmff4.msg"},
	} {
		l.Message(m)
	}
	for _, t := range []Trouble{
		{Code: 170, Text: "Bad address NETWORK/POSTOFFICE/POSTOFFICE -- ignored"},
		{Code: 141, Ordinal: 1, Line: 2, Text: "Cannot match token TO (has tail net/po/mailbox)", Doing: "reading file MMFF1.MSG"},
		{Code: 531, Text: "File not found", Doing: "deleting file MMFF1.WRT"},
		{Code: 550, Text: "File is busy", Doing: "deleting file MMFF2.MSG"},
		{Text: "The volume fails.", Critical: true},
	} {
		l.Trouble(t)
	}
}

func TestGolden(t *testing.T) {
	for _, half := range []Half{PC, Mac} {
		for _, level := range []Level{None, Critical, Errors, Details} {
			t.Run(string(half)+" "+level.String(), func(t *testing.T) {
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					run(t, Options{Dir: dir, Half: half, Level: level, Now: clock}, everything)
				})
				got, err := os.ReadFile(filepath.Join(dir, string(half)))
				if level == None {
					if err == nil {
						t.Errorf("written: %q", got)
					}
					return
				}
				golden := filepath.Join("testdata", level.String()+"-"+strings.ToLower(string(half)))
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
				}
			})
		}
	}
}

// TestPublishedLines: the lines that an article shows come out to the byte.
func TestPublishedLines(t *testing.T) {
	for golden, lines := range map[string][]string{
		"details-msgate.log": { // KB Q119047
			"Mac-PC From: johndoe.al Date: 10-22-92 16:19:00 Subject: From Mac Side\r\n",
			"PC-Mac From: POSTOFFICE Date: 10-22-92 16:15:00 Subject: Registered: Joh\r\n",
			"PC-Mac From: POSTMASTER Date: 10-22-92 16:19:00 Subject: Mail failure\r\n",
			"170 - # - # - Bad address NETWORK/POSTOFFICE/POSTOFFICE -- ignored.\r\n",
		},
		"details-mmacgate.log": { // KB Q130066
			" Error: (531) File not found occurred while deleting file mmff1.wrt.\r",
			" Error: (550) File is busy occurred while deleting file mmff2.msg.\r",
			"1995-04-05 10:56 Starting the Microsoft Mail Connection at 1995-04-05 10:56\r",
		},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", golden))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !bytes.Contains(b, []byte(line)) {
				t.Errorf("%s lacks %q", golden, line)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, Half: Mac, Level: Details, Now: clock, MaxBytes: 400}
	synctest.Test(t, func(t *testing.T) {
		run(t, o, func(l *Log) {
			for range 20 {
				l.Message(Message{File: "MMFF1.MSG"})
			}
		})
	})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || len(b) == 0 || len(b) > 400 || b[len(b)-1] != '\r' {
			t.Errorf("%s has %d bytes, %v", e.Name(), len(b), err)
		}
	}
}

// TestTroubleIsToldOnce: a log that cannot be written holds nothing up and is told of once, and again when it works.
func TestTroubleIsToldOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	var told bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Dir: dir, Half: PC, Level: Details, Now: clock, Log: hclog.New(&hclog.LoggerOptions{Output: &told})})
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 * maxQueued { // before anybody writes: what is too much is left out
			everything(l)
		}
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		if n := strings.Count(told.String(), "cannot be written"); n != 1 {
			t.Errorf("told %d times: %s", n, told.String())
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		everything(l)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if n := strings.Count(told.String(), "is written again"); n != 1 {
		t.Errorf("told %d times that it works: %s", n, told.String())
	}
	if b, err := os.ReadFile(filepath.Join(dir, string(PC))); err != nil || !strings.Contains(string(b), "Mac-PC From: johndoe.al") {
		t.Errorf("%q, %v", b, err)
	}
}

// TestLinesThatAreLost: what finds the queue full is left out, and told of.
func TestLinesThatAreLost(t *testing.T) {
	var told bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		run(t, Options{Dir: t.TempDir(), Half: PC, Level: Details, Now: clock, Log: hclog.New(&hclog.LoggerOptions{Output: &told})}, func(l *Log) {
			for range maxQueued + 3 {
				l.Message(Message{})
			}
		})
	})
	if n := strings.Count(told.String(), "3 lines were left out"); n != 1 {
		t.Errorf("told %d times: %s", n, told.String())
	}
}

// TestZone: what happens and what it is about are told by one clock, that of the half.
func TestZone(t *testing.T) {
	at := time.Date(1992, 10, 22, 23, 19, 0, 0, time.UTC)
	l := New(Options{Half: PC, Level: Details, Zone: time.FixedZone("", -7*3600), Now: clock})
	l.Message(Message{Sender: mail.MustAddress("a@b"), Time: at, Subject: "x"})
	if line := <-l.lines; line != "Mac-PC From: a@b Date: 10-22-92 16:19:00 Subject: x" {
		t.Errorf("the line says %q", line)
	}
}

// TestOneLineEach: whatever a file is called, or holds, a line stays one line.
func TestOneLineEach(t *testing.T) {
	for _, half := range []Half{PC, Mac} {
		l := New(Options{Half: half, Level: Details, Now: clock})
		l.Message(Message{Sender: mail.MustAddress("a@b"), Time: clock(), Subject: "x\ry", File: "mmff1\r.msg"})
		l.Trouble(Trouble{Text: "Wrong\r\nindeed", Doing: "reading file a\nb.msg"})
		for range 2 {
			if line := <-l.lines; strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: %q", half, line)
			}
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, string(PC))); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { run(t, Options{Dir: dir, Half: PC, Level: Details, Now: clock}, everything) })
	if b, err := os.ReadFile(secret); err != nil || string(b) != "keep" {
		t.Errorf("a link was followed: %q, %v", b, err)
	}
}

func TestLevels(t *testing.T) {
	for text, want := range map[string]Level{"0": None, "1": Errors, "2": Details, "Critical": Critical, "ERRORS": Errors, "details": Details} {
		if got, err := ParseLevel(text); got != want || err != nil {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if _, err := ParseLevel("3"); err == nil {
		t.Error("3 is a level")
	}
}
