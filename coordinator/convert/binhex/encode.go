// Package binhex reads and writes BinHex 4.0 (RFC 1741), a Macintosh file as text that every mail system lets through.
//
// The file is a header (length of the name, name, a zero, type, creator, Finder flags, lengths of data and resource fork), data
// fork and resource fork, each followed by a checksum. A byte that comes several times in a row is written once, followed by
// the marker 90 and how many there are; a marker in the file is followed by zero. Six bits of that make one character, between
// two colons, in lines of 64.
//
// Dates and comment are not part of it.
package binhex

import (
	"encoding/binary"
	"fmt"
	"strings"

	"sidegate/coordinator/convert/macfile"
)

const (
	alphabet = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
	marker   = 0x90
	width    = 64
)

// Encode writes a file, with \n line ends.
func Encode(f *macfile.File) ([]byte, error) {
	switch {
	case f.Name == "" || len(f.Name) > 63 || strings.ContainsAny(f.Name, "\x00:"):
		return nil, fmt.Errorf("binhex: write: %q cannot be the name of a file", f.Name)
	case len(f.Data) > 1<<31-1 || len(f.Resource) > 1<<31-1:
		return nil, fmt.Errorf("binhex: write %q: a fork is too long", f.Name)
	}
	header := append([]byte{byte(len(f.Name))}, f.Name...)
	header = append(header, 0)
	header = append(append(header, f.Type[:]...), f.Creator[:]...)
	header = binary.BigEndian.AppendUint16(header, f.Flags)
	header = binary.BigEndian.AppendUint32(header, uint32(len(f.Data)))
	header = binary.BigEndian.AppendUint32(header, uint32(len(f.Resource)))
	w := &writer{column: 1, text: []byte(begin + " with BinHex 4.0)\n\n:")}
	for _, part := range [][]byte{header, f.Data, f.Resource} {
		w.add(part)
		w.add(binary.BigEndian.AppendUint16(nil, crc(part)))
	}
	return w.finish(), nil
}

// writer is a reader backwards.
type writer struct {
	text   []byte
	column int
	bits   uint32
	have   int
	last   byte
	run    int
}

func (w *writer) add(data []byte) {
	for _, b := range data {
		if w.run > 0 && b == w.last && w.run < 255 {
			w.run++
			continue
		}
		w.flush()
		w.last, w.run = b, 1
	}
}

// flush writes the byte that was collected, as often as it came.
func (w *writer) flush() {
	if w.run == 0 {
		return
	}
	// A repetition takes two bytes more, so it is worth it from four on. A marker takes two bytes each time.
	single := w.run
	if w.run > 3 {
		single = 1
	}
	for range single {
		w.pack(w.last)
		if w.last == marker {
			w.pack(0)
		}
	}
	if w.run > single {
		w.pack(marker)
		w.pack(byte(w.run))
	}
	w.run = 0
}

func (w *writer) pack(b byte) {
	w.bits, w.have = w.bits<<8|uint32(b), w.have+8
	for w.have >= 6 {
		w.have -= 6
		w.put(alphabet[w.bits>>w.have&63])
	}
}

func (w *writer) put(c byte) {
	if w.column == width {
		w.text, w.column = append(w.text, '\n'), 0
	}
	w.text, w.column = append(w.text, c), w.column+1
}

func (w *writer) finish() []byte {
	w.flush()
	if w.have > 0 {
		w.put(alphabet[w.bits<<(6-w.have)&63])
	}
	w.put(':')
	return append(w.text, '\n')
}
