package side

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const unknownID = "01a200a7-cf58-72b6-a74d-7c7ec0a71dce"

func TestMailboxService(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("bob@Here", "bob")
	create := func(who, address string, owners ...string) error {
		_, err := w.boxes.CreateMailbox(w.as(who), &pb.CreateMailboxRequest{Address: address, Owners: owners})
		return err
	}
	ann := "sidegate://user/ann"
	refusals := []struct {
		name string
		err  error
		want string
	}{
		{"a user makes one", create("ann", "x@Here", ann), "PermissionDenied OPERATOR_ONLY"},
		{"nobody makes one", func() error {
			_, err := w.boxes.CreateMailbox(t.Context(), &pb.CreateMailboxRequest{})
			return err
		}(), "Unauthenticated UNAUTHENTICATED"},
		{"no address", create("operator", "", ann), "InvalidArgument address"},
		{"an address that breaks the dialect", create("operator", "a!n@Here", ann), "InvalidArgument address"},
		{"an address not served", create("operator", "x@There", ann), "InvalidArgument address"},
		{"no owners", create("operator", "x@Here"), "InvalidArgument owners"},
		{"an owner that is no URI", create("operator", "x@Here", ann, "ann"), "InvalidArgument owners[1]"},
		{"an owner with a line end", create("operator", "x@Here", ann+"\n"), "InvalidArgument owners[0]"},
		{"too many owners", create("operator", "x@Here", strings.Split(strings.Repeat(ann+" ", 65), " ")...), "InvalidArgument owners"},
		{"one that is there", create("operator", "BOB@here", ann), "AlreadyExists MAILBOX_EXISTS"},
		{"one that is there, for nobody", create("operator", "bob@Here"), "AlreadyExists MAILBOX_EXISTS"},
		{"a good one", create("operator", "ann@Here", ann, ann), "OK"},
		{"once more", create("operator", "ann@Here", ann), "AlreadyExists MAILBOX_EXISTS"},
		{"one open to all", create("everybody", "all@Here"), "OK"},
	}
	for _, tt := range refusals {
		if got := refusal(tt.err); got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, tt.err, tt.want)
		}
	}
	get := func(who, address string) (string, string) {
		r, err := w.boxes.GetMailbox(w.as(who), &pb.GetMailboxRequest{Address: address})
		return fmt.Sprint(r.GetMailbox().GetAddress(), r.GetMailbox().GetOwners()), refusal(err)
	}
	for _, tt := range []struct{ who, address, box, err string }{
		{"ann", "ann@here", "ann@Here[sidegate://user/ann]", "OK"},
		{"operator", "ann@Here", "ann@Here[sidegate://user/ann]", "OK"},
		{"bob", "ann@Here", "[]", "PermissionDenied MAILBOX_NOT_OWNED"},
		{"bob", "nobody@Here", "[]", "PermissionDenied MAILBOX_NOT_OWNED"},
		{"operator", "nobody@Here", "[]", "NotFound NO_SUCH_MAILBOX"},
		{"ann", "nonsense", "[]", "InvalidArgument address"},
	} {
		if box, err := get(tt.who, tt.address); box != tt.box || err != tt.err {
			t.Errorf("%s asks for %s: %s, %s", tt.who, tt.address, box, err)
		}
	}
	if _, err := w.boxes.UpdateMailboxOwners(w.as("ann"), &pb.UpdateMailboxOwnersRequest{Address: "ann@Here", Owners: []string{ann}}); refusal(err) != "PermissionDenied OPERATOR_ONLY" {
		t.Errorf("a user changes owners: %v", err)
	}
	if _, err := w.boxes.UpdateMailboxOwners(w.as("operator"), &pb.UpdateMailboxOwnersRequest{Address: "no@Here", Owners: []string{ann}}); refusal(err) != "NotFound NO_SUCH_MAILBOX" {
		t.Errorf("owners of nothing: %v", err)
	}
	if _, err := w.boxes.UpdateMailboxOwners(w.as("operator"), &pb.UpdateMailboxOwnersRequest{Address: "ann@Here", Owners: []string{"sidegate://user/carl"}}); err != nil {
		t.Error(err)
	}
	if box, err := get("ann", "ann@Here"); err != "PermissionDenied MAILBOX_NOT_OWNED" {
		t.Errorf("a former owner: %s, %s", box, err)
	}
	w.send("bob", note("bob@Here", "s", "b", "ann@Here"))
	remove := func(who, address string, force bool) string {
		_, err := w.boxes.DeleteMailbox(w.as(who), &pb.DeleteMailboxRequest{Address: address, Force: force})
		return refusal(err)
	}
	for _, tt := range []struct {
		who, address string
		force        bool
		want         string
	}{
		{"carl", "ann@Here", true, "PermissionDenied OPERATOR_ONLY"},
		{"operator", "ann@Here", false, "FailedPrecondition MAILBOX_NOT_EMPTY"},
		{"operator", "ann@Here", true, "OK"},
		{"operator", "ann@Here", true, "NotFound NO_SUCH_MAILBOX"},
	} {
		if got := remove(tt.who, tt.address, tt.force); got != tt.want {
			t.Errorf("%s removes %s (force %v): %s, want %s", tt.who, tt.address, tt.force, got, tt.want)
		}
	}
}

func TestListMailboxes(t *testing.T) {
	w := newWorld(t, settings{})
	for i := range 25 {
		w.box(fmt.Sprintf("box%02d@Here", i), []string{"ann", "bob"}[i%2])
	}
	pages := func(who string, size uint32) (all []string, n int) {
		for token := ""; ; n++ {
			r, err := w.boxes.ListMailboxes(w.as(who), &pb.ListMailboxesRequest{PageSize: size, PageToken: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range r.Mailboxes {
				all = append(all, b.Address)
			}
			if token = r.NextPageToken; token == "" {
				return all, n + 1
			}
		}
	}
	if all, n := pages("operator", 10); len(all) != 25 || n != 3 {
		t.Errorf("an operator sees %d in %d pages", len(all), n)
	}
	if all, n := pages("ann", 13); len(all) != 13 || n != 1 || all[12] != "box24@Here" {
		t.Errorf("ann sees %q in %d pages", all, n)
	}
	if all, n := pages("bob", 5); len(all) != 12 || n != 3 {
		t.Errorf("bob sees %q in %d pages", all, n)
	}
	if all, _ := pages("carl", 5); len(all) != 0 {
		t.Errorf("carl sees %q", all)
	}
	_, err := w.boxes.ListMailboxes(w.as("ann"), &pb.ListMailboxesRequest{PageSize: 1001})
	if got := refusal(err); got != "InvalidArgument page_size" {
		t.Errorf("a page too large: %s", got)
	}
	_, err = w.boxes.ListMailboxes(w.as("ann"), &pb.ListMailboxesRequest{PageToken: "nonsense"})
	if got := refusal(err); got != "InvalidArgument page_token" {
		t.Errorf("a token of nobody: %s", got)
	}
}

func TestReadingRefusals(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	id := w.send("ann", note("ann@Here", "s", "b", "ann@Here"))
	calls := map[string]func(ctx context.Context, mailbox string) error{
		"list": func(ctx context.Context, box string) error {
			_, err := w.mail.ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: box})
			return err
		},
		"get": func(ctx context.Context, box string) error {
			s, err := w.mail.GetMessage(ctx, &pb.GetMessageRequest{Mailbox: box, MessageId: id})
			if err == nil {
				_, err = s.Recv()
			}
			return err
		},
		"receive": func(ctx context.Context, box string) error {
			s, err := w.mail.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: box})
			if err == nil {
				_, err = s.Recv()
			}
			if errors.Is(err, io.EOF) { // everything there is has been acknowledged
				err = nil
			}
			return err
		},
		"acknowledge": func(ctx context.Context, box string) error {
			_, err := w.mail.AcknowledgeMessages(ctx, &pb.AcknowledgeMessagesRequest{Mailbox: box, MessageIds: []string{id}})
			return err
		},
		"delete": func(ctx context.Context, box string) error {
			_, err := w.mail.DeleteMessages(ctx, &pb.DeleteMessagesRequest{Mailbox: box, MessageIds: []string{unknownID}})
			return err
		},
	}
	for name, call := range calls {
		for _, tt := range []struct {
			who     string
			ctx     context.Context
			mailbox string
			want    string
		}{
			{"nobody", t.Context(), "ann@Here", "Unauthenticated UNAUTHENTICATED"},
			{"bob", w.as("bob"), "ann@Here", "PermissionDenied MAILBOX_NOT_OWNED"},
			{"bob", w.as("bob"), "eve@Here", "PermissionDenied MAILBOX_NOT_OWNED"},
			{"everybody", w.as("everybody"), "eve@Here", "NotFound NO_SUCH_MAILBOX"},
			{"ann", w.as("ann"), "nonsense", "InvalidArgument mailbox"},
			{"ann", w.as("ann"), "", "InvalidArgument mailbox"},
			{"ann", w.as("ann"), "ann@Here", "OK"},
			{"everybody", w.as("everybody"), "ann@Here", "OK"},
		} {
			if got := refusal(call(tt.ctx, tt.mailbox)); got != tt.want {
				t.Errorf("%s %s by %s: %s, want %s", name, tt.mailbox, tt.who, got, tt.want)
			}
		}
	}
	_, _, err := w.get("ann", "ann@Here", unknownID, false)
	if got := refusal(err); got != "NotFound NO_SUCH_MESSAGE" {
		t.Errorf("a message that is not there: %s", got)
	}
	_, _, err = w.get("ann", "ann@Here", "nonsense", false)
	if got := refusal(err); got != "InvalidArgument message_id" {
		t.Errorf("no message ID: %s", got)
	}
	_, err = w.mail.DeleteMessages(w.as("ann"), &pb.DeleteMessagesRequest{Mailbox: "ann@Here", MessageIds: make([]string, 1001)})
	if got := refusal(err); got != "InvalidArgument message_ids" {
		t.Errorf("too many IDs: %s", got)
	}
	_, err = w.mail.AcknowledgeMessages(w.as("ann"), &pb.AcknowledgeMessagesRequest{Mailbox: "ann@Here", MessageIds: []string{id, "x"}})
	if got := refusal(err); got != "InvalidArgument message_ids[1]" {
		t.Errorf("a bad ID: %s", got)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	var ids []string
	for i := range 25 {
		ids = append(ids, w.send("ann", note("ann@Here", fmt.Sprint(i), "body", "ann@Here")))
	}
	if _, err := w.mail.AcknowledgeMessages(w.as("ann"), &pb.AcknowledgeMessagesRequest{Mailbox: "ann@Here", MessageIds: ids[:20]}); err != nil {
		t.Fatal(err)
	}
	pages := func(size uint32, unacknowledged bool) (subjects []string, tokens []string) {
		for token := ""; ; {
			r, err := w.mail.ListMessages(w.as("ann"), &pb.ListMessagesRequest{Mailbox: "ann@Here", PageSize: size, PageToken: token, UnacknowledgedOnly: unacknowledged})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Entries {
				subjects = append(subjects, e.Message.Subject)
				if e.Message.Body != "" || e.Message.BodySizeBytes != 4 {
					t.Errorf("a list carries content: %v", e.Message)
				}
			}
			if token = r.NextPageToken; token == "" {
				return subjects, tokens
			}
			tokens = append(tokens, token)
		}
	}
	all, tokens := pages(10, false)
	if len(all) != 25 || all[24] != "24" || len(tokens) != 2 {
		t.Errorf("all: %q in %d pages", all, len(tokens)+1)
	}
	if exact, tokens := pages(25, false); len(exact) != 25 || len(tokens) != 0 {
		t.Errorf("a page that just fits: %d in %d pages", len(exact), len(tokens)+1)
	}
	if fresh, tokens := pages(2, true); fmt.Sprint(fresh) != "[20 21 22 23 24]" || len(tokens) != 2 {
		t.Errorf("unacknowledged: %q in %d pages", fresh, len(tokens)+1)
	}
	for name, r := range map[string]*pb.ListMessagesRequest{
		"another filter":  {Mailbox: "ann@Here", PageToken: tokens[0], UnacknowledgedOnly: true},
		"a damaged one":   {Mailbox: "ann@Here", PageToken: tokens[0][1:]},
		"an invented one": {Mailbox: "ann@Here", PageToken: wire.PageToken("messages/false/MSMAIL:ann@here", "x")},
	} {
		_, err := w.mail.ListMessages(w.as("ann"), r)
		if got := refusal(err); got != "InvalidArgument page_token" {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A token is good for somebody else who reads another mailbox, but not for that one.
	_, err := w.mail.ListMessages(w.as("bob"), &pb.ListMessagesRequest{Mailbox: "bob@Here", PageToken: tokens[0]})
	if got := refusal(err); got != "InvalidArgument page_token" {
		t.Errorf("another mailbox: %s", got)
	}
}

// TestListLargeHeaders: a page stays within the size of a single call.
func TestListLargeHeaders(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	var lots []*pb.Attachment
	for i := range 60 {
		lots = append(lots, &pb.Attachment{FileName: fmt.Sprint(i, strings.Repeat("n", 240))})
	}
	for range 40 {
		m := note("ann@Here", "s", "b", "ann@Here")
		m.Attachments = lots
		w.send("ann", m)
	}
	r, err := w.mail.ListMessages(w.as("ann"), &pb.ListMessagesRequest{Mailbox: "ann@Here"})
	if err != nil || r.NextPageToken == "" || len(r.Entries) < 5 || len(r.Entries) > 30 {
		t.Errorf("%d entries on a page, %v", len(r.GetEntries()), err)
	}
}

func TestGetContent(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	for _, size := range []int{0, 1, MaxInline, MaxInline + 1, 3*MaxChunk + 5} {
		s := w.stream("ann")
		m := note("ann@Here", fmt.Sprint(size), "", "ann@Here")
		m.BodySizeBytes = uint32(size)
		s.begin(1, m, "")
		for left := size; left > 0; left -= min(left, MaxChunk) {
			s.chunk(bytes.Repeat([]byte("x"), min(left, MaxChunk)))
		}
		id := s.answer().GetMessageId()
		e, content, err := w.get("ann", "ann@Here", id, true)
		if err != nil || len(e.Message.Body)+len(content) != size || size <= MaxInline != (len(content) == 0) {
			t.Errorf("%d bytes: %d inside, %d in chunks, %v", size, len(e.GetMessage().GetBody()), len(content), err)
		}
	}
}

// TestGetOriginal: the legacy bytes are described always and sent when asked for.
func TestGetOriginal(t *testing.T) {
	for _, size := range []int{10, 100_000} {
		w := newWorld(t, settings{})
		w.box("ann@Here", "ann")
		body, original := strings.Repeat("b", size), bytes.Repeat([]byte("o"), 20)
		whole := append([]byte(body), original...)
		d := w.store.NewDraft(int64(len(whole)))
		if _, err := d.Write(whole); err != nil {
			t.Fatal(err)
		}
		if err := d.Seal(); err != nil {
			t.Fatal(err)
		}
		m := &mail.Message{
			ID: unknownID, Class: mail.Note, Sender: mail.MustAddress("x@Here"), BodySize: int64(size), Size: d.Size(), SHA256: d.SHA256(),
			Original: &mail.Original{Format: "mmff", Size: 20, SHA256: [32]byte(hashOf(original))},
		}
		if err := w.store.Commit(t.Context(), func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.Deliver(mail.MustAddress("ann@Here"), m.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, asked := range []bool{false, true} {
			e, chunks, err := w.get("ann", "ann@Here", unknownID, asked)
			if err != nil {
				t.Fatal(err)
			}
			got := append(append([]byte(e.Message.Body), e.Message.Original.Content...), chunks...)
			want := whole
			if !asked {
				want = []byte(body)
			}
			if !bytes.Equal(got, want) || e.Message.Original.SizeBytes != 20 || int(e.Message.SizeBytes) != len(whole) {
				t.Errorf("body of %d, original asked for %v: %d bytes, %v", size, asked, len(got), e.Message.Original)
			}
		}
	}
}

func TestAcknowledgeAndDelete(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	a, b := w.send("ann", note("ann@Here", "a", "x", "ann@Here")), w.send("ann", note("ann@Here", "b", "x", "ann@Here"))
	for range 2 {
		r, err := w.mail.AcknowledgeMessages(w.as("ann"), &pb.AcknowledgeMessagesRequest{Mailbox: "ann@Here", MessageIds: []string{a, unknownID, a}})
		if err != nil || r.AcknowledgedCount != 1 {
			t.Errorf("acknowledged %d, %v", r.GetAcknowledgedCount(), err)
		}
	}
	if es := w.list("ann", "ann@Here"); !es[0].Acknowledged || es[1].Acknowledged {
		t.Errorf("marks: %v", es)
	}
	for _, want := range []uint32{2, 0} {
		r, err := w.mail.DeleteMessages(w.as("ann"), &pb.DeleteMessagesRequest{Mailbox: "ann@Here", MessageIds: []string{b, a, unknownID}})
		if err != nil || r.DeletedCount != want {
			t.Errorf("deleted %d, %v; want %d", r.GetDeletedCount(), err, want)
		}
	}
	r, err := w.mail.TrackMessage(w.as("ann"), &pb.TrackMessageRequest{MessageId: a})
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, e := range r.Events {
		events = append(events, e.Event)
	}
	if diff := cmp.Diff([]string{"submitted", "delivered", "acknowledged", "deleted"}, events); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

// following is a stream of a follower.
type following struct {
	w    *world
	next func() (*pb.ReceiveMessagesResponse, error)
	stop context.CancelFunc
}

func (w *world) follow(who string, req *pb.ReceiveMessagesRequest) *following {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.as(who), 10*time.Second)
	w.t.Cleanup(cancel)
	s, err := w.mail.ReceiveMessages(ctx, req)
	if err != nil {
		w.t.Fatal(err)
	}
	return &following{w, s.Recv, cancel}
}

// subject is that of the next message.
func (f *following) subject() string {
	f.w.t.Helper()
	for {
		r, err := f.next()
		if err != nil {
			return refusal(err)
		}
		if e := r.GetEntry(); e != nil {
			return e.Message.Subject
		}
	}
}

func TestReceive(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	var ids []string
	for i := range 120 {
		ids = append(ids, w.send("ann", note("ann@Here", fmt.Sprint(i), "body", "ann@Here")))
	}
	if _, err := w.mail.AcknowledgeMessages(w.as("ann"), &pb.AcknowledgeMessagesRequest{Mailbox: "ann@Here", MessageIds: ids[:60]}); err != nil {
		t.Fatal(err)
	}
	f := w.follow("ann", &pb.ReceiveMessagesRequest{Mailbox: "ann@Here"})
	for i := 60; i < 120; i++ {
		r, err := f.next()
		if err != nil || r.GetEntry().GetMessage().GetSubject() != fmt.Sprint(i) || r.GetEntry().GetMessage().GetBody() != "body" {
			t.Fatalf("message %d: %v, %v", i, r, err)
		}
	}
	if _, err := f.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last: %v", err)
	}
}

// TestTwoFollowers: each sees everything, whatever the other does with it.
func TestTwoFollowers(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.send("ann", note("ann@Here", "0", "b", "ann@Here"))
	one := w.follow("ann", &pb.ReceiveMessagesRequest{Mailbox: "ann@Here", Follow: true})
	if got := one.subject(); got != "0" {
		t.Fatalf("one sees %q first", got)
	}
	two := w.follow("ann", &pb.ReceiveMessagesRequest{Mailbox: "ann@Here", Follow: true, HeadersOnly: true})
	if got := two.subject(); got != "0" {
		t.Fatalf("two sees %q first", got)
	}
	for i := 1; i < 20; i++ {
		id := w.send("ann", note("ann@Here", fmt.Sprint(i), strings.Repeat("b", i*10_000), "ann@Here"))
		if got := one.subject(); got != fmt.Sprint(i) {
			t.Fatalf("one sees %q, want %d", got, i)
		}
		if _, err := w.mail.AcknowledgeMessages(w.as("ann"), &pb.AcknowledgeMessagesRequest{Mailbox: "ann@Here", MessageIds: []string{id}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < 20; i++ {
		if got := two.subject(); got != fmt.Sprint(i) {
			t.Fatalf("two sees %q, want %d", got, i)
		}
	}
}

// TestFollowerAndDeletions: what is deleted before a follower saw it is passed over, and nothing spins or stops.
func TestFollowerAndDeletions(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	for range 3 {
		id := w.send("ann", note("ann@Here", "gone", "b", "ann@Here"))
		if _, err := w.mail.DeleteMessages(w.as("ann"), &pb.DeleteMessagesRequest{Mailbox: "ann@Here", MessageIds: []string{id}}); err != nil {
			t.Fatal(err)
		}
	}
	f := w.follow("ann", &pb.ReceiveMessagesRequest{Mailbox: "ann@Here", Follow: true})
	w.send("ann", note("ann@Here", "stays", "b", "ann@Here"))
	if got := f.subject(); got != "stays" {
		t.Errorf("the follower sees %q", got)
	}
	if _, err := w.boxes.UpdateMailboxOwners(w.as("operator"), &pb.UpdateMailboxOwnersRequest{Address: "ann@Here", Owners: []string{"sidegate://user/bob"}}); err != nil {
		t.Fatal(err)
	}
	w.send("bob", note("ann@Here", "secret", "b", "ann@Here"))
	if got := f.subject(); got != "PermissionDenied MAILBOX_NOT_OWNED" {
		t.Errorf("a former owner sees %q", got)
	}
	other := w.follow("bob", &pb.ReceiveMessagesRequest{Mailbox: "ann@Here", Follow: true})
	for other.subject() != "secret" {
	}
	if _, err := w.boxes.DeleteMailbox(w.as("operator"), &pb.DeleteMailboxRequest{Address: "ann@Here", Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := other.subject(); got != "NotFound NO_SUCH_MAILBOX" {
		t.Errorf("the follower of a mailbox that was removed sees %q", got)
	}
}

func TestAutoMailboxReaders(t *testing.T) {
	w := newWorld(t, settings{autoMailbox: true})
	f := w.follow("bob", &pb.ReceiveMessagesRequest{Mailbox: "new@Here", Follow: true})
	listed, err := w.mail.ListMessages(w.as("bob"), &pb.ListMessagesRequest{Mailbox: "new@Here"})
	if err != nil || len(listed.Entries) != 0 || listed.NextPageToken != "" {
		t.Errorf("a mailbox that is not there yet: %v, %v", listed, err)
	}
	marked, err := w.mail.AcknowledgeMessages(w.as("bob"), &pb.AcknowledgeMessagesRequest{Mailbox: "new@Here", MessageIds: []string{unknownID}})
	if err != nil || marked.AcknowledgedCount != 0 {
		t.Errorf("acknowledging in it: %v, %v", marked, err)
	}
	if _, _, err := w.get("bob", "new@Here", unknownID, false); refusal(err) != "NotFound NO_SUCH_MESSAGE" {
		t.Errorf("reading in it: %v", err)
	}
	if n := w.store.MailboxCount(); n != 0 {
		t.Errorf("reading made %d mailboxes", n)
	}
	w.send("ann", note("ann@Here", "hello", "b", "new@Here"))
	if got := f.subject(); got != "hello" {
		t.Errorf("the follower sees %q", got)
	}
	_, err = w.mail.ListMessages(w.as("bob"), &pb.ListMessagesRequest{Mailbox: "new@There"})
	wantCode(t, "an address that is not served", err, codes.PermissionDenied)
	_, err = w.mail.ListMessages(w.as("bob"), &pb.ListMessagesRequest{Mailbox: "n!w@Here"})
	wantCode(t, "an address that breaks the dialect", err, codes.PermissionDenied)
}

func TestTrack(t *testing.T) {
	w := newWorld(t, settings{})
	for _, who := range []string{"ann", "bob", "carl"} {
		w.box(who+"@Here", who)
	}
	m := note("ann@Here", "s", "b", "bob@Here", "x@Nowhere")
	m.Recipients.Bcc = []string{"carl@Here"}
	id := w.send("ann", m)
	track := func(who string) (string, string) {
		r, err := w.mail.TrackMessage(w.as(who), &pb.TrackMessageRequest{MessageId: id})
		if err != nil {
			return "", refusal(err)
		}
		var events, states []string
		for _, e := range r.Events {
			events = append(events, strings.TrimSpace(e.Event+" "+e.Recipient))
		}
		for _, s := range r.Recipients {
			states = append(states, fmt.Sprint(s.Address, "=", s.State, s.Terminal))
		}
		return strings.Join(events, ", "), strings.Join(states, " ")
	}
	const all = "submitted, delivered bob@Here, delivered carl@Here, returned x@Nowhere, reported"
	const states = "bob@Here=deliveredtrue carl@Here=deliveredtrue x@Nowhere=returnedtrue"
	for _, tt := range []struct{ who, events, states string }{
		{"ann", all, states},
		{"operator", all, states},
		{"everybody", all, states},
		{"bob", "submitted, delivered bob@Here, reported", "bob@Here=deliveredtrue"},
		{"carl", "submitted, delivered carl@Here, reported", "carl@Here=deliveredtrue"},
		{"dora", "", "NotFound NO_SUCH_MESSAGE"},
	} {
		if events, states := track(tt.who); events != tt.events || states != tt.states {
			t.Errorf("%s is told %q, %q", tt.who, events, states)
		}
	}
	// An operator tries again; both IDs tell the whole story.
	bs, err := w.store.BadMail("", 1)
	if err != nil || len(bs) != 1 {
		t.Fatalf("bad mail: %v, %v", bs, err)
	}
	w.routes.Replace(announced("mac", "*@Nowhere"))
	second, err := w.intake.RetryBad(t.Context(), bs[0].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	first := id
	for _, id = range []string{first, string(second)} {
		events, states := track("ann")
		if want := all + ", retried, submitted, queued x@Nowhere"; events != want {
			t.Errorf("%s: %q, want %q", id, events, want)
		}
		if want := "bob@Here=deliveredtrue carl@Here=deliveredtrue x@Nowhere=queuedfalse"; states != want {
			t.Errorf("%s: %q, want %q", id, states, want)
		}
	}
	_, err = w.mail.TrackMessage(w.as("ann"), &pb.TrackMessageRequest{MessageId: "x"})
	if got := refusal(err); got != "InvalidArgument message_id" {
		t.Errorf("no message ID: %s", got)
	}
	_, err = w.mail.TrackMessage(w.as("operator"), &pb.TrackMessageRequest{MessageId: unknownID})
	if got := refusal(err); got != "NotFound NO_SUCH_MESSAGE" {
		t.Errorf("an unknown message: %s", got)
	}
}
