package store

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// The tables of the map, by the first byte of their keys. An id is a UUID in its 16 bytes behind 'u', or any other
// text behind 'x' with a NUL at its end, so that no id is the beginning of another one and messages sort by the time
// in their IDs. Numbers are big-endian. A text ends with a NUL.
//
//	M name                      the store itself: uuid, epoch, version, proof, bad, observed
//	m id                        message, as wire.Marshal makes it
//	b id                        its content, if it is kept inline and not empty
//	f id                        name of its content file, if it has one
//	r id                        how many places hold the message, unless it is one
//	L lane                      assigned and released of a lane, as of the last removal
//	E lane number               entry of a lane
//	X message-id lane number    where the message waits
//	O box-key                   mailbox; what is left of a dropped one
//	P box-key position          entry of a mailbox
//	D box-key message-id        position of a message in a mailbox, or the time at which it was deleted
//	t time box-key message-id   deletions by time
//	I store-id                  account of what came from one sender
//	S store-id                  highest epoch seen of a peer
//	B bad-id                    bad mail
//	T message-id count          trace
//	Q caller request-id         answered request
//	q time caller request-id    answered requests by time
//	R table key                 records of others
const (
	tableMeta     = 'M'
	tableMessage  = 'm'
	tableInline   = 'b'
	tableFile     = 'f'
	tableRefs     = 'r'
	tableLane     = 'L'
	tableEntry    = 'E'
	tableWhere    = 'X'
	tableBox      = 'O'
	tableBoxEntry = 'P'
	tableBoxIndex = 'D'
	tableDeleted  = 't'
	tableInbound  = 'I'
	tablePeer     = 'S'
	tableBad      = 'B'
	tableTrace    = 'T'
	tableRequest  = 'Q'
	tableAnswered = 'q'
	tableRecord   = 'R'
)

const (
	uuidText = 36
	uuidSize = 16
)

// appendID appends an id.
func appendID(b []byte, id string) []byte {
	if len(id) == uuidText {
		start := len(b)
		b = append(b, 'u')
		if full, ok := appendUUID(b, id); ok {
			return full
		}
		b = b[:start]
	}
	b = append(b, 'x')
	return appendText(b, id)
}

// appendUUID appends the 16 bytes of a UUID in lower case.
func appendUUID(b []byte, id string) ([]byte, bool) {
	for i := 0; i < uuidText; i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if id[i] != '-' {
				return b, false
			}
			i++
		}
		high, low := nibble(id[i]), nibble(id[i+1])
		if high < 0 || low < 0 {
			return b, false
		}
		b = append(b, byte(high<<4|low))
	}
	return b, true
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// cutID reads an id from the front of a key.
func cutID(b []byte) (id string, rest []byte, ok bool) {
	if len(b) == 0 {
		return "", nil, false
	}
	if b[0] == 'x' {
		return cutText(b[1:])
	}
	if b[0] != 'u' || len(b) <= uuidSize {
		return "", nil, false
	}
	b = b[1:]
	var text [uuidText]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:]), b[uuidSize:], true
}

func appendText(b []byte, text string) []byte { return append(append(b, text...), 0) }

func cutText(b []byte) (text string, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return "", nil, false
}

func appendNumber(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

func cutNumber(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) < 8 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(b), b[8:], true
}

// lastNumber is the number at the end of a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

func idKey(table byte, id string) []byte { return appendID([]byte{table}, id) }

func textKey(table byte, text string) []byte { return appendText([]byte{table}, text) }

// numberKey is the key of a number under a prefix.
func numberKey(prefix []byte, n uint64) []byte {
	return appendNumber(append(make([]byte, 0, len(prefix)+8), prefix...), n)
}

func boxIndexKey(b []byte, box string, id mail.ID) []byte {
	return appendID(appendText(append(b, tableBoxIndex), box), string(id))
}

func whereKey(b []byte, id mail.ID, l Lane, seq uint64) []byte {
	return appendNumber(appendID(appendID(append(b, tableWhere), string(id)), string(l)), seq)
}

// end is the lowest key above every key that begins with prefix.
func end(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			upper := append([]byte(nil), prefix[:i+1]...)
			upper[i]++
			return upper
		}
	}
	return nil
}

// plain reports whether text can be part of a key.
func plain(text string) bool { return text != "" && strings.IndexByte(text, 0) < 0 }

// The keys of the store itself.
const (
	metaUUID     = "uuid"
	metaEpoch    = "epoch"
	metaVersion  = "version"
	metaProof    = "proof"
	metaBad      = "bad"
	metaObserved = "observed"
)

func metaKey(name string) []byte { return textKey(tableMeta, name) }

// timeKey begins a key that sorts by time, to the millisecond.
func timeKey(table byte, t time.Time) []byte {
	return appendNumber([]byte{table}, uint64(t.UnixMilli()))
}

// sortedKeys is the keys of a map in order, so that equal commits make equal batches.
func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
