package storetest

import (
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Place is where an engine keeps its data.
type Place interface {
	// Open opens the engine, the first time or after it was closed.
	Open() (store.Engine, error)
}

// Run shows that an engine carries a store. place makes a new empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, *bench){
		"engine/map":              engineMap,
		"engine/files":            engineFiles,
		"lane/numbers":            laneNumbers,
		"lane/release":            laneRelease,
		"lane/move":               laneMove,
		"lane/void":               laneVoid,
		"lane/waiting room":       laneRoom,
		"lane/oldest":             laneOldest,
		"lane/wait":               laneWait,
		"mailbox/life":            mailboxLife,
		"mailbox/once":            mailboxOnce,
		"mailbox/positions":       mailboxPositions,
		"mailbox/dropped at once": mailboxDroppedAtOnce,
		"mailbox/pages":           mailboxPages,
		"mailbox/wait":            mailboxWait,
		"mailbox/aliases":         mailboxAliases,
		"mailbox/aliases at once": mailboxAliasesAtOnce,
		"mailbox/aliasing":        mailboxAliasing,
		"message/shared":          messageShared,
		"message/handed on":       messageHandedOn,
		"message/gone at once":    messageGoneAtOnce,
		"message/content":         messageContent,
		"message/refused":         messageRefused,
		"message/draft":           messageDraft,
		"message/one draft":       messageOneDraft,
		"bad mail":                badMail,
		"request":                 requests,
		"trace":                   traces,
		"record":                  records,
		"inbound/account":         inboundAccount,
		"inbound/exceptions":      inboundExceptions,
		"inbound/bounds":          inboundBounds,
		"inbound/fence":           inboundFence,
		"sweep":                   sweep,
		"commit/nothing on error": commitNothing,
		"commit/at once":          commitAtOnce,
		"space":                   space,
		"wear":                    wear,
		"identity":                identity,
		"identity/renewed":        renewed,
	} {
		t.Run(name, func(t *testing.T) { test(t, newBench(t, place(t), store.Options{})) })
	}
}

// bench is a store on a place, and the few things every test of it needs.
type bench struct {
	*store.Store
	t     *testing.T
	place Place
	o     store.Options
}

var (
	ann = mail.MustAddress("NET/PO/ann")
	bob = mail.MustAddress("bob@Marketing")
	cal = mail.MustAddress("SMTP:cal@example.com")
)

func newBench(t *testing.T, p Place, o store.Options) *bench {
	b := &bench{t: t, place: p, o: o}
	b.open()
	t.Cleanup(func() { _ = b.Store.Close() }) // a test may have broken it on purpose
	return b
}

func (b *bench) open() {
	b.t.Helper()
	e, err := b.place.Open()
	if err != nil {
		b.t.Fatal(err)
	}
	if b.Store, err = store.Open(e, b.o); err != nil {
		b.t.Fatal(err)
	}
}

// reopen ends the store in good order and opens it again; its books have to add up both times.
func (b *bench) reopen() {
	b.t.Helper()
	b.clean()
	if err := b.Store.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
	b.clean()
}

func (b *bench) clean() {
	b.t.Helper()
	clean(b.t, b.Store)
}

func (b *bench) do(build func(*store.Tx) error) {
	b.t.Helper()
	commit(b.t, b.Store, build)
}

// enqueue keeps a message and puts it into a lane, and returns the message's ID.
func (b *bench) enqueue(l store.Lane, body string, to ...mail.Address) mail.ID {
	b.t.Helper()
	m, d := Message(b.t, b.Store, body, to...)
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		_, err := tx.Enqueue(l, store.Entry{MessageID: m.ID, Recipients: to})
		return err
	})
	return m.ID
}

// deliver makes the mailbox if need be, keeps a message and puts it there.
func (b *bench) deliver(a mail.Address, body string) mail.ID {
	b.t.Helper()
	m, d := Message(b.t, b.Store, body, a)
	b.do(func(tx *store.Tx) error {
		if _, err := tx.AddMailbox(a, nil); err != nil {
			return err
		}
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		_, err := tx.Deliver(a, m.ID)
		return err
	})
	return m.ID
}

func (b *bench) equal(what string, got, want any) {
	b.t.Helper()
	equal(b.t, what, got, want)
}

func (b *bench) entries(l store.Lane, after uint64) []store.Entry {
	b.t.Helper()
	es, err := b.Entries(l, after, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return es
}

func (b *bench) box(a mail.Address) []store.MailboxEntry {
	b.t.Helper()
	es, err := b.MailboxEntries(a, 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return es
}
