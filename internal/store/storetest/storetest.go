// Package storetest shows that an engine carries a store: one suite that every engine has to pass. It also has an
// engine in memory, for tests of whatever stands on a store.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// New opens a store in an engine in memory, and closes it after the test.
func New(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	return Open(t, NewMemory(), o)
}

// Open opens a store in an engine, and closes it after the test.
func Open(t testing.TB, e store.Engine, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(e, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test may have broken it on purpose
	return s
}

// Message is a small note with that body, and its content as a sealed draft of the store.
func Message(t testing.TB, s *store.Store, body string, to ...mail.Address) (*mail.Message, *store.Draft) {
	t.Helper()
	d := s.NewDraft(int64(len(body)))
	if _, err := io.Copy(d, strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	return &mail.Message{
		ID: s.NewID(), Class: mail.Note, Sender: mail.MustAddress("net/po/sender"), To: to, Subject: "subject", Priority: 3,
		Submitted: s.Now().UTC(), BodySize: d.Size(), Size: d.Size(), SHA256: d.SHA256(), OriginStore: s.ID(), Origin: mail.FromClient,
	}, d
}

// ReadAll reads content and checks that it is what it says it is.
func ReadAll(t testing.TB, c mail.Content) string {
	t.Helper()
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != c.Size() || sha256.Sum256(b) != c.SHA256() {
		t.Fatalf("content has %d bytes, said %d", len(b), c.Size())
	}
	return string(b)
}

// commit commits and fails the test if that fails.
func commit(t testing.TB, s *store.Store, build func(*store.Tx) error) {
	t.Helper()
	if err := s.Commit(soon(t), build); err != nil {
		t.Fatal(err)
	}
}

// soon is a context that ends before the test would hang.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// clean fails the test if the store's books do not add up.
func clean(t testing.TB, s *store.Store) {
	t.Helper()
	findings, err := s.Audit()
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) > 0 {
		t.Fatalf("audit: %s", strings.Join(findings, "\n"))
	}
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateErrors()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// contentOf is content that is no draft.
type contentOf string

func (c contentOf) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader([]byte(c))), nil
}
func (c contentOf) Size() int64      { return int64(len(c)) }
func (c contentOf) SHA256() [32]byte { return sha256.Sum256([]byte(c)) }
