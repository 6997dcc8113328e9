package store

import (
	"errors"
	"time"

	"sidegate/internal/mail"
)

// Tx collects the changes of one commit. It sees what is applied and what it has changed itself by key; Release alone
// does not see entries that the same commit queued.
type Tx struct {
	s     *Store
	now   time.Time
	batch Batch
	index map[string]int // of batch.Ops by key
	arena []byte         // holds keys and values
	err   error          // of a method that returns none

	messages   map[mail.ID]*heldMessage
	order      []mail.ID // of messages, so that equal commits make equal batches
	lanes      map[Lane]*laneChange
	boxes      map[string]*boxChange
	aliases    map[string]string // changed: by key the mailbox's, empty for one that goes
	senders    map[mail.StoreID]*senderChange
	sessions   []Session  // to make current
	bad        int        // change of their count
	remembered Remembered // change of it
	traces     []Trace
	drafts     []*Draft // made by Keep
	files      map[mail.ID]string
	dropped    []mail.ID // messages with a content file that are let go
	removed    []string  // content files nothing names any more
}

func (s *Store) begin() *Tx {
	return &Tx{s: s, now: s.o.Now(), index: make(map[string]int)}
}

// Now is the time of the commit.
func (tx *Tx) Now() time.Time { return tx.now }

// set puts a key. Key and value are the Tx's from here on.
func (tx *Tx) set(key, value []byte) {
	if i, ok := tx.index[string(key)]; ok {
		if value == nil {
			value = []byte{}
		}
		tx.batch.Ops[i].Value = value
		return
	}
	tx.index[string(key)] = len(tx.batch.Ops)
	tx.batch.Put(key, value)
}

// unset removes a key.
func (tx *Tx) unset(key []byte) {
	if i, ok := tx.index[string(key)]; ok {
		tx.batch.Ops[i].Value = nil
		return
	}
	tx.index[string(key)] = len(tx.batch.Ops)
	tx.batch.Delete(key)
}

// get reads a key as this commit leaves it.
func (tx *Tx) get(key []byte) ([]byte, error) {
	if value, known := tx.changed(key); known {
		if value == nil {
			return nil, ErrNotFound
		}
		return value, nil
	}
	return tx.s.engine.Get(key)
}

// changed returns what this commit makes of a key, nil for a removed one, if it touches it at all.
func (tx *Tx) changed(key []byte) (value []byte, known bool) {
	i, ok := tx.index[string(key)]
	if !ok {
		return nil, false
	}
	return tx.batch.Ops[i].Value, true
}

// build makes a key or value in the arena: fn appends to what it is given.
func (tx *Tx) build(fn func(b []byte) []byte) []byte {
	start := len(tx.arena)
	tx.arena = fn(tx.arena)
	return tx.arena[start:len(tx.arena):len(tx.arena)]
}

// fault remembers the first error of a method that returns none.
func (tx *Tx) fault(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// finish turns what was collected into the batch.
func (tx *Tx) finish() error {
	for _, step := range []func() error{tx.finishMessages, tx.finishLanes, tx.finishBoxes, tx.finishSenders, tx.finishTraces} {
		if err := step(); err != nil {
			return err
		}
	}
	tx.s.observed.record(tx)
	return nil
}

// shows is what readers see once the commit is durable.
func (tx *Tx) shows() []show {
	var shows []show
	for _, c := range tx.lanes {
		if c.assigned > c.lane.assigned {
			shows = append(shows, show{lane: c.lane, upTo: c.assigned})
		}
	}
	for _, c := range tx.boxes {
		if c.last > c.box.last {
			shows = append(shows, show{box: c.box, upTo: c.last})
		}
	}
	for _, c := range tx.senders {
		if c.dirty {
			shows = append(shows, show{sender: c.sender, account: &c.account})
		}
	}
	return shows
}

// announce notes the lanes in which the commit changes entries in their place. Readers see such a change as soon as
// it is applied, and must know by then what to wait for.
func (tx *Tx) announce() {
	s := tx.s
	s.state.Lock()
	defer s.state.Unlock()
	for _, c := range tx.lanes {
		if c.rewritten {
			c.lane.rewritten = s.ledger.applied + 1
		}
	}
}

// publish changes what readers see at once. Called with both locks held.
func (tx *Tx) publish() {
	s := tx.s
	for _, c := range tx.lanes {
		if c.touched() {
			c.publish(tx.now)
		}
	}
	for _, c := range tx.boxes {
		c.publish(s)
	}
	tx.publishAliases()
	for peer, c := range tx.senders {
		s.senders[peer] = c.sender
		if c.dirty {
			c.sender.account = &c.account
		}
	}
	for _, session := range tx.sessions {
		tx.s.sender(session.Peer).open(session)
	}
	for id, name := range tx.files {
		s.files[id] = name
	}
	for _, id := range tx.dropped {
		delete(s.files, id)
	}
	for _, name := range tx.removed {
		s.leaving[name] = struct{}{}
	}
	s.bad += tx.bad
	s.remembered.add(tx.remembered)
}

// size is about how many bytes the commit puts on disk.
func (tx *Tx) size() uint64 {
	n := 0
	for _, op := range tx.batch.Ops {
		n += len(op.Key) + len(op.Value)
	}
	return uint64(n)
}

// absent reports whether an error only says that something is not there.
func absent(err error) bool { return errors.Is(err, ErrNotFound) }
