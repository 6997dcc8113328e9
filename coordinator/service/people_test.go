package service

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"sidegate/coordinator/proxy"
	"sidegate/coordinator/senders"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

func peopleServer(t *testing.T, proxies bool) *server {
	t.Helper()
	st := memoryStore(t)
	s := &server{caller: func(context.Context) string { return "tester" }, log: hclog.NewNullLogger(), registeredOnly: true}
	var err error
	if s.senders, err = senders.Open(st, nil); err == nil && proxies {
		s.proxies, err = proxy.Open(proxy.Options{Store: st, Name: mail.Postoffice{Network: "MACNET", Name: "MACPO"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outcome is the code and the reason of an answer, and its text.
func outcome(err error) string {
	st := status.Convert(err)
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return fmt.Sprint(st.Code(), " ", info.Reason, " ", st.Message())
		}
	}
	return fmt.Sprint(st.Code(), " ", st.Message())
}

// upload is the stream of an import, from the server's end.
type upload struct {
	grpc.ServerStream
	ctx    context.Context
	pieces [][]byte
	answer *pb.ImportProxiesResponse
}

func (u *upload) Context() context.Context { return u.ctx }

func (u *upload) Recv() (*pb.ImportProxiesRequest, error) {
	if len(u.pieces) == 0 {
		return nil, io.EOF
	}
	piece := u.pieces[0]
	u.pieces = u.pieces[1:]
	return &pb.ImportProxiesRequest{Data: piece}, nil
}

func (u *upload) SendAndClose(r *pb.ImportProxiesResponse) error {
	u.answer = r
	return nil
}

// download is the stream of an export, from the server's end.
type download struct {
	grpc.ServerStream
	text    bytes.Buffer
	largest int
}

func (d *download) Send(r *pb.ExportProxiesResponse) error {
	d.text.Write(r.GetData())
	d.largest = max(d.largest, len(r.GetData()))
	return nil
}

func TestProxyCalls(t *testing.T) {
	s := peopleServer(t, true)
	text := []byte("SERVERS\nT6 Marketing\nIDS\n")
	for i := range 20_000 {
		text = fmt.Appendf(text, "T6%04d%c0 live user%d@Marketing\n", i%10_000, 'A'+i/10_000, i)
	}
	u := &upload{ctx: t.Context()}
	for rest := text; len(rest) > 0; rest = rest[min(len(rest), 100_000):] {
		u.pieces = append(u.pieces, rest[:min(len(rest), 100_000)])
	}
	if err := s.ImportProxies(u); err != nil || u.answer.GetIdCount() != 20_000 || u.answer.GetServerCount() != 1 {
		t.Fatalf("import: %v, %v", u.answer, err)
	}
	var d download
	if err := s.ExportProxies(nil, &d); err != nil || !bytes.HasSuffix(bytes.ReplaceAll(d.text.Bytes(), []byte("\n"), nil), []byte("user9999@MarketingT69999B0 live user19999@Marketing")) || d.largest > proxyChunk {
		t.Errorf("export: %v, pieces of %d bytes, the end is %q", err, d.largest, d.text.Bytes()[d.text.Len()-80:])
	}
	count, last := 0, ""
	for token := ""; ; {
		r, err := s.ListProxies(t.Context(), &pb.ListProxiesRequest{PageSize: 999, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.GetProxies() {
			if p.GetId() <= last || p.GetProxy() != "MACNET/MACPO/"+p.GetId() || p.GetState() != "live" || !strings.HasSuffix(p.GetAddress(), "@Marketing") {
				t.Fatalf("listed after %s: %v", last, p)
			}
			count, last = count+1, p.GetId()
		}
		if token = r.GetNextPageToken(); token == "" {
			break
		}
	}
	if count != 20_000 {
		t.Errorf("%d proxies are listed", count)
	}
}

func TestAssignProxies(t *testing.T) {
	s := peopleServer(t, true)
	for range 2 {
		r, err := s.AssignProxies(t.Context(), &pb.AssignProxiesRequest{Addresses: []string{"MSA:Harry Olson@Marketing", "PCM:NET/PO/ANN", "bob@Marketing"}})
		if got := fmt.Sprint(r.GetWritten(), err); got != "[MACNET/MACPO/A00001HO NET/PO/ANN MACNET/MACPO/A00002BO] <nil>" {
			t.Errorf("written: %s", got)
		}
	}
}

func TestRefusedPeopleCalls(t *testing.T) {
	without, with := peopleServer(t, false), peopleServer(t, true)
	load := func(s *server, pieces ...[]byte) error {
		return s.ImportProxies(&upload{ctx: t.Context(), pieces: pieces})
	}
	list := func(s *server, r *pb.ListProxiesRequest) error { _, err := s.ListProxies(t.Context(), r); return err }
	assign := func(s *server, addresses ...string) error {
		_, err := s.AssignProxies(t.Context(), &pb.AssignProxiesRequest{Addresses: addresses})
		return err
	}
	update := func(add, remove []string) error {
		_, err := with.UpdateRegisteredSenders(t.Context(), &pb.UpdateRegisteredSendersRequest{Add: add, Remove: remove})
		return err
	}
	tooMuch := bytes.Repeat([]byte(";\n"), proxy.MaxText/4)
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a list without proxies":    {list(without, &pb.ListProxiesRequest{}), "FailedPrecondition NO_PROXIES this coordinator writes no proxies; --proxy makes it do so"},
		"an export without proxies": {without.ExportProxies(nil, &download{}), "FailedPrecondition NO_PROXIES"},
		"an import without proxies": {load(without), "FailedPrecondition NO_PROXIES"},
		"a page that is too large":  {list(with, &pb.ListProxiesRequest{PageSize: 1001}), "InvalidArgument INVALID_FIELD page_size"},
		"a page of another list":    {list(with, &pb.ListProxiesRequest{PageToken: "x"}), "InvalidArgument INVALID_FIELD page_token"},
		"a bad line":                {load(with, []byte("SERVERS\nT6 Mark"), []byte("eting\nIDS\nT6 live x\n")), "FailedPrecondition PROXY_MAP line 4: "},
		"a text without end":        {load(with, tooMuch, tooMuch, tooMuch), "InvalidArgument INVALID_FIELD data"},
		"a proxy without proxies":   {assign(without, "bob@Marketing"), "FailedPrecondition NO_PROXIES"},
		"a proxy for nobody":        {assign(with, "bob@Marketing", "bob"), "InvalidArgument INVALID_FIELD addresses[1]"},
		"too many proxies":          {assign(with, make([]string, maxAssigned+1)...), "InvalidArgument INVALID_FIELD addresses"},
		"a bad pattern":             {update([]string{"NET/PO/*", "NET/P*/X"}, nil), "InvalidArgument INVALID_FIELD add[1]"},
		"a bad pattern to remove":   {update(nil, []string{""}), "InvalidArgument INVALID_FIELD remove[0]"},
		"too many patterns":         {update(make([]string, maxSenders+1), nil), "InvalidArgument INVALID_FIELD add"},
	} {
		if got := outcome(tt.err); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestRegisteredCalls(t *testing.T) {
	s := peopleServer(t, false)
	r, err := s.UpdateRegisteredSenders(t.Context(), &pb.UpdateRegisteredSendersRequest{Add: []string{"NET/PO/*", "PCM:NET/OTHER/ANN", "net/po/*"}, Remove: []string{"*"}})
	if err != nil || r.GetAddedCount() != 2 || r.GetRemovedCount() != 0 {
		t.Errorf("changed: %v, %v", r, err)
	}
	first, err := s.ListRegisteredSenders(t.Context(), &pb.ListRegisteredSendersRequest{PageSize: 1})
	if err != nil || fmt.Sprint(first.GetSenders()) != "[NET/OTHER/ANN]" || !first.GetEnforced() || first.GetNextPageToken() == "" {
		t.Errorf("first page: %v, %v", first, err)
	}
	second, err := s.ListRegisteredSenders(t.Context(), &pb.ListRegisteredSendersRequest{PageSize: 1, PageToken: first.GetNextPageToken()})
	if err != nil || fmt.Sprint(second.GetSenders()) != "[NET/PO/*]" || second.GetNextPageToken() != "" {
		t.Errorf("second page: %v, %v", second, err)
	}
}
