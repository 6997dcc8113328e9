package simtest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sidegate/internal/legacypair"
	pb "sidegate/proto/sidegate/v1"
)

// Who lives where. Mailboxes are made by the operators; everybody else whom an end serves does not exist.
var mailboxes = map[string][]string{
	pcside:  {"NET1/PO1/ANN", "NET1/PO1/BEN", "NET1/PO2/CARL"},
	macside: {"Dora@Shop", "Emil Zola@Shop", "Fred@Marketing"},
}

// moved lives behind the spool, until a run moves the address to macside.
func moved(role string) string { return behind(role)[2] }

// behind are the users of the old half.
func behind(role string) []string {
	if role == "mac" {
		return []string{"OLDNET/PO/GUS", "OLDNET/PO/HANS", "OLDNET/PO/MOVED"}
	}
	return []string{"Gus@Old", "Hans im Glueck@Old", "Moved@Old"}
}

// nobody are addresses that come back with a report: unknown at an end that serves them, or served by no end.
var nobody = []string{"NET1/PO1/NOBODY", "Nobody@Shop", "NET9/PO1/NOBODY", "Nobody@Nowhere"}

func serves(name, role string) []string {
	switch name {
	case pcside:
		return []string{"NET1/*/*"}
	case macside:
		return []string{"*@Shop", "*@Marketing"}
	}
	if role == "mac" {
		return []string{"OLDNET/*/*"}
	}
	return []string{"*@Old"}
}

// letter is one message of a run.
type letter struct {
	label  string // its subject, which nothing on the way changes
	at     time.Duration
	from   string // the end it is submitted to, or "half"
	sender string
	to     []string
	body   string
	files  [][]byte
	again  bool // submitted a second time under its request ID

	id    atomic.Pointer[string] // once it was acknowledged
	acked atomic.Bool
}

// The marks around what a letter says, because an end may write lines of its own around a text.
const (
	opening = "== begin ==\n"
	closing = "== end ==\n"
)

// digest is over what a reader must find unchanged.
func (l *letter) digest() [32]byte { return digestOf(l.body, l.files) }

func digestOf(text string, files [][]byte) [32]byte {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if _, rest, ok := strings.Cut(text, opening); ok {
		if inner, _, ok := strings.Cut(rest, closing); ok {
			text = inner
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s", len(text), text)
	for _, f := range files {
		fmt.Fprintf(h, "%d\n", len(f))
		h.Write(f)
	}
	return [32]byte(h.Sum(nil))
}

// message is the letter as a client submits it.
func (l *letter) message() *pb.Message {
	m := &pb.Message{Sender: l.sender, Subject: l.label, Body: l.body, Recipients: &pb.Recipients{To: l.to}}
	for i, f := range l.files {
		m.Attachments = append(m.Attachments, &pb.Attachment{FileName: fmt.Sprintf("file %d", i), Content: f})
	}
	return m
}

// size is that of its content.
func (l *letter) size() int {
	n := len(l.body)
	for _, f := range l.files {
		n += len(f)
	}
	return n
}

// apart is the letter as a message whose content follows.
func (l *letter) apart() (m *pb.Message, content []byte) {
	m = l.message()
	content = []byte(l.body)
	m.Body, m.BodySizeBytes = "", uint32(len(l.body))
	for i, f := range l.files {
		content = append(content, f...)
		m.Attachments[i].Content, m.Attachments[i].SizeBytes = nil, uint32(len(f))
	}
	return m, content
}

// legacy is the letter as the old half sends it.
func (l *letter) legacy() legacypair.Message {
	return legacypair.Message{
		To: typed(l.to), From: typed([]string{l.sender})[0], Date: "1996-05-02", Time: "14:15", Subject: l.label, Priority: "3",
		Body: strings.ReplaceAll(l.body, "\n", "\r\n"),
	}
}

// typed puts the type in front of addresses, as files have it.
func typed(as []string) []string {
	var out []string
	for _, a := range as {
		if strings.Contains(a, "@") {
			out = append(out, "MSMAIL:"+a)
		} else {
			out = append(out, "CSI:"+a)
		}
	}
	return out
}

// writer makes letters from a seed.
type writer struct {
	*rand.Rand
	role string
	n    int
}

// letters makes n letters, handed in within a time, in its order.
func (w *writer) letters(n int, within time.Duration) []*letter {
	var ls []*letter
	for range n {
		ls = append(ls, w.letter(within))
	}
	slices.SortStableFunc(ls, func(a, b *letter) int { return int(a.at - b.at) })
	return ls
}

func (w *writer) letter(within time.Duration) *letter {
	w.n++
	l := &letter{label: fmt.Sprintf("L%03d", w.n), at: time.Duration(w.Int64N(int64(within))), again: w.IntN(8) == 0}
	switch w.IntN(5) {
	case 0, 1:
		l.from, l.sender = pcside, w.one(mailboxes[pcside])
	case 2, 3:
		l.from, l.sender = macside, w.one(mailboxes[macside])
	default:
		l.from, l.sender, l.again = "half", w.one(behind(w.role)[:2]), false
	}
	l.to = w.recipients(l)
	small := l.from == "half" || slices.ContainsFunc(l.to, func(a string) bool { return slices.Contains(behind(w.role), a) })
	l.body = opening + w.text(small) + closing
	if !small && w.IntN(3) == 0 {
		for range 1 + w.IntN(3) {
			l.files = append(l.files, w.bytes(w.IntN(50<<10)))
		}
	}
	return l
}

func (w *writer) one(of []string) string { return of[w.IntN(len(of))] }

// recipients are one or several, of any end, not all of them known. A letter of the old half is for our sides.
func (w *writer) recipients(l *letter) []string {
	all := slices.Concat(mailboxes[pcside], mailboxes[macside])
	if l.from != "half" {
		all = append(all, behind(w.role)...)
	}
	n := 1
	if w.IntN(3) == 0 {
		n = 2 + w.IntN(4)
	}
	to := []string{}
	for _, i := range w.Perm(len(all))[:n] {
		to = append(to, all[i])
	}
	if w.IntN(6) == 0 {
		to = append(to, w.one(nobody))
	}
	return to
}

// text is up to 20 KB in lines that no end breaks, or up to 150 KB where no old half reads it.
func (w *writer) text(small bool) string {
	size := w.IntN(2000)
	switch k := w.IntN(10); {
	case k == 0:
		size = 0
	case k == 1 && small:
		size = w.IntN(20 << 10)
	case k <= 2 && !small:
		size = w.IntN(150 << 10)
	}
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "%d lines of mail, %d bottles of beer, %x\n", w.IntN(1000), w.IntN(100), w.Uint64())
	}
	return b.String()
}

func (w *writer) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.Uint32())
	}
	return b
}
