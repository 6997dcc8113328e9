package notice

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

var (
	admin = mail.MustAddress("admin@Here")
	end   = mail.MustAddress("END/END/POSTMASTER")
)

// world is an end with a real store, and whatever is wrong with it.
type world struct {
	*testing.T
	disk   *vfs.MemFS
	store  *store.Store
	intake *intake.Intake
	to     mail.Address
	fault  func(string)
	full   bool          // the disk
	shift  time.Duration // of the wall clock
	early  func()        // happens before anybody looks

	mu     sync.Mutex // guards wrong
	wrong  map[string]string
	cancel func()
	done   chan error
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, disk: vfs.NewCrashableMem(), to: admin, wrong: map[string]string{}}
		w.start()
		defer func() { w.stop() }()
		test(w)
	})
}

// words are not what these tests are about.
type words struct{}

func (words) Report(*mail.Message, []mail.Failure) (subject, body string, sender mail.Address) {
	return "report", "report\n", end
}

func (w *world) start() {
	w.Helper()
	var engine store.Engine
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: w.disk, BallastBytes: -1})
	if err != nil {
		w.Fatal(err)
	}
	if w.full {
		engine = fullDisk{engine}
	}
	if w.store, err = store.Open(engine, store.Options{Now: func() time.Time { return time.Now().Add(w.shift) }}); err != nil {
		w.Fatal(err)
	}
	w.intake = intake.New(intake.Options{Store: w.store, Routes: route.New(route.Options{Serves: []mail.Pattern{mail.MustPattern("*@Here")}}),
		End: "end", Reporter: words{}, Fault: w.fault})
	err = w.store.CommitCustody(w.Context(), func(tx *store.Tx) error { _, err := tx.AddMailbox(admin, nil); return err })
	if err != nil {
		w.Fatal(err)
	}
	if w.early != nil {
		w.early()
	}
	n, err := New(Options{Store: w.store, Writer: w.intake, End: "end", From: end, To: w.to, Troubles: w.troubles})
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	w.cancel, w.done = cancel, make(chan error, 1)
	go func() { w.done <- n.Run(ctx) }()
}

// fullDisk is an engine on a disk without room.
type fullDisk struct{ store.Engine }

func (fullDisk) Usage() (store.Usage, error) { return store.Usage{Total: 1 << 30}, nil }

func (w *world) stop() {
	w.Helper()
	w.cancel()
	if err := <-w.done; err != nil {
		w.Errorf("run: %v", err)
	}
	if problems, err := w.store.Audit(); err != nil || len(problems) > 0 {
		w.Errorf("the books do not add up: %q, %v", problems, err)
	}
	if err := w.store.Close(); err != nil {
		w.Error(err)
	}
}

func (w *world) restart() {
	w.Helper()
	w.stop()
	w.start()
}

func (w *world) troubles() []Trouble {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Trouble
	for key, text := range w.wrong {
		list = append(list, Trouble{Key: key, Text: text, Asleep: text == asleep})
	}
	return list
}

// asleep is the text of a trouble of which nothing can be found out.
const asleep = "asleep"

// sleep makes it impossible to find out about something.
func (w *world) sleep(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		w.wrong[key] = asleep
	}
}

// set makes something wrong, and unset well again.
func (w *world) set(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		w.wrong[key] = "it is " + key
	}
}

func (w *world) unset(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		delete(w.wrong, key)
	}
}

// wait lets virtual time pass.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// mails are the subjects of all notices so far, without what is the same in all of them.
func (w *world) mails() []string {
	w.Helper()
	es, err := w.store.MailboxEntries(admin, 0, 1000)
	if err != nil {
		w.Fatal(err)
	}
	var list []string
	for _, e := range es {
		if e.Message.Class != mail.System || e.Message.Sender != end || e.Message.Origin != mail.FromEnd {
			w.Errorf("a notice says %+v", e.Message)
		}
		list = append(list, strings.TrimPrefix(e.Message.Subject, "Notice from end: "))
	}
	return list
}

// text is the body of the newest notice.
func (w *world) text() string {
	w.Helper()
	es, err := w.store.MailboxEntries(admin, 0, 1000)
	if err != nil || len(es) == 0 {
		w.Fatalf("%d notices, %v", len(es), err)
	}
	c, err := w.store.Content(es[len(es)-1].Message.ID)
	if err != nil {
		w.Fatal(err)
	}
	r, err := c.Open()
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		if b.Write(buffer[:n]); err != nil {
			return b.String()
		}
	}
}

// spoil puts messages into bad mail.
func (w *world) spoil(n int, reason string, class mail.Class) {
	w.Helper()
	err := w.store.CommitCustody(w.Context(), func(tx *store.Tx) error {
		for range n {
			m := &mail.Message{ID: w.store.NewID(), Class: class, Origin: mail.FromLegacy}
			if class == mail.System {
				m.Origin = mail.FromEnd
			}
			if err := tx.Keep(m, nil); err != nil {
				return err
			}
			if _, err := tx.AddBad(store.Bad{Message: m, Reason: reason}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}
