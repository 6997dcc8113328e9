package side

import (
	"strings"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// put delivers a message that did not come through MailService.
func (w *world) put(box string, m mail.Message) mail.ID {
	w.t.Helper()
	m.ID = w.store.NewID()
	err := w.store.CommitCustody(w.t.Context(), func(tx *store.Tx) error {
		if err := tx.Keep(&m, nil); err != nil {
			return err
		}
		_, err := tx.Deliver(mail.MustAddress(box), m.ID)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

// TestAnswers: KB Q119047. An answer to a report or a receipt is refused before anything is stored, with the field and a
// reason; an answer to a note, or to what does not lie in the sender's mailbox, is mail like any other.
func TestAnswers(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	bobs := w.put("bob@Here", mail.Message{Class: mail.DeliveryReport})
	for _, tt := range []struct {
		name string
		to   mail.ID
		want string
	}{
		{"a note", w.put("ann@Here", mail.Message{Class: mail.Note}), "OK"},
		{"a delivery report", w.put("ann@Here", mail.Message{Class: mail.DeliveryReport}), "InvalidArgument message.in_reply_to NOT_REPLIABLE"},
		{"a read receipt", w.put("ann@Here", mail.Message{Class: mail.ReadReceipt}), "InvalidArgument message.in_reply_to NOT_REPLIABLE"},
		{"system mail", w.put("ann@Here", mail.Message{Class: mail.System}), "InvalidArgument message.in_reply_to NOT_REPLIABLE"},
		{"a report to somebody else", bobs, "OK"},
		{"what is not here", unknownID, "OK"},
	} {
		m := note("ann@Here", "RE: "+tt.name, "b", "bob@Here")
		m.InReplyTo = string(tt.to)
		_, err := w.mail.SubmitMessage(w.as("ann"), &pb.SubmitMessageRequest{Message: m})
		if got := refusal(err); got != tt.want {
			t.Errorf("an answer to %s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
	if got := w.subjects("bob", "bob@Here"); strings.Count(got, "RE:") != 3 {
		t.Errorf("bob has %q", got)
	}
}

// TestPostmasterWithAMailbox: where an operator made a mailbox under such a name, somebody reads it.
func TestPostmasterWithAMailbox(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("NET/PO/POSTMASTER", "bob")
	_, err := w.mail.SubmitMessage(w.as("ann"), &pb.SubmitMessageRequest{Message: note("ann@Here", "s", "b", "net/po/postmaster")})
	if err != nil {
		t.Error(err)
	}
}

// TestReceipts: a receipt is written when a message is acknowledged, and says what became of it in fields of its own; it is
// withheld where the call wants that.
func TestReceipts(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	send := func(subject string) string {
		m := note("ann@Here", subject, "b", "bob@Here")
		m.ReadReceipt = true
		return w.send("ann", m)
	}
	read, gone, secret := send("read"), send("gone"), send("secret")
	for range 2 {
		if _, err := w.mail.AcknowledgeMessages(w.as("bob"), &pb.AcknowledgeMessagesRequest{Mailbox: "bob@Here", MessageIds: []string{read}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.mail.DeleteMessages(w.as("bob"), &pb.DeleteMessagesRequest{Mailbox: "bob@Here", MessageIds: []string{read, gone}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mail.AcknowledgeMessages(w.as("bob"), &pb.AcknowledgeMessagesRequest{Mailbox: "bob@Here", MessageIds: []string{secret}, WithholdReceipts: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mail.DeleteMessages(w.as("bob"), &pb.DeleteMessagesRequest{Mailbox: "bob@Here", MessageIds: []string{secret}}); err != nil {
		t.Fatal(err)
	}
	entries := w.list("ann", "ann@Here")
	if len(entries) != 2 {
		t.Fatalf("ann has %d receipts, want 2: %v", len(entries), entries)
	}
	for i, want := range []struct {
		id, subject string
		outcome     pb.ReceiptOutcome
	}{{read, "read", pb.ReceiptOutcome_RECEIPT_OUTCOME_READ}, {gone, "gone", pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ}} {
		m := entries[i].Message
		r := m.GetReceipt()
		if m.Class != pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT || m.Regarding != want.id || m.Sender != "bob@Here" || r.GetOutcome() != want.outcome ||
			r.GetReader() != "bob@Here" || r.GetSubject() != want.subject || r.GetSubmitTime() == nil || r.GetReadTime() == nil {
			t.Errorf("the receipt for %q says %v", want.subject, m)
		}
	}
}

// TestOwnReceipt: a client may write a receipt itself, for the mailbox it sends from.
func TestOwnReceipt(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	m := note("ann@Here", "read", "b", "ann@Here")
	m.Class, m.Regarding, m.Receipt = pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT, unknownID, &pb.ReceiptDetails{Subject: "hello"}
	w.send("ann", m)
	r := w.list("ann", "ann@Here")[0].Message.Receipt
	if r.GetReader() != "ann@Here" || r.GetSubject() != "hello" || r.GetOutcome() != pb.ReceiptOutcome_RECEIPT_OUTCOME_READ {
		t.Errorf("the receipt says %v", r)
	}
}
