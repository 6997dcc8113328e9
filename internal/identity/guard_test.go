package identity

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// whoami is a health service that answers only to a caller whose identity the context holds, and remembers it.
type whoami struct {
	healthv1.UnimplementedHealthServer
	seen chan Identity
}

func (w *whoami) Check(ctx context.Context, _ *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	id, ok := FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Internal, "no identity in the handler")
	}
	w.seen <- id
	return &healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_SERVING}, nil
}

func (w *whoami) Watch(_ *healthv1.HealthCheckRequest, stream grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	id, ok := FromContext(stream.Context())
	if !ok {
		return status.Error(codes.Internal, "no identity in the handler")
	}
	w.seen <- id
	if err := stream.Send(&healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_SERVING}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

// serve runs a health service behind a guard and returns a client and what the service has seen.
func serve(t *testing.T, guard *Guard, server, client credentials.TransportCredentials) (*whoami, healthv1.HealthClient) {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	s := grpc.NewServer(append(guard.ServerOptions(), grpc.Creds(server))...)
	w := &whoami{seen: make(chan Identity, 16)}
	healthv1.RegisterHealthServer(s, w)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///localhost", grpc.WithTransportCredentials(client),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		s.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return w, healthv1.NewHealthClient(conn)
}

// refusals collects what a guard counts.
type refusals []string

func (r *refusals) note(method string, reason Reason) {
	*r = append(*r, method+" "+string(reason))
}

func TestGuardLetsThroughAndNamesTheCaller(t *testing.T) {
	w := newWorld(t, clock(epoch))
	guard, err := NewGuard(GuardOptions{Policy: API(), Now: clock(epoch)})
	if err != nil {
		t.Fatal(err)
	}
	service, client := serve(t, guard, w.server(nil, &lockedBuffer{}).Server(), w.reloader("monitor", Options{}).Client(""))
	if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	stream, err := client.Watch(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	want := Identity{URI: DefaultMonitor, Role: Monitor, Name: "prom"}
	for _, kind := range []string{"unary", "stream"} {
		if got := <-service.seen; got != want {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

// TestGuardRefusesOverTheWire: unary and stream agree, the handler never runs, and the caller gets code and reason.
func TestGuardRefusesOverTheWire(t *testing.T) {
	w := newWorld(t, clock(epoch))
	onlyOperators := Policy{"/grpc.health.v1.Health/Check": {Operator}, "/grpc.health.v1.Health/Watch": {Operator}}
	for _, c := range []struct {
		name           string
		policy         Policy
		server, client credentials.TransportCredentials
		code           codes.Code
		reason         Reason
	}{
		{"role not allowed", onlyOperators, w.server(nil, &lockedBuffer{}).Server(), w.reloader("user", Options{}).Client(""), codes.PermissionDenied, ReasonRoleNotAllowed},
		{"method not in the policy", Policy{"/x.Y/Z": {User}}, w.server(nil, &lockedBuffer{}).Server(), w.reloader("user", Options{}).Client(""), codes.PermissionDenied, ReasonMethodNotInPolicy},
		{"plaintext that is not insecure-dev", onlyOperators, insecure.NewCredentials(), insecure.NewCredentials(), codes.Unauthenticated, ReasonNoCertificate},
		{"TLS that is not ours", API(), credentials.NewTLS(w.server(nil, &lockedBuffer{}).ServerConfig("h2")), w.reloader("user", Options{}).Client(""), codes.Unauthenticated, ReasonNoCertificate},
	} {
		t.Run(c.name, func(t *testing.T) {
			var counted refusals
			var log lockedBuffer
			guard, err := NewGuard(GuardOptions{Policy: c.policy, Now: clock(epoch), Refused: counted.note, Log: hclog.New(&hclog.LoggerOptions{Output: &log})})
			if err != nil {
				t.Fatal(err)
			}
			service, client := serve(t, guard, c.server, c.client)
			_, unary := client.Check(t.Context(), &healthv1.HealthCheckRequest{})
			stream, err := client.Watch(t.Context(), &healthv1.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			_, streaming := stream.Recv()
			for kind, err := range map[string]error{"unary": unary, "stream": streaming} {
				st := status.Convert(err)
				if st.Code() != c.code || len(st.Details()) != 1 {
					t.Fatalf("%s: %v", kind, err)
				}
				info, ok := st.Details()[0].(*errdetails.ErrorInfo)
				if !ok || info.GetReason() != string(c.reason) || info.GetDomain() != ErrorDomain {
					t.Errorf("%s: details %v", kind, st.Details())
				}
			}
			if len(service.seen) != 0 {
				t.Error("the handler ran")
			}
			if len(counted) != 2 || strings.Count(log.String(), "call refused") != 2 || !strings.Contains(log.String(), "reason="+string(c.reason)) {
				t.Errorf("counted %v, log %s", counted, log.String())
			}
		})
	}
}

func TestGuardDecisions(t *testing.T) {
	var counted refusals
	guard, err := NewGuard(GuardOptions{Policy: API(), AcceptPeers: []string{"sidegate://peer/macside"}, Now: clock(epoch), Refused: counted.note})
	if err != nil {
		t.Fatal(err)
	}
	mac := Identity{URI: "sidegate://peer/macside", Role: Peer, Name: "macside"}
	stranger := Identity{URI: "sidegate://peer/stranger", Role: Peer, Name: "stranger"}
	operator := Identity{URI: DefaultOperator, Role: Operator, Name: "ops"}
	expired := peer.NewContext(t.Context(), &peer.Peer{AuthInfo: Verified{Identity: mac, NotAfter: epoch}})
	dev := peer.NewContext(t.Context(), &peer.Peer{AuthInfo: Unverified{}})
	for _, c := range []struct {
		name   string
		ctx    context.Context
		method string
		want   string // "" or what is counted
	}{
		{"accepted peer", as(mac), "/sidegate.v1.LinkService/Heartbeat", ""},
		{"unknown peer", as(stranger), "/sidegate.v1.LinkService/Heartbeat", "/sidegate.v1.LinkService/Heartbeat PEER_NOT_ACCEPTED"},
		{"unknown peer asks for health", as(stranger), "/grpc.health.v1.Health/Check", ""},
		{"operator on a link", as(operator), "/sidegate.v1.LinkService/PushMessages", "/sidegate.v1.LinkService/PushMessages ROLE_NOT_ALLOWED"},
		{"expired", expired, "/sidegate.v1.LinkService/Heartbeat", "/sidegate.v1.LinkService/Heartbeat CERTIFICATE_EXPIRED"},
		{"no connection", t.Context(), "/sidegate.v1.LinkService/Heartbeat", "/sidegate.v1.LinkService/Heartbeat NO_CLIENT_CERTIFICATE"},
		{"identity only in the context", NewContext(t.Context(), operator), "/sidegate.v1.AdminService/GetStatus", "/sidegate.v1.AdminService/GetStatus NO_CLIENT_CERTIFICATE"},
		{"nobody", as(Identity{}), "/sidegate.v1.AdminService/GetStatus", "/sidegate.v1.AdminService/GetStatus NO_CLIENT_CERTIFICATE"},
		{"insecure-dev on a link", dev, "/sidegate.v1.LinkService/Heartbeat", ""},
		{"insecure-dev sends mail", dev, "/sidegate.v1.MailService/SubmitMessage", ""},
		{"insecure-dev, unknown method", dev, "/sidegate.v1.MailService/Everything", "other METHOD_NOT_IN_POLICY"},
		{"no slash", as(operator), "sidegate.v1.AdminService/GetStatus", "other METHOD_MALFORMED"},
		{"two slashes", as(operator), "//sidegate.v1.AdminService/GetStatus", "other METHOD_MALFORMED"},
		{"slash at the end", as(operator), "/sidegate.v1.AdminService/GetStatus/", "other METHOD_MALFORMED"},
		{"no method", as(operator), "/sidegate.v1.AdminService/", "other METHOD_MALFORMED"},
		{"empty", as(operator), "", "other METHOD_MALFORMED"},
		{"other case", as(operator), "/sidegate.v1.adminservice/getstatus", "other METHOD_NOT_IN_POLICY"},
	} {
		counted = nil
		_, err := guard.Authorize(c.ctx, c.method)
		var want refusals
		if c.want != "" {
			want = refusals{c.want}
		}
		if diff := cmp.Diff(want, counted); diff != "" || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v, counted (-want +got) %s", c.name, err, diff)
		}
	}
}

// TestSlashlessPathNeverReachesAHandler sends the path of CVE-2026-33186 over a real connection.
func TestSlashlessPathNeverReachesAHandler(t *testing.T) {
	guard, err := NewGuard(GuardOptions{Policy: API()})
	if err != nil {
		t.Fatal(err)
	}
	listener := bufconn.Listen(1 << 16)
	s := grpc.NewServer(append(guard.ServerOptions(), grpc.Creds(Insecure{}.Server()))...)
	w := &whoami{seen: make(chan Identity, 1)}
	healthv1.RegisterHealthServer(s, w)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	defer func() { s.Stop(); <-served }()
	conn, err := grpc.NewClient("passthrough:///localhost", grpc.WithTransportCredentials(Insecure{}.Client("")),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Invoke(t.Context(), "grpc.health.v1.Health/Check", &healthv1.HealthCheckRequest{}, &healthv1.HealthCheckResponse{}); err == nil || len(w.seen) != 0 {
		t.Errorf("slashless path: %v, handler ran %d times", err, len(w.seen))
	}
}

func TestNewGuardChecksItsOptions(t *testing.T) {
	for name, o := range map[string]GuardOptions{
		"no policy":           {},
		"accepted user":       {Policy: API(), AcceptPeers: []string{DefaultUser}},
		"accepted nonsense":   {Policy: API(), AcceptPeers: []string{"macside"}},
		"accepted spiffe URI": {Policy: API(), AcceptPeers: []string{"spiffe://example.org/mac"}},
	} {
		if _, err := NewGuard(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	mapped := GuardOptions{Policy: API(), AcceptPeers: []string{"spiffe://example.org/mac"}, Mapping: Mapping{{"spiffe://example.org/mac", Peer}}}
	if _, err := NewGuard(mapped); err != nil {
		t.Error(err)
	}
}

func TestInsecureEndToEnd(t *testing.T) {
	guard, err := NewGuard(GuardOptions{Policy: API()})
	if err != nil {
		t.Fatal(err)
	}
	service, client := serve(t, guard, Insecure{}.Server(), Insecure{}.Client("sidegate://peer/anything"))
	if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if got := <-service.seen; got != Dev() {
		t.Errorf("got %+v", got)
	}
}

// strangeConn is a connection that claims to come from an address.
type strangeConn struct {
	net.Conn
	remote net.Addr
}

func (s strangeConn) RemoteAddr() net.Addr { return s.remote }

func TestInsecureRefusesTheNetwork(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	for addr, want := range map[string]Reason{"127.0.0.1": "", "127.9.9.9": "", "::1": "", "192.0.2.7": ReasonNotLoopback, "2001:db8::1": ReasonNotLoopback, "0.0.0.0": ReasonNotLoopback} {
		conn := strangeConn{near, &net.TCPAddr{IP: net.ParseIP(addr), Port: 4711}}
		_, _, err := Insecure{}.Server().ServerHandshake(conn)
		if got := reason(err); got != want {
			t.Errorf("server, caller %s: %v", addr, err)
		}
		_, _, err = Insecure{}.Client("").ClientHandshake(t.Context(), "localhost", conn)
		if got := reason(err); got != want {
			t.Errorf("client, server %s: %v", addr, err)
		}
	}
}

func TestCheckLoopback(t *testing.T) {
	for addr, fine := range map[string]bool{
		"127.0.0.1:7401": true, "[::1]:7401": true, "localhost:7401": true, "127.255.0.3:0": true, "[::ffff:127.0.0.1]:1": true, "unix:/run/sidegate.sock": true,
		":7401": false, "0.0.0.0:7401": false, "[::]:7401": false, "192.168.1.2:7401": false, "pcside:7401": false, "localhost.example.org:7401": false,
		"127.0.0.1": false, "": false, "unix:": false, "127.1:7401": false,
	} {
		err := CheckLoopback("127.0.0.1:1", addr)
		if (err == nil) != fine {
			t.Errorf("CheckLoopback(%q) = %v", addr, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "--insecure-dev") || !strings.Contains(err.Error(), addr)) {
			t.Errorf("CheckLoopback(%q) does not name flag and address: %v", addr, err)
		}
	}
	if err := CheckLoopback(); err != nil {
		t.Error(err)
	}
}

func TestFromContextWithoutAGuard(t *testing.T) {
	id := Identity{URI: DefaultUser, Role: User, Name: "alice"}
	if got, ok := FromContext(as(id)); !ok || got != id {
		t.Errorf("from the connection: %+v, %v", got, ok)
	}
	if got, ok := FromContext(t.Context()); ok {
		t.Errorf("from nothing: %+v", got)
	}
	if got, ok := FromPeer(nil); ok {
		t.Errorf("from no connection: %+v", got)
	}
}

func TestCredentialsKeepTheirPromises(t *testing.T) {
	w := newWorld(t, clock(epoch))
	for name, creds := range map[string]credentials.TransportCredentials{
		"tls": w.reloader("user", Options{}).Client("sidegate://peer/macside"), "insecure": Insecure{}.Client(""),
	} {
		if got := creds.Clone().Info().SecurityProtocol; got != name {
			t.Errorf("a clone of %s is %s", name, got)
		}
	}
	expecting := w.reloader("user", Options{}).Client("sidegate://peer/macside").Clone()
	if m := meet(t, w.server(nil, &lockedBuffer{}).Server(), expecting, "localhost"); reason(m.clientErr) != ReasonPeerUnexpected {
		t.Errorf("a clone forgot whom it expects: %v", m.clientErr)
	}
	var none Insecure
	if _, expires := none.Expiry(); expires || none.Reload() != nil || none.Identity() != Dev() {
		t.Error("Insecure has something to lose")
	}
}
