package intake

import (
	"context"
	"errors"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
)

// Submission is a message on its way in, from a client or a spool.
type Submission struct {
	// Message without what is set here: ID, Submitted, Origin, OriginStore, Class, Priority, each only when it is
	// zero. Hops may be inherited; the own hop is added. Sizes and hashes must be those of Content.
	Message *mail.Message
	// Recipients is the envelope. Addresses with the same Key count once.
	Recipients []mail.Address
	// Content is sealed. The caller discards it afterwards in any case.
	Content *store.Draft
	// Request is the caller's own name for this, if it has one.
	Request *store.Request
	// Extra joins the same commit, for example the record that a file was imported. It does not run when the request
	// was answered before.
	Extra func(*store.Tx, mail.ID) error
}

// Result is what became of one submission.
type Result struct {
	ID  mail.ID
	Err error
}

// Submit takes a new message. Everything is durable when it returns; after an error nothing is stored. A request that
// was answered before gets its first answer again.
//
// Errors: *wire.FieldError for what is not acceptable, store.ErrConflict for a request ID used for something else,
// store.ErrFull, store.ErrFailed, and those of Extra and of ctx.
func (in *Intake) Submit(ctx context.Context, s Submission) (mail.ID, error) {
	r := in.SubmitAll(ctx, []Submission{s})
	return r[0].ID, r[0].Err
}

// SubmitAll is Submit for several, in one commit: each is taken or refused on its own.
func (in *Intake) SubmitAll(ctx context.Context, ss []Submission) []Result {
	results := make([]Result, len(ss))
	var ready []*entrant
	for i := range ss {
		e, err := in.prepare(&ss[i])
		if err != nil {
			results[i].Err = err
			continue
		}
		e.result = &results[i]
		ready = append(ready, e)
	}
	if len(ready) == 0 {
		return results
	}
	err := in.admit(ctx, ready)
	if err != nil && len(ready) > 1 && single(ctx, err) {
		for _, e := range ready {
			if err := in.admit(ctx, []*entrant{e}); err != nil {
				e.result.Err = err
			}
		}
	} else if err != nil {
		for _, e := range ready {
			e.result.Err = err
		}
	}
	for i := range results {
		if results[i].Err != nil {
			results[i].ID = ""
		}
	}
	return results
}

// single reports whether a failed commit of many is worth trying one by one: not when the failure was everybody's.
func single(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, store.ErrFailed) && !errors.Is(err, store.ErrFull) && !errors.Is(err, store.ErrFenced)
}

// entrant is a submission that has been checked.
type entrant struct {
	*Submission
	message    *mail.Message
	recipients []mail.Address
	loop       bool
	result     *Result
}

func (in *Intake) prepare(s *Submission) (*entrant, error) {
	m := *s.Message
	if m.Origin == 0 {
		m.Origin = mail.FromClient
	}
	recipients := unique(s.Recipients)
	if err := in.check(&m, recipients); err != nil {
		return nil, err
	}
	if m.ID == "" {
		m.ID = in.store.NewID()
	}
	if m.OriginStore == "" {
		m.OriginStore = in.store.ID()
	}
	if m.Class == 0 {
		m.Class = mail.Note
	}
	if m.Priority == 0 {
		m.Priority = 3
	}
	if m.Submitted.IsZero() {
		m.Submitted = in.store.Now()
	}
	// Mail that was published into a spool and came back inherits the hop it had there; once is no loop, because a
	// list on the old side may well send it on to somebody else here.
	loop := in.passed(&m) > 1 || len(m.Hops) >= mail.MaxHops
	return &entrant{Submission: s, message: in.withHop(&m), recipients: recipients, loop: loop}, nil
}

func (in *Intake) check(m *mail.Message, recipients []mail.Address) error {
	switch {
	case len(recipients) == 0:
		return &wire.FieldError{Field: "message.recipients", Problem: "names nobody"}
	case m.Origin == mail.FromClient && len(recipients) > in.o.MaxRecipients:
		return &wire.FieldError{Field: "message.recipients", Problem: fmt.Sprintf("names %d recipients, the most is %d", len(recipients), in.o.MaxRecipients)}
	case m.Size > in.o.MaxMessageBytes:
		return &wire.FieldError{Field: "message.size_bytes", Problem: fmt.Sprintf("the content has %d bytes, the most is %d", m.Size, in.o.MaxMessageBytes)}
	}
	return in.checkFax(m, recipients)
}

// admit takes all of es in one commit.
func (in *Intake) admit(ctx context.Context, es []*entrant) error {
	in.ready(ctx)
	return in.commit(ctx, "submit", false, func(w *work) error {
		for _, e := range es {
			*e.result = Result{}
			if err := w.admit(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *work) admit(e *entrant) error {
	e.result.ID = e.message.ID
	if e.Request != nil {
		first, err := w.tx.Once(*e.Request, e.message.ID)
		if errors.Is(err, store.ErrConflict) {
			e.result.Err = err
			return nil
		}
		if err != nil {
			return err
		}
		if first != "" {
			e.result.ID = first
			return nil
		}
	}
	w.trace(e.message, mail.Address{}, EventSubmitted, submittedDetail(e.message))
	if err := w.tx.Keep(e.message, e.Content); err != nil {
		return err
	}
	if err := w.placeOrLoop(e.message, e.recipients, e.loop); err != nil {
		return err
	}
	if e.Extra != nil {
		return e.Extra(w.tx, e.message.ID)
	}
	return nil
}

// passed counts how often the message has been at this store.
func (in *Intake) passed(m *mail.Message) int {
	n := 0
	for _, h := range m.Hops {
		if h.Store == in.store.ID() {
			n++
		}
	}
	return n
}

// withHop returns m with this end added to its hops. A message that has no room for it has looped and stays as it is.
func (in *Intake) withHop(m *mail.Message) *mail.Message {
	if len(m.Hops) >= mail.MaxHops {
		return m
	}
	copied := *m
	copied.Hops = append(append([]mail.Hop(nil), m.Hops...), mail.Hop{Store: in.store.ID(), End: in.o.End, Time: in.store.Now()})
	return &copied
}

// unique drops addresses that name a recipient again.
func unique(as []mail.Address) []mail.Address {
	seen := make(map[string]bool, len(as))
	var out []mail.Address
	for _, a := range as {
		if key := a.Key(); !seen[key] && !a.IsZero() {
			seen[key] = true
			out = append(out, a)
		}
	}
	return out
}
