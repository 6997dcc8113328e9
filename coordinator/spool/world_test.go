package spool_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/handshake"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

const (
	peer  = mail.StoreID("0197a000-0000-7000-8000-000000000001")
	other = mail.StoreID("0197a000-0000-7000-8000-000000000002")

	macToPC = "STORE/MACTOPC"
	pcToMac = "STORE/PCTOMAC"
)

// world is a spool on a nasty share, in a synctest bubble: a real store, intake and converter, and a legacy half that the
// test plays. It stands in for the PC half: MACTOPC is read and PCTOMAC written.
type world struct {
	*testing.T
	share  *sharetest.Share
	us     *sharetest.Client // our machine
	half   *sharetest.Client // the Macintosh
	engine *storetest.Memory
	change func(*spool.Options)
	role   spool.Role

	st     *store.Store
	in     *intake.Intake
	sp     *spool.Spool
	cancel context.CancelFunc
	done   chan error
	epoch  uint64
	seq    map[mail.StoreID]uint64
	told   []store.Trace
	mu     sync.Mutex // guards told and faults
	faults map[string]int
	dead   chan struct{} // closed when a fault point killed the process
	kill   string
}

// bubble runs a test in a bubble with a world on a fresh volume.
func bubble(t *testing.T, o sharetest.Options, change func(*spool.Options), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sharetest.NewSpool(o), change)
		w.start()
		defer w.stop()
		test(w)
	})
}

func newWorld(t *testing.T, share *sharetest.Share, change func(*spool.Options)) *world {
	return &world{T: t, share: share, half: share.Client("mac"), engine: storetest.NewMemory(), change: change, role: spool.RolePC,
		seq: map[mail.StoreID]uint64{}, faults: map[string]int{}}
}

type reporter struct{}

func (reporter) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Recipient, f.Reason, f.Explanation)
	}
	return "Undeliverable Mail", b.String(), mail.MustAddress("Network Manager@Gateway")
}

// open opens the store, what stands on it, and the spool.
func (w *world) open() error {
	st, err := store.Open(w.engine, store.Options{Fault: w.fault})
	if err != nil {
		return err
	}
	w.st = st
	routes := route.New(route.Options{Serves: []mail.Pattern{mail.MustPattern("*@*"), mail.MustPattern("MACNET/MACPO/*")}, LocalLane: store.LaneSpool})
	routes.Replace(route.Announcement{Peer: peer, End: "pcside", Patterns: []mail.Pattern{mail.MustPattern("NET/PO/*")}})
	w.in = intake.New(intake.Options{Store: st, Routes: routes, End: "coordinator", Reporter: reporter{}})
	w.us = w.share.Client("coordinator")
	o := spool.Options{FS: w.us, Store: st, Intake: w.in, Role: w.role, End: "coordinator", Fault: w.fault,
		Converter: convert.New(convert.Options{Peer: convert.Mac(), Zone: time.UTC, MaxSize: 100 << 10}),
		Tell: func(_ mail.StoreID, t store.Trace) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, t)
		}}
	if os.Getenv("SPOOL_LOG") != "" {
		o.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug})
	}
	if w.change != nil {
		w.change(&o)
	}
	w.sp, err = spool.Open(w.Context(), o)
	if err != nil {
		_ = st.Close()
	}
	return err
}

func (w *world) start() {
	w.Helper()
	w.dead = make(chan struct{})
	if err := w.open(); err != nil {
		w.Fatal(err)
	}
	w.run()
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	w.cancel, w.done = cancel, make(chan error, 1)
	sp := w.sp
	go func() {
		var err error
		defer func() { w.done <- err }() // also when a fault point ends the goroutine
		err = sp.Run(ctx)
	}()
}

// stop ends the process in order, and audits its books.
func (w *world) stop() {
	w.Helper()
	if w.cancel == nil {
		return
	}
	w.cancel()
	if err := <-w.done; err != nil {
		w.Errorf("run: %v", err)
	}
	w.cancel = nil
	if problems, err := w.st.Audit(); err != nil || len(problems) > 0 {
		w.Errorf("the books do not add up: %q, %v", problems, err)
	}
	if err := w.st.Close(); err != nil {
		w.Error(err)
	}
	w.engine = w.engine.Reopen()
}

// crash ends the process between two instructions: nothing it does afterwards has any effect.
func (w *world) crash() {
	w.us.Kill()
	w.engine = w.engine.Crash()
	w.cancel()
	<-w.done
	_ = w.st.Close() // its engine is gone
	w.cancel = nil
}

// fault kills the process at the fault point w.kill: the goroutine ends there, and the others have neither share nor disk.
func (w *world) fault(point string) {
	w.mu.Lock()
	w.faults[point]++
	hit := w.kill == point
	if hit {
		w.kill = ""
		w.us.Kill()
		w.engine = w.engine.Crash()
		close(w.dead)
	}
	w.mu.Unlock()
	if hit {
		runtime.Goexit()
	}
}

// wait lets scans happen.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// until waits, in virtual time, for something to become so.
func (w *world) until(limit time.Duration, what string, so func() bool) {
	w.Helper()
	for start := time.Now(); !so(); w.wait(500 * time.Millisecond) {
		if time.Since(start) > limit {
			w.Fatalf("not within %v: %s\nstatus: %+v\nshare: %q", limit, what, w.sp.Status(), w.share.Snapshot("."))
		}
	}
}

// mmff is a mail as the legacy half writes it.
func mmff(subject, body string, to ...string) string {
	if len(to) == 0 {
		to = []string{"CSI:NET/PO/JSMITH"}
	}
	text := "VERSION:3.00\r\n"
	for _, a := range to {
		text += "TO:" + a + "\r\n"
	}
	return text + fmt.Sprintf("FROM:MSMAIL:Anna@Marketing\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:%s\r\nPRIORITY:3\r\nTEXT:%d\r\n%s", subject, len(body), body)
}

// drop makes the half write a file into MACTOPC.
func (w *world) drop(name, data string) {
	w.Helper()
	if err := w.half.Drop(macToPC+"/"+name, data); err != nil {
		w.Fatal(err)
	}
}

// arrived lists the subjects of what waits in a lane, in order.
func (w *world) arrived(lane store.Lane) []string {
	w.Helper()
	entries, err := w.st.Entries(lane, 0, 10000)
	if err != nil {
		w.Fatal(err)
	}
	var subjects []string
	for _, e := range entries {
		m, err := w.st.Message(e.MessageID)
		if err != nil {
			w.Fatal(err)
		}
		subjects = append(subjects, m.Subject)
	}
	return subjects
}

// delivery is a message from the other end, for recipients behind the spool.
func (w *world) delivery(subject, body string, to ...mail.Address) *mail.Delivery {
	w.Helper()
	if len(to) == 0 {
		to = []mail.Address{mail.MustAddress("Anna@Marketing")}
	}
	d := w.st.NewDraft(int64(len(body)))
	if _, err := io.WriteString(d, body); err != nil {
		w.Fatal(err)
	}
	if err := d.Seal(); err != nil {
		w.Fatal(err)
	}
	return &mail.Delivery{Recipients: to, Content: d, Message: &mail.Message{
		ID: w.st.NewID(), Class: mail.Note, Sender: mail.MustAddress("NET/PO/JSMITH"), To: to, Subject: subject, Priority: 3,
		Submitted: time.Date(1994, 4, 4, 13, 10, 0, 0, time.UTC), BodySize: d.Size(), Size: d.Size(), SHA256: d.SHA256(),
		OriginStore: peer, Origin: mail.FromClient}}
}

// session opens a session of a peer.
func (w *world) session(from mail.StoreID) store.Session {
	w.Helper()
	w.epoch++
	s, err := w.st.OpenSession(w.Context(), from, w.epoch)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// offer numbers deliveries as a peer's link would.
func (w *world) offer(s store.Session, ds ...*mail.Delivery) []link.Arrival {
	var as []link.Arrival
	for _, d := range ds {
		w.seq[s.Peer]++
		as = append(as, link.Arrival{Seq: w.seq[s.Peer], Delivery: d})
	}
	return as
}

// taking is a Take that runs.
type taking struct {
	done chan struct{}
	err  error
}

func (w *world) taking(ctx context.Context, s store.Session, as []link.Arrival) *taking {
	t := &taking{done: make(chan struct{})}
	sp := w.sp
	go func() {
		defer close(t.done)
		_, t.err = sp.Take(ctx, s, as)
	}()
	return t
}

// take takes and waits.
func (w *world) take(ds ...*mail.Delivery) {
	w.Helper()
	s := w.session(peer)
	if _, err := w.sp.Take(w.Context(), s, w.offer(s, ds...)); err != nil {
		w.Fatal(err)
	}
}

// names lists a directory as the half sees it.
func (w *world) names(dir string) []string {
	w.Helper()
	names, err := w.half.Names(dir)
	if err != nil {
		w.Fatal(err)
	}
	return names
}

// collect lets the half take everything in PCTOMAC, and returns the subjects.
func (w *world) collect() []string {
	w.Helper()
	files, err := w.half.Collect(pcToMac)
	if err != nil {
		w.Fatal(err)
	}
	var subjects []string
	for _, f := range files {
		subjects = append(subjects, field(f, "SUBJECT"))
	}
	return subjects
}

func field(file, name string) string {
	for line := range strings.SplitSeq(file, "\r\n") {
		if tail, ok := strings.CutPrefix(line, name+":"); ok {
			return tail
		}
	}
	return ""
}

// leg is one of the two legs.
func (w *world) leg(outbound bool) handshake.Leg {
	w.Helper()
	for _, l := range w.sp.Legs() {
		if (l.From == "coordinator") == outbound {
			return l
		}
	}
	w.Fatal("no such leg")
	return handshake.Leg{}
}

// events lists the events of a message's trace.
func (w *world) events(id mail.ID) string {
	w.Helper()
	traces, err := w.st.Trace(id)
	if err != nil {
		w.Fatal(err)
	}
	var list []string
	for _, t := range traces {
		list = append(list, t.Event)
	}
	return strings.Join(list, " ")
}
