package crashtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/identity"
	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
	pb "sidegate/proto/sidegate/v1"
)

// The people. Nobody has no mailbox: what is sent there comes back with a report.
const (
	anna       = "anna@Design"
	ben        = "ben@Design"
	nobodyMac  = "nobody@Design"
	jane       = "NET1/PO1/JANE"
	karl       = "NET1/PO1/KARL"
	nobodyPC   = "NET1/PO1/NOBODY"
	bob        = "bob@Marketing"
	owner      = "sidegate://user/alice" // of every mailbox; the user of pki init
	oneAttempt = 5 * time.Second
)

var mailboxes = map[string][]string{"macside": {anna, ben}, "pcside": {jane, karl}}

// post is what people and programs do: they submit until they are answered, they read, and they remember.
type post struct {
	t     *testing.T
	tr    *trio
	conns map[string]*grpc.ClientConn // as user, by program
	admin map[string]*grpc.ClientConn // as operator

	mu       sync.Mutex // guards what follows
	history  *history.Log
	returned map[history.Delivery]bool
	labels   map[string]string // message ID to label
	seen     map[string]bool   // mailbox and position of what was read already
	here     map[string]bool   // labels that have arrived anywhere
	acked    int               // in all
	counts   map[history.Kind]int
}

func newPost(t *testing.T, tr *trio) *post {
	t.Helper()
	p := &post{t: t, tr: tr, conns: map[string]*grpc.ClientConn{}, admin: map[string]*grpc.ClientConn{}, history: history.New(),
		returned: map[history.Delivery]bool{}, labels: map[string]string{}, seen: map[string]bool{}, here: map[string]bool{}, counts: map[history.Kind]int{}}
	for name, e := range tr.ends {
		p.conns[name] = tr.dial(e.grpc, "user")
		p.admin[name] = tr.dial(e.grpc, "operator")
	}
	return p
}

// dial prepares a connection that comes back quickly.
func (tr *trio) dial(address, as string) *grpc.ClientConn {
	tr.t.Helper()
	certs, err := identity.NewReloader(filepath.Join(tr.pki, as), identity.Options{})
	if err != nil {
		tr.t.Fatal(err)
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(certs.Client("")), grpc.WithConnectParams(grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 300 * time.Millisecond},
		MinConnectTimeout: oneAttempt,
	}))
	if err != nil {
		tr.t.Fatal(err)
	}
	return conn
}

func (p *post) close() {
	for name := range p.conns {
		p.conns[name].Close()
		p.admin[name].Close()
	}
}

// boxes makes the mailboxes.
func (p *post) boxes() {
	p.t.Helper()
	for name, addresses := range mailboxes {
		for _, a := range addresses {
			err := p.until(func(ctx context.Context) error {
				_, err := pb.NewMailboxServiceClient(p.admin[name]).CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: a, Owners: []string{owner}})
				if status.Code(err) == codes.AlreadyExists {
					return nil
				}
				return err
			})
			if err != nil {
				p.tr.fatalf("create mailbox %s: %v", a, err)
			}
		}
	}
}

// until repeats a call for as long as its failure may be that of a program that is being killed.
func (p *post) until(call func(context.Context) error) error {
	var err error
	ok := await(patience, func() bool {
		ctx, cancel := p.tr.within(oneAttempt)
		defer cancel()
		err = call(ctx)
		return !passing(err) || p.t.Context().Err() != nil
	})
	if !ok {
		return fmt.Errorf("still failing after %v: %w", patience, err)
	}
	return err
}

// passing reports whether an error is what clients see of a program that dies or is full.
func passing(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted, codes.Aborted:
		return true
	case codes.Unknown:
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	return false
}

// letter is one message that somebody sends.
type letter struct {
	at, label, from string
	to              []string
	body            string
	comesBack       []string // recipients that are to come back with a report
	wish            bool     // its sender wishes a receipt; all recipients are at sides
}

// receipts are the receipts that a letter is to cause, each a letter of its own: of a reader who sends nothing else, so that
// its place among other mail does not matter.
func (l letter) receipts() (all []letter) {
	for _, r := range l.to {
		if l.wish && !slices.Contains(l.comesBack, r) {
			all = append(all, letter{label: receiptLabel(l.label, r), from: r + " reading " + l.label, to: []string{l.from}, body: readBy(r)})
		}
	}
	return all
}

func receiptLabel(label, reader string) string { return "receipt for " + label + " by " + reader }

// readBy stands for what a receipt says: that somebody has read it.
func readBy(reader string) string { return "read by " + reader }

// begin notes a letter, before anybody is asked to take it.
func (p *post) begin(l letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history.Begin(l.label, l.from, l.to, digest(l.body))
	for _, r := range l.receipts() {
		p.history.Begin(r.label, r.from, r.to, digest(r.body))
	}
	for _, r := range l.comesBack {
		p.returned[history.Delivery{Label: l.label, Recipient: r}] = true
	}
}

// digest is the hash of a text between its marks, whatever its line ends: those differ in a legacy file, and notes for its
// readers may stand around the text.
func digest(text string) [32]byte {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if from, to := strings.Index(text, begins), strings.LastIndex(text, ends); from >= 0 && from < to {
		text = text[from:to]
	}
	return sha256.Sum256([]byte(text))
}

// The marks around a text.
const begins, ends = "<<<", ">>>"

// submit hands a letter in, again and again under the same request ID until it is answered.
func (p *post) submit(l letter) {
	p.begin(l)
	request := &pb.SubmitMessageRequest{RequestId: l.label, Message: &pb.Message{
		Sender: l.from, Recipients: &pb.Recipients{To: l.to}, Subject: l.label, Body: l.body, ReadReceipt: l.wish,
	}}
	client := pb.NewMailServiceClient(p.conns[l.at])
	var id string
	err := p.until(func(ctx context.Context) error {
		answer, err := client.SubmitMessage(ctx, request)
		id = answer.GetMessageId()
		return err
	})
	if err != nil {
		if p.t.Context().Err() == nil {
			p.t.Errorf("submit %s: %v", l.label, err)
		}
		return
	}
	p.acknowledged(l, id)
}

func (p *post) acknowledged(l letter, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.labels[id] = l.label
	p.history.Ack(l.label)
	for _, r := range l.receipts() {
		p.history.Ack(r.label)
	}
	p.acked += len(l.to)
}

// write has the old half send a letter. From then on nothing may lose it: it lies in the half's mailbag.
func (p *post) write(l letter, attachments ...legacypair.Attachment) {
	p.begin(l)
	var to []string
	for _, r := range l.to {
		to = append(to, legacyAddress(r))
	}
	p.tr.old.half.Send(legacypair.Message{To: to, From: legacyAddress(bob), Subject: l.label, Body: l.body, Attachments: attachments})
	p.acknowledged(l, "")
}

func legacyAddress(a string) string {
	if strings.Contains(a, "@") {
		return "MSMAIL:" + a
	}
	return "CSI:" + a
}

// mayRepeat notes that two copies would be right.
func (p *post) mayRepeat(d history.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history.MayRepeat(d)
}

// tookFile counts a message file, a report it may be, that somebody took out of PCTOMAC beside the half.
func (p *post) tookFile(text string) {
	_, subject, _ := strings.Cut(text, "SUBJECT:")
	subject, _, _ = strings.Cut(subject, "\r\n")
	m := legacypair.Message{Subject: subject, Body: text}
	if to := "MSMAIL:" + bob; strings.Contains(text, "TO:"+to) {
		m.To = []string{to}
	}
	p.took(m)
}

// gather reads everything that has arrived anywhere since the last time.
func (p *post) gather() error {
	for name, addresses := range mailboxes {
		for _, a := range addresses {
			if err := p.read(name, a); err != nil {
				return fmt.Errorf("read %s: %w", a, err)
			}
		}
	}
	p.fromHalf()
	return nil
}

// fromHalf counts what the old half has delivered since it was asked last.
func (p *post) fromHalf() {
	for _, m := range p.tr.old.received() {
		p.took(m)
	}
}

// took counts one message that the old half has delivered.
func (p *post) took(m legacypair.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if label, isReport := reported(m.Body); isReport {
		for _, r := range []string{nobodyMac, nobodyPC} {
			if strings.Contains(m.Body, r) {
				p.history.Report(history.Delivery{Label: label, Recipient: r})
			}
		}
		return
	}
	for _, to := range m.To {
		_, address, _ := strings.Cut(to, ":")
		if address == bob { // others are shown, and got it by another way
			p.here[m.Subject] = true
			p.history.Arrive(history.Delivery{Label: m.Subject, Recipient: address}, digest(m.Body))
		}
	}
}

// reported is the subject of the message that a report's text speaks of, if it is one.
func reported(text string) (label string, ok bool) {
	for _, kind := range []struct{ sign, line string }{{"could not be reached", "Message title:"}, {"Unable to deliver", "Subject:"}} {
		if !strings.Contains(text, kind.sign) {
			continue
		}
		_, text, _ = strings.Cut(text, kind.line)
		text, _, _ = strings.Cut(text, "\n")
		return strings.TrimSpace(text), true
	}
	return "", false
}

// read empties a mailbox as a careful reader does: what has been read is noted, then deleted.
func (p *post) read(name, mailbox string) error {
	ctx, cancel := p.tr.within(oneAttempt)
	defer cancel()
	client := pb.NewMailServiceClient(p.conns[name])
	stream, err := client.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: mailbox})
	if err != nil {
		return err
	}
	var ids []string
	err = receive(stream, func(e *pb.MailboxEntry, body string) {
		p.arrived(mailbox, e, body)
		ids = append(ids, e.GetMessage().GetMessageId())
	})
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := client.AcknowledgeMessages(ctx, &pb.AcknowledgeMessagesRequest{Mailbox: mailbox, MessageIds: ids}); err != nil {
		return err
	}
	_, err = client.DeleteMessages(ctx, &pb.DeleteMessagesRequest{Mailbox: mailbox, MessageIds: ids})
	return err
}

// receive reads a stream to its end; what it breaks off in the middle of does not count.
func receive(stream grpc.ServerStreamingClient[pb.ReceiveMessagesResponse], whole func(e *pb.MailboxEntry, body string)) error {
	var entry *pb.MailboxEntry
	var content []byte
	end := func() {
		if entry != nil {
			m := entry.GetMessage()
			body := m.GetBody()
			if n := int(m.GetBodySizeBytes()); body == "" && n <= len(content) {
				body = string(content[:n])
			}
			whole(entry, body)
		}
	}
	for {
		next, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			end()
			return nil
		}
		if err != nil {
			return err
		}
		if next.GetEntry() != nil {
			end()
			entry, content = next.GetEntry(), nil
		}
		content = append(content, next.GetChunk().GetData()...)
	}
}

// has reports whether a letter has arrived somewhere.
func (p *post) has(label string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.here[label]
}

// arrived counts one entry of a mailbox, once.
func (p *post) arrived(mailbox string, e *pb.MailboxEntry, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprintf("%s %d", mailbox, e.GetPosition())
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	m := e.GetMessage()
	if r := m.GetReceipt(); r != nil && m.GetClass() == pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT {
		said := readBy(r.GetReader())
		if r.GetOutcome() != pb.ReceiptOutcome_RECEIPT_OUTCOME_READ || m.GetSender() != r.GetReader() {
			said = r.String()
		}
		p.history.Arrive(history.Delivery{Label: receiptLabel(r.GetSubject(), r.GetReader()), Recipient: mailbox}, digest(said))
		return
	}
	if m.GetClass() != pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT {
		p.here[m.GetSubject()] = true
		p.history.Arrive(history.Delivery{Label: m.GetSubject(), Recipient: mailbox}, digest(body))
		return
	}
	label := p.labels[m.GetRegarding()]
	if label == "" { // its submission was never answered, or it came from a file
		label, _ = reported(body)
	}
	for _, f := range m.GetFailures() {
		p.history.Report(history.Delivery{Label: label, Recipient: f.GetAddress()})
	}
}
