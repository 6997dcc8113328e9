package addressbook

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds on an import.
const (
	maxStepsAtOnce = 1000
	maxSteps       = 200_000
	maxStepBytes   = 32 << 20
)

// sources are the kinds of entries that are asked for; none means all.
type sources []Kind

func (s sources) has(k Kind) bool {
	for _, one := range s {
		if one == k {
			return true
		}
	}
	return len(s) == 0
}

func parseSources(field string, asked ...pb.DirectorySource) (sources, error) {
	var out sources
	for _, one := range asked {
		switch k := Kind(one); {
		case one == pb.DirectorySource_DIRECTORY_SOURCE_UNSPECIFIED:
		case one < 0 || one > pb.DirectorySource(Announced):
			return nil, &wire.FieldError{Field: field, Problem: fmt.Sprintf("has no value %d", one)}
		default:
			out = append(out, k)
		}
	}
	return out, nil
}

func unknownAddress(a mail.Address) error { return fmt.Errorf("nobody known has the address %s", a) }

// ImportEntries changes what was imported here.
func (s *Server) ImportEntries(st grpc.BidiStreamingServer[pb.ImportEntriesRequest, pb.ImportEntriesResponse]) error {
	steps, dryRun, err := receive(st)
	if err != nil {
		return status(err)
	}
	d, now, err := s.o.Book.Import(st.Context(), steps, dryRun)
	if errors.Is(err, directory.ErrTooMuch) {
		err = wire.NewError(codes.InvalidArgument, "DIRECTORY_TOO_LARGE", 0, err)
	}
	if err != nil {
		return status(err)
	}
	if !dryRun && !d.Empty() {
		s.o.Log.Info("directory imported", "added", len(d.Added), "changed", len(d.Changed), "removed", len(d.Removed), "by", s.o.Caller(st.Context()))
	}
	return s.answer(st, d, now)
}

// receive reads the steps of a whole import.
func receive(st grpc.BidiStreamingServer[pb.ImportEntriesRequest, pb.ImportEntriesResponse]) (steps []directory.Step, dryRun bool, err error) {
	var u upload
	for first := true; ; first = false {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return u.steps, dryRun, nil
		}
		if err != nil {
			return nil, false, err
		}
		if r.DryRun && !first {
			return nil, false, &wire.FieldError{Field: "dry_run", Problem: "is not on the first request"}
		}
		dryRun = dryRun || r.DryRun
		if err := u.add(r.Steps); err != nil {
			return nil, false, err
		}
	}
}

// upload is as much of an import as has come.
type upload struct {
	steps []directory.Step
	bytes int
}

// add takes the steps of one request.
func (u *upload) add(steps []*pb.ImportStep) error {
	if len(steps) > maxStepsAtOnce || len(u.steps)+len(steps) > maxSteps {
		return &wire.FieldError{Field: "steps", Problem: fmt.Sprintf("are more than %d in one request or %d in all", maxStepsAtOnce, maxSteps)}
	}
	for _, p := range steps {
		step, err := parseStep(fmt.Sprintf("steps[%d]", len(u.steps)), p)
		if err != nil {
			return err
		}
		u.bytes += len(p.GetPut().GetName()) + len(p.GetPut().GetAddress()) + len(p.GetRemove()) + len(p.GetReplace())
		if u.bytes > maxStepBytes {
			return &wire.FieldError{Field: "steps", Problem: fmt.Sprintf("have more than %d bytes of names and addresses", maxStepBytes)}
		}
		u.steps = append(u.steps, step)
	}
	return nil
}

// parseStep reads one step; its place is counted over all requests of the import.
func parseStep(field string, p *pb.ImportStep) (directory.Step, error) {
	switch k := p.GetKind().(type) {
	case *pb.ImportStep_Put:
		a, err := wire.ParseAddress(field+".put.address", k.Put.GetAddress())
		if err != nil {
			return directory.Step{}, err
		}
		e, err := directory.EntryOf(k.Put.GetName(), a)
		if err != nil {
			return directory.Step{}, &wire.FieldError{Field: field + ".put", Problem: err.Error()}
		}
		return directory.Step{Put: &e}, nil
	case *pb.ImportStep_Remove:
		a, err := wire.ParseAddress(field+".remove", k.Remove)
		return directory.Step{Remove: &a}, err
	case *pb.ImportStep_Replace:
		pattern, err := mail.ParsePattern(k.Replace)
		if err != nil {
			return directory.Step{}, &wire.FieldError{Field: field + ".replace", Problem: err.Error()}
		}
		return directory.Step{Replace: &pattern}, nil
	}
	return directory.Step{}, &wire.FieldError{Field: field, Problem: "says nothing"}
}

// answer says what changed, and what it sums up to.
func (s *Server) answer(st grpc.BidiStreamingServer[pb.ImportEntriesRequest, pb.ImportEntriesResponse], d directory.Diff, now directory.List) error {
	out := &pb.ImportEntriesResponse{}
	for c := range d.All() {
		change := &pb.DirectoryChange{}
		if c.Old != (directory.Entry{}) {
			change.Before = toEntry(c.Old)
		}
		if c.New != (directory.Entry{}) {
			change.After = toEntry(c.New)
		}
		if out.Changes = append(out.Changes, change); len(out.Changes) == maxChunk {
			if err := st.Send(out); err != nil {
				return err
			}
			out = &pb.ImportEntriesResponse{}
		}
	}
	sum := &pb.ImportSummary{
		Added: uint32(len(d.Added)), Changed: uint32(len(d.Changed)), Removed: uint32(len(d.Removed)), Total: uint32(now.Len()),
	}
	for e := range now.All() {
		if !s.o.Serves(e.Address) {
			sum.NotServed++
		}
	}
	out.Summary = sum
	return st.Send(out)
}
