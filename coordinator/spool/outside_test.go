package spool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// naming is a mail with these fields before its text, which is the last of them or else short.
func naming(subject string, fields ...string) string {
	text := "VERSION:3.00\r\nTO:CSI:NET/PO/JSMITH\r\nFROM:MSMAIL:Anna@Marketing\r\nSUBJECT:" + subject + "\r\n" + strings.Join(fields, "\r\n") + "\r\n"
	if !strings.HasPrefix(fields[len(fields)-1], "XTEXT") {
		text += "TEXT:6\r\nhere\r\n"
	}
	return text
}

// leave makes the half leave files elsewhere in the spool; directories are made.
func (w *world) leave(files map[string]string) {
	w.Helper()
	for name, data := range files {
		if dir, _, ok := strings.Cut(name, "/"); ok && dir == "OUT" {
			_ = w.half.Mkdir(dir) // or it is there
		}
		if err := w.half.Drop(name, data); err != nil {
			w.Fatal(err)
		}
	}
}

// got is the content of the only message that arrived, without its original.
func (w *world) got() string {
	w.Helper()
	entries, err := w.st.Entries(store.Lane(peer), 0, 10)
	if err != nil || len(entries) != 1 {
		w.Fatalf("%d messages arrived, %v", len(entries), err)
	}
	m, err := w.st.Message(entries[0].MessageID)
	if err != nil {
		w.Fatal(err)
	}
	content, err := w.st.Content(m.ID)
	if err != nil {
		w.Fatal(err)
	}
	r, err := content.Open()
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		w.Fatal(err)
	}
	text := fmt.Sprintf("%q", all[:m.BodySize])
	at := m.BodySize
	for _, a := range m.Attachments {
		text += fmt.Sprintf(" %s=%q", a.Name, all[at:at+a.Size])
		at += a.Size
	}
	return text
}

// why are the explanations of bad mail.
func (w *world) why() string {
	w.Helper()
	bad, err := w.st.BadMail("", 10)
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, b := range bad {
		all = append(all, b.Reason+" "+b.Explanation)
	}
	return strings.Join(all, "; ")
}

// TestOutsideFiles: what a message names arrives if it is in the spool, and nothing else does.
func TestOutsideFiles(t *testing.T) {
	files := map[string]string{"MISC/Body.txt": "from misc\r\n", macToPC + "/LIST.TXT": "a list", "OUT/B.TXT": "b", "BADMAIL/BAD00009.MSG": "secret",
		"INI/MSGATE.INI": "secret", "OUT/twice.txt": "1", "OUT/TWICE.txt": "2", "OUT/BIG.BIN": strings.Repeat("x", 5000), macToPC + "/MMFF9.WRT": "secret",
		"OUT/\u00e9t\u00e9.txt": "summer"}
	alias := func(o *spool.Options) { o.Aliases = []string{`M:\MACGATE`, "Server:Macgate"} }
	for _, c := range []struct {
		name, field string
		change      func(*spool.Options)
		want        string // the content, or
		why         string // the end of the explanation
	}{
		{name: "text, from the root", field: `XTEXT:MISC\BODY.TXT`, want: `"from misc\n"`},
		{name: "attachment, beside the message", field: "XATTACH:LIST.TXT", want: `"here\n" LIST.TXT="a list"`},
		{name: "with a name of its own", field: `XATTACH:OUT/B.TXT,Letter to Jim`, want: `"here\n" Letter to Jim="b"`},
		{name: "by the drive of the PC", field: `XATTACH:m:\macgate\OUT\B.TXT`, change: alias, want: `"here\n" B.TXT="b"`},
		{name: "by the volume of the Macintosh", field: `XATTACH:Server:Macgate:OUT:B.TXT`, change: alias, want: `"here\n" B.TXT="b"`},
		{name: "in the code page", field: "XATTACH:OUT\\\x82t\x82.txt", want: `"here\n" ` + "\u00e9t\u00e9.txt" + `="summer"`},
		{name: "nothing of that name", field: "XTEXT:C.TXT", why: "XTEXT file C.TXT cannot be opened: 5 looks failed: it is not in the spool"},
		{name: "elsewhere on the machine", field: "XTEXT:/etc/passwd", why: "XTEXT file /etc/passwd cannot be opened: it is not in the spool by any name that --spool-alias gives"},
		{name: "on another drive", field: `XTEXT:C:\MACGATE\MISC\BODY.TXT`, change: alias, why: "by any name that --spool-alias gives"},
		{name: "beginning like the drive", field: `XTEXT:M:\MACGATES\MISC\BODY.TXT`, change: alias, why: "by any name that --spool-alias gives"},
		{name: "up", field: `XTEXT:MISC\..\..\passwd`, why: "a part of the path is no name of a file"},
		{name: "up behind the drive", field: `XTEXT:M:\MACGATE\..\passwd`, change: alias, why: "a part of the path is no name of a file"},
		{name: "with a dot that servers drop", field: `XTEXT:BADMAIL.\BAD00009.MSG`, why: "a part of the path is no name of a file"},
		{name: "deep", field: `XTEXT:` + strings.Repeat(`a\`, 20) + "b", why: "the path has 21 parts, not 1 to 16"},
		{name: "the spool itself", field: `XTEXT:M:\MACGATE\`, change: alias, why: "the path has 0 parts, not 1 to 16"},
		{name: "a directory", field: `XTEXT:MISC`, why: "it is not a regular file"},
		{name: "behind a file", field: `XTEXT:LIST.TXT\B.TXT`, why: "LIST.TXT is not a directory"},
		{name: "bad mail", field: `XTEXT:badmail\BAD00009.MSG`, why: "BADMAIL is not for messages to name"},
		{name: "settings", field: `XATTACH:ini/MSGATE.INI`, why: "INI is not for messages to name"},
		{name: "the lease", field: `XATTACH:GWOWNER.LCK`, why: "GWOWNER.LCK is not for messages to name"},
		{name: "another slot", field: `XATTACH:MMFF9.WRT`, why: "MMFF9.WRT is not for messages to name"},
		{name: "itself", field: `XATTACH:mmff1.rdg`, why: "MMFF1.RDG is not for messages to name"},
		{name: "two spellings", field: `XATTACH:OUT\Twice.TXT`, why: "2 names differ from it in letter case only"},
		{name: "too much together", field: "XATTACH:OUT/BIG.BIN\r\nXATTACH:OUT/BIG.BIN", change: func(o *spool.Options) { o.MaxRead = 10_000 },
			why: "the file and those it names have more than 10000 bytes together"},
		{name: "many", field: strings.TrimSpace(strings.Repeat("XATTACH:LIST.TXT\r\n", 66)), why: "the message names 66 files, at most 65 are read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, sharetest.Options{}, c.change, func(w *world) {
				w.leave(files)
				w.wait(5 * time.Second)
				w.drop("MMFF1.MSG", naming("s", c.field))
				w.wait(20 * time.Second)
				if c.why != "" {
					if why := w.why(); !strings.HasPrefix(why, "OUTSIDE_CONTENT 147-1-") || !strings.HasSuffix(why, c.why) || len(w.arrived(store.Lane(peer))) > 0 {
						t.Errorf("%q, arrived %q", why, w.arrived(store.Lane(peer)))
					}
					return
				}
				if got := w.got(); got != c.want {
					t.Errorf("%s, want %s, bad %q", got, c.want, w.why())
				}
				for name, data := range files {
					if now, err := w.half.Read(name); err != nil || now != data {
						t.Errorf("%s was touched: %v", name, err)
					}
				}
			})
		})
	}
}

// TestOutsideFilesKeepTheOrder: a message with a file outside takes a look longer and is not overtaken; one whose file does not
// come holds nobody up.
func TestOutsideFilesKeepTheOrder(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.leave(map[string]string{"OUT/A.TXT": "a"})
		w.drop("MMFF1.MSG", naming("first", "XTEXT:OUT/A.TXT"))
		w.drop("MMFF2.MSG", naming("never", "XTEXT:OUT/B.TXT"))
		w.drop("MMFF3.MSG", mmff("second", "x\r\n"))
		w.drop("MMFF4.MSG", naming("third", "XATTACH:OUT/A.TXT"))
		w.until(15*time.Second, "three messages", func() bool { return len(w.arrived(store.Lane(peer))) == 3 })
		if diff := cmp.Diff([]string{"first", "second", "third"}, w.arrived(store.Lane(peer))); diff != "" || w.why() != "" {
			t.Errorf("%s, bad: %q", diff, w.why())
		}
		w.until(15*time.Second, "bad mail", func() bool { return w.why() != "" })
		w.until(5*time.Second, "an empty directory", func() bool { return len(w.names(macToPC)) == 0 })
	})
}

// TestOutsideFileStillWritten: a file that is still being written is waited for, and one that does not end is not.
func TestOutsideFileStillWritten(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Incomplete = time.Minute }, func(w *world) {
		w.leave(map[string]string{"OUT/A.TXT": "0"})
		w.drop("MMFF1.MSG", naming("s", "XTEXT:OUT/A.TXT"))
		want := "0"
		for i := range 20 {
			more := fmt.Sprint(i)
			if err := w.half.Append("OUT/A.TXT", more); err != nil {
				t.Fatal(err)
			}
			want += more
			w.wait(time.Second)
		}
		w.wait(10 * time.Second)
		if got := w.got(); got != fmt.Sprintf("%q", want) {
			t.Errorf("%s, want %q", got, want)
		}
		w.drop("MMFF1.MSG", naming("s", "XTEXT:OUT/A.TXT"))
		for range 90 {
			if err := w.half.Append("OUT/A.TXT", "x"); err != nil {
				t.Fatal(err)
			}
			w.wait(time.Second)
		}
		if why := w.why(); !strings.HasSuffix(why, "it was still changing after 1m0s") {
			t.Errorf("%q", why)
		}
	})
}

// TestOutsideFileComesLate: the file may be seen later than the message, on a volume that shows things late or refuses them for a
// while, and equal files that name one are no repetition (KB Q119022).
func TestOutsideFileComesLate(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		for i := range 4 {
			w.drop("MMFF1.MSG", naming("s", "XTEXT:OUT/A.TXT"))
			w.wait(9 * time.Second)
			w.leave(map[string]string{"OUT/A.TXT": "a"})
			w.until(10*time.Second, "it", func() bool { return len(w.arrived(store.Lane(peer))) == i+1 })
			if err := w.half.Remove("OUT/A.TXT"); err != nil {
				t.Fatal(err)
			}
			w.until(10*time.Second, "a free slot", func() bool { return len(w.names(macToPC)) == 0 })
		}
		if why := w.why(); why != "" {
			t.Error(why)
		}
	})
}

// TestOutsideFileCannotBeOpened: somebody has it open in a way that shuts us out, for a while or for ever; or the volume fails,
// which is no fault of the file.
func TestOutsideFileCannotBeOpened(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		times int
		why   string
	}{
		{"for a while", syscall.EACCES, 3, ""},
		{"ever", syscall.EACCES, 1000, "5 looks failed: lstat OUT/A.TXT: permission denied"},
		{"a failing volume", syscall.EIO, 6, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				w.leave(map[string]string{"OUT/A.TXT": "a"})
				w.us.Fault(func(op sharetest.Op) error {
					if c.times--; op.Path == "OUT/A.TXT" && c.times >= 0 {
						return c.err
					}
					c.times++
					return nil
				})
				w.drop("MMFF1.MSG", naming("s", "XTEXT:OUT/A.TXT"))
				w.until(20*time.Minute, "an end", func() bool { return len(w.arrived(store.Lane(peer))) == 1 || w.why() != "" })
				if why := w.why(); (why == "") != (c.why == "") || !strings.HasSuffix(why, c.why) {
					t.Errorf("%q", why)
				}
			})
		})
	}
}

// TestOutsideFilesOfManyMessages: what all messages of a file name together is bounded as the file is.
func TestOutsideFilesOfManyMessages(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.MaxRead = 10_000 }, func(w *world) {
		w.leave(map[string]string{"OUT/A.TXT": strings.Repeat("x", 4000)})
		w.drop("MMFF1.MSG", naming("one", "XTEXT:OUT/A.TXT")+naming("two", "XATTACH:OUT/A.TXT")+naming("three", "XTEXT:OUT/A.TXT")+mmff("four", "x\r\n"))
		w.until(20*time.Second, "bad mail", func() bool { return w.why() != "" })
		w.wait(5 * time.Second)
		if diff := cmp.Diff([]string{"one", "two", "four"}, w.arrived(store.Lane(peer))); diff != "" || !strings.Contains(w.why(), "147-3-5 ") {
			t.Errorf("%s, bad: %q", diff, w.why())
		}
	})
}

// TestStoppedWhileWaiting: a process that is killed while a file outside is waited for does not make its message a suspect.
func TestStoppedWhileWaiting(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF1.MSG", naming("s", "XTEXT:OUT/A.TXT"))
		for range 4 {
			w.wait(7 * time.Second)
			w.crash()
			w.start()
		}
		w.leave(map[string]string{"OUT/A.TXT": "a"})
		w.until(15*time.Second, "it", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
	})
}

// hesitant is an intake that fails some times.
type hesitant struct {
	spool.Intake
	fails int
}

func (h *hesitant) Submit(ctx context.Context, s intake.Submission) (mail.ID, error) {
	if h.fails--; h.fails >= 0 {
		return "", errors.New("not now")
	}
	return h.Intake.Submit(ctx, s)
}

// TestTriesAreNoRepetition: a file that is tried several times is one, and not held as the third equal file (KB Q119022).
func TestTriesAreNoRepetition(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Intake = &hesitant{o.Intake, 3} }, func(w *world) {
		w.drop("MMFF1.MSG", mmff("s", "x\r\n"))
		w.until(2*time.Minute, "it", func() bool { return len(w.arrived(store.Lane(peer)))+len(w.arrived(store.LaneHeld)) == 1 })
		if held := w.arrived(store.LaneHeld); len(held) > 0 {
			t.Errorf("held: %q", held)
		}
	})
}
