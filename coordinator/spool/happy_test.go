package spool_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func TestMailIsRead(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.wait(time.Second) // not while the directory is being listed
		w.drop("MMFF2.MSG", mmff("second", "two\r\n"))
		w.drop("mmff1.msg", mmff("first", "one\r\n"))
		w.drop("MMFF10.MSG", mmff("third", "three\r\n"))
		w.drop("._MMFF1.MSG", "\x00\x05\x16\x07")
		w.drop("ReadMe", "not ours")
		w.until(10*time.Second, "three messages", func() bool { return len(w.arrived(store.Lane(peer))) == 3 })
		if diff := cmp.Diff([]string{"first", "second", "third"}, w.arrived(store.Lane(peer))); diff != "" {
			t.Error(diff)
		}
		w.wait(5 * time.Second)
		if diff := cmp.Diff([]string{"ReadMe"}, w.names(macToPC)); diff != "" {
			t.Error(diff)
		}
		if c := w.sp.Status().Counters; c.Imported != 3 || c.BadMailFiles != 0 {
			t.Errorf("counters %+v", c)
		}
	})
}

func TestMailIsWritten(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.wait(5 * time.Second)
		first, hidden := w.delivery("first", "one\n"), w.delivery("second", "two\n", mail.MustAddress("Anna@Marketing"), mail.MustAddress("Ben@Sales"))
		hidden.Message.To = hidden.Message.To[:1]
		w.take(first, hidden)
		if diff := cmp.Diff([]string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.MSG"}, w.names(pcToMac)); diff != "" {
			t.Fatal(diff)
		}
		if got := w.st.Inbound(peer).Through; got != 2 {
			t.Errorf("the link's books say %d", got)
		}
		if got := w.leg(true); got.Depth != 3 {
			t.Errorf("depth %d", got.Depth)
		}
		if diff := cmp.Diff([]string{"first", "second", "second"}, w.collect()); diff != "" {
			t.Error(diff)
		}
		w.until(10*time.Second, "consumed", func() bool { return w.sp.Status().Counters.Consumed == 3 })
		if got := w.leg(true); got.State != "up" || got.Depth != 0 {
			t.Errorf("leg %+v", got)
		}
		if got, want := w.events(first.Message.ID), "relayed consumed"; got != want {
			t.Errorf("events %q, want %q", got, want)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.told) != 6 {
			t.Errorf("the origin was told %d steps: %v", len(w.told), w.told)
		}
	})
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role    spool.Role
		in, out []string
	}{
		{spool.RolePC, []string{"MACTOPC"}, []string{"PCTOMAC"}},
		{spool.RoleMac, []string{"PCTOMAC"}, []string{"MACTOPC"}},
		{spool.RoleDrain, []string{"MACTOPC", "PCTOMAC"}, nil},
	} {
		t.Run(string(c.role), func(t *testing.T) {
			bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Role = c.role }, func(w *world) {
				for _, dir := range []string{"MACTOPC", "PCTOMAC"} {
					if err := w.half.Drop("STORE/"+dir+"/MMFF5.MSG", mmff("from "+dir, "x")); err != nil {
						t.Fatal(err)
					}
				}
				w.wait(20 * time.Second)
				var want []string
				for _, dir := range c.in {
					want = append(want, "from "+dir)
				}
				if diff := cmp.Diff(want, w.arrived(store.Lane(peer))); diff != "" {
					t.Error(diff)
				}
				s := w.session(other)
				outcomes, err := w.sp.Take(w.Context(), s, w.offer(s, w.delivery("out", "x")))
				if err != nil {
					t.Fatal(err)
				}
				if len(c.out) == 0 {
					if len(outcomes[0].Exceptions) != 1 || outcomes[0].Exceptions[0].Kind != mail.NotServed {
						t.Errorf("outcome %+v", outcomes)
					}
					return
				}
				if got := w.names("STORE/" + c.out[0]); !cmp.Equal(got, []string{"MMFF1.MSG", "MMFF5.MSG"}) {
					t.Errorf("%s holds %v", c.out[0], got)
				}
			})
		})
	}
}

// Order over 200 messages with three slots, on a half that takes them at its own pace.
func TestOrderIsKept(t *testing.T) {
	bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = 3 }, func(w *world) {
		const n = 200
		s := w.session(peer)
		var want []string
		for i := range n {
			subject := fmt.Sprintf("%03d", i)
			want = append(want, subject)
			w.taking(w.Context(), s, w.offer(s, w.delivery(subject, "x\n")))
			synctest.Wait()
		}
		var got []string
		for i := 0; len(got) < n && i < 2000; i++ {
			w.wait(time.Duration(i%5) * 700 * time.Millisecond)
			if i%3 != 0 {
				got = append(got, w.collect()...)
				continue
			}
			// Only the first of them, so that a wave is half taken.
			mails, err := w.half.Mails(pcToMac)
			if err != nil {
				t.Fatal(err)
			}
			if len(mails) > 0 {
				data, err := w.half.Read(pcToMac + "/" + mails[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := w.half.Remove(pcToMac + "/" + mails[0]); err != nil {
					t.Fatal(err)
				}
				got = append(got, field(data, "SUBJECT"))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFilesOfTwoMessages(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF1.MSG", mmff("one", "a\r\n")+mmff("two", "b\r\n", "CSI:NET/PO/X", "CSI:NET//X", "CSI:NOWHERE/PO/Y"))
		w.until(10*time.Second, "both", func() bool { return len(w.arrived(store.Lane(peer))) == 2 })
		w.wait(5 * time.Second)
		if got := w.names(macToPC); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
		// One recipient cannot be read and one is nobody's: two reports, and the third has its mail.
		if got := w.arrived(store.LaneSpool); !cmp.Equal(got, []string{"Undeliverable Mail", "Undeliverable Mail"}) {
			t.Errorf("reports: %q", got)
		}
	})
}

func TestBadMail(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		w.drop("MMFF1.MSG", strings.Replace(mmff("broken", "x\r\n"), "SUBJECT:", "SUBJECT", 1))
		w.drop("MMFF2.MSG", "Hello there, this is no message file at all, and longer than any marker.\r\n")
		w.drop("MMFF3.MSG", mmff("fine", "x\r\n"))
		w.until(10*time.Second, "all three", func() bool { return w.sp.Status().Counters.BadMailFiles == 2 })
		w.wait(5 * time.Second)
		if diff := cmp.Diff([]string{"fine"}, w.arrived(store.Lane(peer))); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"BAD00001.MSG", "BAD00001.TXT", "BAD00002.MSG", "BAD00002.TXT"}, w.names("BADMAIL")); diff != "" {
			t.Error(diff)
		}
		files, err := w.sp.BadFiles(10)
		if err != nil || len(files) != 2 || !strings.Contains(files[0].Reason, "144-1-6") || !strings.Contains(files[0].Reason, "MMFF1.MSG") {
			t.Errorf("bad files %+v, %v", files, err)
		}
		bad, err := w.st.BadMail("", 10)
		if err != nil || len(bad) != 2 {
			t.Fatalf("bad mail %+v, %v", bad, err)
		}
		if bad[0].Message.Sender != mail.MustAddress("Anna@Marketing") || bad[0].ReportID == "" {
			t.Errorf("the sender was not told: %+v", bad[0])
		}
		if bad[1].ReportID != "" || bad[1].Reason != spool.ReasonForeign {
			t.Errorf("foreign: %+v", bad[1])
		}
		if got := w.arrived(store.LaneSpool); !cmp.Equal(got, []string{"Undeliverable Mail"}) {
			t.Errorf("reports: %q", got)
		}
		if got := w.names(macToPC); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}

// logged is what was logged.
type logged struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestStraysAreNamed: a file that was perhaps meant for a slot is named in the log, once a day, and at most a hundred of them are.
func TestStraysAreNamed(t *testing.T) {
	var log logged
	bubble(t, sharetest.Options{}, func(o *spool.Options) {
		o.Log, o.Scan = hclog.New(&hclog.LoggerOptions{Output: &log}), 30*time.Second
	}, func(w *world) {
		for _, name := range []string{"MMFF100.MSG", "MMFF0.MSG", "mmff1.tmp", "letter.msg", "README.TXT", "._MMFF1.MSG"} {
			w.drop(name, "x")
		}
		w.wait(time.Minute)
		for name, want := range map[string]int{"MMFF100.MSG": 1, "MMFF0.MSG": 1, "mmff1.tmp": 1, "letter.msg": 1, "README.TXT": 0, "._MMFF1.MSG": 0} {
			if got := strings.Count(log.String(), "/"+name+" why=\"is never read: slots are called MMFF1 to MMFF99\""); got != want {
				t.Errorf("%s is named %d times, want %d", name, got, want)
			}
		}
		w.wait(24 * time.Hour)
		if n := strings.Count(log.String(), "is never read"); n != 8 {
			t.Errorf("%d lines in a day and a minute about four files", n)
		}
		for i := range 200 {
			w.drop(fmt.Sprintf("%d.MSG", i), "x")
		}
		w.wait(time.Minute)
		if n := strings.Count(log.String(), "is never read"); n != 104 {
			t.Errorf("%d lines", n)
		}
	})
	if t.Failed() {
		text := log.String()
		t.Log(text[:min(len(text), 3000)])
	}
}
