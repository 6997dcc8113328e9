package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	pb "sidegate/proto/sidegate/v1"
)

// parts are the contents of a message that is being sent, in the protocol's order: the body, then every attachment with
// its data fork and its resource fork.
type parts struct {
	body  string
	forks []fork
}

// fork is a piece of an attachment.
type fork struct {
	name string // of the file
	size int64
	io.ReadCloser
}

// enclose reads the body, opens the attachments and writes what is known of them into the message.
func (c *call) enclose(ctx context.Context, m *pb.Message) (*parts, error) {
	p := &parts{}
	var err error
	if p.body, err = c.body(ctx); err != nil {
		return nil, err
	}
	for _, path := range c.cmd.StringSlice("attach") {
		a, err := p.attach(path)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("attach: %w", err)
		}
		m.Attachments = append(m.Attachments, a)
	}
	if p.size() > math.MaxUint32 {
		p.close()
		return nil, fmt.Errorf("the message has %d bytes; no end takes more than %d", p.size(), uint32(math.MaxUint32))
	}
	m.BodySizeBytes = uint32(len(p.body))
	return p, nil
}

// attach adds a file, and what lies beside it in AppleDouble form.
func (p *parts) attach(path string) (*pb.Attachment, error) {
	data, err := open(path)
	if err != nil {
		return nil, err
	}
	p.forks = append(p.forks, data)
	a := &pb.Attachment{FileName: filepath.Base(path), SizeBytes: uint32(data.size)}
	beside := besideOf(path)
	mac, resource, err := readAppleDouble(beside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a, nil
	case err != nil:
		return nil, err
	}
	a.Mac = mac
	if n := mac.GetResourceForkSizeBytes(); n > 0 {
		p.forks = append(p.forks, fork{beside, int64(n), io.NopCloser(bytes.NewReader(resource))})
	}
	return a, nil
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

// open opens a file to be enclosed.
func open(path string) (fork, error) {
	f, err := os.Open(path)
	if err != nil {
		return fork{}, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a file", path)
	case info.Size() > math.MaxUint32:
		err = fmt.Errorf("%s has %d bytes; no end takes more than %d", path, info.Size(), uint32(math.MaxUint32))
	default:
		return fork{path, info.Size(), f}, nil
	}
	return fork{}, errors.Join(err, f.Close())
}

// size is the whole content in bytes.
func (p *parts) size() int64 {
	n := int64(len(p.body))
	for _, f := range p.forks {
		n += f.size
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
	for _, f := range p.forks {
		exact := &io.LimitedReader{R: f, N: f.size}
		if err := pass(exact); err != nil {
			return err
		}
		if exact.N > 0 {
			return fmt.Errorf("attach: %s became shorter while it was being sent", f.name)
		}
	}
	return nil
}

func (p *parts) close() {
	for _, f := range p.forks {
		_ = f.Close() // only read
	}
}
