package link

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	pb "sidegate/proto/sidegate/v1"
)

// world is a network of ends in one bubble.
type world struct {
	t    *testing.T
	mu   sync.Mutex // guards what follows
	ends map[string]*end
	// wrap may change the connections that are dialled; it runs under mu.
	wrap func(from, to string, c net.Conn) net.Conn
}

func newWorld(t *testing.T) *world { return &world{t: t, ends: map[string]*end{}} }

// bubble runs a test in virtual time. Everything in it must have ended when it returns.
func bubble(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, newWorld(t)) })
}

func (w *world) dial(from, to string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.ends[to]
	if e == nil || e.listener == nil {
		return nil, errors.New("connection refused")
	}
	c, err := e.listener.Dial()
	if err == nil && w.wrap != nil {
		c = w.wrap(from, to, c)
	}
	return c, err
}

// peer is how an end dials another one by name.
func (w *world) peer(from, to string) Peer {
	return Peer{Address: "passthrough:///" + to, Options: []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return w.dial(from, to) }),
	}}
}

// end is one end with a real store on a disk in memory.
type end struct {
	w        *world
	name     string
	fs       *vfs.MemFS
	dir      string
	clock    func() time.Time // nil: the bubble's
	options  Options
	store    *store.Store
	taker    *boxes
	routes   *announcer
	links    *Links
	listener *bufconn.Listener // guarded by w.mu
	server   *grpc.Server
	cancel   context.CancelFunc
	stopped  chan struct{}
}

// add makes an end, not started yet.
func (w *world) add(name string, change func(*Options)) *end {
	e := &end{w: w, name: name, fs: vfs.NewMem(), dir: "data", taker: &boxes{}, routes: newAnnouncer()}
	e.options = Options{End: name, Taker: e.taker, Routes: e.routes}
	if change != nil {
		change(&e.options)
	}
	e.open()
	w.mu.Lock()
	w.ends[name] = e
	w.mu.Unlock()
	return e
}

func (e *end) open() {
	engine, err := pebblestore.Open(e.dir, pebblestore.Options{FS: sparing{e.fs}})
	if err != nil {
		e.w.t.Fatal(err)
	}
	if e.store, err = store.Open(engine, store.Options{Now: e.clock}); err != nil {
		e.w.t.Fatal(err)
	}
	e.taker.store = e.store
	e.options.Store = e.store
	must(e.w.t, e.store.Commit(context.Background(), func(tx *store.Tx) error {
		_, err := tx.AddMailbox(box, nil)
		return err
	}))
}

// box is the mailbox every end has.
var box = mail.MustAddress("everybody@Test")

// start listens, dials and runs.
func (e *end) start(dials ...string) *end {
	e.links = New(e.options)
	for _, to := range dials {
		e.links.Dial(e.w.peer(e.name, to))
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel, e.stopped = cancel, make(chan struct{})
	listener := bufconn.Listen(256 << 10)
	e.w.mu.Lock()
	e.listener = listener
	e.w.mu.Unlock()
	e.server = grpc.NewServer(grpc.KeepaliveParams(ServerKeepalive), grpc.KeepaliveEnforcementPolicy(ServerEnforcement),
		grpc.MaxRecvMsgSize(MaxReceive), grpc.WaitForHandlers(true))
	pb.RegisterLinkServiceServer(e.server, e.links.Server())
	go e.server.Serve(listener)
	go func() {
		defer close(e.stopped)
		if err := e.links.Run(ctx); err != nil {
			e.w.t.Errorf("%s: Run: %v", e.name, err)
		}
	}()
	synctest.Wait()
	return e
}

// stop ends the links in good order.
func (e *end) stop() {
	e.cancel()
	<-e.stopped
	e.server.Stop()
	e.listener.Close()
}

// close stops the end and closes its store.
func (e *end) close() {
	e.stop()
	must(e.w.t, e.store.Close())
}

// restart closes everything and starts again on the same disk.
func (e *end) restart(dials ...string) {
	e.close()
	e.open()
	e.start(dials...)
}

func (e *end) lane(to *end) store.Lane { return store.Lane(to.store.ID()) }

// submit queues messages for another end, many in each commit, and returns their IDs.
func (e *end) submit(to *end, n, size int) []mail.ID { return e.submitTo(to, n, size, box) }

func (e *end) submitTo(to *end, n, size int, rs ...mail.Address) []mail.ID {
	var ids []mail.ID
	for n > 0 {
		batch := min(n, 500)
		n -= batch
		var drafts []*store.Draft
		for range batch {
			d := e.store.NewDraft(int64(size))
			_, err := io.Copy(d, io.LimitReader(rand.NewChaCha8([32]byte{byte(len(ids))}), int64(size)))
			must(e.w.t, err)
			must(e.w.t, d.Seal())
			drafts = append(drafts, d)
		}
		must(e.w.t, e.store.Commit(context.Background(), func(tx *store.Tx) error {
			for _, d := range drafts {
				m := e.message(d, rs)
				if err := tx.Keep(m, d); err != nil {
					return err
				}
				if _, err := tx.Enqueue(e.lane(to), store.Entry{MessageID: m.ID, Recipients: rs, Bytes: m.Size, Sender: m.Sender}); err != nil {
					return err
				}
				ids = append(ids, m.ID)
			}
			return nil
		}))
	}
	return ids
}

func (e *end) message(c mail.Content, rs []mail.Address) *mail.Message {
	return &mail.Message{
		ID: e.store.NewID(), Class: mail.Note, Sender: mail.MustAddress("NET/PO/ANNA"), To: rs, Subject: "a subject", Priority: 3,
		Submitted: time.Now(), BodySize: c.Size(), Size: c.Size(), SHA256: c.SHA256(), OriginStore: e.store.ID(), Origin: mail.FromClient,
	}
}

// memoryStore opens a store that lives in memory and is closed with the test.
func memoryStore(t testing.TB) *store.Store {
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: vfs.NewMem()})
	must(t, err)
	s, err := store.Open(engine, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// sparing is a file system that leaves alone what it is given to write. The one in memory changes it when the race
// detector is on, to find programs that rely on it; disks do not.
type sparing struct{ vfs.FS }

func (s sparing) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	return sparingFile{f}, nil
}

type sparingFile struct{ vfs.File }

func (f sparingFile) Write(p []byte) (int, error) { return f.File.Write(bytes.Clone(p)) }

// inbox lists what the mailbox of an end holds.
func (e *end) inbox(a mail.Address) []store.MailboxEntry {
	var all []store.MailboxEntry
	for {
		after := uint64(0)
		if len(all) > 0 {
			after = all[len(all)-1].Position
		}
		es, err := e.store.MailboxEntries(a, after, 1000)
		must(e.w.t, err)
		if len(es) == 0 {
			return all
		}
		all = append(all, es...)
	}
}

// check fails unless the mailbox holds exactly ids, each once, with their content.
func (e *end) check(ids []mail.ID) {
	e.w.t.Helper()
	got := map[mail.ID]int{}
	for _, m := range e.inbox(box) {
		got[m.Message.ID]++
		c, err := e.store.Content(m.Message.ID)
		must(e.w.t, err)
		r, err := c.Open()
		must(e.w.t, err)
		h := sha256.New()
		_, err = io.Copy(h, r)
		must(e.w.t, err)
		r.Close()
		if [32]byte(h.Sum(nil)) != m.Message.SHA256 {
			e.w.t.Errorf("%s: content of %s has changed", e.name, m.Message.ID)
		}
	}
	for _, id := range ids {
		if got[id] != 1 {
			_, err := e.store.Message(id)
			e.w.t.Errorf("%s: message %s is there %d times; %v", e.name, id, got[id], err)
			for _, x := range e.w.ends {
				t, _ := x.store.Trace(id)
				e.w.t.Logf("%s: %+v", x.name, t)
			}
		}
		delete(got, id)
	}
	for id := range got {
		e.w.t.Errorf("%s: message %s should not be there", e.name, id)
	}
}

// drained waits, in virtual time, until the lane to another end is empty.
func (e *end) drained(to *end, within time.Duration) {
	e.w.t.Helper()
	eventually(e.w.t, within, func() error {
		if l := e.store.Lane(e.lane(to)); l.Released != l.Assigned {
			return fmt.Errorf("%s to %s: released %d of %d; %s", e.name, to.name, l.Released, l.Assigned, e.status(to).Error)
		}
		return nil
	})
}

func (e *end) status(of *end) Status {
	for _, s := range e.links.Status() {
		if s.StoreID == of.store.ID() {
			return s
		}
	}
	return Status{}
}

// eventually waits, in virtual time, until a condition holds.
func eventually(t *testing.T, within time.Duration, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		synctest.Wait()
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", within, err)
		}
		pass(20 * time.Millisecond)
	}
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// boxes is a taker that delivers into mailboxes: a side without reports.
type boxes struct {
	store *store.Store
	calls atomic.Int64
	taken atomic.Int64
	// before is called before each commit and may refuse it.
	before func(as []Arrival) error
	// except may name recipients that are not taken.
	except func(d *mail.Delivery) []mail.Exception
}

func (b *boxes) Take(ctx context.Context, s store.Session, as []Arrival) ([]mail.Outcome, error) {
	b.calls.Add(1)
	if b.before != nil {
		if err := b.before(as); err != nil {
			return nil, err
		}
	}
	var out []mail.Outcome
	err := b.store.Commit(ctx, func(tx *store.Tx) error {
		out = make([]mail.Outcome, len(as))
		for i, a := range as {
			var err error
			if a.Void {
				err = tx.TakeVoid(s, a.Seq)
			} else {
				out[i], err = b.takeOne(tx, s, a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	b.taken.Add(int64(len(as)))
	return out, err
}

func (b *boxes) takeOne(tx *store.Tx, s store.Session, a Arrival) (mail.Outcome, error) {
	var out mail.Outcome
	var refused []mail.Address
	if b.except != nil {
		out.Exceptions = b.except(a.Delivery)
	}
	for _, x := range out.Exceptions {
		if err := tx.Except(s, a.Seq, x); err != nil {
			return out, err
		}
		named, _ := split(a.Delivery.Recipients, x.Recipients)
		refused = append(refused, named...)
	}
	if len(out.Exceptions) == 0 {
		if fresh, err := tx.Take(s, a.Seq); err != nil || !fresh {
			return out, err
		}
	}
	if err := tx.Keep(a.Delivery.Message, a.Delivery.Content); err != nil {
		return out, err
	}
	_, taken := split(a.Delivery.Recipients, append(refused, mail.Address{}))
	for _, r := range taken {
		if _, err := tx.Deliver(r, a.Delivery.Message.ID); err != nil {
			return out, err
		}
	}
	return out, nil
}

// announcer is what a routing table is to the links.
type announcer struct {
	mu       sync.Mutex // guards what follows
	patterns []mail.Pattern
	except   []mail.Address
	changed  chan struct{}
	heard    []Announcement
	silent   map[mail.StoreID]bool
}

func newAnnouncer() *announcer {
	return &announcer{changed: make(chan struct{}), silent: map[mail.StoreID]bool{}}
}

func (a *announcer) Announced(mail.StoreID) ([]mail.Pattern, []mail.Address) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.patterns, a.except
}

func (a *announcer) Watch() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

func (a *announcer) Replace(n Announcement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = append(a.heard, n)
	a.silent[n.Peer] = false
}

func (a *announcer) Silence(peer mail.StoreID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silent[peer] = true
}

func (a *announcer) isSilent(peer mail.StoreID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.silent[peer]
}

func (a *announcer) serve(patterns ...mail.Pattern) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.patterns = patterns
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *announcer) last() (Announcement, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.heard) == 0 {
		return Announcement{}, 0
	}
	return a.heard[len(a.heard)-1], len(a.heard)
}
