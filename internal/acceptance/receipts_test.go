package acceptance

import (
	"os"
	"strings"
	"testing"
)

// receiptShape is what read tells of a receipt.
type receiptShape struct {
	MessageID, Class, Sender, Subject, Regarding, Body string
	Receipt                                            struct{ Outcome, Reader, Subject, SubmitTime, ReadTime string }
}

// receipt waits for the receipt about a message.
func (e *end) receipt(mailbox, id string) (r receiptShape) {
	e.place.t.Helper()
	waitFor(e.place.t, "receipt about "+id, func() bool {
		for _, m := range lines[receiptShape](e.place.t, e.as("user", "inbox", mailbox, "--output", "jsonl").out) {
			if m.Regarding == id {
				r = m
				return true
			}
		}
		return false
	})
	return r
}

// TestReceiptsByHand: a wish on the command line, a reader who marks with the command line, and a receipt that says what
// became of the message; an answer to it is refused with the reason (KB Q119047); and what is withheld is told to nobody.
func TestReceiptsByHand(t *testing.T) {
	w := newTrio(t)
	read := w.pc.send(jsmith, anna, "to be read", "--read-receipt", "--body", "x")
	gone := w.pc.send(jsmith, anna, "to be thrown away", "--read-receipt", "--body", "x")
	secret := w.pc.send(jsmith, anna, "to be withheld", "--read-receipt", "--body", "x")
	plain := w.pc.send(jsmith, anna, "without a wish", "--body", "x")
	w.mac.arrived(anna, "without a wish")
	for _, args := range [][]string{
		{"read", anna, read, "--acknowledge"}, {"read", anna, read, "--acknowledge"}, {"delete", anna, read}, {"delete", anna, gone},
		{"read", anna, secret, "--acknowledge", "--withhold-receipt"}, {"delete", anna, secret}, {"read", anna, plain, "--acknowledge"},
	} {
		if d := w.mac.as("user", args...); d.code != 0 {
			t.Fatalf("%q: %s", args, d)
		}
	}
	r, not := w.pc.receipt(jsmith, read), w.pc.receipt(jsmith, gone)
	for _, c := range []struct {
		r             receiptShape
		subject, what string
	}{{r, "to be read", "RECEIPT_OUTCOME_READ"}, {not, "to be thrown away", "RECEIPT_OUTCOME_NOT_READ"}} {
		if c.r.Class != "MESSAGE_CLASS_READ_RECEIPT" || c.r.Sender != anna || c.r.Receipt.Outcome != c.what || c.r.Receipt.Reader != anna ||
			c.r.Receipt.Subject != c.subject || c.r.Receipt.SubmitTime == "" || c.r.Receipt.ReadTime == "" {
			t.Errorf("the receipt says %+v", c.r)
		}
	}
	if d := w.pc.as("user", "read", jsmith, not.MessageID, "--output", "table"); !strings.Contains(d.out, "Deleted unread:") ||
		!strings.Contains(d.out, "Its subject: to be thrown away\n") || !strings.Contains(d.out, "With subject: to be thrown away\n") {
		t.Errorf("read shows: %s", d)
	}
	d := w.pc.as("user", "send", "--from", jsmith, "--to", anna, "--subject", "RE: "+r.Subject, "--body", "x", "--in-reply-to", r.MessageID)
	if d.code != 1 || d.out != "" || !strings.Contains(d.err, "message.in_reply_to") {
		t.Errorf("an answer to the receipt: %s", d)
	}
	if d := w.mac.as("user", "send", "--from", anna, "--to", "COMPANY/DEPT/POSTOFFICE", "--subject", "x", "--body", "x"); d.code != 1 || !strings.Contains(d.err, "message.recipients.to[0]") {
		t.Errorf("mail to POSTOFFICE: %s", d)
	}
	w.mac.send(anna, jsmith, "the last")
	w.pc.arrived(jsmith, "the last")
	if got := w.pc.subjects(jsmith); len(got) != 3 {
		t.Errorf("%s has %q, want two receipts and the last", jsmith, got)
	}
}

// TestReceiptsThroughTheSpool: the wish crosses as a letter, receipts as text, and each is tied to its message again.
func TestReceiptsThroughTheSpool(t *testing.T) {
	w := newTrio(t)
	id := w.pc.send(jsmith, bob, "to the old side", "--read-receipt", "--body", "x")
	var file string
	waitFor(t, "file for the half", func() bool {
		for name, data := range w.letters("PCTOMAC") {
			file = name
			return strings.Contains(string(data), "PRIORITY:R\r\n")
		}
		return false
	})
	if err := os.Remove(w.slot("PCTOMAC", file)); err != nil { // the half has taken it
		t.Fatal(err)
	}
	w.drop("MMFF1.MSG", []byte(strings.Replace(string(letter("CSI:MACNET/MACPO/POSTOFFICE", jsmith, "Registered: bob",
		"Microsoft Mail v3.0 IPM.Microsoft Mail.Non-Read Receipt\r\n\r\nYour message to bob(MSMAIL:bob@Old)\r\nWith subject: to the old side\r\n")), "SUBJECT:", "PRIORITY:C\r\nSUBJECT:", 1)))
	if r := w.pc.receipt(jsmith, id); r.Sender != bob || r.Receipt.Outcome != "RECEIPT_OUTCOME_NOT_READ" || r.Receipt.Reader != bob || r.Receipt.SubmitTime == "" {
		t.Errorf("the receipt from the spool says %+v", r)
	}
	w.drop("MMFF2.MSG", []byte(strings.Replace(string(letter(bob, jsmith, "from the old side", "x")), "SUBJECT:", "PRIORITY:R\r\nSUBJECT:", 1)))
	m := w.pc.arrived(jsmith, "from the old side")
	if d := w.pc.as("user", "read", jsmith, m.MessageID, "--acknowledge"); d.code != 0 {
		t.Fatalf("read: %s", d)
	}
	waitFor(t, "receipt for the half", func() bool {
		for _, data := range w.letters("PCTOMAC") {
			text := string(data)
			return strings.Contains(text, "TO:MSMAIL:"+bob+"\r\n") && strings.Contains(text, "PRIORITY:C\r\n") && strings.Contains(text, "IPM.Microsoft Mail.Read Receipt\r\n") &&
				strings.Contains(text, "(MS:"+jsmith+")\r\nWith subject: from the old side\r\nAnd sent on 1994-04-04 13:10\r\nWas read on: ")
		}
		return false
	})
	// KB Q119047: an answer to POSTOFFICE from the old side is bad mail, its writer is told once, and that is the end.
	w.drop("MMFF3.MSG", letter(bob, "COMPANY/DEPT/POSTOFFICE", "RE: Registered", "x"))
	waitFor(t, "bad mail", func() bool {
		return strings.Contains(w.co.as("operator", "badmail", "list", "--output", "jsonl").out, `"NOT_REPLIABLE"`)
	})
	waitFor(t, "report", func() bool { return len(w.letters("PCTOMAC")) == 2 })
}
