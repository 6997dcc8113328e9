// Package workbench examines spools and message files for people, with no coordinator running.
package workbench

import (
	"errors"
	"fmt"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/mmff"
	"sidegate/internal/cli"
)

// Files reads and converts the message files of the old gateway. It implements cli.MMFFTool.
type Files struct{}

// Show reads a file as far as it can be read. A file whose name is none of the old program's is still read: names get
// lost in copying.
func (Files) Show(_ string, data []byte, o cli.MMFFOptions) cli.MMFFFile {
	out := cli.MMFFFile{Kind: "bad", Messages: []cli.MMFFMessage{}, Errors: []cli.MMFFError{}, Notes: []cli.MMFFError{}}
	table, err := table(o.CodePage)
	if err != nil {
		out.Errors = append(out.Errors, cli.MMFFError{Text: err.Error()})
		return out
	}
	kind, file, err := mmff.Parser{}.Inspect(data)
	out.Kind = kindName(kind)
	if file != nil { // there is none of a handshake or of what is no message file
		for _, m := range file.Messages {
			out.Messages = append(out.Messages, showMessage(m, table))
		}
		out.Notes = showErrors(mmff.Errors(file.Notes))
	}
	if kind == mmff.KindForeign {
		err = mmff.Errors{mmff.ForeignError(data)}
	}
	out.Errors = append(out.Errors, showErrors(err)...)
	return out
}

// kindName: an empty file is a handshake as far as a person is concerned; the spool looks again before it believes so.
func kindName(k mmff.Kind) string {
	if k == mmff.KindEmpty {
		k = mmff.KindHandshake
	}
	return k.String()
}

func table(codePage string) (*charset.Table, error) {
	if codePage == "" {
		return charset.CP850, nil
	}
	t, err := charset.Lookup(codePage)
	if err != nil {
		return nil, fmt.Errorf("code page: %w", err)
	}
	return t, nil
}

func showMessage(m *mmff.Message, t *charset.Table) cli.MMFFMessage {
	out := cli.MMFFMessage{
		Sender:      t.DecodeAddress(m.From),
		Recipients:  cli.MMFFRecipients{To: addresses(m.To, t), Cc: addresses(m.Cc, t), Bcc: []string{}},
		Subject:     t.Decode(m.Subject),
		Date:        m.Date,
		Time:        m.Time,
		Priority:    m.Priority,
		ReadReceipt: m.Priority == "R" || m.Priority == "r",
		Body:        t.Decode(string(lines(m.Body))),
		Attachments: []cli.MMFFAttachment{},
	}
	out.SizeBytes = int64(len(m.Body))
	for _, a := range m.Attachments {
		out.SizeBytes += int64(len(a.Content))
		out.Attachments = append(out.Attachments, cli.MMFFAttachment{
			FileName: t.Decode(a.Name), SizeBytes: int64(len(a.Content)), Content: a.Content,
		})
	}
	return out
}

func addresses(raw []string, t *charset.Table) []string {
	out := []string{}
	for _, a := range raw {
		out = append(out, t.DecodeAddress(a))
	}
	return out
}

// lines turns CR LF and CR into \n.
func lines(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i, c := range b {
		switch {
		case c == '\r':
			out = append(out, '\n')
		case c == '\n' && i > 0 && b[i-1] == '\r':
		default:
			out = append(out, c)
		}
	}
	return out
}

func showErrors(err error) []cli.MMFFError {
	var many mmff.Errors
	if !errors.As(err, &many) {
		if err == nil {
			return nil
		}
		return []cli.MMFFError{{Text: err.Error()}}
	}
	var out []cli.MMFFError
	for _, e := range many {
		out = append(out, cli.MMFFError{Code: e.Code, Message: e.Ordinal, Line: e.Line, Text: e.Error()})
	}
	return out
}
