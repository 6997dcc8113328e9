package service

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/coordinator/proxy"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Reasons in ErrorInfo of the calls about proxies.
const (
	ReasonNoProxies = "NO_PROXIES"
	ReasonProxyMap  = "PROXY_MAP"
	ReasonNoID      = "NO_PROXY_ID_LEFT"
)

const (
	proxyChunk  = 256 << 10
	maxAssigned = 1000 // in one call
)

// mapOfProxies is the map, or the error that there is none.
func (s *server) mapOfProxies() (*proxy.Map, error) {
	if s.proxies == nil {
		return nil, wire.NewError(codes.FailedPrecondition, ReasonNoProxies, 0, errors.New("this coordinator writes no proxies; --proxy makes it do so"))
	}
	return s.proxies, nil
}

// ListProxies lists the map of proxies.
func (s *server) ListProxies(_ context.Context, r *pb.ListProxiesRequest) (*pb.ListProxiesResponse, error) {
	out, err := s.listProxies(r)
	return out, wire.Status(err, refusals...)
}

func (s *server) listProxies(r *pb.ListProxiesRequest) (*pb.ListProxiesResponse, error) {
	m, err := s.mapOfProxies()
	if err != nil {
		return nil, err
	}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	after, err := wire.ParsePageToken("proxies", r.GetPageToken())
	if err != nil {
		return nil, err
	}
	list := m.List(after, size+1)
	out := &pb.ListProxiesResponse{}
	for i, p := range list {
		if i == size {
			out.NextPageToken = wire.PageToken("proxies", list[i-1].ID)
			break
		}
		out.Proxies = append(out.Proxies, &pb.Proxy{
			Id: p.ID, Proxy: m.Address(p.ID).String(), Address: p.Address.String(), State: p.State.String(), CreateTime: timestamppb.New(p.Created),
		})
	}
	return out, nil
}

// ExportProxies sends the map as text.
func (s *server) ExportProxies(_ *pb.ExportProxiesRequest, out grpc.ServerStreamingServer[pb.ExportProxiesResponse]) error {
	m, err := s.mapOfProxies()
	if err != nil {
		return wire.Status(err)
	}
	return wire.Status(m.Table().Write(chunks(func(data []byte) error { return out.Send(&pb.ExportProxiesResponse{Data: data}) })))
}

// chunks sends what is written to it in pieces that fit a call.
type chunks func(data []byte) error

func (send chunks) Write(b []byte) (int, error) {
	for n := 0; n < len(b); n += proxyChunk {
		if err := send(b[n:min(len(b), n+proxyChunk)]); err != nil {
			return n, err
		}
	}
	return len(b), nil
}

// ImportProxies takes a text in.
func (s *server) ImportProxies(in grpc.ClientStreamingServer[pb.ImportProxiesRequest, pb.ImportProxiesResponse]) error {
	done, err := s.importProxies(in)
	if err != nil {
		return wire.Status(err, refusals...)
	}
	return in.SendAndClose(done)
}

func (s *server) importProxies(in grpc.ClientStreamingServer[pb.ImportProxiesRequest, pb.ImportProxiesResponse]) (*pb.ImportProxiesResponse, error) {
	m, err := s.mapOfProxies()
	if err != nil {
		return nil, err
	}
	text, err := gather(in)
	if err != nil {
		return nil, err
	}
	var done proxy.Imported
	table, err := proxy.Parse(text)
	if err == nil {
		done, err = m.Import(table)
	}
	var line *proxy.LineError
	if errors.As(err, &line) {
		return nil, wire.NewError(codes.FailedPrecondition, ReasonProxyMap, 0, fmt.Errorf("line %d: %s; nothing was imported", line.Line, line.Problem))
	}
	if err != nil {
		return nil, err
	}
	s.log.Info("map of proxies imported", "ids", done.IDs, "retired", done.Retired, "caller", s.caller(in.Context()))
	return &pb.ImportProxiesResponse{
		ServerCount: uint32(done.Servers), IdCount: uint32(done.IDs), RetiredCount: uint32(done.Retired), KnownCount: uint32(done.Known),
	}, nil
}

// gather reads a text that comes in pieces.
func gather(in grpc.ClientStreamingServer[pb.ImportProxiesRequest, pb.ImportProxiesResponse]) ([]byte, error) {
	var text []byte
	for {
		r, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return nil, err
		}
		if len(text)+len(r.GetData()) > proxy.MaxText {
			return nil, &wire.FieldError{Field: "data", Problem: fmt.Sprintf("has more than %d bytes in all", proxy.MaxText)}
		}
		text = append(text, r.GetData()...)
	}
}

// AssignProxies says how addresses stand in files for the PC half.
func (s *server) AssignProxies(ctx context.Context, r *pb.AssignProxiesRequest) (*pb.AssignProxiesResponse, error) {
	out, err := s.assignProxies(ctx, r)
	return out, wire.Status(err, refusals...)
}

func (s *server) assignProxies(ctx context.Context, r *pb.AssignProxiesRequest) (*pb.AssignProxiesResponse, error) {
	m, err := s.mapOfProxies()
	if err != nil {
		return nil, err
	}
	if n := len(r.GetAddresses()); n > maxAssigned {
		return nil, &wire.FieldError{Field: "addresses", Problem: fmt.Sprintf("are %d, the most is %d", n, maxAssigned)}
	}
	var list []mail.Address
	for i, text := range r.GetAddresses() {
		a, err := wire.ParseAddress(fmt.Sprintf("addresses[%d]", i), text)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	written, err := m.Write(list)
	if errors.Is(err, proxy.ErrExhausted) {
		return nil, wire.NewError(codes.ResourceExhausted, ReasonNoID, 0, err)
	}
	if err != nil {
		return nil, err
	}
	s.log.Info("proxies asked for", "addresses", len(list), "caller", s.caller(ctx))
	out := &pb.AssignProxiesResponse{}
	for _, a := range written {
		out.Written = append(out.Written, a.String())
	}
	return out, nil
}
