package mmff

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// Options say how a message is written.
type Options struct {
	// EOL is the line end of the header; EOLNone means CRLF. The body is written as it is: converting it is the caller's work.
	EOL EOL
	// Extended writes CC, EXT and unknown fields. Without it, CC is written as TO (KB Q87223) and the others are left out.
	Extended bool
}

func (o Options) sequence() string {
	if o.EOL == EOLNone {
		return CRLF.Sequence()
	}
	return o.EOL.Sequence()
}

// Write writes one message: header, body and the attachments back to back, with all sizes counted again. It refuses, before
// anything is written, what would not be read back as it is: a value with CR, LF or NUL, a message without sender or
// recipient, a body beside XTEXT. The error names the field.
func Write(w io.Writer, m *Message, o Options) error {
	h, err := header(m, o)
	if err != nil {
		return err
	}
	if _, err := w.Write(h); err != nil {
		return fmt.Errorf("mmff: write header: %w", err)
	}
	if _, err := w.Write(m.Body); err != nil {
		return fmt.Errorf("mmff: write body: %w", err)
	}
	for i, a := range m.Attachments {
		if _, err := w.Write(a.Content); err != nil {
			return fmt.Errorf("mmff: write attachment %d: %w", i+1, err)
		}
	}
	return nil
}

// Marshal writes a message into memory and verifies it.
func Marshal(m *Message, o Options) ([]byte, error) {
	var b bytes.Buffer
	if err := Write(&b, m, o); err != nil {
		return nil, err
	}
	if err := Verify(b.Bytes(), m, o); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Omitted returns the lines that writing m with o leaves out, for the caller to show in the body or to log.
func Omitted(m *Message, o Options) []Field {
	if o.Extended {
		return nil
	}
	var out []Field
	for _, x := range m.Ext {
		out = append(out, Field{Name: "EXT", Value: x.Type + ":" + strconv.Itoa(x.N) + ":" + x.Name + "=" + x.Value, Line: x.Line})
	}
	return append(out, m.Fields...)
}
