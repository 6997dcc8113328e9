package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The tables of the journal. It is part of the coordinator's store, so that its records change in the same commits as
// the mail they speak of.
const (
	tableSpool      = "spool/state"      // single records: which spool, the lease, ages, our handshake
	tableClaims     = "spool/claims"     // files we read: claim, by number
	tableSuspects   = "spool/suspects"   // bytes that we may have died of: count, by hash
	tableEntries    = "spool/entries"    // files we wrote: entry, by number
	tableBytes      = "spool/bytes"      // their bytes, in pieces, until they are consumed
	tablePrints     = "spool/prints"     // fingerprints of what was published
	tableHandshakes = "spool/handshakes" // copies of handshakes consumed
)

// How long records of what is over are kept, and how many.
const (
	keepRecords = 7 * 24 * time.Hour
	keepClaims  = 24 * time.Hour
	maxKept     = 100_000
	maxPrints   = 50_000
	maxCopies   = 1000
)

type journal struct{ store *store.Store }

// get reads a record into v and reports whether there is one.
func (j journal) get(table, key string, v any) (bool, error) {
	data, err := j.store.Record(table, key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return false, fmt.Errorf("spool: read the journal: %s %s: %w", table, key, err)
	}
	return true, nil
}

// put writes one record in a commit of its own.
func (j journal) put(ctx context.Context, table, key string, v any) error {
	return j.commit(ctx, func(tx *store.Tx) error {
		record(tx, table, key, v)
		return nil
	})
}

// commit is a commit of things in custody: they must be possible when the store is full.
func (j journal) commit(ctx context.Context, build func(*store.Tx) error) error {
	if err := j.store.CommitCustody(ctx, build); err != nil {
		return fmt.Errorf("spool: write the journal: %w", err)
	}
	return nil
}

// record puts a value into a table, within a commit.
func record(tx *store.Tx, table, key string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("spool: a journal record cannot be encoded: %v", err)) // plain structs only
	}
	tx.Put(table, key, data)
}

// load reads a whole table.
func load[V any](j journal, table string, each func(key string, v V)) error {
	var bad error
	err := j.store.Records(table, func(key string, data []byte) bool {
		var v V
		if bad = json.Unmarshal(data, &v); bad != nil {
			bad = fmt.Errorf("%s: %w", key, bad)
			return false
		}
		each(key, v)
		return true
	})
	if err = errors.Join(err, bad); err != nil {
		return fmt.Errorf("spool: read the journal: %s: %w", table, err)
	}
	return nil
}

// number is a record key in numerical order.
func number(n uint64) string { return fmt.Sprintf("%020d", n) }

// sum is a SHA-256 in hexadecimal.
type sum = string

// claimState is how far a file we read has got.
type claimState string

const (
	claimReading   claimState = "reading"   // claimed or about to be; its messages are not all settled
	claimImported  claimState = "imported"  // custody is ours; the file has to go
	claimBad       claimState = "bad"       // bad mail is stored; the file has to go to BADMAIL
	claimLingering claimState = "lingering" // a handshake, as .DEL, watched in case it was a mail after all
	claimDone      claimState = "done"      // remembered, so that a remnant is recognised
)

// claim is the record of one file we read.
type claim struct {
	N       uint64     `json:"n"`
	Dir     string     `json:"dir"`     // MACTOPC or PCTOMAC
	Name    string     `json:"name"`    // as found, usually .MSG
	Claimed string     `json:"claimed"` // .RDG, or .DEL while lingering
	Size    int64      `json:"size"`
	SHA256  sum        `json:"sha256"`
	ID      uint64     `json:"id,omitempty"` // of the file, while lingering; 0 if the volume has no lasting ones
	State   claimState `json:"state"`
	// Parsing says that the bytes are about to be parsed: found at a start, they may be what we died of.
	Parsing     bool      `json:"parsing,omitempty"`
	Attempts    int       `json:"attempts,omitempty"`
	Settled     []mail.ID `json:"settled,omitempty"` // the messages of the file that are settled, in order
	Good        int       `json:"good,omitempty"`    // how many of them were mail
	BadName     string    `json:"bad_name,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Explanation string    `json:"explanation,omitempty"`
	Time        time.Time `json:"time"`

	next   time.Time // when to try again
	waits  int       // how often that was put off
	since  time.Time // when this state was first seen by this process
	absent int       // scans in which no trace of the file was found
	told   bool      // an alarm was raised

	counted, repeated bool // equal files before it were counted; there were two
	outside           outsideLooks
}

func (c *claim) key() string { return number(c.N) }

// entryState is how far a file we write has got.
type entryState string

const (
	entryStaging   entryState = "staging"   // a slot is taken; .WRT is being written
	entryStaged    entryState = "staged"    // .WRT is whole and flushed
	entryPublished entryState = "published" // .MSG
	entryDoubtful  entryState = "doubtful"  // vanished together with all others, without a sign of the half
	entryConsumed  entryState = "consumed"  // the half has it: our end of the way
	entryReturned  entryState = "returned"  // the half put it into BADMAIL; the sender was told
)

// over reports whether the state is the last but for a return.
func (s entryState) over() bool { return s == entryConsumed || s == entryReturned }

// entry is the record of one file we write: one message for the recipients it names.
type entry struct {
	N          uint64         `json:"n"`
	State      entryState     `json:"state"`
	Slot       int            `json:"slot"`
	Name       string         `json:"name"` // .MSG
	Size       int64          `json:"size"`
	SHA256     sum            `json:"sha256"`
	MessageID  mail.ID        `json:"message_id"`
	Origin     mail.StoreID   `json:"origin"`
	Class      mail.Class     `json:"class"`
	Sender     mail.Address   `json:"sender"`
	Recipients []mail.Address `json:"recipients"`
	Subject    string         `json:"subject"`
	Submitted  time.Time      `json:"submitted"`
	Wish       bool           `json:"wish,omitempty"`    // the sender wishes a receipt
	Time       time.Time      `json:"time"`              // of the state
	Again      int            `json:"again,omitempty"`   // times it was written again
	Removed    bool           `json:"removed,omitempty"` // it vanished with its directory: no sign of the half ends the doubt
	Age        time.Duration  `json:"age,omitempty"`     // observed before this process

	data      []byte    // while it is being written
	stored    bool      // the journal has them
	loose     bool      // the journal says that it is to be written again; its .WRT may lie there still
	drops     int       // how often the volume had failed when it was staged
	since     time.Time // published, or first seen by this process
	shown     int       // scans that showed it
	misses    int       // proven scans that did not
	vanished  time.Time
	passed    time.Time // when the half is known to have come round and left it lying
	looked    Entry     // as seen last
	struck    bool      // a change of it has been counted as a sign of a second gateway
	prints    [][32]byte
	hops      []mail.Hop
	remaining bool // a reader has claimed it
}

func (e *entry) key() string { return number(e.N) }

func (e *entry) age(now time.Time) time.Duration {
	if e.since.IsZero() {
		return e.Age
	}
	return e.Age + now.Sub(e.since)
}

// pieceSize keeps records of bytes small.
const pieceSize = 256 << 10

func pieceKey(n uint64, i int) string { return fmt.Sprintf("%s/%06d", number(n), i) }

// putBytes stores an entry's bytes.
func putBytes(tx *store.Tx, e *entry) {
	for i := 0; i*pieceSize < len(e.data); i++ {
		tx.Put(tableBytes, pieceKey(e.N, i), e.data[i*pieceSize:min(len(e.data), (i+1)*pieceSize)])
	}
}

// dropBytes removes an entry's bytes.
func dropBytes(tx *store.Tx, e *entry) {
	for i := 0; int64(i)*pieceSize < e.Size; i++ {
		tx.Put(tableBytes, pieceKey(e.N, i), nil)
	}
}

// bytesOf reads an entry's bytes back.
func (j journal) bytesOf(e *entry) ([]byte, error) {
	data := make([]byte, 0, e.Size)
	for i := 0; int64(i)*pieceSize < e.Size; i++ {
		piece, err := j.store.Record(tableBytes, pieceKey(e.N, i))
		if err != nil {
			return nil, fmt.Errorf("spool: read the bytes of entry %d: %w", e.N, err)
		}
		data = append(data, piece...)
	}
	if int64(len(data)) != e.Size || hashOf(data) != e.SHA256 {
		return nil, fmt.Errorf("spool: read the bytes of entry %d: %w", e.N, store.ErrCorrupt)
	}
	return data, nil
}

// print is what is known of a text that was published, in case it comes back.
type print struct {
	MessageID mail.ID      `json:"message_id"`
	Origin    mail.StoreID `json:"origin"`
	Hops      []mail.Hop   `json:"hops"`
	Returns   int          `json:"returns,omitempty"`
	Time      time.Time    `json:"time"`
}

// copyRecord is a handshake that was consumed.
type copyRecord struct {
	Name    string    `json:"name"`
	Dir     string    `json:"dir"`
	Time    time.Time `json:"time"`
	Content []byte    `json:"content"`
	Rule    string    `json:"rule"`
}
