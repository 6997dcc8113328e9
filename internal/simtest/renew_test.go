package simtest

import (
	"slices"
	"time"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// renew starts an end anew with a new identity of its store, as --renew does, and lets a peer give up the old one.
func (s *stage) renew(name, peer string) {
	s.Helper()
	st, err := s.c.status(s.Context(), peer)
	if err != nil {
		s.Fatal(err)
	}
	at := slices.IndexFunc(st.Links, func(l *pb.LinkStatus) bool { return l.Peer == name })
	e, old := s.ends[name], st.Links[at].StoreId
	s.restAfter(name, 10*time.Second)
	e.current().stop()
	e.mu.Lock()
	disk := e.disk
	e.mu.Unlock()
	engine, err := openEngine(disk)
	if err != nil {
		s.Fatal(err)
	}
	if done, err := store.Renew(s.Context(), engine, store.Options{Now: e.now}, mail.StoreID(old), link.SentTables); err != nil || !done {
		s.Fatalf("renewed %v, %v", done, err)
	}
	if _, err := pb.NewAdminServiceClient(s.c.conns[peer]).ForgetPeer(s.Context(), &pb.ForgetPeerRequest{StoreId: old}); err != nil {
		s.Fatal(err)
	}
	s.until(time.Minute, name+" runs again", func() bool { return e.running() != nil })
	time.Sleep(10 * time.Second)
}
