package addressbook

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds on answers and questions.
const (
	maxQuery  = 512
	maxAnswer = 192 << 10 // bytes of entries in one answer
	maxChunk  = 500       // entries in one answer of a stream
)

// ServerOptions set a Server up. Everything is needed.
type ServerOptions struct {
	Book *Book
	// Serves reports whether this end takes mail for an address.
	Serves func(mail.Address) bool
	// Caller names the caller of an RPC, for the log.
	Caller func(ctx context.Context) string
	Log    hclog.Logger
}

// Server implements DirectoryService.
type Server struct {
	pb.UnimplementedDirectoryServiceServer
	o ServerOptions
}

// NewServer makes a Server.
func NewServer(o ServerOptions) *Server { return &Server{o: o} }

var mappings = []wire.Mapping{
	{Is: store.ErrFull, Code: codes.ResourceExhausted, Reason: "STORE_FULL", Retry: 30 * time.Second},
	{Is: store.ErrFailed, Code: codes.Unavailable, Reason: "STORE_FAILED", Retry: 10 * time.Second},
}

func status(err error) error { return wire.Status(err, mappings...) }

// SearchEntries looks for people.
func (s *Server) SearchEntries(_ context.Context, r *pb.SearchEntriesRequest) (*pb.SearchEntriesResponse, error) {
	out, err := s.search(r)
	return out, status(err)
}

func (s *Server) search(r *pb.SearchEntriesRequest) (*pb.SearchEntriesResponse, error) {
	if err := wire.CheckText("query", r.Query, maxQuery); err != nil {
		return nil, err
	}
	from, err := parseSources("source", r.Source)
	if err != nil {
		return nil, err
	}
	size, err := wire.PageSize(r.PageSize)
	if err != nil {
		return nil, err
	}
	const list = "directory"
	after, err := wire.ParsePageToken(list, r.PageToken)
	if err != nil {
		return nil, err
	}
	v := s.o.Book.View()
	q := directory.Query{Text: r.Query, Prefix: r.Prefix, Keep: func(e directory.Entry) bool { return from.has(v.Source(e).Kind) }}
	if after != "" {
		q.After = directory.ParsePlace(after)
	}
	found := v.Search(q, size)
	out := &pb.SearchEntriesResponse{}
	for i, bytes := 0, 0; i < len(found) && bytes < maxAnswer; i++ {
		out.Entries = append(out.Entries, known(v, found[i]))
		bytes += len(found[i].Name) + len(found[i].Address.Value)
	}
	if n := len(out.Entries); n > 0 && (n == size || n < len(found)) {
		out.NextPageToken = wire.PageToken(list, directory.PlaceOf(found[n-1]).String())
	}
	return out, nil
}

// LookupEntry tells who has an address.
func (s *Server) LookupEntry(_ context.Context, r *pb.LookupEntryRequest) (*pb.LookupEntryResponse, error) {
	a, err := wire.ParseAddress("address", r.Address)
	if err != nil {
		return nil, status(err)
	}
	v := s.o.Book.View()
	e, ok := v.Lookup(a)
	if !ok {
		return nil, status(wire.NewError(codes.NotFound, "NO_SUCH_ENTRY", 0, unknownAddress(a)))
	}
	return &pb.LookupEntryResponse{Entry: known(v, e)}, nil
}

// ExportEntries lists everybody of one moment.
func (s *Server) ExportEntries(r *pb.ExportEntriesRequest, st grpc.ServerStreamingServer[pb.ExportEntriesResponse]) error {
	from, err := parseSources("sources", r.Sources...)
	if err != nil {
		return status(err)
	}
	v := s.o.Book.View()
	out := &pb.ExportEntriesResponse{}
	for e := range v.All() {
		if !from.has(v.Source(e).Kind) {
			continue
		}
		if out.Entries = append(out.Entries, known(v, e)); len(out.Entries) == maxChunk {
			if err := st.Send(out); err != nil {
				return err
			}
			out = &pb.ExportEntriesResponse{}
		}
	}
	if len(out.Entries) > 0 {
		return st.Send(out)
	}
	return nil
}

func known(v *View, e directory.Entry) *pb.KnownEntry {
	source := v.Source(e)
	return &pb.KnownEntry{Entry: toEntry(e), End: source.End, Source: pb.DirectorySource(source.Kind)}
}

func toEntry(e directory.Entry) *pb.DirectoryEntry {
	return &pb.DirectoryEntry{Name: e.Name, Address: e.Address.String()}
}
