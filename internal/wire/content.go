package wire

import (
	"fmt"

	pb "sidegate/proto/sidegate/v1"
)

// part is one piece of a message's content: where its bytes are when they travel inside, and its declared size.
type part struct {
	field string // of the bytes
	text  string // the bytes of a body
	bytes []byte // those of anything else
	size  uint32
}

// inside is what travels inside; nil if nothing does.
func (p part) inside() []byte {
	if p.text != "" {
		return []byte(p.text)
	}
	return p.bytes
}

// parts lists the pieces of the content in their order: body, forks of every attachment, original.
func parts(p *pb.Message) []part {
	ps := make([]part, 0, 2+2*len(p.Attachments))
	ps = append(ps, part{field: "body", text: p.Body, size: p.BodySizeBytes})
	for i, a := range p.Attachments {
		ps = append(ps, part{field: fmt.Sprintf("attachments[%d].content", i), bytes: a.GetContent(), size: a.GetSizeBytes()})
		if f := a.GetMac(); f != nil {
			ps = append(ps, part{field: fmt.Sprintf("attachments[%d].mac.resource_fork", i), bytes: f.ResourceFork, size: f.ResourceForkSizeBytes})
		}
	}
	if o := p.Original; o != nil {
		ps = append(ps, part{field: "original.content", bytes: o.Content, size: o.SizeBytes})
	}
	return ps
}

// checkInside checks that content inside the message has the size that is declared for it.
func checkInside(p *pb.Message) error {
	for _, part := range parts(p) {
		if n := len(part.text) + len(part.bytes); n > 0 && int64(n) != int64(part.size) {
			return fieldError(part.field, "has %d bytes, but %d are declared", n, part.size)
		}
	}
	return nil
}

// checkSizes checks that the sizes of the parts add up to the size of the whole, and the whole has a hash.
func checkSizes(p *pb.Message) error {
	var sum int64
	for _, part := range parts(p) {
		sum += int64(part.size)
	}
	switch {
	case sum > MaxContent:
		return fieldError("size_bytes", "the content has %d bytes, the most is %d", sum, MaxContent)
	case sum != int64(p.SizeBytes):
		return fieldError("size_bytes", "is %d, but the parts have %d bytes", p.SizeBytes, sum)
	case len(p.Sha256) != 32 && !(sum == 0 && len(p.Sha256) == 0):
		return fieldError("sha256", "has %d bytes instead of 32", len(p.Sha256))
	}
	return nil
}

// Embed puts a message's whole content inside the message, each piece into its field. The content must have the
// size the message declares.
func Embed(p *pb.Message, content []byte) error {
	if int64(len(content)) != int64(p.SizeBytes) {
		return fieldError("size_bytes", "is %d, but the content has %d bytes", p.SizeBytes, len(content))
	}
	var err error
	next := func(field string, size uint32) []byte {
		if int64(size) > int64(len(content)) {
			err = fieldError(field, "%d bytes are declared, but only %d are left", size, len(content))
			return nil
		}
		piece := content[:size:size]
		content = content[size:]
		return piece
	}
	p.Body = string(next("body", p.BodySizeBytes))
	for _, a := range p.Attachments {
		a.Content = next("attachments.content", a.SizeBytes)
		if a.Mac != nil {
			a.Mac.ResourceFork = next("attachments.mac.resource_fork", a.Mac.ResourceForkSizeBytes)
		}
	}
	if p.Original != nil {
		p.Original.Content = next("original.content", p.Original.SizeBytes)
	}
	if err == nil && len(content) > 0 {
		err = fieldError("size_bytes", "%d bytes of the content belong to no part", len(content))
	}
	return err
}

// Content gathers the content that travels inside a message; complete tells whether that is all of it.
func Content(p *pb.Message) (content []byte, complete bool) {
	complete = true
	for _, part := range parts(p) {
		content = append(append(content, part.text...), part.bytes...)
		if uint32(len(part.text)+len(part.bytes)) != part.size {
			complete = false
		}
	}
	return content, complete
}
