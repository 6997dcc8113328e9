package addressbook

import (
	"errors"
	"fmt"
	"strings"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// The tables of records. Both hold one entry under the key of its address: its name, a line break, and the address.
const (
	mailboxTable = "directory/mailbox"
	importTable  = "directory/imported"
)

func entryRecord(e directory.Entry) []byte { return []byte(e.Name + "\n" + e.Address.String()) }

func parseEntry(key string, value []byte) (directory.Entry, error) {
	name, address, ok := strings.Cut(string(value), "\n")
	if !ok {
		return directory.Entry{}, fmt.Errorf("addressbook: the record of %s has no address", key)
	}
	e, err := directory.NewEntry(name, address)
	if err == nil && e.Key() != key {
		err = fmt.Errorf("is that of %s", e.Address)
	}
	if err != nil {
		return directory.Entry{}, fmt.Errorf("addressbook: the record of %s: %w", key, err)
	}
	return e, nil
}

// readEntries reads a table. One entry that cannot be read is left out: mail goes on without it.
func (b *Book) readEntries(table string) (map[string]directory.Entry, error) {
	entries := map[string]directory.Entry{}
	err := b.o.Store.Records(table, func(key string, value []byte) bool {
		e, err := parseEntry(key, value)
		if err != nil {
			b.log.Error("an entry of the directory cannot be read and is left out", "error", err)
			return true
		}
		entries[key] = e
		return true
	})
	return entries, err
}

// NameMailbox gives a mailbox a name, or takes it away when the name is empty, as a part of a commit. When it is durable,
// Refresh has to be told.
func (b *Book) NameMailbox(tx *store.Tx, a mail.Address, name string) error {
	if name == "" {
		tx.Put(mailboxTable, a.Key(), nil)
		return nil
	}
	e, err := directory.EntryOf(name, a)
	if err != nil {
		return err
	}
	tx.Put(mailboxTable, a.Key(), entryRecord(e))
	return nil
}

// Refresh looks a mailbox's name up again after a commit with NameMailbox.
func (b *Book) Refresh(a mail.Address) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := a.Key()
	was, named := b.mailboxes[key]
	value, err := b.o.Store.Record(mailboxTable, key)
	switch {
	case errors.Is(err, store.ErrNotFound) && named:
		delete(b.mailboxes, key)
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("addressbook: name of mailbox %s: %w", a, err)
	default:
		e, err := parseEntry(key, value)
		if err != nil {
			return err
		}
		if e == was {
			return nil
		}
		b.mailboxes[key] = e
	}
	b.ownChanged()
	return nil
}

// MailboxName is the name of a mailbox, empty if it has none.
func (b *Book) MailboxName(a mail.Address) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mailboxes[a.Key()].Name
}
