package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

func TestSubmitPlacesEveryRecipient(t *testing.T) {
	e := newEnd(t, route.Options{Serves: local.Serves, ExpectedPeers: 3}, nil)
	e.boxes("ann@Here", "bob@Here")
	e.announce("mac", "*@There", "eve@Elsewhere")
	e.announce("old", "*@Elsewhere")
	id := e.send("ann@Here", "hello", "bob@Here", "carl@There", "dora@There", "eve@Elsewhere", "fred@Elsewhere",
		"gus@Nowhere", "BOB@here", "nobody@Here")
	want := map[string][]string{
		"bob":      {"hello"},
		"mac":      {"hello:carl@There+dora@There+eve@Elsewhere"},
		"old":      {"hello:fred@Elsewhere"},
		"unrouted": {"hello:gus@Nowhere"},
		"bad":      {"hello:NO_SUCH_MAILBOX:nobody@Here"},
		"ann":      {"about hello"},
	}
	got := map[string][]string{
		"bob": e.inbox("bob@Here"), "mac": e.lane("mac"), "old": e.lane("old"), "unrouted": e.lane(store.LaneUnrouted),
		"bad": e.bad(), "ann": e.inbox("ann@Here"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	events := e.events(id)
	slices.Sort(events)
	wantEvents := []string{"delivered bob@Here", "queued carl@There", "queued dora@There", "queued eve@Elsewhere",
		"queued fred@Elsewhere", "queued gus@Nowhere", "reported", "returned nobody@Here", "submitted"}
	if diff := cmp.Diff(wantEvents, events); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
	m, err := e.store.Message(id)
	if err != nil {
		t.Fatal(err)
	}
	if m.OriginStore != e.store.ID() || m.Origin != mail.FromClient || len(m.Hops) != 1 || m.Hops[0].End != "here" || m.Submitted.IsZero() {
		t.Errorf("the message says: %+v", m)
	}
}

func TestReport(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	id := e.send("ann@Here", "hello", "x@Nowhere", "y@Here", "z@Nowhere")
	es, err := e.store.MailboxEntries(mail.MustAddress("ann@Here"), 0, 10)
	if err != nil || len(es) != 1 {
		t.Fatalf("ann has %d messages, %v; want one report about all", len(es), err)
	}
	r := es[0].Message
	if r.Class != mail.DeliveryReport || r.Regarding != id || r.Origin != mail.FromEnd || r.Sender.String() != "Network Manager@Here" {
		t.Errorf("the report says: %+v", r)
	}
	var got []string
	for _, f := range r.Failures {
		got = append(got, f.Recipient.String()+" "+f.Reason)
	}
	if diff := cmp.Diff([]string{"x@Nowhere NO_ROUTE", "z@Nowhere NO_ROUTE", "y@Here NO_SUCH_MAILBOX"}, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"hello:NO_ROUTE:x@Nowhere+z@Nowhere", "hello:NO_SUCH_MAILBOX:y@Here"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
	bs, _ := e.store.BadMail("", 1)
	if bs[0].ReportID != r.ID {
		t.Errorf("bad mail names report %q, not %q", bs[0].ReportID, r.ID)
	}
	if c, err := e.store.Content(r.ID); err != nil || c.Size() != r.Size || c.SHA256() != r.SHA256 {
		t.Errorf("content of the report: %v", err)
	}
}

// TestReportsEnd: whatever cannot be delivered about whatever could not be delivered, it ends.
func TestReportsEnd(t *testing.T) {
	tests := []struct {
		name   string
		class  mail.Class
		sender string
		want   []string // what rests in bad mail
		event  string   // last step of the message for its recipient
	}{
		{"the sender has no mailbox", mail.Note, "nobody@Here", []string{"about hello:NO_SUCH_MAILBOX:nobody@Here", "hello:NO_ROUTE:x@Nowhere"}, "returned x@Nowhere"},
		{"nobody serves the sender", mail.Note, "a@Nowhere", []string{"about hello:NO_ROUTE:a@Nowhere", "hello:NO_ROUTE:x@Nowhere"}, "returned x@Nowhere"},
		{"a report", mail.DeliveryReport, "ann@Here", []string{"hello:NO_ROUTE:x@Nowhere"}, "bad-mail x@Nowhere"},
		{"a read receipt", mail.ReadReceipt, "ann@Here", []string{"hello:NO_ROUTE:x@Nowhere"}, "bad-mail x@Nowhere"},
		{"system mail", mail.System, "ann@Here", []string{"hello:NO_ROUTE:x@Nowhere"}, "bad-mail x@Nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnd(t, local, nil)
			e.boxes("ann@Here")
			s := e.submission(tt.sender, "hello", "x@Nowhere")
			s.Message.Class = tt.class
			id, err := e.Submit(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			got := e.bad()
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("bad mail (-want +got):\n%s", diff)
			}
			if events := e.events(id); !slices.Contains(events, tt.event) {
				t.Errorf("trace %q lacks %q", events, tt.event)
			}
			if in := e.inbox("ann@Here"); len(in) > 0 {
				t.Errorf("ann was written to: %q", in)
			}
		})
	}
}

func TestOneBadOfFiveHundred(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("mac", "*@There")
	var rs []string
	for i := range 499 {
		rs = append(rs, fmt.Sprintf("user %d@There", i))
	}
	rs = slices.Insert(rs, 250, "bad@Nowhere")
	id := e.send("ann@Here", "all", rs...)
	es := e.entries("mac")
	if len(es) != 1 || len(es[0].Recipients) != 499 || es[0].MessageID != id {
		t.Errorf("the lane holds %d entries", len(es))
	}
	if diff := cmp.Diff([]string{"all:NO_ROUTE:bad@Nowhere"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
	if in := e.inbox("ann@Here"); len(in) != 1 {
		t.Errorf("ann got %q, want one report", in)
	}
}

func TestRefusals(t *testing.T) {
	e := newEnd(t, local, func(o *Options) { o.MaxMessageBytes, o.MaxRecipients = 30, 2 })
	tests := []struct {
		name  string
		s     Submission
		field string
	}{
		{"nobody", e.submission("ann@Here", "x"), "message.recipients"},
		{"too many", e.submission("ann@Here", "x", "a@A", "b@B", "c@C"), "message.recipients"},
		{"too large", e.submission("ann@Here", strings.Repeat("x", 31), "a@A"), "message.size_bytes"},
	}
	for _, tt := range tests {
		_, err := e.Submit(t.Context(), tt.s)
		var f *wire.FieldError
		if !errors.As(err, &f) || f.Field != tt.field {
			t.Errorf("%s: %v, want an error about %s", tt.name, err, tt.field)
		}
	}
	if e.store.BadCount() > 0 || len(e.store.Lanes()) > 0 {
		t.Error("something refused was stored")
	}
	twice := e.submission("ann@Here", "x", "a@A", "b@B", "A@a")
	if _, err := e.Submit(t.Context(), twice); err != nil {
		t.Errorf("a recipient named twice counts twice: %v", err)
	}
	imported := e.submission("ann@Here", "y", "a@A", "b@B", "c@C")
	imported.Message.Origin = mail.FromLegacy
	if _, err := e.Submit(t.Context(), imported); err != nil {
		t.Errorf("a file may name more recipients than a client: %v", err)
	}
}

func TestEnvelopesAreSplit(t *testing.T) {
	e := newEnd(t, local, func(o *Options) { o.MaxRecipients = 2 })
	e.announce("mac", "*@There")
	s := e.submission("ann@Here", "x", "a@There", "b@There", "c@There", "d@There", "e@There")
	s.Message.Origin = mail.FromLegacy
	if _, err := e.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x:a@There+b@There", "x:c@There+d@There", "x:e@There"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}

func TestRequestIDs(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	submit := func(caller string, digest byte) (mail.ID, error) {
		s := e.submission("ann@Here", "once", "ann@Here")
		s.Request = &store.Request{Caller: caller, ID: "r1", Digest: [32]byte{digest}}
		return e.Submit(t.Context(), s)
	}
	first, err := submit("ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := submit("ann", 1); err != nil || again != first {
		t.Errorf("again: %s, %v; want %s", again, err, first)
	}
	if _, err := submit("ann", 2); !errors.Is(err, store.ErrConflict) {
		t.Errorf("with other content: %v", err)
	}
	if other, err := submit("bob", 2); err != nil || other == first {
		t.Errorf("of another caller: %s, %v", other, err)
	}
	if in := e.inbox("ann@Here"); len(in) != 2 {
		t.Errorf("ann has %q", in)
	}
}

// TestBatch: in one batch each is taken or refused on its own.
func TestBatch(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	request := &store.Request{Caller: "ann", ID: "r1", Digest: [32]byte{1}}
	other := &store.Request{Caller: "ann", ID: "r1", Digest: [32]byte{2}}
	good, refused, same, conflict, failing := e.submission("ann@Here", "good", "ann@Here"), e.submission("ann@Here", "refused"),
		e.submission("ann@Here", "good", "ann@Here"), e.submission("ann@Here", "conflict", "ann@Here"), e.submission("ann@Here", "failing", "ann@Here")
	good.Request, same.Request, conflict.Request = request, request, other
	failing.Extra = func(*store.Tx, mail.ID) error { return errors.New("the file is gone") }
	rs := e.SubmitAll(t.Context(), []Submission{good, refused, same, conflict, failing})
	if rs[0].Err != nil || rs[1].Err == nil || rs[2].Err != nil || !errors.Is(rs[3].Err, store.ErrConflict) || rs[4].Err == nil {
		t.Errorf("results: %+v", rs)
	}
	if rs[0].ID == "" || rs[2].ID != rs[0].ID || rs[1].ID+rs[3].ID+rs[4].ID != "" {
		t.Errorf("IDs: %+v", rs)
	}
	if diff := cmp.Diff([]string{"good"}, e.inbox("ann@Here")); diff != "" {
		t.Errorf("inbox (-want +got):\n%s", diff)
	}
}

func TestExtraJoinsTheCommit(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	s := e.submission("ann@Here", "x", "ann@Here")
	var seen mail.ID
	s.Extra = func(tx *store.Tx, id mail.ID) error {
		seen = id
		tx.Put("test", "imported", []byte(id))
		return nil
	}
	id, err := e.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := e.store.Record("test", "imported"); err != nil || mail.ID(v) != id || seen != id {
		t.Errorf("record %q, %v", v, err)
	}
}

func TestLoops(t *testing.T) {
	full := make([]mail.Hop, mail.MaxHops)
	tests := []struct {
		name string
		hops func(own mail.StoreID) []mail.Hop
		loop bool
	}{
		{"fresh", func(mail.StoreID) []mail.Hop { return nil }, false},
		{"came back out of a spool once", func(own mail.StoreID) []mail.Hop { return []mail.Hop{{Store: "x"}, {Store: own}} }, false},
		{"came back twice", func(own mail.StoreID) []mail.Hop { return []mail.Hop{{Store: own}, {Store: "x"}, {Store: own}} }, true},
		{"passed too many", func(mail.StoreID) []mail.Hop { return full }, true},
		{"passed almost too many", func(mail.StoreID) []mail.Hop { return full[1:] }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnd(t, local, nil)
			e.boxes("ann@Here", "bob@Here")
			s := e.submission("ann@Here", "round", "bob@Here")
			s.Message.Hops = tt.hops(e.store.ID())
			id, err := e.Submit(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if looped := len(e.inbox("ann@Here")) == 1 && len(e.bad()) == 1; looped != tt.loop || len(e.inbox("bob@Here")) == 1 == tt.loop {
				t.Errorf("looped: %v, bad mail %q", looped, e.bad())
			}
			if m, err := e.store.Message(id); err != nil || len(m.Hops) > mail.MaxHops {
				t.Errorf("message has %d hops, %v", len(m.Hops), err)
			}
		})
	}
}

func TestTooLargeForThePeer(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.routes.Replace(route.Announcement{Peer: "mac", End: "mac", Patterns: []mail.Pattern{mail.MustPattern("*@There")}, MaxMessageBytes: 15})
	e.send("ann@Here", "a large one", "x@There")
	e.send("ann@Here", "exactly", "x@There")
	if diff := cmp.Diff([]string{"a large one:TOO_LARGE:x@There"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"exactly:x@There"}, e.lane("mac")); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}

func TestAutoMailbox(t *testing.T) {
	e := newEnd(t, local, func(o *Options) { o.AutoMailbox = true })
	e.send("ann@Here", "x", "new@Here", "other@Here")
	e.send("ann@Here", "y", "new@Here")
	if diff := cmp.Diff([]string{"x", "y"}, e.inbox("NEW@here")); diff != "" {
		t.Errorf("inbox (-want +got):\n%s", diff)
	}
	if box, err := e.store.Mailbox(mail.MustAddress("new@Here")); err != nil || len(box.Owners) != 0 {
		t.Errorf("mailbox: %+v, %v", box, err)
	}
}

// TestPowerCut: what was acknowledged is there once, whatever of the rest reached the disk.
func TestPowerCut(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "bob@Here")
	e.announce("mac", "*@There")
	var after []*vfs.MemFS
	for i := range 4 {
		e.send("ann@Here", fmt.Sprint("mail ", i), "bob@Here", "x@There", "y@Nowhere")
		after = append(after, e.disk.CrashClone(vfs.CrashCloneCfg{}))
	}
	for i, disk := range after {
		cut := openEnd(t, disk, local, nil)
		var inbox, lane, bad, reports []string
		for n := range i + 1 {
			inbox = append(inbox, fmt.Sprint("mail ", n))
			lane = append(lane, fmt.Sprintf("mail %d:x@There", n))
			bad = append(bad, fmt.Sprintf("mail %d:NO_ROUTE:y@Nowhere", n))
			reports = append(reports, fmt.Sprint("about mail ", n))
		}
		got := [][]string{cut.inbox("bob@Here"), cut.lane("mac"), cut.bad(), cut.inbox("ann@Here")}
		if diff := cmp.Diff([][]string{inbox, lane, bad, reports}, got); diff != "" {
			t.Errorf("after a power cut behind %d messages (-want +got):\n%s", i+1, diff)
		}
	}
}
