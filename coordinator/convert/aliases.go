package convert

import (
	"fmt"

	"sidegate/coordinator/mmff"
	"sidegate/internal/mail"
)

// Addresses says which addresses in files are other names of those in messages.
type Addresses interface {
	// Read is whom an address in a file means, usually the address itself. The error says in a sentence, for its
	// sender, why it means nobody.
	Read(a mail.Address) (mail.Address, error)
	// Write is how addresses stand in a file, in the same order. What it has to remember for that is durable when it
	// returns. The error is a *Refusal, or trying again may help.
	Write(as []mail.Address) ([]mail.Address, error)
}

// asTheyAre is the Addresses of a spool whose files call everybody what messages do.
type asTheyAre struct{}

func (asTheyAre) Read(a mail.Address) (mail.Address, error)       { return a, nil }
func (asTheyAre) Write(as []mail.Address) ([]mail.Address, error) { return as, nil }

// sender reads FROM. One that means nobody stays as it is written: it is still what people see.
func (h header) sender() mail.Address {
	a, code := readAddress(h.m.From, h.c.options.Peer.Charset)
	if code != 0 {
		h.n.add(NoteAddress, "FROM: error %d", code)
		return a
	}
	meant, err := h.c.options.Addresses.Read(a)
	if err != nil {
		h.n.add(NoteAddress, "FROM: means nobody")
		return a
	}
	return meant
}

// recipient reads the TO or CC of that number, or the BCC of that line. The problem says, for its sender, why it cannot be one, and names the line.
func (h header) recipient(field string, n int, raw string) (a mail.Address, problem string) {
	a, code := readAddress(raw, h.c.options.Peer.Charset)
	if code != 0 {
		h.n.add(NoteAddress, "%s: error %d", field, code)
		return a, fmt.Sprintf("The address%s cannot be read (%d).", h.inLine(field, n), code)
	}
	meant, err := h.c.options.Addresses.Read(a)
	if err != nil {
		h.n.add(NoteAddress, "%s: means nobody", field)
		return a, fmt.Sprintf("The message could not be addressed%s: %v.", h.inLine(field, n), err)
	}
	return meant, ""
}

// inLine says where in the file an address stands, if the message was read from one.
func (h header) inLine(field string, n int) string {
	if h.lines == nil {
		return ""
	}
	if field == hiddenField {
		return fmt.Sprintf(" in line %d", n)
	}
	if !h.lines.known {
		h.lines.to, h.lines.cc = h.m.AddressLines()
		h.lines.known = true
	}
	list := h.lines.to
	if field == "CC" {
		list = h.lines.cc
	}
	if n >= len(list) {
		return ""
	}
	return fmt.Sprintf(" in line %d", list[n])
}

// lines are where the addresses of a file stand, once somebody has asked.
type lines struct {
	known  bool
	to, cc []int
}

// callNames finds out how everybody in the header of the file is called there.
func (w *writer) callNames() error {
	everybody := unique(w.d.Recipients)
	if from := w.signer(); !from.IsZero() {
		everybody = append(everybody, from)
	}
	written, err := w.c.options.Addresses.Write(everybody)
	if err != nil {
		return err
	}
	w.called = make(map[mail.Address]mail.Address, len(everybody))
	for i, a := range everybody {
		w.called[a] = written[i]
	}
	return nil
}

// namesStay reports whether everybody in a file is called there what we would write: a file from the other system may
// call people what the peer cannot.
func (c *Converter) namesStay(m *mmff.Message) bool {
	var all []mail.Address
	for _, list := range [][]string{{m.From}, m.To, m.Cc} {
		for _, raw := range list {
			a, code := readAddress(raw, c.options.Peer.Charset)
			if code == 0 {
				all = append(all, a)
			}
		}
	}
	written, err := c.options.Addresses.Write(all)
	if err != nil {
		return false
	}
	for i, a := range all {
		if written[i] != a {
			return false
		}
	}
	return true
}
