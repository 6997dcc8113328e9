package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidegate/internal/legacypair"
	"sidegate/internal/simtest/history"
	pb "sidegate/proto/sidegate/v1"
)

// quiet waits until nothing moves any more, and returns what still does when the time is over.
func (w *world) quiet(letters []*letter, within time.Duration) (unrest string) {
	calm := 0
	for begun := time.Now(); time.Since(begun) < within; time.Sleep(5 * time.Second) {
		if unrest = w.unrest(letters); unrest != "" {
			calm = 0
		} else if calm++; calm == 3 {
			return ""
		}
	}
	return unrest
}

// unrest says what still waits, if anything does.
func (w *world) unrest(letters []*letter) string {
	for _, l := range letters {
		if !l.acked.Load() {
			return l.label + " was never acknowledged"
		}
	}
	if !w.half.idle() {
		return "the half still has mail to send"
	}
	for _, name := range order {
		e := w.ends[name].running()
		if e == nil {
			return name + " does not run"
		}
		for _, l := range e.Store.Lanes() {
			if l.Depth > 0 {
				return fmt.Sprintf("%s: %d deliveries in lane %s", name, l.Depth, l.Lane)
			}
		}
	}
	if name := w.onShare(); name != "" {
		return name + " lies in the spool"
	}
	return w.strangers()
}

// shortest is less than any mail has as a file, and more than any handshake.
const shortest = 100

// onShare names a mail that lies on the share.
func (w *world) onShare() string {
	c := w.share.Client("mason")
	for _, dir := range []string{w.half.in, w.half.out} {
		entries, err := c.ReadDir(dir)
		if err != nil {
			return err.Error()
		}
		for _, e := range entries {
			if e.Size > shortest {
				return dir + "/" + e.Name
			}
		}
	}
	return ""
}

// collection is what the end of a run looks like.
type collection struct {
	letters  map[string]*letter
	log      *history.Log
	ids      map[string]string
	strange  []string
	copies   int
	reports  int
	returned map[history.Delivery]bool
}

// collect looks into every mailbox, and at what the half took.
func (w *world) collect(ctx context.Context, c *clients, letters []*letter) (*collection, error) {
	col := &collection{letters: map[string]*letter{}, log: w.log, ids: c.ids, returned: map[history.Delivery]bool{}}
	for _, l := range letters {
		col.letters[l.label] = l
		for _, r := range l.to {
			if slices.Contains(nobody, r) {
				col.returned[history.Delivery{Label: l.label, Recipient: r}] = true
			}
		}
	}
	for _, m := range w.half.old.Received() {
		col.legacy(w, m.Subject, m.Body, m.To)
	}
	forgiven := w.forgiven
	for _, n := range w.half.old.Notices() {
		if n.Subject == legacypair.OverAge {
			continue // its own watch, which may speak while something is wrong
		}
		if forgiven--; forgiven < 0 {
			col.strange = append(col.strange, fmt.Sprintf("the half complains: %s: %s", n.Subject, n.Text))
		}
	}
	for _, name := range order {
		e := w.ends[name]
		e.mu.Lock()
		boxes := slices.Clone(e.boxes)
		e.mu.Unlock()
		for _, box := range boxes {
			all, err := c.read(ctx, name, box)
			if err != nil {
				return nil, err
			}
			for _, b := range all {
				col.mailbox(box, b)
			}
		}
		if err := col.bad(ctx, c, name); err != nil {
			return nil, err
		}
		if err := col.waiting(ctx, c, name); err != nil {
			return nil, err
		}
	}
	return col, nil
}

// mailbox notes one message in one mailbox.
func (c *collection) mailbox(box string, b letterbox) {
	m := b.entry.GetMessage()
	switch m.GetClass() {
	case pb.MessageClass_MESSAGE_CLASS_DELIVERY_REPORT:
		var failed []string
		for _, f := range m.GetFailures() {
			failed = append(failed, f.GetAddress())
		}
		c.report(box, m.GetRegarding(), b.text(), failed)
	default:
		c.copies++
		c.log.Arrive(history.Delivery{Label: m.GetSubject(), Recipient: box}, digestOf(b.text(), b.files()))
	}
}

// legacy notes one message that the half took.
func (c *collection) legacy(w *world, subject, body string, to []string) {
	if c.letters[subject] == nil {
		text := strings.ReplaceAll(body, "\r\n", "\n")
		if strings.HasPrefix(subject, "Undeliverable") || strings.HasPrefix(subject, "Mail failure") {
			c.report(untyped(to[0]), "", text, nil)
		} else {
			c.strange = append(c.strange, fmt.Sprintf("the half took %q for %q", subject, to))
		}
		return
	}
	for _, t := range to {
		c.copies++
		c.log.Arrive(history.Delivery{Label: subject, Recipient: spelled(w, untyped(t))}, digestOf(body, nil))
	}
}

// spelled is how the plan writes an address that the half read.
func spelled(w *world, a string) string {
	for _, b := range behind(w.role) {
		if strings.EqualFold(a, b) {
			return b
		}
	}
	return a
}

func untyped(a string) string {
	if t, rest, ok := strings.Cut(a, ":"); ok && (t == "CSI" || t == "MSMAIL") {
		return rest
	}
	return a
}

// report notes a delivery report: which letter it speaks of stands in its text, the recipients in its fields, or, when it
// went through a file, one to a line.
func (c *collection) report(reader, regarding, text string, failed []string) {
	c.reports++
	l := c.letters[c.ids[regarding]]
	for line := range strings.SplitSeq(text, "\n") {
		for _, head := range []string{"Message title:", "Subject:"} {
			if title, ok := strings.CutPrefix(line, head); ok && l == nil {
				l = c.letters[strings.TrimSpace(title)]
			}
		}
	}
	if l == nil {
		c.strange = append(c.strange, fmt.Sprintf("%s has a report about nothing known (%s):\n%s", reader, regarding, text))
		return
	}
	if !strings.EqualFold(reader, l.sender) {
		c.strange = append(c.strange, fmt.Sprintf("%s has the report about %s of %s", reader, l.label, l.sender))
	}
	if failed == nil {
		for line := range strings.SplitSeq(text, "\n") {
			failed = append(failed, strings.TrimPrefix(strings.TrimSpace(line), "| "))
		}
	}
	for _, f := range failed {
		for _, r := range l.to {
			if strings.EqualFold(f, r) {
				c.log.Report(history.Delivery{Label: l.label, Recipient: r})
			}
		}
	}
}

// bad looks for bad mail that nobody was told of, except for reports that themselves found nobody.
func (c *collection) bad(ctx context.Context, cs *clients, end string) error {
	r, err := pb.NewAdminServiceClient(cs.conns[end]).ListBadMail(ctx, &pb.ListBadMailRequest{PageSize: 1000})
	if err != nil {
		return fmt.Errorf("bad mail of %s: %w", end, err)
	}
	for _, b := range r.GetEntries() {
		m := b.GetMessage()
		for _, a := range b.GetRecipients() {
			d := history.Delivery{Label: m.GetSubject(), Recipient: a}
			if m.GetClass() != pb.MessageClass_MESSAGE_CLASS_NOTE || !c.returned[d] {
				c.strange = append(c.strange, fmt.Sprintf("bad mail at %s: %q for %s: %s: %s", end, m.GetSubject(), a, b.GetReason(), b.GetExplanation()))
			}
		}
	}
	return nil
}

// waiting notes what still lies in lanes.
func (c *collection) waiting(ctx context.Context, cs *clients, end string) error {
	r, err := pb.NewAdminServiceClient(cs.conns[end]).ListQueueEntries(ctx, &pb.ListQueueEntriesRequest{PageSize: 1000})
	if err != nil {
		return fmt.Errorf("queue of %s: %w", end, err)
	}
	for _, e := range r.GetEntries() {
		for _, a := range e.GetRecipients() {
			c.log.Wait(history.Delivery{Label: e.GetSubject(), Recipient: a})
		}
	}
	return nil
}

// audit counts the books of every end.
func (w *world) audit() []string {
	var found []string
	for _, name := range order {
		e := w.ends[name].running()
		if e == nil {
			found = append(found, name+" does not run")
			continue
		}
		problems, err := e.Store.Audit()
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, p := range problems {
			found = append(found, name+": the books do not add up: "+p)
		}
	}
	return found
}

// watch looks now and then, until ctx ends, at what the ends say of the links between them. That is held against what
// visited noted: both ends ran, bytes got through, and both stores had made something durable.
func (w *world) watch(ctx context.Context, every time.Duration) {
	for ctx.Err() == nil {
		pause(ctx, every)
		now := time.Now()
		for _, name := range order {
			e := w.ends[name].running()
			if e == nil {
				continue
			}
			for _, l := range e.Links.Status() {
				for _, d := range l.Directions {
					if w.ends[d.From] != nil && w.ends[d.To] != nil && (d.From == name || d.To == name) {
						w.log.State(way(d.From, d.To), d.State == "up", now)
					}
				}
			}
		}
	}
}
