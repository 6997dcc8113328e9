package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

// world is a status that can change, and a console over it.
type world struct {
	mu      sync.Mutex
	status  *pb.Status
	changed chan struct{}
	ready   error
}

func newWorld(t *testing.T) (*world, *Console) {
	w := &world{changed: make(chan struct{}), status: &pb.Status{
		Time:  timestamppb.Now(),
		Ends:  []*pb.EndStatus{{End: "pcside", Self: true, Serves: []string{"NET/PO/*"}}},
		Lanes: []*pb.LaneStatus{{Lane: "macside", Depth: 3}, {Lane: "macside", Depth: 4}},
		Links: []*pb.LinkStatus{{Peer: "macside", Connected: true, Directions: []*pb.DirectionStatus{
			{From: "pcside", To: "macside", State: "blind", Reason: "<script>alert(1)</script>"},
		}}},
		Store: &pb.StoreStatus{StoreClass: "ok"},
	}}
	c, err := New(Options{
		End: "pcside", Registry: prometheus.NewRegistry(), Log: hclog.NewNullLogger(), Token: "secret",
		Version: map[string]string{"version": "test"},
		Status:  func() *pb.Status { w.mu.Lock(); defer w.mu.Unlock(); return w.status },
		Changed: func() <-chan struct{} { w.mu.Lock(); defer w.mu.Unlock(); return w.changed },
		Ready:   func() error { return w.ready },
		Live:    func() error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func ask(c *Console, path, remote string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr, r.Host = remote, "localhost:9401"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	c.ServeHTTP(rec, r)
	return rec
}

func TestWhoSeesWhat(t *testing.T) {
	_, c := newWorld(t)
	const here, away = "127.0.0.1:999", "192.0.2.7:999"
	for _, row := range []struct {
		path, from string
		header     []string
		want       int
	}{
		{"/", here, nil, 200},
		{"/", away, nil, 401},
		{"/", away, []string{"Authorization", "Bearer secret"}, 200},
		{"/", away, []string{"Authorization", "Bearer wrong"}, 401},
		{"/api/v1/status", here, nil, 200},
		{"/api/v1/status", away, nil, 401},
		{"/static/page.js", here, nil, 200},
		{"/static/page.css", away, nil, 401},
		{"/metrics", away, nil, 200},
		{"/livez", away, nil, 200},
		{"/readyz", away, nil, 200},
		{"/version", away, nil, 200},
		{"/debug/pprof/", here, nil, 200},
		{"/debug/pprof/", away, []string{"Authorization", "Bearer secret"}, 403},
		{"/nothing", here, nil, 404},
	} {
		if got := ask(c, row.path, row.from, row.header...); got.Code != row.want {
			t.Errorf("%s from %s with %v: %d, want %d", row.path, row.from, row.header, got.Code, row.want)
		}
	}
}

func TestForeignHostNameIsNotLoopback(t *testing.T) {
	_, c := newWorld(t)
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:999", "rebound.example:9401"
	rec := httptest.NewRecorder()
	c.ServeHTTP(rec, r)
	if rec.Code != 401 {
		t.Errorf("a foreign name for loopback got %d, want 401", rec.Code)
	}
}

func TestPageShowsStateAndEscapes(t *testing.T) {
	_, c := newWorld(t)
	body := ask(c, "/", "127.0.0.1:1").Body.String()
	for _, want := range []string{"pcside", "blind", "&lt;script&gt;", "NET/PO/*"} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(body, "<script>alert") {
		t.Error("page passes a reason through as HTML")
	}
}

func TestMetrics(t *testing.T) {
	_, c := newWorld(t)
	body := ask(c, "/metrics", "127.0.0.1:1").Body.String()
	for _, want := range []string{`sidegate_lane_depth{lane="macside"} 3`, `sidegate_direction_state{from="pcside",state="blind",to="macside"} 1`, "sidegate_store_ok 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}

func TestReadiness(t *testing.T) {
	w, c := newWorld(t)
	w.ready = errors.New("the store is full")
	if got := ask(c, "/readyz", "192.0.2.7:1"); got.Code != 503 || !strings.Contains(got.Body.String(), "full") {
		t.Errorf("not ready: %d %q", got.Code, got.Body)
	}
}

func TestEventsFollowChanges(t *testing.T) {
	w, c := newWorld(t)
	srv := httptest.NewServer(c)
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+"/api/v1/events", nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (raw map[string]any) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &raw); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
		t.Fatal("events ended")
		return
	}
	if raw := next(); raw["badMailCount"] != 0.0 {
		t.Errorf("first event: %v", raw["badMailCount"])
	}
	w.mu.Lock()
	w.status = &pb.Status{BadMailCount: 7}
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	if raw := next(); raw["badMailCount"] != 7.0 {
		t.Errorf("after the change: %v", raw["badMailCount"])
	}
}
