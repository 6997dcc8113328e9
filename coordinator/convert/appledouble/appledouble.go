// Package appledouble reads AppleSingle and AppleDouble files (RFC 1740, appendices A and B), in which other systems keep what
// a Macintosh file has beside its data.
//
// Both begin with a magic number (00051600 for AppleSingle, 00051607 for AppleDouble), a version (00010000 or 00020000),
// sixteen bytes of filler and a count of entries, followed by the entries: an ID, an offset and a length. All numbers are
// big-endian. An AppleSingle file holds the whole file; an AppleDouble file holds everything but the data fork, which is a
// file of its own.
package appledouble

import (
	"encoding/binary"
	"errors"
	"time"

	"sidegate/coordinator/convert/macfile"
)

const (
	magicSingle = 0x00051600
	magicDouble = 0x00051607
	version1    = 0x00010000
	version2    = 0x00020000
	headerSize  = 26
	entrySize   = 12
	maxEntries  = 64
	maxName     = 255
)

// The IDs of entries we read. Icons, and what other systems keep, are left out.
const (
	entryData     = 1
	entryResource = 2
	entryName     = 3
	entryComment  = 4
	entryInfo     = 7 // version 1: dates of the Macintosh
	entryDates    = 8
	entryFinder   = 9
)

// ErrNot says that data is neither AppleSingle nor AppleDouble, or damaged.
var ErrNot = errors.New("appledouble: not an AppleSingle or AppleDouble file")

// Decode reads a file. Its forks share the memory of data. Dates of version 1 are in zone. double says that the data fork is
// elsewhere. The error is ErrNot.
func Decode(data []byte, zone *time.Location) (f *macfile.File, double bool, err error) {
	if len(data) < headerSize {
		return nil, false, ErrNot
	}
	magic, version := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	count := int(binary.BigEndian.Uint16(data[24:]))
	if magic != magicSingle && magic != magicDouble || version != version1 && version != version2 ||
		count == 0 || count > maxEntries || len(data) < headerSize+count*entrySize {
		return nil, false, ErrNot
	}
	f = &macfile.File{}
	seen := make(map[uint32]bool)
	for i := range count {
		entry := data[headerSize+i*entrySize:]
		id := binary.BigEndian.Uint32(entry)
		content, ok := part(data, binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:]))
		if !ok || seen[id] || magic == magicDouble && id == entryData || !take(f, id, content, zone) {
			return nil, false, ErrNot
		}
		seen[id] = true
	}
	return f, magic == magicDouble, nil
}

// part is the content of an entry; it is false if it does not lie in the file.
func part(data []byte, offset, length uint32) ([]byte, bool) {
	end := uint64(offset) + uint64(length)
	if end > uint64(len(data)) {
		return nil, false
	}
	return data[offset:end:end], true
}

// take puts an entry into the file; it is false if the entry cannot be what it says.
func take(f *macfile.File, id uint32, content []byte, zone *time.Location) bool {
	switch id {
	case entryData:
		f.Data = content
	case entryResource:
		f.Resource = content
	case entryName:
		f.Name = string(content)
		return len(content) <= maxName
	case entryComment:
		f.Comment = content[:min(len(content), 255)]
	case entryInfo:
		if len(content) >= 8 {
			f.Created = macfile.Time(binary.BigEndian.Uint32(content), zone)
			f.Modified = macfile.Time(binary.BigEndian.Uint32(content[4:]), zone)
		}
	case entryDates:
		if len(content) >= 8 {
			f.Created = date(content)
			f.Modified = date(content[4:])
		}
	case entryFinder:
		if len(content) < 10 {
			return false
		}
		f.Type, f.Creator = [4]byte(content), [4]byte(content[4:])
		f.Flags = binary.BigEndian.Uint16(content[8:])
	}
	return true
}

// date reads seconds before or after the year 2000, in UTC. The lowest number means that the date is not known.
func date(b []byte) time.Time {
	s := int32(binary.BigEndian.Uint32(b))
	if s == -1<<31 {
		return time.Time{}
	}
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s) * time.Second)
}
