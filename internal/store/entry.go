package store

import (
	"fmt"
	"time"

	"sidegate/internal/mail"
)

// The kinds of entry records.
const (
	entryWaiting = 1
	entryVoid    = 2
)

func putEntry(b []byte, e *Entry) []byte {
	if e.Void {
		return append(b, entryVoid)
	}
	b = append(b, entryWaiting)
	b = putText(b, string(e.MessageID))
	b = putAddresses(b, e.Recipients)
	b = putTime(b, e.Queued)
	b = putInt(b, int64(e.Attempts))
	b = putTime(b, e.Due)
	b = putText(b, string(e.From))
	b = putText(b, e.Reason)
	b = putInt(b, e.Bytes)
	return putAddress(b, e.Sender)
}

func parseEntry(name Lane, seq uint64, value []byte) (Entry, error) {
	e := Entry{Lane: name, Seq: seq}
	r := record{b: value}
	switch r.byte() {
	case entryVoid:
		e.Void = true
		return e, nil
	case entryWaiting:
	default:
		return e, fmt.Errorf("number %d: %w", seq, errRecord)
	}
	e.MessageID = mail.ID(r.text())
	e.Recipients = r.addresses()
	e.Queued = r.time()
	e.Attempts = int(r.int())
	e.Due = r.time()
	e.From = Lane(r.text())
	e.Reason = r.text()
	e.Bytes = r.int()
	e.Sender = r.address()
	if r.failed {
		return e, fmt.Errorf("number %d: %w", seq, errRecord)
	}
	return e, nil
}

// laneRecord is what is written of a lane whenever something leaves it: its last entry may be the one that leaves.
type laneRecord struct{ assigned, released uint64 }

func putLane(b []byte, r laneRecord) []byte { return putUint(putUint(b, r.assigned), r.released) }

func parseLane(value []byte) (laneRecord, error) {
	r := record{b: value}
	l := laneRecord{assigned: r.uint(), released: r.uint()}
	return l, r.err()
}

// laneChange is what one commit does to a lane.
type laneChange struct {
	lane      *lane
	isNew     bool
	assigned  uint64
	floor     uint64              // everything up to here is let go
	gone      map[uint64]struct{} // let go beyond the floor
	voided    []uint64
	added     []addedEntry
	depth     int // of what left
	bytes     int64
	released  uint64 // computed at the end
	removed   bool   // something left
	settled   bool   // the receiver let something go
	rewritten bool   // an entry was changed in its place
}

type addedEntry struct {
	seq    uint64
	queued time.Time
	bytes  int64
}

func (c *laneChange) touched() bool {
	return c.assigned > c.lane.assigned || c.removed || c.rewritten || c.settled
}

// publish changes the lane. Called with both locks held.
func (c *laneChange) publish(now time.Time) {
	l := c.lane
	l.assigned = c.assigned
	for _, a := range c.added {
		l.put(a.seq, a.queued, a.bytes)
	}
	l.depth -= c.depth
	l.bytes -= c.bytes
	for seq := range c.gone {
		l.strays.drop(seq)
	}
	for _, seq := range c.voided {
		l.strays.drop(seq)
	}
	if c.released > l.released {
		l.strays.dropRange(l.released+1, c.released)
		l.released = c.released
	}
	l.strays.settle()
	if c.settled {
		l.lastRelease = now
	}
}
