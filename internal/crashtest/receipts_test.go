package crashtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidegate/internal/legacypair"
	pb "sidegate/proto/sidegate/v1"
)

// reading is one mailbox and what its owner does.
type reading struct {
	tr         *trio
	side, name string
}

func (r reading) client() pb.MailServiceClient {
	return pb.NewMailServiceClient(r.tr.mail.conns[r.side])
}

// list is everything in the mailbox; nothing while the side is away.
func (r reading) list() []*pb.Message {
	ctx, cancel := r.tr.within(oneAttempt)
	defer cancel()
	answer, err := r.client().ListMessages(ctx, &pb.ListMessagesRequest{Mailbox: r.name, PageSize: 1000})
	if err != nil {
		return nil
	}
	var all []*pb.Message
	for _, e := range answer.GetEntries() {
		all = append(all, e.GetMessage())
	}
	return all
}

// arrived waits for a message with a subject.
func (r reading) arrived(subject string) *pb.Message {
	r.tr.t.Helper()
	var found *pb.Message
	if !await(patience, func() bool {
		for _, m := range r.list() {
			if m.GetSubject() == subject {
				found = m
			}
		}
		return found != nil
	}) {
		r.tr.fatalf("%q never came to %s", subject, r.name)
	}
	return found
}

// receipts are the receipts about a message.
func (r reading) receipts(id string) (found []*pb.Message) {
	for _, m := range r.list() {
		if m.GetClass() == pb.MessageClass_MESSAGE_CLASS_READ_RECEIPT && m.GetRegarding() == id {
			found = append(found, m)
		}
	}
	return found
}

// mark acknowledges or deletes a message, once: the side may die of it.
func (r reading) mark(id string, remove bool) error {
	ctx, cancel := r.tr.within(oneAttempt)
	defer cancel()
	var err error
	if remove {
		_, err = r.client().DeleteMessages(ctx, &pb.DeleteMessagesRequest{Mailbox: r.name, MessageIds: []string{id}})
	} else {
		_, err = r.client().AcknowledgeMessages(ctx, &pb.AcknowledgeMessagesRequest{Mailbox: r.name, MessageIds: []string{id}})
	}
	return err
}

// markAndDie kills the side in the middle of a mark and marks again once it is back, several times.
func (r reading) markAndDie(id string, remove bool, point string) {
	r.tr.t.Helper()
	r.tr.process(r.side).kill()
	p := r.tr.start(r.side, point)
	r.tr.ready(r.side)
	if err := r.mark(id, remove); err == nil || !p.diesWithin(10*time.Second) || !p.killed() {
		r.tr.fatalf("%s did not die at %s: %v", r.side, point, err)
	}
	r.tr.start(r.side, "")
	r.tr.ready(r.side)
	for range 3 {
		var err error
		if !await(patience, func() bool { err = r.mark(id, remove); return err == nil }) {
			r.tr.fatalf("marking at %s: %v", r.side, err)
		}
	}
}

// wish sends a letter whose sender wishes a receipt.
func (tr *trio) wish(side, from, to, subject string) string {
	tr.t.Helper()
	ctx, cancel := tr.within(patience)
	defer cancel()
	answer, err := pb.NewMailServiceClient(tr.mail.conns[side]).SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: &pb.Message{
		Sender: from, Recipients: &pb.Recipients{To: []string{to}}, Subject: subject, Body: "Please answer.\n", ReadReceipt: true,
	}})
	if err != nil {
		tr.fatalf("send %q: %v", subject, err)
	}
	return answer.GetMessageId()
}

// one waits for the only receipt about a message, and for everything to come to rest, and then wants no second one.
func (r reading) one(id, about string) *pb.Message {
	r.tr.t.Helper()
	var found []*pb.Message
	if !await(patience, func() bool { found = r.receipts(id); return len(found) > 0 && r.tr.mail.busy() == "" }) {
		r.tr.fatalf("%s: %d receipts, and waiting is %q", about, len(found), r.tr.mail.busy())
	}
	if found = r.receipts(id); len(found) != 1 {
		r.tr.t.Errorf("%s: %d receipts, want 1", about, len(found))
	}
	return found[0]
}

// TestReceipts: three processes and an old half. A receipt comes back for what was read, and for what was deleted unread,
// exactly once although the reader's side is killed just before and just after it writes it; to the old half and from it they
// cross as text.
func TestReceipts(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	janes, annas := reading{tr, "pcside", jane}, reading{tr, "macside", anna}
	for _, blow := range []struct {
		point  string
		remove bool
		want   pb.ReceiptOutcome
	}{
		{"intake.mark.before", false, pb.ReceiptOutcome_RECEIPT_OUTCOME_READ},
		{"intake.mark.after", true, pb.ReceiptOutcome_RECEIPT_OUTCOME_NOT_READ},
	} {
		subject := "killed at " + blow.point
		id := tr.wish("pcside", jane, anna, subject)
		annas.arrived(subject)
		annas.markAndDie(id, blow.remove, blow.point)
		r := janes.one(id, subject).GetReceipt()
		if r.GetOutcome() != blow.want || r.GetReader() != anna || r.GetSubject() != subject || r.GetReadTime() == nil || r.GetSubmitTime() == nil {
			t.Errorf("%s: the receipt says %v", subject, r)
		}
	}
	tr.receiptFromOld(janes)
	tr.receiptToOld(janes)
}

// oldMail waits for a message that the half has received.
func (tr *trio) oldMail(what string, is func(legacypair.Message) bool) legacypair.Message {
	tr.t.Helper()
	var found *legacypair.Message
	if !await(patience, func() bool {
		for _, m := range tr.old.received() {
			if is(m) {
				found = &m
			}
		}
		return found != nil
	}) {
		tr.fatalf("the half never received %s", what)
	}
	return *found
}

// receiptFromOld: KB Q131523, Q119047. The old half gets the wish as a letter, and sends a text from POSTOFFICE back.
func (tr *trio) receiptFromOld(janes reading) {
	tr.t.Helper()
	id := tr.wish("pcside", jane, bob, "to the old half")
	m := tr.oldMail("the letter", func(m legacypair.Message) bool { return m.Subject == "to the old half" })
	if m.Priority != "R" {
		tr.t.Errorf("the wish is priority %q, want R", m.Priority)
	}
	at, err := time.Parse("2006-01-02", m.Date)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.old.half.Send(legacypair.Message{To: []string{"CSI:" + jane}, From: "CSI:MACNET/MACPO/POSTOFFICE", Subject: "Registered: bob", Priority: "C",
		Body: fmt.Sprintf("[013] ***** Read receipt from a registered message *****\r\n\r\nTo: bob\r\nDate: %s\r\nSubject: to the old half\r\nTime: %s\r\n\r\nWas read %s 23:59\r\n",
			at.Format("01-02-06"), m.Time, at.Format("01-02-06"))})
	r := janes.one(id, "a receipt from the old half")
	if r.GetSender() != bob || r.GetReceipt().GetReader() != bob || r.GetReceipt().GetSubject() != "to the old half" || r.GetReceipt().GetOutcome() != pb.ReceiptOutcome_RECEIPT_OUTCOME_READ {
		tr.t.Errorf("the receipt from the old half says %v", r)
	}
}

// receiptToOld: KB Q175040. What was read at a side comes back to the old half in the form it knows.
func (tr *trio) receiptToOld(janes reading) {
	tr.t.Helper()
	tr.old.half.Send(legacypair.Message{To: []string{"CSI:" + jane}, From: "MSMAIL:" + bob, Subject: "from the old half", Priority: "R", Body: "Please answer.\r\n"})
	janes.markAndDie(janes.arrived("from the old half").GetMessageId(), false, "intake.mark.after")
	isReceipt := func(m legacypair.Message) bool { return m.Priority == "C" }
	m := tr.oldMail("the receipt", isReceipt)
	for _, want := range []string{"Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt\r\n", "(MS:" + jane + ")", "With subject: from the old half\r\n", "Was read on: "} {
		if !strings.Contains(m.Body, want) {
			tr.t.Errorf("the receipt to the old half lacks %q:\n%s", want, m.Body)
		}
	}
	if !await(patience, func() bool { return tr.mail.busy() == "" }) {
		tr.fatalf("it never came to rest: %s", tr.mail.busy())
	}
	for _, again := range tr.old.received() {
		if isReceipt(again) {
			tr.t.Errorf("the old half got a second receipt: %+v", again)
		}
	}
}
