// Package tnef reads WINMAIL.DAT, the attachment in which Windows clients put what the old text cannot say (the Transport
// Neutral Encapsulation Format, MS-OXTNEF). Of it, the enclosed files matter to others; the look of the text and the
// fields of forms do not.
//
// A file is a signature (223E9F78), a key of two bytes, and attributes: a level (1 message, 2 attachment), an ID, a length, the
// content and a checksum, which is the sum of its bytes. All numbers are little-endian. The attribute 9002 begins an
// attachment, 8010 is its short name, 800F its content, and 9005 further properties, among them its long name (3707).
package tnef

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
)

const (
	signature      = 0x223E9F78
	levelMessage   = 1
	levelFile      = 2
	beginFile      = 0x9002
	fileTitle      = 0x8010
	fileData       = 0x800F
	fileProperties = 0x9005
	maxFiles       = 1000
)

// ErrNot says that data is no TNEF, or damaged.
var ErrNot = errors.New("tnef: not a TNEF file")

// Attachment is one enclosed file.
type Attachment struct {
	// Name is the short name in the code page of Windows, or the long name in UTF-8 if Long is set.
	Name string
	Long bool
	Data []byte
}

// Is reports whether data begins as TNEF.
func Is(data []byte) bool {
	return len(data) >= 6 && binary.LittleEndian.Uint32(data) == signature
}

// Decode returns the enclosed files. Their content shares the memory of data. The error is ErrNot; a file is read to its end
// or not at all.
func Decode(data []byte) ([]Attachment, error) {
	if !Is(data) {
		return nil, ErrNot
	}
	var files []Attachment
	for rest := data[6:]; len(bytes.Trim(rest, "\x00")) > 0; {
		level, id, content, next, ok := attribute(rest)
		if !ok {
			return nil, ErrNot
		}
		rest = next
		switch {
		case level != levelFile:
		case id == beginFile:
			if len(files) == maxFiles {
				return nil, ErrNot
			}
			files = append(files, Attachment{})
		case len(files) == 0:
			return nil, ErrNot
		default:
			files[len(files)-1].take(id, content)
		}
	}
	return files, nil
}

// attribute reads one attribute.
func attribute(data []byte) (level byte, id uint16, content, rest []byte, ok bool) {
	const head, tail = 9, 2
	if len(data) < head+tail {
		return 0, 0, nil, nil, false
	}
	level, id = data[0], binary.LittleEndian.Uint16(data[1:])
	length := binary.LittleEndian.Uint32(data[5:])
	if level != levelMessage && level != levelFile || uint64(length) > uint64(len(data)-head-tail) {
		return 0, 0, nil, nil, false
	}
	end := head + int(length)
	content = data[head:end:end]
	var sum uint16
	for _, b := range content {
		sum += uint16(b)
	}
	return level, id, content, data[end+tail:], sum == binary.LittleEndian.Uint16(data[end:])
}

func (a *Attachment) take(id uint16, content []byte) {
	switch id {
	case fileTitle:
		if !a.Long {
			name, _, _ := bytes.Cut(content, []byte{0})
			a.Name = string(name)
		}
	case fileData:
		a.Data = content
	case fileProperties:
		if name := longName(content); name != "" {
			a.Name, a.Long = name, true
		}
	}
}

// The types of properties whose values have lengths of their own, and the properties we know.
const (
	typeString  = 0x1E
	typeUnicode = 0x1F
	typeBinary  = 0x102
	typeObject  = 0x0D
	idLongName  = 0x3707
)

// longName finds the long name among properties. It gives up at the first thing it does not understand: the short name will do.
func longName(data []byte) string {
	r := properties{data}
	for count := r.number(); count > 0; count-- {
		kind, id := r.head()
		switch kind {
		case 0x02, 0x03, 0x04, 0x0A, 0x0B:
			r.skip(4)
		case 0x05, 0x06, 0x07, 0x14, 0x40:
			r.skip(8)
		case 0x48:
			r.skip(16)
		case typeString, typeUnicode, typeBinary, typeObject:
			values := r.number()
			for ; values > 0 && r.data != nil; values-- {
				value := r.value()
				if id == idLongName && kind == typeUnicode {
					return fromUTF16(value)
				}
			}
		default: // several values among them
			return ""
		}
		if r.data == nil {
			return ""
		}
	}
	return ""
}

// properties is what is left to read; nil after something did not fit.
type properties struct{ data []byte }

func (r *properties) take(n uint64) []byte {
	if r.data == nil || n > uint64(len(r.data)) {
		r.data = nil
		return nil
	}
	part := r.data[:n:n]
	r.data = r.data[n:]
	return part
}

func (r *properties) skip(n uint64) { r.take(n) }

func (r *properties) number() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// head reads type and ID. A named property has its name behind them.
func (r *properties) head() (kind, id uint16) {
	n := r.number()
	kind, id = uint16(n), uint16(n>>16)
	if id >= 0x8000 {
		r.skip(16)
		if r.number() == 0 {
			r.skip(4)
		} else {
			r.value()
		}
	}
	return kind, id
}

// value reads a length and as many bytes, filled up to four.
func (r *properties) value() []byte {
	n := uint64(r.number())
	part := r.take(n)
	r.skip((4 - n%4) % 4)
	return part
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}
