package intake

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// plainReceipt words receipts so that they are easy to tell.
func plainReceipt(m *mail.Message, r mail.Receipt) (subject, body string) {
	return fmt.Sprint(map[bool]string{false: "read ", true: "not read "}[r.NotRead], m.Subject), "by " + r.Reader.String() + "\n"
}

func withReceipts(o *Options) { o.Receipt = plainReceipt }

// wished submits a note whose sender wishes a receipt.
func (e *end) wished(sender, subject string, recipients ...string) mail.ID {
	e.t.Helper()
	s := e.submission(sender, subject, recipients...)
	s.Message.ReadReceipt = true
	id, err := e.Submit(e.t.Context(), s)
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

func (e *end) mark(box string, remove bool, ids ...mail.ID) int {
	e.t.Helper()
	n, err := e.Mark(e.t.Context(), Marking{Mailbox: mail.MustAddress(box), IDs: ids, Delete: remove})
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

// TestReceiptIsWrittenOnce: the first mark of each recipient writes one receipt, no other mark does.
func TestReceiptIsWrittenOnce(t *testing.T) {
	e := newEnd(t, local, withReceipts)
	e.boxes("ann@Here", "Bob@Here", "carl@Here")
	id := e.wished("ann@Here", "hello", "bob@here", "carl@Here")
	for range 3 {
		if n := e.mark("BOB@here", false, id); n != 1 {
			t.Errorf("%d messages marked, want 1", n)
		}
	}
	for range 2 { // read, and deleted afterwards
		e.mark("bob@Here", true, id)
	}
	for i := range 2 { // deleted unread
		if n := e.mark("carl@Here", true, id); n != 1-i {
			t.Errorf("%d messages deleted the %d. time", n, i+1)
		}
	}
	e.mark("nobody@Here", false, id)
	if diff := cmp.Diff([]string{"read hello", "not read hello"}, e.inbox("ann@Here")); diff != "" {
		t.Fatalf("receipts (-want +got):\n%s", diff)
	}
	es, err := e.store.MailboxEntries(mail.MustAddress("ann@Here"), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []mail.Receipt{{Reader: mail.MustAddress("Bob@Here")}, {NotRead: true, Reader: mail.MustAddress("carl@Here")}} {
		m := es[i].Message
		if m.Class != mail.ReadReceipt || m.Origin != mail.FromEnd || m.Regarding != id || m.Sender != want.Reader || m.ReadReceipt || m.Receipt == nil {
			t.Fatalf("the receipt says: %+v", m)
		}
		r := *m.Receipt
		if r.Read.IsZero() || r.Submitted.IsZero() {
			t.Errorf("the receipt has no times: %+v", r)
		}
		want.Subject, want.Read, want.Submitted = "hello", r.Read, r.Submitted
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("receipt (-want +got):\n%s", diff)
		}
		if events := e.events(m.ID); !slices.Contains(events, "submitted") || !slices.Contains(events, "delivered ann@Here") {
			t.Errorf("the trace of the receipt: %q", events)
		}
	}
	if got := strings.Count(strings.Join(e.events(id), ";"), "acknowledged"); got != 1 {
		t.Errorf("acknowledged %d times in the trace", got)
	}
}

// TestNoReceipt: nobody gets a receipt who wished none, for mail that is no note, from a name that reads nothing, or where
// receipts are withheld; and what was marked without one never gets one later.
func TestNoReceipt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*mail.Message)
		never  bool // the side writes none
		hold   bool // the reader withholds it
	}{
		{name: "no wish", change: func(m *mail.Message) { m.ReadReceipt = false }},
		{name: "a report", change: func(m *mail.Message) { m.Class = mail.DeliveryReport }},
		{name: "a receipt", change: func(m *mail.Message) { m.Class = mail.ReadReceipt }},
		{name: "system mail", change: func(m *mail.Message) { m.Class = mail.System }},
		{name: "nobody wrote it", change: func(m *mail.Message) { m.Sender = mail.Address{} }},
		{name: "a name that reports (KB Q119047)", change: func(m *mail.Message) { m.Sender = mail.MustAddress("NET/PO/Postmaster") }},
		{name: "never", never: true},
		{name: "withheld", hold: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnd(t, local, func(o *Options) {
				if !tt.never {
					o.Receipt = plainReceipt
				}
			})
			e.boxes("ann@Here", "bob@Here", "NET/PO/POSTMASTER")
			s := e.submission("ann@Here", "hello", "bob@Here")
			if s.Message.ReadReceipt = true; tt.change != nil {
				tt.change(s.Message)
			}
			id, err := e.Submit(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Mark(t.Context(), Marking{Mailbox: mail.MustAddress("bob@Here"), IDs: []mail.ID{id}, Withhold: tt.hold}); err != nil {
				t.Fatal(err)
			}
			e.mark("bob@Here", true, id)
			if got := append(e.inbox("ann@Here"), e.inbox("NET/PO/POSTMASTER")...); len(got) > 0 || len(e.bad()) > 0 {
				t.Errorf("somebody was told: %q, %q", got, e.bad())
			}
		})
	}
}

// TestReceiptToNobody: a receipt that cannot be delivered rests in bad mail, nobody is told, and the reader has read all the
// same.
func TestReceiptToNobody(t *testing.T) {
	e := newEnd(t, local, withReceipts)
	e.boxes("bob@Here")
	id := e.wished("ann@Nowhere", "hello", "bob@Here")
	if n := e.mark("bob@Here", false, id); n != 1 {
		t.Errorf("%d messages marked", n)
	}
	if diff := cmp.Diff([]string{"read hello:NO_ROUTE:ann@Nowhere"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
}

// TestReceiptAndMarkAreOne: the process dies just before and just after the commit, and the power is cut after every step:
// there is a mark exactly when there is a receipt, and marking again makes it one of each.
func TestReceiptAndMarkAreOne(t *testing.T) {
	for _, remove := range []bool{false, true} {
		e := newEnd(t, local, nil)
		var disks []*vfs.MemFS
		e.o.Receipt = plainReceipt
		e.o.Fault = func(point string) {
			if strings.HasPrefix(point, "intake.mark.") {
				disks = append(disks, e.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * (len(disks) % 3), RNG: rand.New(rand.NewPCG(1, uint64(len(disks))))}))
			}
		}
		e.boxes("ann@Here", "bob@Here")
		id := e.wished("ann@Here", "hello", "bob@Here")
		for range 3 {
			e.mark("bob@Here", remove, id)
		}
		if len(disks) != 6 {
			t.Fatalf("the commit was passed %d times, want 6", len(disks))
		}
		for i, disk := range disks {
			cut := openEnd(t, disk, local, withReceipts)
			receipts := len(cut.inbox("ann@Here"))
			marked := marked(cut, "bob@Here", id)
			if (receipts == 1) != marked || receipts > 1 || i > 0 && !marked {
				t.Errorf("after cut %d: %d receipts, marked %v", i, receipts, marked)
			}
			cut.mark("bob@Here", remove, id)
			if got := len(cut.inbox("ann@Here")); got != 1 {
				t.Errorf("after cut %d and a second try: %d receipts", i, got)
			}
		}
	}
}

func marked(e *end, box string, id mail.ID) (marked bool) {
	e.t.Helper()
	e.commit(func(tx *store.Tx) error {
		there, acknowledged, err := tx.Acknowledged(mail.MustAddress(box), id)
		marked = !there || acknowledged
		return err
	})
	return marked
}

// TestReceiptsGoTheirWay: a receipt for mail from another end goes into the lane of that end.
func TestReceiptsGoTheirWay(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 1}, withReceipts)
	e.boxes("bob@Here")
	e.announce("mac", "*@There")
	id := e.wished("x@There", "hello", "bob@Here")
	e.mark("bob@Here", false, id)
	if diff := cmp.Diff([]string{"read hello:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}
