package storetest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func messageShared(t *testing.T, b *bench) {
	m, d := Message(t, b.Store, strings.Repeat("large ", 20_000), ann, bob)
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		if _, err := tx.AddMailbox(ann, nil); err != nil {
			return err
		}
		if _, err := tx.Deliver(ann, m.ID); err != nil {
			return err
		}
		if _, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To}); err != nil {
			return err
		}
		_, err := tx.AddBad(store.Bad{Message: m, Recipients: m.To, Reason: "TEST"})
		return err
	})
	bad, _ := b.BadMail("", 1)
	for name, drop := range map[string]func(*store.Tx) error{
		"lane":     func(tx *store.Tx) error { _, err := tx.Release(peerLane, 1, nil); return err },
		"mailbox":  func(tx *store.Tx) error { _, err := tx.Delete(ann, m.ID); return err },
		"bad mail": func(tx *store.Tx) error { return tx.DropBad(bad[0].ID) },
	} {
		got, err := b.Message(m.ID)
		b.equal("message before the "+name+" lets go", []any{got, err}, []any{m, error(nil)})
		c, err := b.Content(m.ID)
		if err != nil || len(ReadAll(t, c)) != 120_000 {
			t.Fatalf("content before the %s lets go: %v", name, err)
		}
		b.reopen()
		b.do(drop)
	}
	if _, err := b.Message(m.ID); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("after all have let go: %v", err)
	}
	b.clean()
}

// messageGoneAtOnce lets two places go of a message in one commit. When it comes again nothing is left of the count.
func messageGoneAtOnce(t *testing.T, b *bench) {
	m, d := Message(t, b.Store, "again and again", ann)
	for range 2 {
		b.do(func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			for range 2 {
				if _, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To}); err != nil {
					return err
				}
			}
			return nil
		})
		b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, b.Lane(peerLane).Assigned, nil); return err })
	}
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, d); err != nil {
			return err
		}
		_, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To})
		return err
	})
	b.clean()
	b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, b.Lane(peerLane).Assigned, nil); return err })
	if _, err := b.Message(m.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a message without a place is still kept: %v", err)
	}
}

// messageHandedOn shows that a message goes from one place to another within a commit, whichever place it leaves first.
func messageHandedOn(t *testing.T, b *bench) {
	for name, leave := range map[string]func(*store.Tx, mail.ID) error{
		"lane": func(tx *store.Tx, _ mail.ID) error {
			_, err := tx.Release(peerLane, b.Lane(peerLane).Assigned, nil)
			return err
		},
		"mailbox": func(tx *store.Tx, id mail.ID) error { _, err := tx.Delete(ann, id); return err },
	} {
		id := b.deliver(ann, name)
		if name == "lane" {
			b.do(func(tx *store.Tx) error {
				_, err := tx.Enqueue(peerLane, store.Entry{MessageID: id, Recipients: []mail.Address{ann}})
				return err
			})
			b.do(func(tx *store.Tx) error { _, err := tx.Delete(ann, id); return err })
		}
		b.do(func(tx *store.Tx) error {
			if err := leave(tx, id); err != nil {
				return err
			}
			_, err := tx.Enqueue("next", store.Entry{MessageID: id, Recipients: []mail.Address{bob}})
			return err
		})
		es := b.entries("next", b.Lane("next").Assigned-1)
		b.equal("out of a "+name, bodies(t, b, es), []string{name})
		b.equal("bytes and sender", []any{es[0].Bytes, es[0].Sender.String()}, []any{int64(len(name)), "net/po/sender"})
		b.clean()
	}
}

func messageContent(t *testing.T, b *bench) {
	limit := 64 << 10
	for name, size := range map[string]int{"none": 0, "one byte": 1, "at the limit": limit, "beyond the limit": limit + 1, "a mebibyte": 1 << 20} {
		body := strings.Repeat("abcdefgh", size/8+1)[:size]
		fromDraft := b.enqueue(peerLane, body, ann)
		m, _ := b.Message(fromDraft)
		copied := *m
		copied.ID = b.NewID()
		b.do(func(tx *store.Tx) error { // content of one kept message becomes that of another
			c, err := b.Content(fromDraft)
			if err != nil {
				return err
			}
			if err := tx.Keep(&copied, c); err != nil {
				return err
			}
			_, err = tx.Enqueue(peerLane, store.Entry{MessageID: copied.ID, Recipients: []mail.Address{ann}})
			return err
		})
		b.do(func(tx *store.Tx) error { // and stays when the first one goes
			es, err := b.EntriesOf(fromDraft)
			if err != nil {
				return err
			}
			return tx.Remove(peerLane, es[0].Seq, es[0].Recipients)
		})
		b.reopen()
		c, err := b.Content(copied.ID)
		if err != nil || ReadAll(t, c) != body {
			t.Fatalf("%s: content is not what was kept: %v", name, err)
		}
	}
}

func messageRefused(t *testing.T, b *bench) {
	m, d := Message(t, b.Store, "content", ann)
	open := b.NewDraft(10)
	short := *m
	short.Size, short.BodySize = 3, 3
	other := *m
	other.SHA256[0]++
	large := strings.Repeat("x", 100<<10)
	for name, keep := range map[string]func(*store.Tx) error{
		"content is missing":  func(tx *store.Tx) error { return tx.Keep(m, nil) },
		"draft is not sealed": func(tx *store.Tx) error { return tx.Keep(m, open) },
		"size is another":     func(tx *store.Tx) error { return tx.Keep(&short, d) },
		"hash is another":     func(tx *store.Tx) error { return tx.Keep(&other, d) },
		"copy is another":     func(tx *store.Tx) error { return tx.Keep(m, contentOf(large)) },
		"ID is empty":         func(tx *store.Tx) error { return tx.Keep(&mail.Message{}, nil) },
		"lane without a message": func(tx *store.Tx) error {
			_, err := tx.Enqueue("l", store.Entry{MessageID: "x", Recipients: m.To})
			return err
		},
		"lane without recipients": func(tx *store.Tx) error { _, err := tx.Enqueue("l", store.Entry{MessageID: m.ID}); return err },
		"lane without a name": func(tx *store.Tx) error {
			_, err := tx.Enqueue("", store.Entry{MessageID: m.ID, Recipients: m.To})
			return err
		},
		"bad mail without message": func(tx *store.Tx) error { _, err := tx.AddBad(store.Bad{}); return err },
		"record with NUL":          func(tx *store.Tx) error { tx.Put("t", "a\x00b", []byte{}); return nil },
		"trace without message":    func(tx *store.Tx) error { tx.AddTrace(store.Trace{}); return nil },
	} {
		if err := b.Commit(soon(t), keep); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	b.reopen()
	b.do(func(tx *store.Tx) error { return tx.Keep(m, d) })
	if _, err := b.Message(m.ID); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a message that nothing holds was kept: %v", err)
	}
}

// messageOneDraft keeps two messages from one draft, in one commit and in two: a content file belongs to one message, or the
// one that goes first would take the content of the other along.
func messageOneDraft(t *testing.T, b *bench) {
	body := strings.Repeat("x", 100_000)
	for name, together := range map[string]bool{"in one commit": true, "one after the other": false} {
		first, d := Message(t, b.Store, body, ann)
		second := *first
		second.ID = b.NewID()
		keep := func(tx *store.Tx, m *mail.Message) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To})
			return err
		}
		if together {
			b.do(func(tx *store.Tx) error { return errors.Join(keep(tx, first), keep(tx, &second)) })
		} else {
			b.do(func(tx *store.Tx) error { return keep(tx, first) })
			b.do(func(tx *store.Tx) error { return keep(tx, &second) })
		}
		for _, m := range []*mail.Message{first, &second} {
			c, err := b.Content(m.ID)
			if err != nil || ReadAll(t, c) != body {
				t.Fatalf("%s: %v", name, err)
			}
			b.do(func(tx *store.Tx) error { _, err := tx.Release(peerLane, b.Lane(peerLane).Released+1, nil); return err })
		}
		b.clean()
	}
}

func messageDraft(t *testing.T, b *bench) {
	d := b.NewDraft(100)
	if _, err := d.Write(make([]byte, 101)); !errors.Is(err, store.ErrTooLarge) || !strings.Contains(err.Error(), "100") {
		t.Fatalf("beyond the limit: %v", err)
	}
	d.Discard()
	d = b.NewDraft(1 << 20)
	for range 20 {
		if _, err := d.Write(make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Open(); err == nil {
		t.Fatal("a draft that is not sealed was opened")
	}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	b.equal("read back", len(ReadAll(t, d)), 200_000)
	if _, err := d.Write([]byte{1}); err == nil {
		t.Fatal("a sealed draft was written to")
	}
	d.Discard()
	d.Discard()
	if r, err := d.Open(); err == nil {
		r.Close()
		t.Fatal("a discarded draft was opened")
	}
	m, kept := Message(t, b.Store, strings.Repeat("x", 100_000), ann)
	b.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, kept); err != nil {
			return err
		}
		_, err := tx.Enqueue(peerLane, store.Entry{MessageID: m.ID, Recipients: m.To})
		return err
	})
	kept.Discard()
	c, err := b.Content(m.ID)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); err != nil || n != 100_000 {
		t.Fatalf("a kept draft was discarded: %d, %v", n, err)
	}
	b.clean()
}
