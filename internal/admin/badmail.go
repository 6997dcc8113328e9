package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/internal/intake"
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

// RetryBadMail submits bad mail once more: all of it means what was not yet.
func (s *Server) RetryBadMail(ctx context.Context, r *pb.RetryBadMailRequest) (*pb.RetryBadMailResponse, error) {
	ids, err := s.badIDs(r.BadMailIds, r.All, func(b store.Bad) bool { return b.RetriedAs == "" })
	if err != nil {
		return nil, err
	}
	out := &pb.RetryBadMailResponse{}
	for _, id := range ids {
		retry := &pb.BadMailRetry{BadMailId: id}
		made, err := s.retryBad(ctx, id)
		if err != nil {
			retry.Error = s.whyNot(id, err)
		}
		retry.MessageId = string(made)
		out.Retries = append(out.Retries, retry)
	}
	s.o.Log.Info("bad mail retried", "pieces", len(ids), "caller", s.o.Caller(ctx))
	return out, nil
}

// retryBad submits one piece once more, if there is anybody to send it to: bytes that are no message name nobody.
func (s *Server) retryBad(ctx context.Context, id string) (mail.ID, error) {
	b, err := s.o.Store.Bad(id)
	if err != nil {
		return "", err
	}
	if len(known(b.Recipients)) == 0 {
		return "", intake.ErrNoRecipients
	}
	return s.o.Intake.RetryBad(ctx, id, false)
}

// whyNot says for a person why a piece was not submitted.
func (s *Server) whyNot(id string, err error) string {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Sprintf(noBadMail, id)
	case errors.Is(err, intake.ErrRetried):
		if b, err := s.o.Store.Bad(id); err == nil {
			return fmt.Sprintf("was submitted again already, as %s", b.RetriedAs)
		}
	case errors.Is(err, intake.ErrNoRecipients):
		return "names nobody it could be sent to. If it was a file of the spool: mend it in BADMAIL and drop it again; then discard this"
	}
	return err.Error()
}

// DiscardBadMail removes bad mail for good.
func (s *Server) DiscardBadMail(ctx context.Context, r *pb.DiscardBadMailRequest) (*pb.DiscardBadMailResponse, error) {
	ids, err := s.badIDs(r.BadMailIds, r.All, func(store.Bad) bool { return true })
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

// badIDs are the IDs named, at most a request's worth, or those of all that are wanted.
func (s *Server) badIDs(named []string, all bool, wanted func(store.Bad) bool) ([]string, error) {
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
			if wanted(b) {
				ids = append(ids, b.ID)
			}
		}
		if len(found) < maxIDs {
			return ids, nil
		}
		after = found[len(found)-1].ID
	}
}

func badMailEntry(b store.Bad) *pb.BadMailEntry {
	return &pb.BadMailEntry{
		BadMailId: b.ID, Message: wire.Message(b.Message), Recipients: wire.Addresses(known(b.Recipients)), Reason: b.Reason,
		Explanation: b.Explanation, Time: timestamppb.New(b.Time), ReportId: string(b.ReportID), RetriedAs: string(b.RetriedAs),
		SizeBytes: uint32(b.Message.Size),
	}
}

// known leaves out the recipient without an address that stands for those of what is no message at all.
func known(recipients []mail.Address) []mail.Address {
	return slices.DeleteFunc(slices.Clone(recipients), mail.Address.IsZero)
}
