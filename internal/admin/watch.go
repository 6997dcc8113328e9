package admin

import (
	"context"
	"slices"
	"sync"
	"time"

	pb "sidegate/proto/sidegate/v1"
)

// The times of watching.
const (
	lookEvery  = 200 * time.Millisecond // and so the least time between two changes told
	renewEvery = 10 * time.Second       // the most
)

// watch tells those who wait that the status has changed.
type watch struct {
	mu   sync.Mutex    // guards next
	next chan struct{} // closed by changed, then replaced
}

func newWatch() *watch { return &watch{next: make(chan struct{})} }

// await returns a channel that is closed at the next change.
func (w *watch) await() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

func (w *watch) changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.next)
	w.next = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of the status.
func (s *Server) Changed() <-chan struct{} { return s.watch.await() }

// Run looks for changes until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last []string
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			essence := essence(s.Status())
			if !slices.Equal(essence, last) || now.Sub(told) >= renewEvery {
				last, told = essence, now
				s.watch.changed()
			}
		}
	}
}

// essence is what of a status makes people look again: states, conditions, alarms and counts, but no ages.
func essence(st *pb.Status) []string {
	var out []string
	add := func(ds []*pb.DirectionStatus) {
		for _, d := range ds {
			out = append(out, d.From, d.To, d.State, d.Reason)
			out = append(out, d.Conditions...)
		}
	}
	for _, l := range st.Links {
		out = append(out, l.Peer, l.Error, word(l.Connected))
		add(l.Directions)
	}
	for _, l := range st.Lanes {
		out = append(out, l.Lane, word(l.Depth > 0), word(l.Held > 0))
	}
	add(st.GetSpool().GetLegs())
	out = append(out, st.Alarms...)
	return append(out, st.GetStore().GetStoreClass(), word(st.BadMailCount > 0))
}

func word(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// GetStatus tells everything at a glance.
func (s *Server) GetStatus(context.Context, *pb.GetStatusRequest) (*pb.GetStatusResponse, error) {
	return &pb.GetStatusResponse{Status: s.Status()}, nil
}

// WatchStatus sends the status at once and at every change.
func (s *Server) WatchStatus(_ *pb.WatchStatusRequest, out pb.AdminService_WatchStatusServer) error {
	for {
		changed := s.Changed()
		if err := out.Send(&pb.WatchStatusResponse{Status: s.Status()}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-out.Context().Done():
			return out.Context().Err()
		}
	}
}
