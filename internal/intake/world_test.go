package intake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// end is an end under test: a real store in memory, routes and an intake.
type end struct {
	*Intake
	t      *testing.T
	disk   *vfs.MemFS
	routes *route.Table
	bound  map[store.Lane]uint64 // numbers up to this may have been sent
	told   []store.Trace
	closed bool
}

// plainReporter writes reports that are easy to tell.
type plainReporter struct{}

func (plainReporter) Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address) {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s %s\n", f.Recipient, f.Reason)
	}
	return "about " + m.Subject, b.String(), mail.MustAddress("Network Manager@Here")
}

// local is what every end under test serves.
var local = route.Options{Serves: []mail.Pattern{mail.MustPattern("*@Here"), mail.MustPattern("NET/PO/*")}}

func newEnd(t *testing.T, ro route.Options, change func(*Options)) *end {
	t.Helper()
	return openEnd(t, vfs.NewCrashableMem(), ro, change)
}

func openEnd(t *testing.T, disk *vfs.MemFS, ro route.Options, change func(*Options)) *end {
	t.Helper()
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: disk, BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(engine, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{t: t, disk: disk, routes: route.New(ro), bound: map[store.Lane]uint64{}}
	o := Options{
		Store: st, Routes: e.routes, End: "here", Reporter: plainReporter{},
		Bound: func(l store.Lane, seq uint64) bool { return seq <= e.bound[l] },
		Tell:  func(_ mail.StoreID, s store.Trace) { e.told = append(e.told, s) },
	}
	if change != nil {
		change(&o)
	}
	e.Intake = New(o)
	t.Cleanup(e.close)
	return e
}

// close ends the end, before the test does or then.
func (e *end) close() {
	if e.closed {
		return
	}
	e.closed = true
	if problems, err := e.store.Audit(); err != nil || len(problems) > 0 {
		e.t.Errorf("the books do not add up: %q, %v", problems, err)
	}
	if err := e.store.Close(); err != nil {
		e.t.Error(err)
	}
}

// announce lets a peer serve patterns.
func (e *end) announce(peer string, patterns ...string) {
	a := route.Announcement{Peer: mail.StoreID(peer), End: peer, Order: len(e.routes.Announcements())}
	for _, p := range patterns {
		a.Patterns = append(a.Patterns, mail.MustPattern(p))
	}
	e.routes.Replace(a)
}

// see makes mail go by what was announced, without moving anything that waits.
func (e *end) see() {
	view := e.routes.View()
	e.view.Store(&view)
}

func (e *end) boxes(addresses ...string) {
	e.t.Helper()
	e.commit(func(tx *store.Tx) error {
		for _, a := range addresses {
			if _, err := tx.AddMailbox(mail.MustAddress(a), []string{"sidegate://user/x"}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *end) commit(build func(*store.Tx) error) {
	e.t.Helper()
	if err := e.store.Commit(e.t.Context(), build); err != nil {
		e.t.Fatal(err)
	}
}

func addresses(texts ...string) []mail.Address {
	var as []mail.Address
	for _, s := range texts {
		as = append(as, mail.MustAddress(s))
	}
	return as
}

// draft is sealed content.
func (e *end) draft(body string) *store.Draft {
	e.t.Helper()
	d := e.store.NewDraft(int64(len(body)))
	if _, err := io.WriteString(d, body); err != nil {
		e.t.Fatal(err)
	}
	if err := d.Seal(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(d.Discard)
	return d
}

// letter is a note that fits its content.
func letter(sender, subject, body string, recipients ...string) *mail.Message {
	return &mail.Message{
		Class: mail.Note, Sender: mail.MustAddress(sender), To: addresses(recipients...), Subject: subject, Priority: 3,
		BodySize: int64(len(body)), Size: int64(len(body)), SHA256: sha256.Sum256([]byte(body)),
	}
}

// send submits a note and returns its ID.
func (e *end) send(sender, subject string, recipients ...string) mail.ID {
	e.t.Helper()
	id, err := e.Submit(e.t.Context(), e.submission(sender, subject, recipients...))
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

func (e *end) submission(sender, subject string, recipients ...string) Submission {
	body := "body of " + subject
	return Submission{Message: letter(sender, subject, body, recipients...), Recipients: addresses(recipients...), Content: e.draft(body)}
}

// inbox lists the subjects in a mailbox.
func (e *end) inbox(address string) []string {
	e.t.Helper()
	es, err := e.store.MailboxEntries(mail.MustAddress(address), 0, 1000)
	if err != nil {
		e.t.Fatal(err)
	}
	var subjects []string
	for _, entry := range es {
		subjects = append(subjects, entry.Message.Subject)
	}
	return subjects
}

// lane lists what waits in a lane as "subject:recipients".
func (e *end) lane(l store.Lane) []string {
	e.t.Helper()
	es, err := e.store.Entries(l, 0, 1000)
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, entry := range es {
		if entry.Void {
			continue
		}
		m, err := e.store.Message(entry.MessageID)
		if err != nil {
			e.t.Fatal(err)
		}
		var rs []string
		for _, r := range entry.Recipients {
			rs = append(rs, r.String())
		}
		out = append(out, m.Subject+":"+strings.Join(rs, "+"))
	}
	return out
}

// bad lists bad mail as "subject:reason:recipients".
func (e *end) bad() []string {
	e.t.Helper()
	bs, err := e.store.BadMail("", 1000)
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, b := range bs {
		var rs []string
		for _, r := range b.Recipients {
			rs = append(rs, r.String())
		}
		out = append(out, b.Message.Subject+":"+b.Reason+":"+strings.Join(rs, "+"))
	}
	return out
}

// events lists the steps of a message as "event recipient".
func (e *end) events(id mail.ID) []string {
	e.t.Helper()
	ts, err := e.store.Trace(id)
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, s := range ts {
		out = append(out, strings.TrimSpace(s.Event+" "+s.Recipient.String()))
	}
	return out
}

func (e *end) entries(l store.Lane) []store.Entry {
	e.t.Helper()
	es, err := e.store.Entries(l, 0, 1000)
	if err != nil {
		e.t.Fatal(err)
	}
	return es
}

// session opens a session of a peer.
func (e *end) session(peer string) store.Session {
	e.t.Helper()
	s, err := e.store.OpenSession(e.t.Context(), mail.StoreID(peer), 1)
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

// arrival is a note from another end.
func (e *end) arrival(seq uint64, id, sender, subject string, recipients ...string) link.Arrival {
	body := "body of " + subject
	m := letter(sender, subject, body, recipients...)
	m.ID, m.OriginStore, m.Origin = mail.ID(id), "there", mail.FromClient
	m.Submitted = time.Date(1996, 5, 2, 14, 15, 0, 0, time.UTC)
	m.Hops = []mail.Hop{{Store: "there", End: "there"}}
	return link.Arrival{Seq: seq, Delivery: &mail.Delivery{Message: m, Recipients: addresses(recipients...), Content: e.draft(body)}}
}

// running runs the loop until the test ends or stop is called.
func (e *end) running() (stop func()) {
	ctx, cancel := context.WithCancel(e.t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			e.t.Errorf("Run: %v", err)
		}
	}
	e.t.Cleanup(stop)
	e.until("the loop runs", func() bool { return e.Intake.running.Load() || stopped })
	return stop
}

// until waits for a condition that does not depend on time.
func (e *end) until(what string, ok func() bool) {
	e.t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			e.t.Fatalf("never happened: %s", what)
		}
	}
}
