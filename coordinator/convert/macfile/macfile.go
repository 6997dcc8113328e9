// Package macfile is a Macintosh file outside of a Macintosh: two forks and what the Finder keeps. The packages beside it read
// and write the containers in which such files travel.
package macfile

import "time"

// File is one file. Its forks may share memory with what it was read from.
type File struct {
	Name              string // in the code page of the Macintosh
	Type, Creator     [4]byte
	Flags             uint16    // of the Finder
	Created, Modified time.Time // zero: not known
	Data, Resource    []byte
	Comment           []byte
}

// macEpoch is where the clocks of the Macintosh begin. They show local time.
var macEpoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)

// Time reads a date of the Macintosh. Zero means that there is none.
func Time(seconds uint32, zone *time.Location) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	t := macEpoch.Add(time.Duration(seconds) * time.Second)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
}

// Seconds is the date of the Macintosh for t, zero if it cannot be one: they end in February 2040.
func Seconds(t time.Time, zone *time.Location) uint32 {
	if t.IsZero() {
		return 0
	}
	t = t.In(zone)
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	s := wall.Sub(macEpoch) / time.Second
	if s <= 0 || s > 1<<32-1 {
		return 0
	}
	return uint32(s)
}

// CRC continues the checksum of MacBinary and BinHex (CRC-16 with the polynomial 1021, from zero, nothing reflected).
func CRC(crc uint16, data []byte) uint16 {
	for _, b := range data {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
	}
	return crc
}

var crcTable = func() (table [256]uint16) {
	for i := range table {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
		table[i] = c
	}
	return table
}()
