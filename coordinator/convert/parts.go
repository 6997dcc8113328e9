package convert

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// parts writes the content of a message, one part behind the other, and knows size and hash of each and of all.
type parts struct {
	w     io.Writer
	whole hash.Hash
	part  hash.Hash
	size  int64
	begun int64 // where the part began
	err   error
}

func newParts(w io.Writer) *parts {
	return &parts{w: w, whole: sha256.New(), part: sha256.New()}
}

// Write adds to the part. After an error it does nothing.
func (p *parts) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.w.Write(b)
	if err != nil {
		p.err = fmt.Errorf("convert: write content: %w", err)
	}
	p.whole.Write(b[:n])
	p.part.Write(b[:n])
	p.size += int64(n)
	return n, p.err
}

// end ends the part and returns its size and hash.
func (p *parts) end() (size int64, sum [32]byte) {
	size, sum = p.size-p.begun, [32]byte(p.part.Sum(nil))
	p.part.Reset()
	p.begun = p.size
	return size, sum
}
