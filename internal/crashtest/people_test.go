package crashtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	pb "sidegate/proto/sidegate/v1"
)

// peopleOf names the people of one import; the first of them tells the imports apart.
func peopleOf(tag string) []*pb.ImportStep {
	server := strings.ToLower(tag[strings.LastIndexByte(tag, '-')+1:])
	steps := []*pb.ImportStep{{Kind: &pb.ImportStep_Replace{Replace: "*@people-" + server}}}
	for i := range 200 {
		e := &pb.DirectoryEntry{Name: fmt.Sprintf("Person %d of %s", i, tag), Address: fmt.Sprintf("p%d@people-%s", i, server)}
		steps = append(steps, &pb.ImportStep{Kind: &pb.ImportStep_Put{Put: e}})
	}
	return steps
}

// importPeople imports them at a program.
func (tr *trio) importPeople(program, tag string) (*pb.ImportSummary, error) {
	ctx, cancel := tr.within(oneAttempt)
	defer cancel()
	st, err := pb.NewDirectoryServiceClient(tr.mail.admin[program]).ImportEntries(ctx)
	if err == nil {
		err = st.Send(&pb.ImportEntriesRequest{Steps: peopleOf(tag)})
	}
	if err == nil {
		err = st.CloseSend()
	}
	if err != nil {
		return nil, err
	}
	for {
		r, err := st.Recv()
		if err != nil || r.GetSummary() != nil {
			return r.GetSummary(), err
		}
	}
}

// people counts the people of an import whom a program knows.
func (tr *trio) people(program, tag string) (int, error) {
	ctx, cancel := tr.within(oneAttempt)
	defer cancel()
	st, err := pb.NewDirectoryServiceClient(tr.mail.admin[program]).ExportEntries(ctx, &pb.ExportEntriesRequest{})
	n := 0
	for err == nil {
		var r *pb.ExportEntriesResponse
		if r, err = st.Recv(); err == nil {
			for _, e := range r.GetEntries() {
				if strings.HasSuffix(e.GetEntry().GetName(), " of "+tag) {
					n++
				}
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// importing imports people until the program dies of it. Afterwards all of them are there, or nobody; and an import that is
// repeated makes it all.
func importing(tr *trio, g target, tag string) (func() error, error) {
	await(10*time.Second, func() bool {
		_, _ = tr.importPeople(g.program, tag) // until it dies of it
		return tr.dying(g.program)
	})
	return func() error {
		n, err := tr.askedFor(func() (int, error) { return tr.people(g.program, tag) })
		if err != nil || n != 0 && n != 200 {
			return fmt.Errorf("after an import that a death cut short %d of 200 people are known, %v", n, err)
		}
		if strings.HasSuffix(g.point, ".after") && n == 0 {
			return errors.New("an import that was durable has left nobody")
		}
		if _, err := tr.importPeople(g.program, tag); err != nil {
			return err
		}
		if n, err := tr.people(g.program, tag); err != nil || n != 200 {
			return fmt.Errorf("after the import was repeated %d of 200 people are known, %v", n, err)
		}
		return nil
	}, nil
}

// telling imports people at another program, which tells this one of them. Afterwards this one knows them all.
func telling(tr *trio, g target, tag string) (func() error, error) {
	other := "pcside"
	if g.program == other {
		other = "macside"
	}
	if _, err := tr.importPeople(other, tag); err != nil {
		return nil, err
	}
	return func() error {
		var n int
		var err error
		if !await(patience, func() bool { n, err = tr.people(g.program, tag); return n == 200 }) {
			return fmt.Errorf("%s knows %d of the 200 people %s told it of, %v", g.program, n, other, err)
		}
		return nil
	}, nil
}

// askedFor asks a program that may just have been started.
func (tr *trio) askedFor(ask func() (int, error)) (n int, err error) {
	await(patience, func() bool { n, err = ask(); return err == nil })
	return n, err
}
