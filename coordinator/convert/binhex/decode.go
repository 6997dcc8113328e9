package binhex

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"sidegate/coordinator/convert/macfile"
)

var (
	// ErrNot says that text is no BinHex.
	ErrNot = errors.New("binhex: not a BinHex 4.0 file")
	// ErrDamaged says that text begins as BinHex and cannot be read to its end.
	ErrDamaged = errors.New("binhex: damaged")
	// ErrTooLarge says that a file would have more bytes than allowed.
	ErrTooLarge = errors.New("binhex: too large")
)

// begin is how the line before the first colon begins. Most go on "with BinHex 4.0)", some programs make a joke.
const begin = "(This file must be converted"

// maxBefore is how much text may stand before that line: people put letters there.
const maxBefore = 64 << 10

// Decode reads a file whose two forks have at most max bytes. Memory is used for what is there, whatever lengths the file
// claims. The error is ErrNot, or wraps ErrDamaged or ErrTooLarge.
func Decode(text []byte, max int64) (*macfile.File, error) {
	r, err := open(text)
	if err != nil {
		return nil, err
	}
	header, err := r.header()
	if err != nil {
		return nil, err
	}
	n := int(header[0])
	rest := header[n+2:]
	f := &macfile.File{Name: string(header[1 : 1+n]), Type: [4]byte(rest), Creator: [4]byte(rest[4:]), Flags: binary.BigEndian.Uint16(rest[8:])}
	dataLen, resourceLen := int64(binary.BigEndian.Uint32(rest[10:])), int64(binary.BigEndian.Uint32(rest[14:]))
	if dataLen+resourceLen > max {
		return nil, fmt.Errorf("%w: %d bytes, the most is %d", ErrTooLarge, dataLen+resourceLen, max)
	}
	if f.Data, err = r.checked(dataLen); err != nil {
		return nil, fmt.Errorf("data fork: %w", err)
	}
	if f.Resource, err = r.checked(resourceLen); err != nil {
		return nil, fmt.Errorf("resource fork: %w", err)
	}
	return f, nil
}

// open finds the first colon of the encoded text.
func open(text []byte) (*reader, error) {
	head := text[:min(len(text), maxBefore)]
	i := bytes.Index(head, []byte(begin))
	if i < 0 || i > 0 && head[i-1] != '\n' && head[i-1] != '\r' {
		return nil, ErrNot
	}
	line := bytes.IndexAny(text[i:], "\r\n")
	if line < 0 {
		return nil, ErrNot
	}
	rest := bytes.TrimLeft(text[i+line:], "\r\n\t ")
	if len(rest) == 0 || rest[0] != ':' {
		return nil, ErrNot
	}
	return &reader{text: rest[1:]}, nil
}

// header reads the header, checksum included.
func (r *reader) header() ([]byte, error) {
	length, err := r.next()
	if err != nil {
		return nil, err
	}
	if length == 0 || length > 63 {
		return nil, fmt.Errorf("%w: a name of %d characters", ErrDamaged, length)
	}
	header := []byte{length}
	for range int(length) + 21 {
		b, err := r.next()
		if err != nil {
			return nil, err
		}
		header = append(header, b)
	}
	body, sum := header[:len(header)-2], header[len(header)-2:]
	if crc(body) != binary.BigEndian.Uint16(sum) {
		return nil, fmt.Errorf("%w: the checksum of the header is wrong", ErrDamaged)
	}
	return body, nil
}

// checked reads n bytes and their checksum.
func (r *reader) checked(n int64) ([]byte, error) {
	// A repeated byte takes a third of a text byte at least, so memory is bounded by the text and max both.
	out := make([]byte, 0, min(n, int64(len(r.text))))
	for int64(len(out)) < n {
		b, err := r.next()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	var sum [2]byte
	for i := range sum {
		b, err := r.next()
		if err != nil {
			return nil, err
		}
		sum[i] = b
	}
	if crc(out) != binary.BigEndian.Uint16(sum[:]) {
		return nil, fmt.Errorf("%w: the checksum is wrong", ErrDamaged)
	}
	return out, nil
}

// crc is the checksum of BinHex. Its definition shifts two zeros through at the end; going by bytes does so by itself.
func crc(data []byte) uint16 { return macfile.CRC(0, data) }

// reader takes the text apart: six bits to a character, then repetitions.
type reader struct {
	text   []byte
	bits   uint32
	have   int // bits
	last   byte
	repeat int
}

// next is the next byte of the file.
func (r *reader) next() (byte, error) {
	for r.repeat == 0 {
		b, err := r.packed()
		if err != nil {
			return 0, err
		}
		if b != marker {
			r.last = b
			return b, nil
		}
		n, err := r.packed()
		if err != nil {
			return 0, err
		}
		if n == 0 { // the marker itself
			r.last = marker
			return marker, nil
		}
		r.repeat = int(n) - 1 // the first one is out already
	}
	r.repeat--
	return r.last, nil
}

// packed is the next byte before repetitions are undone.
func (r *reader) packed() (byte, error) {
	for r.have < 8 {
		v, err := r.six()
		if err != nil {
			return 0, err
		}
		r.bits, r.have = r.bits<<6|v, r.have+6
	}
	r.have -= 8
	return byte(r.bits >> r.have), nil
}

// six is the value of the next character.
func (r *reader) six() (uint32, error) {
	for i, c := range r.text {
		if c == '\r' || c == '\n' || c == ' ' || c == '\t' {
			continue
		}
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			if c == ':' {
				return 0, fmt.Errorf("%w: it ends too early", ErrDamaged)
			}
			return 0, fmt.Errorf("%w: the character 0x%02X", ErrDamaged, c)
		}
		r.text = r.text[i+1:]
		return uint32(v), nil
	}
	return 0, fmt.Errorf("%w: it is cut", ErrDamaged)
}
