package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	pb "sidegate/proto/sidegate/v1"
)

// parts are the contents of a message that is being sent, in the protocol's order: the body, then every attachment.
type parts struct {
	body  string
	files []*os.File
	sizes []int64
}

// enclose reads the body, opens the attachments and writes their sizes into the message.
func (c *call) enclose(ctx context.Context, m *pb.Message) (*parts, error) {
	p := &parts{}
	var err error
	if p.body, err = c.body(ctx); err != nil {
		return nil, err
	}
	for _, path := range c.cmd.StringSlice("attach") {
		if err := p.open(path); err != nil {
			p.close()
			return nil, err
		}
		m.Attachments = append(m.Attachments, &pb.Attachment{
			FileName: filepath.Base(path), SizeBytes: uint32(p.sizes[len(p.sizes)-1]),
		})
	}
	if p.size() > math.MaxUint32 {
		p.close()
		return nil, fmt.Errorf("the message has %d bytes; no end takes more than %d", p.size(), uint32(math.MaxUint32))
	}
	m.BodySizeBytes = uint32(len(p.body))
	return p, nil
}

// body returns the text of the message with \n line ends.
func (c *call) body(ctx context.Context) (string, error) {
	file, fromStdin := c.cmd.String("body-file"), len(c.args) == 1
	if fromStdin && c.args[0] != "-" {
		return "", usagef("%q is one argument too many: repeat --to, --cc or --attach for each value", c.args[0])
	}
	given := 0
	for _, is := range []bool{c.cmd.IsSet("body"), file != "", fromStdin} {
		if is {
			given++
		}
	}
	if given > 1 {
		return "", usagef("--body, --body-file and - cannot stand together")
	}
	data, from := []byte(c.cmd.String("body")), "--body"
	var err error
	switch {
	case fromStdin || file == "-":
		from = "stdin"
		data, err = io.ReadAll(io.LimitReader(c.stdin(ctx), math.MaxUint32+1))
	case file != "":
		from = file
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("body: %s is not UTF-8 text; --attach takes files of any kind", from)
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(data), "\ufeff")), nil
}

// open adds a file to be enclosed.
func (p *parts) open(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	p.files = append(p.files, f)
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("attach: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("attach: %s is not a file", path)
	case info.Size() > math.MaxUint32:
		return fmt.Errorf("attach: %s has %d bytes; no end takes more than %d", path, info.Size(), uint32(math.MaxUint32))
	}
	p.sizes = append(p.sizes, info.Size())
	return nil
}

// size is the whole content in bytes.
func (p *parts) size() int64 {
	n := int64(len(p.body))
	for _, size := range p.sizes {
		n += size
	}
	return n
}

// chunks calls send with the content piece by piece. A file that is not as long any more as it was when it was opened
// ends the submission: the sizes have been told already.
func (p *parts) chunks(send func([]byte) error) error {
	buffer := make([]byte, 128<<10)
	pass := func(r io.Reader) error {
		for {
			n, err := io.ReadFull(r, buffer)
			if n > 0 {
				if err := send(buffer[:n]); err != nil {
					return err
				}
			}
			switch {
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				return nil
			case err != nil:
				return fmt.Errorf("attach: %w", err)
			}
		}
	}
	if err := pass(strings.NewReader(p.body)); err != nil {
		return err
	}
	for i, f := range p.files {
		exact := &io.LimitedReader{R: f, N: p.sizes[i]}
		if err := pass(exact); err != nil {
			return err
		}
		if exact.N > 0 {
			return fmt.Errorf("attach: %s became shorter while it was being sent", f.Name())
		}
	}
	return nil
}

func (p *parts) close() {
	for _, f := range p.files {
		_ = f.Close() // only read
	}
}
