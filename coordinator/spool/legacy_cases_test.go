package spool_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// KB Q147006: NetWare goes on listing what was deleted, and the Macintosh tried it for ever.
func TestDeletedFilesStayListed(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		ghost := func(op sharetest.Op) error {
			if strings.HasSuffix(op.Path, "MACTOPC/MMFF1.MSG") && slices.Contains([]string{"open", "rename", "remove", "lstat"}, op.Name) {
				return fs.ErrNotExist
			}
			return nil
		}
		w.us.Fault(ghost)
		w.drop("MMFF1.MSG", mmff("deleted", "x"))
		for i := range 20 {
			w.drop("MMFF2.MSG", mmff(fmt.Sprint(i), "x"))
			w.until(20*time.Second, "the mail behind it", func() bool { return len(w.arrived(store.Lane(peer))) == i+1 })
			w.until(20*time.Second, "a free slot", func() bool { return len(w.names(macToPC)) == 1 })
		}
		w.take(w.delivery("out", "x\n"))
		if got := w.collect(); !cmp.Equal(got, []string{"out"}) {
			t.Errorf("the half got %v", got)
		}
		if st := w.sp.Status(); st.Counters.BadMailFiles != 0 || st.Counters.Imported != 20 {
			t.Errorf("counters %+v", st.Counters)
		}
		w.wait(6 * time.Minute)
		if a := w.sp.Status().Alarms; len(a) != 1 || !strings.Contains(a[0], "MMFF1.MSG") || !strings.Contains(a[0], "purged") {
			t.Errorf("alarms %q", a)
		}
		if err := w.half.Remove(macToPC + "/MMFF1.MSG"); err != nil {
			t.Fatal(err)
		}
		w.wait(10 * time.Second)
		if a := w.sp.Status().Alarms; len(a) != 0 {
			t.Errorf("purged, and still alarms: %q", a)
		}
	})
}

// WA0728: errors 52 and 114 where a right was missing. The start says which step failed where.
func TestMissingRights(t *testing.T) {
	for _, dir := range []string{macToPC, pcToMac, "BADMAIL"} {
		for _, c := range []struct{ op, want string }{
			{"create", "make and read back a file"}, {"open", "make and read back a file"}, {"lstat", "look at the new file"},
			{"rename", "rename"}, {"remove", "remove what a former test left"},
		} {
			t.Run(dir+" "+c.op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), func(o *spool.Options) {
						o.FS.(*sharetest.Client).Fault(func(op sharetest.Op) error {
							if op.Name == c.op && strings.HasPrefix(op.Path, dir+"/") {
								return syscall.EACCES
							}
							return nil
						})
					})
					err := w.open()
					if err == nil {
						_ = w.st.Close()
						t.Fatal("it starts without that right")
					}
					if !strings.Contains(err.Error(), "//coordinator/"+dir) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "permission denied") {
						t.Errorf("got %v, want something about %q in %s", err, c.want, dir)
					}
				})
			})
		}
	}
}

// translating is a volume whose server takes every file for text: it drops the CR of each line end.
type translating struct{ spool.FS }

func (v translating) Create(name string) (spool.File, error) {
	f, err := v.FS.Create(name)
	return translated{f}, err
}

type translated struct{ spool.File }

func (f translated) Write(p []byte) (int, error) {
	_, err := f.File.Write(bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n")))
	return len(p), err
}

// KB Q103199: a server that translates text changes every count.
func TestTranslatedText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), func(o *spool.Options) { o.FS = translating{o.FS} })
		if err := w.open(); err == nil || !strings.Contains(err.Error(), "does not give back the bytes") {
			t.Errorf("got %v", err)
		}
	})
}

// KB Q164858: the half renamed MACTOPC itself. While a directory is gone nothing is concluded, and the other goes on.
func TestDirectoryGone(t *testing.T) {
	for _, dir := range []string{macToPC, pcToMac} {
		t.Run(dir, func(t *testing.T) {
			bubble(t, sharetest.Options{}, nil, func(w *world) {
				w.take(w.delivery("1", "x\n"))
				w.wait(5 * time.Second)
				w.us.Fault(func(op sharetest.Op) error {
					if op.Path == dir || strings.HasPrefix(op.Path, dir+"/") {
						return fs.ErrNotExist
					}
					return nil
				})
				w.wait(2 * time.Minute)
				if st := w.sp.Status(); st.Counters.Consumed != 0 {
					t.Errorf("believed consumed: %+v", st.Counters)
				}
				if l := w.leg(dir == pcToMac); l.State == liveness.Up || l.Reason == "" {
					t.Errorf("leg %+v", l)
				}
				w.us.Fault(nil)
				w.drop("MMFF1.MSG", mmff("in", "x"))
				w.until(time.Minute, "the mail", func() bool { return len(w.arrived(store.Lane(peer))) == 1 })
				if got := w.collect(); !cmp.Equal(got, []string{"1"}) {
					t.Errorf("the half got %v", got)
				}
			})
		})
	}
}

// KB Q134757: behind a fake root the data directory was not found. Whatever way the path goes, it is the directory.
func TestPathsAreResolved(t *testing.T) {
	base := t.TempDir()
	real := filepath.Join(base, "volume", "MAILDATA", "MACGATE")
	if err := os.MkdirAll(real, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := spool.Init(real); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(base, "m")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("volume", filepath.Join(base, "n")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(base)
	for _, way := range []string{real, real + "/", filepath.Join(base, "m"), filepath.Join(base, "n", "MAILDATA", "MACGATE"), "m", "./volume/../m/."} {
		findings, err := spool.Check(way)
		if err != nil || !slices.ContainsFunc(findings, func(s string) bool { return strings.HasPrefix(s, "marker ") }) {
			t.Errorf("%s: %q, %v", way, findings, err)
		}
	}
}

// KB Q166162: the notice about a bad file crashed the half. There is one in every slot but one, every kind of badness, and the
// mail in the last goes; each has one file, one text, and one report where the sender can be read.
func TestBadFileInEverySlot(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		good := mmff("never", "text\r\n")
		bad := []string{
			strings.Replace(good, "SUBJECT:", "SUBJECT", 1), good + "left over", strings.Replace(good, "TEXT:6", "TEXT:-6", 1), strings.Replace(good, "TEXT:6", "TEXT:x", 1),
			strings.Replace(good, "TEXT:6\r\ntext\r\n", "XTEXT:C:\\X\r\n", 1), strings.Repeat("\x00\xff", 600), strings.Repeat("\r", 2000) + "x",
			strings.Replace(good, "FROM:MSMAIL:Anna@Marketing\r\n", "", 1), strings.Repeat("TO:x\r\n", 500),
		}
		for round := range 10 {
			last := round%10 + 1
			for i, text := range bad {
				slot := (last+i)%10 + 1
				w.drop(fmt.Sprintf("MMFF%d.MSG", slot), text)
			}
			w.drop(fmt.Sprintf("MMFF%d.MSG", last), mmff(fmt.Sprint(round), "x"))
			w.until(time.Minute, "the mail", func() bool { return len(w.arrived(store.Lane(peer))) == round+1 })
			w.until(40*time.Minute, "all slots free", func() bool { return len(w.names(macToPC)) == 0 })
		}
		reports, told := len(w.arrived(store.LaneSpool)), 0
		pieces, err := w.st.BadMail("", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			if p.ReportID != "" {
				told++
			}
		}
		files, texts := 0, 0
		for _, name := range w.names("BADMAIL") {
			if strings.HasSuffix(name, ".MSG") {
				files++
			} else {
				texts++
			}
		}
		if files != texts || files != len(pieces) || files < 80 || told != reports || told < 40 {
			t.Errorf("%d files and %d texts in BADMAIL, %d pieces of bad mail, %d of them reported, %d reports", files, texts, len(pieces), told, reports)
		}
	})
}

// KB Q98811, Q121666: a few hundred recipients were too many.
func TestFiveThousandRecipients(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		var to []string
		for i := range 5000 {
			to = append(to, fmt.Sprintf("CSI:NET/PO/U%d", i))
		}
		w.drop("MMFF1.MSG", mmff("to all", "hello\r\n", to...))
		w.until(time.Minute, "the mail", func() bool { return len(w.names(macToPC)) == 0 })
		entries, err := w.st.Entries(store.Lane(peer), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			for _, r := range e.Recipients {
				seen[r.String()] = true
			}
		}
		if len(seen) != 5000 || w.sp.Status().Counters.BadMailFiles != 0 {
			t.Errorf("%d recipients in %d envelopes", len(seen), len(entries))
		}
		m, err := w.st.Message(entries[0].MessageID)
		if err != nil || len(m.To) != 5000 {
			t.Errorf("the header names %d, %v", len(m.To), err)
		}
	})
}

// asMac is a change for a coordinator that stands in for the Macintosh half: it reads PCTOMAC and writes MACTOPC.
func asMac(o *spool.Options) {
	o.Role = spool.RoleMac
	o.Converter = convert.New(convert.Options{Peer: convert.PC(), Zone: time.UTC})
}

// KB Q121917 and Q152477 the other way about: the coordinator is the Macintosh half, and the PC half does not see its handshake,
// leaves handshakes of its own everywhere, with mail and without.
func TestSeedsTheOtherWay(t *testing.T) {
	change := func(o *spool.Options) { asMac(o); o.Aging, o.Scan = time.Hour, 10*time.Second }
	bubble(t, sharetest.Options{}, change, func(w *world) {
		w.half.Hide("MMFF1.*")
		put := func(name, data string) {
			if err := w.half.Drop(pcToMac+"/"+name, data); err != nil {
				t.Fatal(err)
			}
		}
		w.wait(time.Minute)
		if got := w.sp.Status().Slots; len(got) != 1 || got[0].State != "handshake" || got[0].Directory != "MACTOPC" {
			t.Fatalf("no handshake of ours lies there: %+v", got)
		}
		in, blind := 0, false
		var want, got []string
		for i := range 40 {
			put(fmt.Sprintf("MMFF%d.MSG", i%9+2), handshakes()[i*5])
			if i%2 == 0 {
				put("MMFF11.MSG", mmff(fmt.Sprint("in ", in), "x\r\n"))
				in++
				want = append(want, fmt.Sprint("out ", i))
				w.take(w.delivery(want[len(want)-1], "x\n"))
			}
			w.wait(8 * time.Minute)
			got = append(got, mails(w.some(macToPC, slotsSeen))...)
			w.wait(30 * time.Second)
			blind = blind || w.leg(true).State == liveness.Blind
		}
		if n := len(w.arrived(store.Lane(peer))); n != in || !blind {
			t.Errorf("%d of %d mails came in; blind %v", n, in, blind)
		}
		// Mail that came to lie in the slot which the half does not see is there when it sees again, and stopped no other.
		if len(got) < len(want)-1 {
			t.Errorf("mail waited for a slot nobody sees: %q", got)
		}
		w.half.Hide()
		got = append(got, mails(w.some(macToPC, slotsSeen))...)
		if slices.Sort(got); !cmp.Equal(got, sorted(want)) {
			t.Errorf("the half got %q", got)
		}
		if st := w.sp.Status(); st.Counters.HandshakesConsumed != 40 || st.Counters.BadMailFiles != 0 || len(w.names("BADMAIL")) != 0 {
			t.Errorf("counters %+v", st.Counters)
		}
	})
}

// KB Q134757: clocks and zones that differ made false warnings.
func TestClocksHalfADayApart(t *testing.T) {
	for _, off := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			bubble(t, sharetest.Options{ClockOff: off}, nil, func(w *world) {
				for i := range 60 {
					w.drop("MMFF1.MSG", mmff(fmt.Sprint(i), "x"))
					w.take(w.delivery(fmt.Sprint(i), "x\n"))
					w.wait(time.Minute)
					if got := w.collect(); !cmp.Equal(got, []string{fmt.Sprint(i)}) {
						t.Fatalf("the half got %v", got)
					}
					w.wait(5 * time.Second)
					for _, l := range w.sp.Legs() {
						if l.State != liveness.Up || len(l.Conditions) > 0 {
							t.Fatalf("minute %d: leg %+v", i, l)
						}
					}
				}
				if n := len(w.arrived(store.Lane(peer))); n != 60 || len(w.sp.Status().Alarms) > 0 {
					t.Errorf("%d came in, alarms %q", n, w.sp.Status().Alarms)
				}
			})
		})
	}
}

// KB Q115319, Q112879: lists for *SPECIAL came back as undeliverable, and users were doubled.
func TestNoReportAboutSystemMail(t *testing.T) {
	bubble(t, sharetest.Options{}, nil, func(w *world) {
		for i, to := range []string{"CSI:NOWHERE/PO/*SPECIAL", "CSI:NOWHERE/PO/$SYSTEM", "NOWHERE/PO/$system"} {
			w.drop(fmt.Sprintf("MMFF%d.MSG", i+1), mmff("Directory Exchange Profile", "[DIRSYNC]\r\nTASK=IMPORTREQ\r\n", to))
		}
		w.drop("MMFF4.MSG", mmff("list", "x", "CSI:NET/PO/*SPECIAL"))
		w.until(time.Minute, "all read", func() bool { return len(w.names(macToPC)) == 0 })
		if got := w.arrived(store.LaneSpool); len(got) != 0 {
			t.Errorf("reports %q", got)
		}
		if got := w.arrived(store.Lane(peer)); !cmp.Equal(got, []string{"list"}) {
			t.Errorf("who serves the system mailbox got %q", got)
		}
		bad, err := w.st.BadMail("", 10)
		if err != nil || len(bad) != 3 || bad[0].Message.Class != mail.System || bad[0].ReportID != "" {
			t.Errorf("bad mail %+v, %v", bad, err)
		}
		if got := w.names("BADMAIL"); len(got) != 0 {
			t.Errorf("BADMAIL holds %v", got)
		}
	})
}

// KB Q137998: order over a thousand messages, or as many as SIDEGATE_LEGACY says (10,000 take a minute), whatever the number of
// slots. The half takes a few at a time, in ascending slots.
func TestOrderOfThousands(t *testing.T) {
	n := 1000
	if text := os.Getenv("SIDEGATE_LEGACY"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("SIDEGATE_LEGACY: %v", err)
		}
	}
	for _, slots := range []int{1, 10, 99} {
		t.Run(fmt.Sprintf("b=%d", slots), func(t *testing.T) {
			bubble(t, sharetest.Options{}, func(o *spool.Options) { o.Slots = slots }, func(w *world) {
				s := w.session(peer)
				var want, got []string
				var ds []*mail.Delivery
				for i := range n {
					want = append(want, fmt.Sprint(i))
					ds = append(ds, w.delivery(fmt.Sprint(i), "x\n"))
				}
				as := w.offer(s, ds...)
				all := w.taking(w.Context(), s, as)
				for i := 0; len(got) < n && i < 20*n; i++ {
					w.wait(time.Duration(1+i%3) * time.Second)
					got = append(got, w.some(pcToMac, 1+i*7%13)...)
				}
				if <-all.done; all.err != nil {
					t.Error(all.err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// mails leaves out our handshakes, which have no subject.
func mails(subjects []string) []string {
	return slices.DeleteFunc(subjects, func(s string) bool { return s == "" })
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// slotsSeen is more than there are.
const slotsSeen = 100

// some lets the half take at most n messages out of a directory, in ascending slots.
func (w *world) some(dir string, n int) (subjects []string) {
	w.Helper()
	mails, err := w.half.Mails(dir)
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range mails[:min(n, len(mails))] {
		data, err := w.half.Read(dir + "/" + name)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.half.Remove(dir + "/" + name); err != nil {
			w.Fatal(err)
		}
		subjects = append(subjects, field(data, "SUBJECT"))
	}
	return subjects
}
