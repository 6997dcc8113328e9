package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

// fakePeople is what the fake knows of people beside their mail.
type fakePeople struct {
	aliases map[string][]string
	names   map[string]string
	proxies string // as text
	senders []string
}

func (f *fake) AddMailboxAliases(_ context.Context, r *pb.AddMailboxAliasesRequest) (*pb.AddMailboxAliasesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.box(r.GetAddress()); err != nil {
		return nil, err
	}
	if f.people.aliases == nil {
		f.people.aliases = map[string][]string{}
	}
	f.people.aliases[r.GetAddress()] = append(f.people.aliases[r.GetAddress()], r.GetAliases()...)
	return &pb.AddMailboxAliasesResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}

func (f *fake) RemoveMailboxAliases(_ context.Context, r *pb.RemoveMailboxAliasesRequest) (*pb.RemoveMailboxAliasesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people.aliases[r.GetAddress()] = slices.DeleteFunc(f.people.aliases[r.GetAddress()], func(a string) bool { return slices.Contains(r.GetAliases(), a) })
	return &pb.RemoveMailboxAliasesResponse{Mailbox: f.mailboxOf(r.GetAddress())}, nil
}

// ListProxies knows a proxy for every line of the text that begins with an ID.
func (f *fake) ListProxies(context.Context, *pb.ListProxiesRequest) (*pb.ListProxiesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &pb.ListProxiesResponse{}
	for line := range strings.Lines(f.people.proxies) {
		if words := strings.SplitN(strings.TrimSpace(line), " ", 3); len(words[0]) == 8 {
			answer.Proxies = append(answer.Proxies, &pb.Proxy{
				Id: words[0], Proxy: "MACNET/MACPO/" + words[0], State: words[1], Address: words[2], CreateTime: timestamppb.New(fakeTime),
			})
		}
	}
	return answer, nil
}

func (f *fake) ExportProxies(_ *pb.ExportProxiesRequest, out grpc.ServerStreamingServer[pb.ExportProxiesResponse]) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for piece := range slices.Chunk([]byte(f.people.proxies), 7) {
		if err := out.Send(&pb.ExportProxiesResponse{Data: piece}); err != nil {
			return err
		}
	}
	return nil
}

// ImportProxies takes every text whose first line is SERVERS.
func (f *fake) ImportProxies(in grpc.ClientStreamingServer[pb.ImportProxiesRequest, pb.ImportProxiesResponse]) error {
	var all strings.Builder
	for {
		r, err := in.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		all.Write(r.GetData())
	}
	if !strings.HasPrefix(all.String(), "SERVERS\n") {
		return status.Error(codes.FailedPrecondition, "line 1: SERVERS is missing before it; nothing was imported")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people.proxies = all.String()
	return in.SendAndClose(&pb.ImportProxiesResponse{ServerCount: 1, IdCount: uint32(strings.Count(f.people.proxies, "@")), RetiredCount: 2, KnownCount: 3})
}

// AssignProxies numbers Macintosh users.
func (f *fake) AssignProxies(_ context.Context, r *pb.AssignProxiesRequest) (*pb.AssignProxiesResponse, error) {
	answer := &pb.AssignProxiesResponse{}
	for i, a := range r.GetAddresses() {
		if strings.Contains(a, "@") {
			a = fmt.Sprintf("MACNET/MACPO/T6%04dXX", i)
		}
		answer.Written = append(answer.Written, a)
	}
	return answer, nil
}

func (f *fake) ListRegisteredSenders(_ context.Context, r *pb.ListRegisteredSendersRequest) (*pb.ListRegisteredSendersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := 0
	if _, err := fmt.Sscan(r.GetPageToken(), &at); err != nil && r.GetPageToken() != "" {
		return nil, err
	}
	answer := &pb.ListRegisteredSendersResponse{Enforced: len(f.people.senders) > 1}
	if at < len(f.people.senders) {
		answer.Senders = f.people.senders[at : at+1]
	}
	if at+1 < len(f.people.senders) {
		answer.NextPageToken = fmt.Sprint(at + 1)
	}
	return answer, nil
}

func (f *fake) UpdateRegisteredSenders(_ context.Context, r *pb.UpdateRegisteredSendersRequest) (*pb.UpdateRegisteredSendersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.people.senders)
	f.people.senders = slices.DeleteFunc(f.people.senders, func(s string) bool { return slices.Contains(r.GetRemove(), s) })
	removed := before - len(f.people.senders)
	f.people.senders = append(f.people.senders, r.GetAdd()...)
	return &pb.UpdateRegisteredSendersResponse{AddedCount: uint32(len(r.GetAdd())), RemovedCount: uint32(removed)}, nil
}
