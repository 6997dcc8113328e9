package admin

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
	pb "sidegate/proto/sidegate/v1"
)

// reporter is all an intake needs to send mail back.
type reporter struct{}

func (reporter) Report(*mail.Message, []mail.Failure) (subject, body string, sender mail.Address) {
	return "Mail failure", "It did not arrive.\n", mail.MustAddress("NET/PO/POSTMASTER")
}

// newServer makes an end that serves NET/PO/* and awaits a peer that never comes, so that mail for elsewhere waits.
func newServer(t *testing.T) (*Server, *store.Store) {
	t.Helper()
	s := storetest.New(t, store.Options{})
	routes := route.New(route.Options{Serves: []mail.Pattern{mail.MustPattern("NET/PO/*")}, ExpectedPeers: 1})
	in := intake.New(intake.Options{Store: s, Routes: routes, End: "pcside", Reporter: reporter{}, AutoMailbox: true})
	links := link.New(link.Options{Store: s, End: "pcside", Taker: in})
	return New(Options{
		Store: s, Intake: in, Routes: routes, Links: links, End: "pcside", Log: hclog.NewNullLogger(),
		Caller: func(context.Context) string { return "sidegate://operator/ops" },
	}), s
}

// submit hands a message in and returns its ID.
func submit(t *testing.T, srv *Server, from, to string) string {
	t.Helper()
	draft := srv.o.Store.NewDraft(1 << 20)
	fmt.Fprint(draft, "body")
	if err := draft.Seal(); err != nil {
		t.Fatal(err)
	}
	recipient := mail.MustAddress(to)
	id, err := srv.o.Intake.Submit(t.Context(), intake.Submission{
		Message: &mail.Message{
			Class: mail.Note, Origin: mail.FromClient, Sender: mail.MustAddress(from), To: []mail.Address{recipient}, Subject: "for " + to,
			Priority: 3, BodySize: 4, Size: 4, SHA256: draft.SHA256(),
		},
		Recipients: []mail.Address{recipient}, Content: draft,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(id)
}

func list(t *testing.T, srv *Server, f *pb.QueueFilter) (ids []string) {
	t.Helper()
	for token := ""; ; {
		r, err := srv.ListQueueEntries(t.Context(), &pb.ListQueueEntriesRequest{Filter: f, PageSize: 3, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Entries {
			ids = append(ids, e.MessageId)
		}
		if token = r.NextPageToken; token == "" {
			return ids
		}
	}
}

func TestQueueIsListedPageByPageAndFiltered(t *testing.T) {
	srv, _ := newServer(t)
	var all []string
	for i := range 10 {
		all = append(all, submit(t, srv, fmt.Sprintf("NET/PO/u%d", i%2), fmt.Sprintf("m%d@There", i)))
	}
	if got := list(t, srv, nil); len(got) != 10 || got[0] != all[0] || got[9] != all[9] {
		t.Errorf("listed %d of 10 entries in order: %v", len(got), got)
	}
	for _, c := range []struct {
		name   string
		filter *pb.QueueFilter
		want   int
	}{
		{"by sender, in any letter case", &pb.QueueFilter{Sender: "net/po/U1"}, 5},
		{"by recipient", &pb.QueueFilter{Recipient: "m3@there"}, 1},
		{"by ID", &pb.QueueFilter{MessageIds: all[2:4]}, 2},
		{"by lane", &pb.QueueFilter{Lane: "unrouted"}, 10},
		{"by another lane", &pb.QueueFilter{Lane: "held"}, 0},
		{"by two things", &pb.QueueFilter{Sender: "NET/PO/u0", Recipient: "m3@There"}, 0},
	} {
		if got := list(t, srv, c.filter); len(got) != c.want {
			t.Errorf("%s: %d entries, want %d", c.name, len(got), c.want)
		}
	}
}

func TestHeldMailIsShownReleasedAndReturned(t *testing.T) {
	srv, s := newServer(t)
	id := submit(t, srv, "NET/PO/ann", "bob@There")
	act := func(a pb.QueueAction, f *pb.QueueFilter) []string {
		t.Helper()
		r, err := srv.UpdateQueueEntries(t.Context(), &pb.UpdateQueueEntriesRequest{Filter: f, Action: a, Reason: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return r.MessageIds
	}
	one := &pb.QueueFilter{MessageIds: []string{id}}
	if done := act(pb.QueueAction_QUEUE_ACTION_HOLD, one); len(done) != 1 {
		t.Fatalf("held %v", done)
	}
	st := srv.Status()
	held := uint32(0)
	for _, l := range st.Lanes {
		held += l.Held
	}
	if held != 1 {
		t.Errorf("status shows %d held", held)
	}
	if r, err := srv.GetQueueEntry(t.Context(), &pb.GetQueueEntryRequest{MessageId: id}); err != nil || r.Entries[0].State != "held" {
		t.Errorf("entry %v, %v", r, err)
	}
	act(pb.QueueAction_QUEUE_ACTION_RELEASE, one)
	if done := act(pb.QueueAction_QUEUE_ACTION_RETURN, &pb.QueueFilter{All: true}); len(done) != 1 {
		t.Fatalf("returned %v", done)
	}
	if n := s.BadCount(); n != 1 {
		t.Errorf("%d pieces of bad mail, want 1", n)
	}
	entries, err := s.MailboxEntries(mail.MustAddress("NET/PO/ann"), 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Message.Class != mail.DeliveryReport {
		t.Errorf("the sender got %d messages, %v; want one delivery report", len(entries), err)
	}
}

func TestBadMailIsRetriedOnce(t *testing.T) {
	srv, _ := newServer(t)
	submit(t, srv, "NET/PO/ann", "bob@There")
	if _, err := srv.UpdateQueueEntries(t.Context(), &pb.UpdateQueueEntriesRequest{
		Filter: &pb.QueueFilter{All: true}, Action: pb.QueueAction_QUEUE_ACTION_RETURN,
	}); err != nil {
		t.Fatal(err)
	}
	l, err := srv.ListBadMail(t.Context(), &pb.ListBadMailRequest{})
	if err != nil || len(l.Entries) != 1 {
		t.Fatalf("bad mail %v, %v", l, err)
	}
	r, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{All: true})
	if err != nil || r.Retries[0].MessageId == "" || r.Retries[0].Error != "" {
		t.Fatalf("retry %v, %v", r, err)
	}
	if n := srv.Status().BadMailCount; n != 0 {
		t.Errorf("%d pieces count after the retry", n)
	}
	again, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{All: true})
	if err != nil || len(again.Retries) != 0 {
		t.Errorf("second retry of all %v, %v; want that nothing is left to try", again, err)
	}
	named, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{BadMailIds: []string{l.Entries[0].BadMailId}})
	if want := "was submitted again already, as " + r.Retries[0].MessageId; err != nil || named.Retries[0].MessageId != "" || named.Retries[0].Error != want {
		t.Errorf("second retry by name %v, %v; want %q", named, err, want)
	}
	if l, err := srv.ListBadMail(t.Context(), &pb.ListBadMailRequest{}); err != nil || len(l.Entries) != 1 || l.Entries[0].RetriedAs != r.Retries[0].MessageId {
		t.Errorf("the list says %v, %v", l, err)
	}
	d, err := srv.DiscardBadMail(t.Context(), &pb.DiscardBadMailRequest{BadMailIds: []string{l.Entries[0].BadMailId}})
	if err != nil || d.DiscardedCount != 1 {
		t.Errorf("discard %v, %v", d, err)
	}
}

// TestWhatIsNoMessageIsNotRetried: a file without recipients would only come back as one more piece.
func TestWhatIsNoMessageIsNotRetried(t *testing.T) {
	srv, s := newServer(t)
	for _, sender := range []mail.Address{{}, mail.MustAddress("NET/PO/ann")} {
		m, content := storetest.Message(t, s, "rubbish")
		m.Sender, m.Class = sender, mail.System
		if err := s.Commit(t.Context(), func(tx *store.Tx) error {
			d := &mail.Delivery{Message: m, Content: content, Recipients: make([]mail.Address, 1)}
			return srv.o.Intake.Return(tx, d, []mail.Failure{{Reason: "FOREIGN", Explanation: "It is no message file."}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	before := s.BadCount()
	r, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{All: true})
	if err != nil || before != 2 || len(r.Retries) != before {
		t.Fatalf("%d pieces, retried %v, %v", before, r, err)
	}
	for _, retry := range r.Retries {
		if retry.MessageId != "" || !strings.Contains(retry.Error, "names nobody it could be sent to") {
			t.Errorf("retry %v", retry)
		}
	}
	if n := s.BadCount(); n != before {
		t.Errorf("%d pieces afterwards, want %d", n, before)
	}
}

func TestRefusals(t *testing.T) {
	srv, _ := newServer(t)
	for name, call := range map[string]func() error{
		"no filter": func() error {
			_, err := srv.UpdateQueueEntries(t.Context(), &pb.UpdateQueueEntriesRequest{Action: pb.QueueAction_QUEUE_ACTION_HOLD})
			return err
		},
		"no action": func() error {
			_, err := srv.UpdateQueueEntries(t.Context(), &pb.UpdateQueueEntriesRequest{Filter: &pb.QueueFilter{All: true}})
			return err
		},
		"bad address": func() error {
			_, err := srv.ListQueueEntries(t.Context(), &pb.ListQueueEntriesRequest{Filter: &pb.QueueFilter{Sender: "nobody"}})
			return err
		},
		"bad token": func() error {
			_, err := srv.ListQueueEntries(t.Context(), &pb.ListQueueEntriesRequest{PageToken: "nonsense"})
			return err
		},
		"no bad mail named": func() error {
			_, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{})
			return err
		},
		"both named and all": func() error {
			_, err := srv.DiscardBadMail(t.Context(), &pb.DiscardBadMailRequest{All: true, BadMailIds: []string{"bad-00000001"}})
			return err
		},
	} {
		if err := call(); grpcstatus.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want INVALID_ARGUMENT", name, err)
		}
	}
	if _, err := srv.GetQueueEntry(t.Context(), &pb.GetQueueEntryRequest{MessageId: "01a2009e-b6dc-70f2-90f4-c998d4dc0466"}); grpcstatus.Code(err) != codes.NotFound {
		t.Errorf("a message that does not wait: %v, want NOT_FOUND", err)
	}
}

// TestWhatIsNotThereIsSaidOnce: a person reads these sentences behind "pcside: badmail show: ".
func TestWhatIsNotThereIsSaidOnce(t *testing.T) {
	srv, _ := newServer(t)
	const id = "01a2009e-b6dc-70f2-90f4-c998d4dc0466"
	_, err := srv.GetQueueEntry(t.Context(), &pb.GetQueueEntryRequest{MessageId: id})
	if st := grpcstatus.Convert(err); st.Code() != codes.NotFound || st.Message() != "message "+id+" does not wait here" {
		t.Errorf("no entry: %v", err)
	}
	err = srv.GetBadMail(&pb.GetBadMailRequest{BadMailId: "bad-00000007"}, nil)
	if st := grpcstatus.Convert(err); st.Code() != codes.NotFound || st.Message() != "there is no bad mail bad-00000007" {
		t.Errorf("no bad mail: %v", err)
	}
	r, err := srv.RetryBadMail(t.Context(), &pb.RetryBadMailRequest{BadMailIds: []string{"bad-00000007"}})
	if err != nil || len(r.Retries) != 1 || r.Retries[0].Error != "there is no bad mail bad-00000007" {
		t.Errorf("no bad mail to retry: %v, %v", r, err)
	}
}
