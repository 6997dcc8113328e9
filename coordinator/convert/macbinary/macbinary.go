// Package macbinary reads MacBinary I, II and III and writes MacBinary II, which the old clients read best (KB Q156719).
//
// A file is a header of 128 bytes, a second header nobody uses, data fork, resource fork and comment, each padded to 128
// bytes. All numbers are big-endian. The header:
//
//	0    zero                        87   length of the resource fork
//	1    length of the name, 1-63    91   created, 95 modified
//	2    name                        99   length of the comment
//	65   type, 69 creator            101  low byte of the Finder flags (II)
//	73   high byte of the flags      102  "mBIN" (III)
//	74   zero                        116  length unpacked, 120 length of the second header (II)
//	75   place in the Finder         122  version that wrote, 123 that can read: 129 II, 130 III
//	82   zero                        124  CRC of the 124 bytes before (II)
//	83   length of the data fork
//
// Nothing in a file says that it is MacBinary, and data that only looks a little like it must stay data. So II and III are
// known by their checksum, I by zeros, plausible names and lengths that fit exactly, and whatever would leave bytes behind that
// belong to no part is no MacBinary.
//
// The place in the Finder, the lock and the script of the name are not kept.
package macbinary

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"sidegate/coordinator/convert/macfile"
)

const (
	block       = 128
	maxName     = 63
	versionII   = 129
	maxForkI    = 0x7FFFFF // the limit of the first definition
	maxTrailing = 4096     // zeros behind the file that transfer programs add
)

// ErrNot says that data is no MacBinary.
var ErrNot = errors.New("macbinary: not a MacBinary file")

// Decode reads a file. The dates are in zone. Its forks share the memory of data. The error is ErrNot.
func Decode(data []byte, zone *time.Location) (*macfile.File, error) {
	if !plausible(data) {
		return nil, ErrNot
	}
	checked := data[122] >= versionII && macfile.CRC(0, data[:124]) == binary.BigEndian.Uint16(data[124:])
	if !checked && !isFirst(data) {
		return nil, ErrNot
	}
	f := &macfile.File{
		Name:     string(data[2 : 2+data[1]]),
		Type:     [4]byte(data[65:69]),
		Creator:  [4]byte(data[69:73]),
		Flags:    uint16(data[73]) << 8,
		Created:  macfile.Time(binary.BigEndian.Uint32(data[91:]), zone),
		Modified: macfile.Time(binary.BigEndian.Uint32(data[95:]), zone),
	}
	second, comment := 0, 0
	if checked {
		f.Flags |= uint16(data[101])
		second = int(binary.BigEndian.Uint16(data[120:]))
		comment = int(binary.BigEndian.Uint16(data[99:]))
	}
	if !forks(f, data, second, comment) {
		return nil, ErrNot
	}
	return f, nil
}

// plausible checks what all versions share.
func plausible(data []byte) bool {
	if len(data) < block || data[0] != 0 || data[74] != 0 || data[1] == 0 || data[1] > maxName {
		return false
	}
	for _, c := range data[2 : 2+data[1]] {
		if c == 0 || c == ':' {
			return false
		}
	}
	return true
}

// isFirst checks what a header of the first version must look like, for want of a checksum.
func isFirst(data []byte) bool {
	header := data[:block]
	dataLen, resourceLen := binary.BigEndian.Uint32(header[83:]), binary.BigEndian.Uint32(header[87:])
	switch {
	case header[82] != 0 || len(bytes.Trim(header[99:], "\x00")) > 0:
		return false
	case dataLen > maxForkI || resourceLen > maxForkI || dataLen+resourceLen == 0:
		return false
	case !printable(header[2:2+header[1]]) || !printable(header[65:69]) || !printable(header[69:73]):
		return false
	}
	exact := block + padded(int(dataLen)) + int(resourceLen)
	if resourceLen == 0 {
		exact = block + int(dataLen)
	}
	return len(data) == exact || len(data) == padded(exact)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7F {
			return false
		}
	}
	return true
}

// forks takes the parts behind the header. It is false if one is missing, or if there is more than padding behind them.
func forks(f *macfile.File, data []byte, second, comment int) bool {
	rest := data[min(len(data), block+padded(second)):]
	take := func(size uint32) (part []byte, ok bool) {
		if uint64(size) > uint64(len(rest)) {
			return nil, false
		}
		n := int(size)
		part, rest = rest[:n:n], rest[min(len(rest), padded(n)):]
		return part, true
	}
	var ok [3]bool
	f.Data, ok[0] = take(binary.BigEndian.Uint32(data[83:]))
	f.Resource, ok[1] = take(binary.BigEndian.Uint32(data[87:]))
	if f.Comment, ok[2] = take(uint32(comment)); !ok[2] && len(bytes.Trim(rest, "\x00")) == 0 {
		ok[2] = true // many programs count a comment they do not write
	}
	if len(rest) > maxTrailing || len(bytes.Trim(rest, "\x00")) > 0 {
		return false
	}
	return ok[0] && ok[1] && ok[2]
}

// padded is n rounded up to whole blocks.
func padded(n int) int { return (n + block - 1) / block * block }

// Encode writes a file as MacBinary II. The dates are those of a clock in zone.
func Encode(f *macfile.File, zone *time.Location) ([]byte, error) {
	switch {
	case f.Name == "" || len(f.Name) > maxName || bytes.ContainsAny([]byte(f.Name), "\x00:"):
		return nil, fmt.Errorf("macbinary: write: %q cannot be the name of a file", f.Name)
	case len(f.Data) > 1<<31-1 || len(f.Resource) > 1<<31-1:
		return nil, fmt.Errorf("macbinary: write %q: a fork is too long", f.Name)
	case len(f.Comment) > 1<<16-1:
		return nil, fmt.Errorf("macbinary: write %q: the comment has %d bytes", f.Name, len(f.Comment))
	}
	h := make([]byte, block, block+padded(len(f.Data))+padded(len(f.Resource))+padded(len(f.Comment)))
	h[1] = byte(len(f.Name))
	copy(h[2:], f.Name)
	copy(h[65:], f.Type[:])
	copy(h[69:], f.Creator[:])
	h[73], h[101] = byte(f.Flags>>8), byte(f.Flags)
	binary.BigEndian.PutUint32(h[83:], uint32(len(f.Data)))
	binary.BigEndian.PutUint32(h[87:], uint32(len(f.Resource)))
	binary.BigEndian.PutUint32(h[91:], macfile.Seconds(f.Created, zone))
	binary.BigEndian.PutUint32(h[95:], macfile.Seconds(f.Modified, zone))
	binary.BigEndian.PutUint16(h[99:], uint16(len(f.Comment)))
	h[122], h[123] = versionII, versionII
	binary.BigEndian.PutUint16(h[124:], macfile.CRC(0, h[:124]))
	for _, part := range [][]byte{f.Data, f.Resource, f.Comment} {
		h = append(h, part...)
		h = append(h, make([]byte, padded(len(h))-len(h))...)
	}
	return h, nil
}
