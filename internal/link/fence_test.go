package link

import (
	"errors"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// A sender whose session was fenced lets nothing go, moves nothing and sets nothing aside: the marks that a newer session
// has read hold still.
func TestFencedSenderChangesNothing(t *testing.T) {
	st := memoryStore(t)
	l := &Links{o: Options{Store: st}}
	l.o.setDefaults()
	p := newPeer(l, "0197a000-0000-7000-8000-00000000ffff")
	e := &end{store: st, options: l.o}
	must(t, e.enqueueFor(mail.StoreID(p.lane), 1))
	fence, err := st.OpenSession(t.Context(), p.id, 1)
	must(t, err)
	_, err = st.OpenSession(t.Context(), p.id, 1)
	must(t, err)
	w := &sender{s: &session{l: l, ctx: t.Context(), fence: fence}, p: p, lane: p.lane, wake: make(chan struct{}, 1)}
	entry, _, err := w.entry(1)
	must(t, err)
	for what, try := range map[string]func() error{
		"release": func() error { return w.release(1, nil, nil) },
		"except": func() error {
			return w.except([]store.OpenException{{Seq: 1, Exception: mail.Exception{Kind: mail.NotServed}}})
		},
		"aside": func() error { return w.setAside(entry, errors.New("cannot be read")) },
	} {
		if err := try(); !errors.Is(err, store.ErrFenced) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := st.Lane(p.lane).Depth; n != 1 {
		t.Errorf("%d deliveries are left of 1", n)
	}
}

// A receiver whose session was fenced says nothing of what it could not take: it is written down nowhere.
func TestFencedReceiverSaysNothing(t *testing.T) {
	st := memoryStore(t)
	l := &Links{o: Options{Store: st}}
	l.o.setDefaults()
	p := newPeer(l, "0197a000-0000-7000-8000-00000000ffff")
	fence, err := st.OpenSession(t.Context(), p.id, 1)
	must(t, err)
	_, err = st.OpenSession(t.Context(), p.id, 1)
	must(t, err)
	r := &receiver{s: &session{l: l, ctx: t.Context(), fence: fence}, p: p}
	large := arrived{Arrival: Arrival{Seq: 1}, refused: &mail.Exception{Recipients: []mail.Address{box}, Kind: mail.Deferred, Reason: "too large"}}
	if err := r.refuse([]arrived{large}); !errors.Is(err, store.ErrFenced) || len(r.excepted) > 0 {
		t.Errorf("%v, and %d exceptions are to be told", err, len(r.excepted))
	}
}
