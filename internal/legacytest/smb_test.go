package legacytest

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
	"sidegate/pcside/pcmail"
)

// smbMessages is how many messages go each way over a real SMB server; make smb sets it.
func smbMessages(t *testing.T) int {
	text := os.Getenv("SIDEGATE_SMB")
	if text == "" {
		t.Skip("SIDEGATE_SMB is not set: it says how many messages go each way through Samba; make smb sets it")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SIDEGATE_SMB=%q is no number", text)
	}
	return n
}

func probe(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// advised are the settings of a share that a coordinator keeps locally; ARCHITECTURE.md says why.
const (
	advised = openly + "veto files = /SIDEGATE.ID/GWOWNER.LCK/\n"
	openly  = "oplocks = no\nlevel2 oplocks = no\nstrict sync = yes\ncase sensitive = no\npreserve case = yes\ncreate mask = 0666\ndirectory mask = 0777\n"
)

// overSMB makes a world whose halves reach their spools through Samba, while coordinators work on the exported directory.
// If mounted, coordinators do not: they have the share mounted.
func overSMB(t *testing.T, settings string, mounted bool) *world {
	t.Helper()
	w := newWorld(t)
	if err := os.Chmod(filepath.Dir(w.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	server := serveSMB(t, w.dir, settings)
	if mounted {
		at := server.mount(t)
		t.Cleanup(w.finish) // before the mount goes
		w.reach = func(share string) string { return filepath.Join(at, filepath.Base(share)) }
	}
	w.volume = func(share string) legacypair.FS {
		open := func(at string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				err = os.Chmod(at, 0o777) // the server works as nobody
			}
			return err
		}
		if err := filepath.WalkDir(share, open); err != nil {
			t.Fatal(err)
		}
		return server.connect(t, filepath.Base(share))
	}
	return w
}

// TestSMB: the halves do all they do over SMB, with share modes, names in any case and attributes as the server has them.
func TestSMB(t *testing.T) {
	n := smbMessages(t)
	for _, settings := range []struct {
		name, text string
		mounted    bool
	}{
		{"as advised", advised, false},
		{"Samba's own settings", "", false},
		{"coordinators have it mounted", openly, true},
	} {
		for _, name := range []string{"B", "C", "D"} {
			t.Run(settings.name+", "+name, func(t *testing.T) {
				w := overSMB(t, settings.text, settings.mounted)
				pc, mac := topologies[name](w, 10)
				t.Cleanup(func() {
					for kind, h := range w.halves {
						if log := h.Log(); t.Failed() || h.Counters().Errors > 0 {
							t.Logf("the %s half had %d errors; its log ends so: %q", kind, h.Counters().Errors, log[max(0, len(log)-5):])
						}
					}
				})
				n := n
				if settings.mounted {
					n = max(10, n/6) // every call crosses the kernel twice, and the server
				}
				exchange(t, n, pc, mac, true)
			})
		}
	}
}

// smbScene is a coordinator that stands in for the PC half, and a client of the share that plays the Macintosh.
type smbScene struct {
	*testing.T
	pc   person
	mac  *smbClient
	keep *running
	dir  string
}

// TestSMBShareModes: what other programs on the share can do to a file, and what the coordinator makes of it.
func TestSMBShareModes(t *testing.T) {
	smbMessages(t)
	for _, c := range []struct {
		name string
		play func(s *smbScene)
	}{
		{"a file is written under its last name and shut when it is whole", func(s *smbScene) {
			text := s.letter("slow")
			f := s.create("MMFF1.MSG", archive)
			s.write(f, text[:40])
			s.scans(10)
			if got := s.pc.arrived(history.New()); len(got) > 0 {
				s.Errorf("half a file was taken: %q", got)
			}
			s.write(f, text[40:])
			s.shut(f)
			s.arrives("slow")
		}},
		{"lower case, hidden and read-only", func(s *smbScene) {
			f := s.create("mmff2.msg", archive|readOnly|hidden)
			s.write(f, s.letter("odd"))
			s.shut(f)
			s.arrives("odd")
		}},
		{"a reader keeps our file open while it is deleted", func(s *smbScene) {
			s.send("first")
			s.appears("MMFF1.MSG")
			reader, err := s.mac.handle("openshared", "STORE/PCTOMAC/mmff1.msg")
			s.must(err)
			s.must(s.mac.Remove("STORE/PCTOMAC/MMFF1.MSG"))
			if err := s.mac.Remove("STORE/PCTOMAC/MMFF1.MSG"); !errors.Is(err, legacypair.ErrBusy) {
				s.Errorf("removing it again: %v, want that its removal is pending", err)
			}
			s.send("second")
			s.appears("MMFF2.MSG") // not below: the first one's slot is not free yet
			s.must(reader.Close())
			s.must(s.mac.Remove("STORE/PCTOMAC/MMFF2.MSG"))
			s.until("both are known to be taken", func() bool { return s.keep.end.Admin.Status().GetSpool().GetSlotsOurs() == 0 })
			s.send("third")
			s.appears("MMFF1.MSG")
		}},
		{"names differ by more than case", func(s *smbScene) {
			s.send("first")
			s.appears("MMFF1.MSG")
			if _, err := s.mac.Create("STORE/PCTOMAC/mmff1.msg"); !errors.Is(err, fs.ErrExist) {
				s.Errorf("creating mmff1.msg beside MMFF1.MSG: %v", err)
			}
			s.must(s.mac.Rename("STORE/PCTOMAC/mmff1.msg", "STORE/PCTOMAC/mmff1.rdg"))
			s.send("second")
			s.appears("MMFF2.MSG")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := overSMB(t, advised, false)
			side := w.end("pcside", daemon.Side(pcmail.Dialect()), config.PCSide, "NET1/*/*", nil, awaited)
			keep, _ := w.coordinator("coordinator", "mac", "*@Sales", 10, side.address)
			w.halves["mac"].Kill()
			c.play(&smbScene{T: t, pc: w.people(side, pcUsers), keep: keep, dir: w.shares["mac"], mac: w.volume(w.shares["mac"]).(*smbClient)})
		})
	}
}

// The attributes of DOS that a file can have.
const readOnly, hidden, archive = 0x01, 0x02, 0x20

func (s *smbScene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *smbScene) create(name string, attributes int) *smbFile {
	s.Helper()
	f, err := s.mac.handle("create", "STORE/MACTOPC/"+name, attributes)
	s.must(err)
	return f
}

func (s *smbScene) write(f *smbFile, text string) {
	s.Helper()
	_, err := f.Write([]byte(text))
	s.must(err)
}

func (s *smbScene) shut(f *smbFile) {
	s.Helper()
	s.must(f.Close())
}

// letter is a message file.
func (s *smbScene) letter(subject string) string {
	body := strings.Repeat("And one more line.\r\n", 20)
	return "VERSION:3.00\r\nTO:CSI:" + pcUsers[0] + "\r\nFROM:MSMAIL:" + macUsers[0] + "\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:" + subject +
		"\r\nPRIORITY:3\r\nTEXT:" + strconv.Itoa(len(body)) + "\r\n" + body
}

// send submits a message to the Macintosh.
func (s *smbScene) send(subject string) {
	s.pc.send(history.New(), []letter{{subject, pcUsers[0], macUsers[0], "x\n"}})
}

// scans waits for so many looks of the coordinator.
func (s *smbScene) scans(n uint64) {
	s.Helper()
	s.until("the coordinator scans", func() bool { n--; return n == 0 })
}

func (s *smbScene) arrives(subject string) {
	s.Helper()
	s.until(subject+" has arrived and its file is gone", func() bool {
		names, err := os.ReadDir(filepath.Join(s.dir, "STORE", "MACTOPC"))
		s.must(err)
		return len(names) == 0 && slices.Equal(s.pc.arrived(history.New()), []string{subject})
	})
}

// appears waits for a file of ours, which must not be where another one is.
func (s *smbScene) appears(name string) {
	s.Helper()
	s.until(name+" is there", func() bool {
		names, err := s.mac.List("STORE/PCTOMAC")
		s.must(err)
		return slices.Contains(names, name)
	})
}

func (s *smbScene) until(what string, so func() bool) {
	s.Helper()
	tick := time.NewTicker(2 * hurry.scan)
	defer tick.Stop()
	for range 200 {
		if so() {
			return
		}
		<-tick.C
	}
	s.Fatalf("not in time: %s; the coordinator says %v", what, s.keep.end.Admin.Status().GetSpool())
}
