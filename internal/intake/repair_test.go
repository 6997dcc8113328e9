package intake

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// content reads a content file of an end's disk, the only one, and names it.
func (e *end) content() (path string, data []byte) {
	e.t.Helper()
	names, err := e.disk.List("data/content")
	if err != nil || len(names) != 1 {
		e.t.Fatalf("content files %q, %v", names, err)
	}
	f, err := e.disk.Open("data/content/" + names[0])
	if err != nil {
		e.t.Fatal(err)
	}
	defer f.Close()
	if data, err = io.ReadAll(f); err != nil {
		e.t.Fatal(err)
	}
	return "data/content/" + names[0], data
}

func (e *end) rewrite(path string, data []byte) {
	e.t.Helper()
	f, err := e.disk.Create(path, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// TestDamagedContentIsSetAside: the check names what is damaged; the repair loses none of what is left of it, tells the sender,
// and touches nothing else.
func TestDamagedContentIsSetAside(t *testing.T) {
	body := strings.Repeat("large ", 20_000)
	for name, tt := range map[string]struct {
		damage func(data []byte) []byte // nil: the file is gone
		left   int
	}{
		"one bit":   {func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, len(body)},
		"cut short": {func(b []byte) []byte { return b[:1000] }, 1000},
		"emptied":   {func(b []byte) []byte { return nil }, 0},
		"removed":   {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnd(t, local, nil)
			e.boxes("ann@Here", "bob@Here", "carl@Here")
			e.announce("mac", "*@There")
			whole := e.send("ann@Here", "whole", "bob@Here", "x@There")
			id, err := e.Submit(t.Context(), Submission{Message: letter("ann@Here", "hit", body, "bob@Here", "carl@Here", "x@There", "y@There"),
				Recipients: addresses("bob@Here", "carl@Here", "x@There", "y@There"), Content: e.draft(body)})
			if err != nil {
				t.Fatal(err)
			}
			e.commit(func(tx *store.Tx) error { _, err := tx.Acknowledge(mail.MustAddress("carl@Here"), id); return err })
			path, data := e.content()
			if tt.damage != nil {
				e.rewrite(path, tt.damage(data))
			} else if err := e.disk.Remove(path); err != nil {
				t.Fatal(err)
			}
			checked, damaged := 0, map[mail.ID]error{}
			check := func(context.Context) {
				checked, damaged = 0, map[mail.ID]error{}
				if err := e.store.CheckContent(t.Context(), func(m *mail.Message, damage error) error {
					if checked++; damage != nil {
						damaged[m.ID] = damage
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			check(t.Context())
			if checked != 2 || len(damaged) != 1 || damaged[id] == nil {
				t.Fatalf("%d messages checked, damaged: %v", checked, damaged)
			}
			m, err := e.store.Message(id)
			if err != nil {
				t.Fatal(err)
			}
			done, err := e.SetAside(t.Context(), m, damaged[id])
			if err != nil || !strings.Contains(done, "2 mailboxes and 1 waiting places") || !strings.Contains(done, "3 recipients") {
				t.Fatalf("done: %q, %v", done, err)
			}
			if got := e.bad(); len(got) != 1 || got[0] != "hit:"+ReasonDamaged+":x@There+y@There+bob@Here" {
				t.Errorf("bad mail: %q", got)
			}
			bs, err := e.store.BadMail("", 1)
			if err != nil {
				t.Fatal(err)
			}
			rest := bs[0].Message
			if rest.RetryOf != id || rest.Size != int64(tt.left) || !strings.Contains(bs[0].Explanation, string(id)) {
				t.Errorf("what is left: %+v, %q", rest, bs[0].Explanation)
			}
			if got := e.inbox("ann@Here"); !slices.Equal(got, []string{"about hit"}) {
				t.Errorf("the sender has %q", got)
			}
			if diff := cmp.Diff([]string{"whole"}, append(e.inbox("bob@Here"), e.inbox("carl@Here")...)); diff != "" {
				t.Errorf("in the mailboxes (-want +got): %s", diff)
			}
			if diff := cmp.Diff([]string{"whole:x@There"}, e.lane("mac")); diff != "" {
				t.Errorf("in the lane (-want +got): %s", diff)
			}
			if _, err := e.store.Message(whole); err != nil {
				t.Error(err)
			}
			check(t.Context())
			if len(damaged) != 0 {
				t.Errorf("still damaged: %v", damaged)
			}
		})
	}
}

// TestDamagedContentThatMayHaveBeenSent is left where it is: its receipt may still come.
func TestDamagedContentThatMayHaveBeenSent(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("mac", "*@There")
	body := strings.Repeat("large ", 20_000)
	id, err := e.Submit(t.Context(), Submission{Message: letter("ann@Here", "hit", body, "x@There"), Recipients: addresses("x@There"), Content: e.draft(body)})
	if err != nil {
		t.Fatal(err)
	}
	e.bound["mac"] = 1
	m, err := e.store.Message(id)
	if err != nil {
		t.Fatal(err)
	}
	done, err := e.SetAside(t.Context(), m, store.ErrCorrupt)
	if err != nil || done != "left where it may have been sent already" {
		t.Errorf("done: %q, %v", done, err)
	}
	if got := e.lane("mac"); len(got) != 1 || len(e.bad()) != 0 || len(e.inbox("ann@Here")) != 0 {
		t.Errorf("waiting %q, bad mail %q", got, e.bad())
	}
}
