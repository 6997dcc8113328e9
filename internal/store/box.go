package store

import (
	"slices"
	"time"

	"sidegate/internal/mail"
)

// box is what is known of a mailbox in memory. Guarded by Store.state.
type box struct {
	address  mail.Address
	key      string
	owners   []string       // never changed in place
	aliases  []mail.Address // as owners
	created  time.Time
	last     uint64 // last position given
	reserved uint64 // every position up to here may have been given before the next start
	durable  uint64 // last position that is durable
	messages int
	unread   int
	dropped  bool
	shown    signal
}

// positionsAhead is how many positions a mailbox reserves at a time, so that its record is not written at every
// delivery. The rest of them is skipped at the next start.
const positionsAhead = 1000

func (b *box) info() MailboxInfo {
	return MailboxInfo{
		Address: b.address, Owners: slices.Clone(b.owners), Aliases: slices.Clone(b.aliases), Created: b.created, Messages: b.messages, Unacknowledged: b.unread, Last: b.durable,
	}
}

// boxRecord is a mailbox on disk; one that was dropped keeps its positions.
type boxRecord struct {
	address  mail.Address
	owners   []string
	created  time.Time
	reserved uint64
	dropped  bool
	aliases  []mail.Address // behind the rest: records of earlier versions end before it
}

func putBox(b []byte, r boxRecord) []byte {
	b = putUint(b, r.reserved)
	if r.dropped {
		return append(b, 1)
	}
	b = putTime(putAddress(append(b, 0), r.address), r.created)
	b = putUint(b, uint64(len(r.owners)))
	for _, owner := range r.owners {
		b = putText(b, owner)
	}
	return putAddresses(b, r.aliases)
}

func parseBox(value []byte) (boxRecord, error) {
	r := record{b: value}
	b := boxRecord{reserved: r.uint()}
	if b.dropped = r.byte() == 1; b.dropped {
		return b, r.err()
	}
	b.address, b.created = r.address(), r.time()
	for range r.count() {
		b.owners = append(b.owners, r.text())
	}
	if len(r.b) > 0 {
		b.aliases = r.addresses()
	}
	return b, r.err()
}

// boxEntry is the record of a message in a mailbox.
type boxEntry struct {
	id           mail.ID
	delivered    time.Time
	acknowledged bool
}

func putBoxEntry(b []byte, e boxEntry) []byte {
	flag := byte(0)
	if e.acknowledged {
		flag = 1
	}
	return putTime(putText(append(b, flag), string(e.id)), e.delivered)
}

func parseBoxEntry(value []byte) (boxEntry, error) {
	r := record{b: value}
	e := boxEntry{acknowledged: r.byte() == 1}
	e.id = mail.ID(r.text())
	e.delivered = r.time()
	return e, r.err()
}
