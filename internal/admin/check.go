package admin

import (
	"context"
	"fmt"
	"time"

	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// CheckStore checks the store, and tells as it goes.
func (s *Server) CheckStore(r *pb.CheckStoreRequest, out pb.AdminService_CheckStoreServer) error {
	s.o.Log.Info("the store is checked", "repair", r.Repair, "caller", s.o.Caller(out.Context()))
	err := s.Check(out.Context(), r.Repair, out.Send)
	s.watch.changed()
	return status(err)
}

// progressEvery is between two words about how far a check has got.
const progressEvery = time.Second

// Check reads the books and all content and sends what it finds. While the books are read nothing is committed, which takes
// some seconds for a million messages; while content is read mail goes on.
func (s *Server) Check(ctx context.Context, repair bool, send func(*pb.CheckStoreResponse) error) error {
	c := &storeCheck{s: s, ctx: ctx, repair: repair, send: send, result: &pb.StoreCheckResult{}, told: time.Now()}
	findings, err := s.o.Store.Audit()
	if err != nil {
		return err
	}
	for _, text := range findings {
		if err := c.found(&pb.StoreFinding{Text: text}); err != nil {
			return err
		}
	}
	if err := s.o.Store.CheckContent(ctx, c.message); err != nil {
		return err
	}
	return send(&pb.CheckStoreResponse{Step: &pb.CheckStoreResponse_Result{Result: c.result}})
}

// storeCheck is one check.
type storeCheck struct {
	s      *Server
	ctx    context.Context // of the one call it serves
	repair bool
	send   func(*pb.CheckStoreResponse) error
	result *pb.StoreCheckResult
	told   time.Time
}

func (c *storeCheck) found(f *pb.StoreFinding) error {
	c.result.FindingCount++
	if f.Repaired != "" {
		c.result.RepairedCount++
	}
	return c.send(&pb.CheckStoreResponse{Step: &pb.CheckStoreResponse_Finding{Finding: f}})
}

func (c *storeCheck) message(m *mail.Message, damage error) error {
	c.result.MessagesChecked++
	c.result.BytesChecked += uint64(m.Size)
	if damage != nil {
		f := &pb.StoreFinding{MessageId: string(m.ID), Text: fmt.Sprintf("the content of message %s is damaged: %v", m.ID, damage)}
		if c.repair {
			var err error
			if f.Repaired, err = c.s.o.Intake.SetAside(c.ctx, m, damage); err != nil {
				return err
			}
		}
		return c.found(f)
	}
	if time.Since(c.told) < progressEvery {
		return nil
	}
	c.told = time.Now()
	return c.send(&pb.CheckStoreResponse{Step: &pb.CheckStoreResponse_Progress{Progress: &pb.StoreCheckProgress{MessagesChecked: c.result.MessagesChecked}}})
}
