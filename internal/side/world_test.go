package side

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"sidegate/internal/addressbook"
	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// world is a side under test: the services over a real store, and a client.
type world struct {
	t      *testing.T
	disk   *vfs.MemFS
	store  *store.Store
	routes *route.Table
	intake *intake.Intake
	book   *addressbook.Book
	mail   pb.MailServiceClient
	boxes  pb.MailboxServiceClient
	quota  *quota
}

// said is the Authority of tests: callers say who they are.
type said struct{}

func (said) Identity(ctx context.Context) (uri string, operator bool, any bool) {
	who := metadata.ValueFromIncomingContext(ctx, "who")
	if len(who) == 0 {
		return "", false, false
	}
	return "sidegate://user/" + who[0], who[0] == "operator", who[0] == "everybody"
}

// as is a context of somebody.
func (w *world) as(who string) context.Context {
	return metadata.AppendToOutgoingContext(w.t.Context(), "who", who)
}

type settings struct {
	disk        *vfs.MemFS
	autoMailbox bool
	full        bool
	maxBytes    int64
}

var quiet = Dialect{
	Name: "testside", Side: "test", Words: quietWords{},
	Check: func(a mail.Address) error {
		if strings.Contains(a.Value, "!") {
			return errors.New("holds an exclamation mark")
		}
		return nil
	},
}

type quietWords struct{}

func (quietWords) Receipt(m *mail.Message, r mail.Receipt) (subject, body string) {
	return fmt.Sprint("receipt ", r.NotRead), "it was read\n"
}

func (quietWords) Report(*mail.Message, []mail.Failure) (subject, body string, sender mail.Address) {
	return "report", "it failed\n", mail.MustAddress("manager@Here")
}

func newWorld(t *testing.T, s settings) *world {
	t.Helper()
	if s.disk == nil {
		s.disk = vfs.NewCrashableMem()
	}
	var engine store.Engine
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: s.disk, BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	if s.full {
		engine = fullDisk{engine}
	}
	st, err := store.Open(engine, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	routes := route.New(route.Options{Serves: []mail.Pattern{mail.MustPattern("*@Here")}})
	in := intake.New(intake.Options{Store: st, Routes: routes, End: "testside", Reporter: quiet.Words, Receipt: quiet.Words.Receipt, AutoMailbox: s.autoMailbox, MaxMessageBytes: s.maxBytes, MaxRecipients: 5})
	w := &world{t: t, disk: s.disk, store: st, routes: routes, intake: in}
	book, err := addressbook.Open(addressbook.Options{Store: st, End: "testside"})
	if err != nil {
		t.Fatal(err)
	}
	w.book = book
	service := New(Options{Store: st, Intake: in, Routes: routes, Dialect: quiet, Names: book, Authority: said{}, AutoMailbox: s.autoMailbox})
	w.quota = service.mail.quota
	server := grpc.NewServer(grpc.MaxRecvMsgSize(MaxUnary + 64<<10))
	service.Register(server)
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	w.mail, w.boxes = pb.NewMailServiceClient(conn), pb.NewMailboxServiceClient(conn)
	t.Cleanup(func() {
		conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if problems, err := st.Audit(); err != nil || len(problems) > 0 {
			t.Errorf("the books do not add up: %q, %v", problems, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// fullDisk is an engine on a disk without room.
type fullDisk struct{ store.Engine }

func (fullDisk) Usage() (store.Usage, error) { return store.Usage{Total: 1 << 30}, nil }

// box makes a mailbox.
func (w *world) box(address string, owners ...string) {
	w.t.Helper()
	for i := range owners {
		owners[i] = "sidegate://user/" + owners[i]
	}
	err := w.store.CommitCustody(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.AddMailbox(mail.MustAddress(address), owners)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func note(sender, subject, body string, to ...string) *pb.Message {
	return &pb.Message{Sender: sender, Subject: subject, Body: body, Recipients: &pb.Recipients{To: to}}
}

func (w *world) send(who string, m *pb.Message) string {
	w.t.Helper()
	r, err := w.mail.SubmitMessage(w.as(who), &pb.SubmitMessageRequest{Message: m})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.MessageId
}

// list is every message of a mailbox.
func (w *world) list(who, mailbox string) []*pb.MailboxEntry {
	w.t.Helper()
	r, err := w.mail.ListMessages(w.as(who), &pb.ListMessagesRequest{Mailbox: mailbox, PageSize: wire.MaxPage})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Entries
}

func (w *world) subjects(who, mailbox string) string {
	w.t.Helper()
	var out []string
	for _, e := range w.list(who, mailbox) {
		out = append(out, e.Message.Subject)
	}
	return strings.Join(out, " ")
}

func (w *world) get(who, mailbox, id string, original bool) (*pb.MailboxEntry, []byte, error) {
	stream, err := w.mail.GetMessage(w.as(who), &pb.GetMessageRequest{Mailbox: mailbox, MessageId: id, IncludeOriginal: original})
	if err != nil {
		return nil, nil, err
	}
	var entry *pb.MailboxEntry
	var content []byte
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return entry, content, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if r.GetEntry() != nil {
			entry = r.GetEntry()
		}
		content = append(content, r.GetChunk().GetData()...)
	}
}

// refusal is the code, field and reason of an error, in words.
func refusal(err error) string {
	st := status.Convert(err)
	out := st.Code().String()
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			out += " " + d.FieldViolations[0].Field
		case *errdetails.ErrorInfo:
			if d.Domain != "sidegate" {
				out += " of " + d.Domain
			}
			if d.Reason != "INVALID_FIELD" {
				out += " " + d.Reason
			}
		case *errdetails.RetryInfo:
			out += " retry"
		}
	}
	return out
}

func wantCode(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func hashOf(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return sum[:]
}

func announced(peer, pattern string) route.Announcement {
	return route.Announcement{Peer: mail.StoreID(peer), End: peer, Patterns: []mail.Pattern{mail.MustPattern(pattern)}}
}
