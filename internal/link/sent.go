package link

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// maxSent bounds how many released numbers are remembered for one peer.
const maxSent = 100_000

// SentTables is how the names of the tables begin that hold numbers of peers: they end with the store's identity.
const SentTables = "link/sent/"

// sentLog remembers which messages the released numbers of one lane carried, to name what a restored peer lacks. It is
// a table of records "link/sent/PEER". One record is one release: its key the first number, twenty digits, its value
//
//	seconds since 1970, uvarint
//	for each entry: number minus the one before (the first: minus the key's), uvarint; length of the ID, one byte; the ID
//
// where an ID of 16 bytes is a binary UUID. Only one goroutine at a time uses a sentLog: the sender's settler.
type sentLog struct {
	table   string
	retain  time.Duration
	loaded  bool
	records []sentRecord // oldest first
	total   int
}

type sentRecord struct {
	key  string
	time time.Time
	n    int
}

func newSentLog(peer mail.StoreID, retain time.Duration) *sentLog {
	return &sentLog{table: SentTables + string(peer), retain: retain}
}

// load reads which records there are.
func (l *sentLog) load(s *store.Store) error {
	if l.loaded {
		return nil
	}
	l.records, l.total = nil, 0
	err := s.Records(l.table, func(key string, value []byte) bool {
		n := 0
		at := eachSent(key, value, func(uint64, mail.ID) { n++ })
		l.records, l.total = append(l.records, sentRecord{key, at, n}), l.total+n
		return true
	})
	if err != nil {
		return fmt.Errorf("link: read %s: %w", l.table, err)
	}
	l.loaded = true
	return nil
}

// add records a release in its commit, and drops what is past its time. What it changes in l holds only if the commit
// does; after a failed one l must be loaded again.
func (l *sentLog) add(tx *store.Tx, gone []store.Entry) {
	for len(l.records) > 0 && (tx.Now().Sub(l.records[0].time) > l.retain || l.total > maxSent) {
		tx.Put(l.table, l.records[0].key, nil)
		l.total -= l.records[0].n
		l.records = l.records[1:]
	}
	if len(gone) == 0 {
		return
	}
	value := binary.AppendUvarint(nil, uint64(max(0, tx.Now().Unix())))
	last := gone[0].Seq
	for _, e := range gone {
		id := []byte(e.MessageID)
		if u, err := uuid.Parse(string(e.MessageID)); err == nil && u.String() == string(e.MessageID) {
			id = u[:]
		}
		value = binary.AppendUvarint(value, e.Seq-last)
		value = append(append(value, byte(len(id))), id...)
		last = e.Seq
	}
	key := fmt.Sprintf("%020d", gone[0].Seq)
	tx.Put(l.table, key, value)
	l.records, l.total = append(l.records, sentRecord{key, tx.Now(), len(gone)}), l.total+len(gone)
}

// between returns the messages that numbers in (after, last] carried, as far as they are remembered.
func (l *sentLog) between(s *store.Store, after, last uint64) ([]mail.ID, error) {
	var ids []mail.ID
	err := s.Records(l.table, func(key string, value []byte) bool {
		eachSent(key, value, func(seq uint64, id mail.ID) {
			if seq > after && seq <= last && len(ids) < maxMissing {
				ids = append(ids, id)
			}
		})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("link: read %s: %w", l.table, err)
	}
	return ids, nil
}

// eachSent calls fn for each entry of a record and returns its time. It stops at what it cannot read.
func eachSent(key string, value []byte, fn func(seq uint64, id mail.ID)) time.Time {
	seconds, n := binary.Uvarint(value)
	if n <= 0 {
		return time.Time{}
	}
	at := time.Unix(int64(min(seconds, 1<<40)), 0)
	value = value[n:]
	var seq uint64
	if _, err := fmt.Sscanf(key, "%d", &seq); err != nil {
		return at
	}
	for len(value) > 0 {
		step, n := binary.Uvarint(value)
		if n <= 0 || len(value) < n+1 || len(value) < n+1+int(value[n]) {
			return at
		}
		id := value[n+1 : n+1+int(value[n])]
		value = value[n+1+len(id):]
		seq += step
		if u, err := uuid.FromBytes(id); err == nil {
			fn(seq, mail.ID(u.String()))
		} else {
			fn(seq, mail.ID(id))
		}
	}
	return at
}
