package identity

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// TestReload: rows are what may lie in the directory when SIGHUP comes; the old pair must outlive every bad one.
func TestReload(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string // part of the error; "" means that it is taken
	}{
		{"nothing changed", func(*world) {}, ""},
		{"renewed", func(w *world) {
			mustInit(w.t, w.dir, epoch.AddDate(0, 0, 61))
		}, ""},
		{"certificate gone", func(w *world) { mustRemove(w.t, w.path("pcside", CertFile)) }, "no such file"},
		{"key gone", func(w *world) { mustRemove(w.t, w.path("pcside", KeyFile)) }, "no such file"},
		{"authority gone", func(w *world) { mustRemove(w.t, w.path("pcside", ClientsCAFile)) }, "no such file"},
		{"certificate empty", func(w *world) { mustWrite(w.t, w.path("pcside", CertFile), nil, 0o644) }, "tls.crt"},
		{"another's key", func(w *world) {
			mustWrite(w.t, w.path("pcside", KeyFile), mustRead(w.t, w.path("macside", KeyFile)), 0o600)
		}, "private key does not match"},
		{"key open to all", func(w *world) {
			mustChmod(w.t, w.path("pcside"), 0o755)
			mustChmod(w.t, w.path("pcside", KeyFile), 0o644)
		}, "has mode 0644"},
		{"authority is garbage", func(w *world) { mustWrite(w.t, w.path("pcside", LinksCAFile), []byte("garbage"), 0o644) }, "not a PEM file"},
		{"authority cut short", func(w *world) {
			whole := mustRead(w.t, w.path("pcside", LinksCAFile))
			mustWrite(w.t, w.path("pcside", LinksCAFile), append(whole, whole[:len(whole)/2]...), 0o644)
		}, "not a PEM file"},
		{"key among the authorities", func(w *world) {
			both := append(mustRead(w.t, w.path("pcside", LinksCAFile)), mustRead(w.t, w.path("pcside", KeyFile))...)
			mustWrite(w.t, w.path("pcside", LinksCAFile), both, 0o644)
		}, "holds a PRIVATE KEY"},
		{"leaf as authority", func(w *world) {
			mustWrite(w.t, w.path("pcside", ClientsCAFile), mustRead(w.t, w.path("user", CertFile)), 0o644)
		}, "is no authority"},
		{"huge file", func(w *world) { mustWrite(w.t, w.path("pcside", CertFile), make([]byte, maxPEM+1), 0o644) }, "larger than"},
		{"directory in place of a file", func(w *world) {
			mustRemove(w.t, w.path("pcside", CertFile))
			if err := os.Mkdir(w.path("pcside", CertFile), 0o700); err != nil {
				w.t.Fatal(err)
			}
		}, "not a regular file"},
		{"a user's pair", func(w *world) {
			for _, f := range []string{CertFile, KeyFile} {
				mustWrite(w.t, w.path("pcside", f), mustRead(w.t, w.path("user", f)), 0o600)
			}
		}, "a server wants role peer"},
		{"authorities swapped", func(w *world) {
			mustWrite(w.t, w.path("pcside", LinksCAFile), mustRead(w.t, w.path("user", ClientsCAFile)), 0o644)
		}, "must come from an authority in links-ca.crt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := epoch
			w := newWorld(t, clock(epoch))
			r := w.reloader("pcside", Options{Server: true, Now: func() time.Time { return now }})
			before := r.Status()
			c.change(w)
			if c.name == "renewed" {
				now = epoch.AddDate(0, 0, 61)
			}
			err := r.Reload()
			after := r.Status()
			if c.want == "" {
				if err != nil || after.LastError != nil {
					t.Fatalf("Reload: %v, status %+v", err, after)
				}
				if renewed := after.NotAfter.After(before.NotAfter); renewed != (c.name == "renewed") {
					t.Errorf("expiry went from %s to %s", before.NotAfter, after.NotAfter)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "pcside") {
				t.Errorf("Reload: %v, want %q and the path", err, c.want)
			}
			if after.LastError == nil || after.NotAfter != before.NotAfter || after.Identity != before.Identity {
				t.Errorf("status %+v, was %+v", after, before)
			}
			client := w.reloader("macside", Options{})
			if m := meet(t, r.Server(), client.Client("sidegate://peer/pcside"), "localhost"); m.serverErr != nil || m.clientErr != nil {
				t.Errorf("the old pair is not served: server %v, client %v", m.serverErr, m.clientErr)
			}
		})
	}
}

func TestExpiredAtStart(t *testing.T) {
	w := newWorld(t, clock(epoch))
	for when, want := range map[time.Time]string{epoch.AddDate(0, 0, 91): "expired at", epoch.AddDate(0, 0, -1): "not valid before"} {
		if _, err := NewReloader(w.path("pcside"), Options{Server: true, Now: clock(when)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("at %s: %v", when, err)
		}
	}
}

func TestServerNamesAreChecked(t *testing.T) {
	w := newWorld(t, clock(epoch))
	w.reloader("pcside", Options{Server: true, ServerNames: []string{"localhost", "pcside", "127.0.0.1", "::1"}})
	if _, err := NewReloader(w.path("pcside"), Options{Server: true, ServerNames: []string{"mail.example.org"}, Now: clock(epoch)}); err == nil {
		t.Error("a certificate without the server's name was taken")
	}
}

// TestClientDirectoryNeedsNoClientsAuthority: a client only checks servers.
func TestClientDirectoryNeedsNoClientsAuthority(t *testing.T) {
	w := newWorld(t, clock(epoch))
	mustRemove(t, w.path("user", ClientsCAFile))
	m := meet(t, w.server(nil, &lockedBuffer{}).Server(), w.reloader("user", Options{}).Client(""), "localhost")
	if m.serverErr != nil || m.clientErr != nil {
		t.Errorf("server %v, client %v", m.serverErr, m.clientErr)
	}
}

// watch opens a stream to a guarded server made of two reloaders and waits for its first answer.
func watch(t *testing.T, server, client *Reloader) (stream grpc.ServerStreamingClient[healthv1.HealthCheckResponse], stop func()) {
	t.Helper()
	guard, err := NewGuard(GuardOptions{Policy: API(), Now: server.opts.Now})
	if err != nil {
		t.Fatal(err)
	}
	listener := bufconn.Listen(1 << 16)
	s := grpc.NewServer(append(guard.ServerOptions(), grpc.Creds(server.Server()))...)
	healthv1.RegisterHealthServer(s, &whoami{seen: make(chan Identity, 16)})
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///localhost", grpc.WithTransportCredentials(client.Client("")), grpc.WithIdleTimeout(0),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	stop = func() {
		conn.Close()
		s.Stop()
		<-served
	}
	stream, err = healthv1.NewHealthClient(conn).Watch(t.Context(), &healthv1.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if err != nil {
		stop()
		t.Fatal(err)
	}
	return stream, stop
}

// TestConnectionEndsWithItsCertificate: a stream that could last forever ends when the caller's certificate does.
func TestConnectionEndsWithItsCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "pki")
		mustInit(t, dir, time.Now())
		server, err := NewReloader(filepath.Join(dir, "pcside"), Options{Server: true})
		if err != nil {
			t.Fatal(err)
		}
		client, err := NewReloader(filepath.Join(dir, "monitor"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		expiry, _ := client.Expiry()
		stream, stop := watch(t, server, client)
		defer stop()
		_, err = stream.Recv()
		if status.Code(err) != codes.Unavailable {
			t.Errorf("the stream ended with %v", err)
		}
		if late := time.Since(expiry); late < 0 || late > time.Minute {
			t.Errorf("the stream ended %s after the certificate expired", late)
		}
		synctest.Wait() // until both ends have noticed
		if n := server.Status().Connections; n != 0 {
			t.Errorf("%d connections left", n)
		}
	})
}

// TestReloadEndsConnectionsOfLostAuthorities: taking an authority out of the bundle ends what came in by it, and only that.
func TestReloadEndsConnectionsOfLostAuthorities(t *testing.T) {
	w, other := newWorld(t, clock(epoch)), newWorld(t, clock(epoch))
	bundle := w.path("pcside", ClientsCAFile)
	own := mustRead(t, bundle)
	mustWrite(t, bundle, append(own, other.pki.clients.pem...), 0o644)
	mustWrite(t, other.path("monitor", LinksCAFile), w.pki.links.pem, 0o644)

	server := w.reloader("pcside", Options{Server: true})
	foreign, stopForeign := watch(t, server, other.reloader("monitor", Options{}))
	defer stopForeign()
	native, stopNative := watch(t, server, w.reloader("monitor", Options{}))
	defer stopNative()

	mustWrite(t, bundle, own, 0o644)
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := foreign.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the foreign stream: %v", err)
	}
	if n := server.Status().Connections; n != 1 {
		t.Errorf("%d connections are open, want the native one", n)
	}
	if err := native.Context().Err(); err != nil {
		t.Errorf("the native stream: %v", err)
	}
}

func mustInit(t *testing.T, dir string, now time.Time) []Issued {
	t.Helper()
	issued, err := Init(dir, PKIOptions{Now: clock(now)})
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func mustRemove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func mustChmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
