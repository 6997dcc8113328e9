package legacytest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
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
	// arrived notes everything that has come for the people here and returns the labels.
	arrived(log *history.Log) []string
	// count is how much has come.
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

func (o old) count() int { return o.half.Counters().Received }

func (o old) arrived(log *history.Log) []string {
	var labels []string
	for _, m := range o.half.Received() {
		labels = append(labels, m.Subject)
		for _, to := range m.To {
			log.Arrive(history.Delivery{Label: m.Subject, Recipient: key(to)}, digest(m.Body))
		}
	}
	return labels
}

// modern is people at a side.
type modern struct {
	t      *testing.T
	client pb.MailServiceClient
	boxes  []string
	come   *atomic.Int64 // messages that those who follow their mailboxes have seen
}

// people are at a side, and follow their mailboxes until the world ends.
func (w *world) people(side *running, boxes []string) modern {
	p := modern{w.t, w.client(side), boxes, new(atomic.Int64)}
	for _, box := range boxes {
		w.all.Go(func() { p.follow(w.ctx, box) })
	}
	return p
}

// follow counts what comes into a mailbox, which is not there before its first message is.
func (p modern) follow(ctx context.Context, box string) {
	seen := map[string]bool{}
	for ctx.Err() == nil {
		stream, err := p.client.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: box, Follow: true})
		for err == nil {
			var r *pb.ReceiveMessagesResponse
			r, err = stream.Recv()
			if id := r.GetEntry().GetMessage().GetMessageId(); id != "" && !seen[id] {
				seen[id] = true
				p.come.Add(1)
			}
		}
		pause(ctx, 200*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// send has every sender hand in their letters one by one, all senders at once.
func (p modern) send(log *history.Log, ls []letter) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	of := map[string][]letter{}
	for _, l := range ls {
		of[l.from] = append(of[l.from], l)
	}
	var all sync.WaitGroup
	for _, theirs := range of {
		all.Go(func() {
			for _, l := range theirs {
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
		})
	}
	all.Wait()
}

func (p modern) count() int { return int(p.come.Load()) }

func (p modern) arrived(log *history.Log) []string {
	var labels []string
	for _, box := range p.boxes {
		p.each(box, func(m *pb.Message) {
			labels = append(labels, m.Subject)
			log.Arrive(history.Delivery{Label: m.Subject, Recipient: key(box)}, digest(m.Body))
		})
	}
	return labels
}

// each reads a mailbox in order. One that is not there yet is empty.
func (p modern) each(box string, fn func(*pb.Message)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := p.client.ReceiveMessages(ctx, &pb.ReceiveMessagesRequest{Mailbox: box})
	for err == nil {
		var r *pb.ReceiveMessagesResponse
		if r, err = stream.Recv(); err == nil && r.GetEntry() != nil {
			fn(r.GetEntry().GetMessage())
		}
	}
	if !errors.Is(err, io.EOF) && status.Code(err) != codes.NotFound {
		p.t.Errorf("%s: %v", box, err)
	}
}
