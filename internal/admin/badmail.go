package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

const (
	maxIDs     = 1000      // in one request
	chunkBytes = 256 << 10 // of content in one answer

	noBadMail = "there is no bad mail %s"
)

// ListBadMail lists bad mail, oldest first.
func (s *Server) ListBadMail(_ context.Context, r *pb.ListBadMailRequest) (*pb.ListBadMailResponse, error) {
	if r.PageToken != "" && !isBadID(r.PageToken) {
		return nil, fieldError("page_token", "is not one that this list gave")
	}
	size, err := pageSize(r.PageSize)
	if err != nil {
		return nil, err
	}
	found, err := s.o.Store.BadMail(r.PageToken, size+1)
	if err != nil {
		return nil, status(err)
	}
	out := &pb.ListBadMailResponse{}
	for i, b := range found {
		if i == size {
			out.NextPageToken = found[i-1].ID
			break
		}
		out.Entries = append(out.Entries, badMailEntry(b))
	}
	return out, nil
}

// isBadID tells an ID of bad mail, which is also the token of the page after it, from anything else.
func isBadID(text string) bool {
	digits, ok := strings.CutPrefix(text, "bad-")
	return ok && len(digits) >= 8 && len(digits) <= 20 && strings.Trim(digits, "0123456789") == ""
}

// GetBadMail reads one piece of bad mail.
func (s *Server) GetBadMail(r *pb.GetBadMailRequest, out pb.AdminService_GetBadMailServer) error {
	if r.IncludeContent && r.AccessReason == "" {
		return fieldError("access_reason", "is needed to read content")
	}
	b, err := s.o.Store.Bad(r.BadMailId)
	if errors.Is(err, store.ErrNotFound) {
		return notFound(noBadMail, r.BadMailId)
	}
	if err != nil {
		return status(err)
	}
	if err := out.Send(&pb.GetBadMailResponse{Piece: &pb.GetBadMailResponse_Entry{Entry: badMailEntry(b)}}); err != nil || !r.IncludeContent {
		return err
	}
	s.o.Log.Info("bad mail read", "bad_mail_id", b.ID, "caller", s.o.Caller(out.Context()), "reason", r.AccessReason)
	return status(s.sendContent(b, out))
}

func (s *Server) sendContent(b store.Bad, out pb.AdminService_GetBadMailServer) error {
	c, err := s.o.Store.Content(b.Message.ID)
	if err != nil {
		return err
	}
	in, err := c.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	buf := make([]byte, chunkBytes)
	for {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			piece := &pb.GetBadMailResponse_Chunk{Chunk: &pb.ContentChunk{Data: buf[:n]}}
			if err := out.Send(&pb.GetBadMailResponse{Piece: piece}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// RetryBadMail submits bad mail once more.
func (s *Server) RetryBadMail(ctx context.Context, r *pb.RetryBadMailRequest) (*pb.RetryBadMailResponse, error) {
	ids, err := s.badIDs(r.BadMailIds, r.All)
	if err != nil {
		return nil, err
	}
	out := &pb.RetryBadMailResponse{}
	for _, id := range ids {
		retry := &pb.BadMailRetry{BadMailId: id}
		made, err := s.o.Intake.RetryBad(ctx, id, false)
		switch {
		case errors.Is(err, store.ErrNotFound):
			retry.Error = fmt.Sprintf(noBadMail, id)
		case err != nil:
			retry.Error = err.Error()
		default:
			retry.MessageId = string(made)
		}
		out.Retries = append(out.Retries, retry)
	}
	s.o.Log.Info("bad mail retried", "pieces", len(ids), "caller", s.o.Caller(ctx))
	return out, nil
}

// DiscardBadMail removes bad mail for good.
func (s *Server) DiscardBadMail(ctx context.Context, r *pb.DiscardBadMailRequest) (*pb.DiscardBadMailResponse, error) {
	ids, err := s.badIDs(r.BadMailIds, r.All)
	if err != nil {
		return nil, err
	}
	out := &pb.DiscardBadMailResponse{}
	for _, id := range ids {
		err := s.o.Intake.DiscardBad(ctx, id, s.o.Caller(ctx))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, status(err)
		}
		out.DiscardedCount++
	}
	s.o.Log.Info("bad mail discarded", "pieces", out.DiscardedCount, "caller", s.o.Caller(ctx))
	return out, nil
}

// badIDs are the IDs named, or all there are, at most a request's worth.
func (s *Server) badIDs(named []string, all bool) ([]string, error) {
	switch {
	case len(named) == 0 && !all:
		return nil, fieldError("bad_mail_ids", "is empty, and all is not set")
	case len(named) > 0 && all:
		return nil, fieldError("all", "goes without bad_mail_ids")
	case len(named) > maxIDs:
		return nil, fieldError("bad_mail_ids", fmt.Sprintf("has %d entries, the most is %d", len(named), maxIDs))
	case len(named) > 0:
		return named, nil
	}
	var ids []string
	for after := ""; ; {
		found, err := s.o.Store.BadMail(after, maxIDs)
		if err != nil {
			return nil, status(err)
		}
		for _, b := range found {
			ids = append(ids, b.ID)
		}
		if len(found) < maxIDs {
			return ids, nil
		}
		after = ids[len(ids)-1]
	}
}

func badMailEntry(b store.Bad) *pb.BadMailEntry {
	known := slices.DeleteFunc(slices.Clone(b.Recipients), mail.Address.IsZero) // what is no message at all has none
	return &pb.BadMailEntry{
		BadMailId: b.ID, Message: wire.Message(b.Message), Recipients: wire.Addresses(known), Reason: b.Reason,
		Explanation: b.Explanation, Time: timestamppb.New(b.Time), ReportId: string(b.ReportID), RetriedAs: string(b.RetriedAs),
		SizeBytes: uint32(b.Message.Size),
	}
}
