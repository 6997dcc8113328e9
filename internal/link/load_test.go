package link

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
)

// interrupted is an engine that does something after the next scan.
type interrupted struct {
	store.Engine
	then func()
}

func (i *interrupted) Scan(lower, upper []byte, reverse bool, fn func(key, value []byte) bool) error {
	err := i.Engine.Scan(lower, upper, reverse, fn)
	if then := i.then; then != nil {
		i.then = nil
		then()
	}
	return err
}

// What the peer had already may be let go while it is being read to be sent; what lies behind it is sent all the same.
func TestLetGoWhileItIsRead(t *testing.T) {
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: vfs.NewMem()})
	must(t, err)
	between := &interrupted{Engine: engine}
	st, err := store.Open(between, store.Options{})
	must(t, err)
	defer func() { must(t, st.Close()) }()
	l := &Links{o: Options{Store: st}}
	l.o.setDefaults()
	p := newPeer(l, "0197a000-0000-7000-8000-00000000ffff")
	e := &end{store: st, options: l.o}
	must(t, e.enqueueFor(mail.StoreID(p.lane), 300))
	w := &sender{s: &session{l: l, ctx: t.Context()}, p: p, lane: p.lane}
	between.then = func() {
		must(t, st.CommitCustody(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Release(p.lane, 260, nil)
			return err
		}))
	}
	must(t, w.load(1000))
	if len(w.entries) != 40 || w.entries[0].Seq != 261 {
		t.Errorf("%d entries were read", len(w.entries))
	}
	if !p.isBound(300) {
		t.Error("what was read is not bound")
	}
}
