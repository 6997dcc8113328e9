// Package console is what an end shows over HTTP: the status page, the same as JSON and as events, metrics, probes
// and, on loopback, profiles.
//
// From another machine only /metrics, /livez, /readyz and /version answer, unless the request carries the token of
// --http-token-file as "Authorization: Bearer TOKEN" or as the password of basic authentication, which browsers ask
// for.
package console

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/protobuf/encoding/protojson"

	pb "sidegate/proto/sidegate/v1"
)

//go:embed static page.html
var files embed.FS

// Options set a console up.
type Options struct {
	End string // name of the end, for the page
	// Status puts the status together. It must be quick.
	Status func() *pb.Status
	// Changed returns a channel that is closed at the next change of the status.
	Changed func() <-chan struct{}
	// Ready says why the end cannot serve; nil when it can. It never depends on another end.
	Ready func() error
	// Live says why the process should be restarted; nil when it should not.
	Live     func() error
	Version  any // shown as JSON
	Registry *prometheus.Registry
	Token    string // empty: nobody from another machine gets beyond probes and metrics
	Log      hclog.Logger
}

// Console serves the pages of one end.
type Console struct {
	o    Options
	page *page
	mux  *http.ServeMux
}

// New makes a console. Its metrics are added to the registry.
func New(o Options) (*Console, error) {
	p, err := newPage(o.End)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if err := o.Registry.Register(&collector{status: o.Status}); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c := &Console{o: o, page: p, mux: http.NewServeMux()}
	c.routes()
	return c, nil
}

func (c *Console) routes() {
	c.mux.Handle("GET /metrics", promhttp.HandlerFor(c.o.Registry, promhttp.HandlerOpts{}))
	c.mux.HandleFunc("GET /livez", probe(c.o.Live))
	c.mux.HandleFunc("GET /readyz", probe(c.o.Ready))
	c.mux.HandleFunc("GET /version", c.version)
	c.private("GET /{$}", c.index)
	c.private("GET /fragment", c.fragment)
	c.private("GET /api/v1/status", c.status)
	c.private("GET /api/v1/events", c.events)
	c.private("GET /static/", http.FileServerFS(files).ServeHTTP)
	c.loopback("GET /debug/pprof/", pprof.Index)
	c.loopback("GET /debug/pprof/profile", pprof.Profile)
	c.loopback("GET /debug/pprof/symbol", pprof.Symbol)
	c.loopback("GET /debug/pprof/trace", pprof.Trace)
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	c.mux.ServeHTTP(w, r)
}

// private serves loopback callers, and others who know the token.
func (c *Console) private(pattern string, h http.HandlerFunc) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) && !c.knowsToken(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="sidegate"`)
			http.Error(w, "This page answers on loopback, or to the token of --http-token-file as the password.", http.StatusUnauthorized)
			return
		}
		h(w, r)
	})
}

func (c *Console) loopback(pattern string, h http.HandlerFunc) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) {
			http.Error(w, "This page answers on loopback only.", http.StatusForbidden)
			return
		}
		h(w, r)
	})
}

// fromLoopback trusts the connection alone, and the Host only to keep foreign names from being pointed at loopback.
func fromLoopback(r *http.Request) bool {
	return isLoopback(r.RemoteAddr) && isLoopback(r.Host)
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Console) knowsToken(r *http.Request) bool {
	if c.o.Token == "" {
		return false
	}
	_, given, ok := r.BasicAuth()
	if !ok {
		const bearer = "Bearer "
		if a := r.Header.Get("Authorization"); len(a) > len(bearer) {
			given = a[len(bearer):]
		}
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(c.o.Token)) == 1
}

func probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

func (c *Console) version(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(c.o.Version); err != nil {
		c.o.Log.Debug("version not sent", "error", err)
	}
}

var statusJSON = protojson.MarshalOptions{EmitDefaultValues: true}

func (c *Console) status(w http.ResponseWriter, r *http.Request) {
	b, err := statusJSON.Marshal(c.o.Status())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
}

// Times of the event stream.
const (
	eventComment = 15 * time.Second // a line that keeps proxies from closing the stream
	eventWrite   = 10 * time.Second
)

// events sends the status as server-sent events: at once, at every change, and at least every 15 s as a comment.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(eventComment)
	defer tick.Stop()
	for n := 1; ; n++ {
		changed := c.o.Changed()
		if err := c.sendStatus(w, out, n); err != nil {
			return
		}
		if !c.awaitChange(r.Context(), w, out, changed, tick.C) {
			return
		}
	}
}

func (c *Console) sendStatus(w http.ResponseWriter, out *http.ResponseController, n int) error {
	b, err := statusJSON.Marshal(c.o.Status())
	if err != nil {
		return err
	}
	// Not every writer knows deadlines; those of the real server do.
	_ = out.SetWriteDeadline(time.Now().Add(eventWrite))
	if _, err := fmt.Fprintf(w, "id: %d\nevent: status\ndata: %s\n\n", n, b); err != nil {
		return err
	}
	return out.Flush()
}

func (c *Console) awaitChange(ctx context.Context, w http.ResponseWriter, out *http.ResponseController, changed <-chan struct{}, tick <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-changed:
			return true
		case <-tick:
			_ = out.SetWriteDeadline(time.Now().Add(eventWrite))
			if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
				return false
			}
			if out.Flush() != nil {
				return false
			}
		}
	}
}

func (c *Console) index(w http.ResponseWriter, _ *http.Request)    { c.render(w, "page") }
func (c *Console) fragment(w http.ResponseWriter, _ *http.Request) { c.render(w, "fragment") }

func (c *Console) render(w http.ResponseWriter, name string) {
	b, err := c.page.render(name, c.o.Status())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b)
}
