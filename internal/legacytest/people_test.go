package legacytest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sidegate/internal/legacypair"
	"sidegate/internal/mail"
	"sidegate/internal/simtest/history"
	pb "sidegate/proto/sidegate/v1"
)

// The people at either end, and how many messages each way.
var (
	pcUsers  = []string{"NET1/PO1/ADMIN", "NET1/PO1/SJONES", "NET1/PO2/BOB"}
	macUsers = []string{"anna@Sales", "John Chen@Sales", "bob@Sales"}
)

// letter is one numbered message.
type letter struct {
	label, from, to, body string
}

func letters(direction string, n int, from, to []string) []letter {
	out := make([]letter, n)
	for i := range out {
		label := fmt.Sprintf("%s %06d", direction, i)
		out[i] = letter{label, from[i%len(from)], to[i/len(from)%len(to)], fmt.Sprintf("This is %s.\nIt has %d lines.\n%s", label, 3+i%5, strings.Repeat("And one more.\n", i%5))}
	}
	return out
}

func digest(body string) [32]byte {
	return sha256.Sum256([]byte(strings.ReplaceAll(body, "\r\n", "\n")))
}

func key(address string) string { return mail.MustAddress(address).Key() }

// begin notes a letter in the history.
func (l letter) begin(log *history.Log) {
	log.Begin(l.label, key(l.from), []string{key(l.to)}, digest(l.body))
}

// person is an end of the way, old or new.
type person interface {
	// send hands all letters in, in order.
	send(log *history.Log, ls []letter)
	// arrived notes everything that has come for the people here and returns how much that is.
	arrived(log *history.Log, at []string) int
	count() int
}

// old is people behind a half.
type old struct {
	half legacypair.Half
}

func (o old) send(log *history.Log, ls []letter) {
	for _, l := range ls {
		l.begin(log)
		o.half.Send(legacypair.Message{
			To: []string{typed(l.to)}, From: typed(l.from), Subject: l.label, Body: strings.ReplaceAll(l.body, "\n", "\r\n"), Priority: "3",
		})
		log.Ack(l.label)
	}
}

func typed(address string) string {
	a := mail.MustAddress(address)
	return a.Type + ":" + a.Value
}

func (o old) count() int { return len(o.half.Received()) }

func (o old) arrived(log *history.Log, _ []string) int {
	received := o.half.Received()
	for _, m := range received {
		for _, to := range m.To {
			log.Arrive(history.Delivery{Label: m.Subject, Recipient: key(to)}, digest(m.Body))
		}
	}
	return len(received)
}

// modern is people at a side.
type modern struct {
	t      *testing.T
	client pb.MailServiceClient
	boxes  []string
}

func (p modern) send(log *history.Log, ls []letter) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for _, l := range ls {
		l.begin(log)
		_, err := p.client.SubmitMessage(ctx, &pb.SubmitMessageRequest{Message: &pb.Message{
			Sender: l.from, Recipients: &pb.Recipients{To: []string{l.to}}, Subject: l.label, Body: l.body,
		}})
		if err != nil {
			p.t.Errorf("%s: %v", l.label, err)
			return
		}
		log.Ack(l.label)
	}
}

func (p modern) count() int {
	n := 0
	for _, box := range p.boxes {
		n += p.each(box, func(*pb.Message) {})
	}
	return n
}

func (p modern) arrived(log *history.Log, at []string) int {
	n := 0
	for _, box := range at {
		n += p.each(box, func(m *pb.Message) {
			log.Arrive(history.Delivery{Label: m.Subject, Recipient: key(box)}, digest(m.Body))
		})
	}
	return n
}

// each reads a mailbox in order. One that is not there yet is empty.
func (p modern) each(box string, fn func(*pb.Message)) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := p.client.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: box})
	if err != nil {
		return 0
	}
	for n := 0; ; n++ {
		r, err := stream.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) && status.Code(err) != codes.NotFound {
				p.t.Logf("%s: %v", box, err)
			}
			return n
		}
		fn(r.GetEntry().GetMessage())
	}
}
