package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"

	"sidegate/internal/addressbook"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	pb "sidegate/proto/sidegate/v1"
)

// fakeDirectory is the real service over a store in memory. A linked end has told of two people, one of whom tries a terminal.
func fakeDirectory() (server *addressbook.Server, stop func(), err error) {
	engine, err := pebblestore.Open("data", pebblestore.Options{FS: vfs.NewMem(), BallastBytes: -1})
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(engine, store.Options{})
	if err != nil {
		return nil, nil, err
	}
	book, err := addressbook.Open(addressbook.Options{Store: s, End: "here"})
	if err != nil {
		return nil, nil, err
	}
	told := directory.Merge([]directory.Entry{
		{Name: "Bob Young", Address: mail.MustAddress("bob@Marketing")},
		{Name: "Trick \u202egnp", Address: mail.MustAddress("trick@Marketing")},
	})
	if err := book.Replace("1", "macside", told, directory.Digest(slices.Collect(told.All()))); err != nil {
		return nil, nil, err
	}
	server = addressbook.NewServer(addressbook.ServerOptions{
		Book: book, Serves: mail.MustPattern("NET/PO/*").Match, Caller: func(context.Context) string { return "test" }, Log: hclog.NewNullLogger(),
	})
	return server, func() { _ = s.Close() }, nil
}

func (f *fake) UpdateMailboxName(_ context.Context, r *pb.UpdateMailboxNameRequest) (*pb.UpdateMailboxNameResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.box(r.GetAddress()); err != nil {
		return nil, err
	}
	if strings.Contains(r.GetDisplayName(), "\n") {
		return nil, invalid("display_name", "holds a control character")
	}
	f.name(r.GetAddress(), r.GetDisplayName())
	return &pb.UpdateMailboxNameResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}

func (f *fake) name(address, name string) {
	if f.people.names == nil {
		f.people.names = map[string]string{}
	}
	f.people.names[address] = name
}

func (f *fake) GetMailbox(_ context.Context, r *pb.GetMailboxRequest) (*pb.GetMailboxResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.box(r.GetAddress()); err != nil {
		return nil, err
	}
	return &pb.GetMailboxResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}
