package cli

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	pb "sidegate/proto/sidegate/v1"
)

// part is one piece of a message's content.
type part struct {
	kind   partKind
	index  int // of the attachment
	size   int64
	sha256 []byte // as announced; empty if it was not
	inline []byte // when the content travelled inside the message
}

type partKind uint8

const (
	partBody partKind = iota
	partData
	partResource
	partOriginal
)

// partsOf lists the pieces of a message in the protocol's order.
func partsOf(m *pb.Message) []part {
	ps := []part{{kind: partBody, size: int64(m.GetBodySizeBytes()), inline: []byte(m.GetBody())}}
	for i, a := range m.GetAttachments() {
		ps = append(ps, part{kind: partData, index: i, size: int64(a.GetSizeBytes()), sha256: a.GetSha256(), inline: a.GetContent()})
		if a.GetMac().GetResourceForkSizeBytes() > 0 {
			ps = append(ps, part{kind: partResource, index: i, size: int64(a.GetMac().GetResourceForkSizeBytes()), inline: a.GetMac().GetResourceFork()})
		}
	}
	if o := m.GetOriginal(); o.GetSizeBytes() > 0 {
		ps = append(ps, part{kind: partOriginal, size: int64(o.GetSizeBytes()), sha256: o.GetSha256(), inline: o.GetContent()})
	}
	return ps
}

// receive reads the content of a message and hands every piece to write, in order; the reader ends with the piece. next
// returns the next chunk, or io.EOF. What was announced is held against what came: sizes, and the hashes there are.
func receive(m *pb.Message, next func() ([]byte, error), write func(part, io.Reader) error) error {
	ps := partsOf(m)
	inside := false
	for _, p := range ps {
		inside = inside || len(p.inline) > 0
	}
	chunks := &chunkReader{next: next}
	whole := sha256.New()
	complete := true
	for _, p := range ps {
		var source io.Reader = io.LimitReader(chunks, p.size)
		if inside {
			source = bytes.NewReader(p.inline)
		}
		if p.kind == partOriginal {
			first, err := peek(&source)
			if err != nil {
				return err
			}
			if !first { // not asked for
				complete = false
				continue
			}
		}
		if err := receivePart(p, source, whole, write); err != nil {
			return err
		}
	}
	if extra, err := io.Copy(io.Discard, chunks); err != nil || extra > 0 {
		return errors.Join(err, fmt.Errorf("%d bytes came that nobody announced", extra))
	}
	if complete && len(m.GetSha256()) > 0 && !bytes.Equal(m.GetSha256(), whole.Sum(nil)) {
		return errors.New("the content does not match its SHA-256")
	}
	return nil
}

func receivePart(p part, source io.Reader, whole hash.Hash, write func(part, io.Reader) error) error {
	own := sha256.New()
	counted := &counter{r: io.TeeReader(source, io.MultiWriter(whole, own))}
	if err := write(p, counted); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return err
	}
	if counted.n != p.size {
		return fmt.Errorf("the content ended too early: %d of %d bytes", counted.n, p.size)
	}
	if len(p.sha256) > 0 && !bytes.Equal(p.sha256, own.Sum(nil)) {
		return errors.New("the content does not match its SHA-256")
	}
	return nil
}

// peek reports whether there is anything to read, without taking it away.
func peek(r *io.Reader) (bool, error) {
	var one [1]byte
	n, err := io.ReadFull(*r, one[:])
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	*r = io.MultiReader(bytes.NewReader(one[:n]), *r)
	return true, nil
}

// chunkReader joins chunks.
type chunkReader struct {
	next func() ([]byte, error)
	rest []byte
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		data, err := c.next()
		if err != nil {
			return 0, err
		}
		c.rest = data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// fill puts the content into the message, as if all of it had travelled inside.
func fill(m *pb.Message, next func() ([]byte, error)) error {
	return receive(m, next, func(p part, r io.Reader) error { return fillPart(m, p, r) })
}

func fillPart(m *pb.Message, p part, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch p.kind {
	case partBody:
		m.Body = string(bytes.ToValidUTF8(data, []byte("\ufffd")))
	case partData:
		m.Attachments[p.index].Content = data
	case partResource:
		m.Attachments[p.index].Mac.ResourceFork = data
	case partOriginal:
		m.Original.Content = data
	}
	return nil
}
