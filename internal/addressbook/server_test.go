package addressbook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// serve serves the book of an end that serves *@Here.
func (e *end) serve() pb.DirectoryServiceClient {
	e.t.Helper()
	l := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	pb.RegisterDirectoryServiceServer(s, NewServer(ServerOptions{
		Book: e.Book, Serves: mail.MustPattern("*@Here").Match, Caller: func(context.Context) string { return "test" }, Log: hclog.NewNullLogger(),
	}))
	go s.Serve(l)
	e.t.Cleanup(s.Stop)
	conn, err := grpc.NewClient("passthrough:///end", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return l.Dial() }))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = conn.Close() })
	return pb.NewDirectoryServiceClient(conn)
}

func knownText(es []*pb.KnownEntry) string {
	var out []string
	for _, k := range es {
		out = append(out, fmt.Sprintf("%s=%s %s/%d", k.Entry.Name, k.Entry.Address, k.End, k.Source))
	}
	return strings.Join(out, "; ")
}

func export(t *testing.T, c pb.DirectoryServiceClient, from ...pb.DirectorySource) (string, error) {
	t.Helper()
	st, err := c.ExportEntries(t.Context(), &pb.ExportEntriesRequest{Sources: from})
	if err != nil {
		return "", err
	}
	var all []*pb.KnownEntry
	for {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return knownText(all), nil
		}
		if err != nil {
			return "", err
		}
		all = append(all, r.Entries...)
	}
}

func imports(t *testing.T, c pb.DirectoryServiceClient, requests ...*pb.ImportEntriesRequest) (changes []*pb.DirectoryChange, sum *pb.ImportSummary, err error) {
	t.Helper()
	st, err := c.ImportEntries(t.Context())
	if err != nil {
		return nil, nil, err
	}
	for _, r := range requests {
		if err := st.Send(r); err != nil {
			break // Recv says why
		}
	}
	_ = st.CloseSend()
	for {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return changes, sum, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if sum != nil {
			t.Error("something follows the summary")
		}
		changes, sum = append(changes, r.Changes...), r.Summary
	}
}

func put(name, address string) *pb.ImportStep {
	return &pb.ImportStep{Kind: &pb.ImportStep_Put{Put: &pb.DirectoryEntry{Name: name, Address: address}}}
}

func remove(address string) *pb.ImportStep {
	return &pb.ImportStep{Kind: &pb.ImportStep_Remove{Remove: address}}
}

func replace(pattern string) *pb.ImportStep {
	return &pb.ImportStep{Kind: &pb.ImportStep_Replace{Replace: pattern}}
}

func TestServer(t *testing.T) {
	e := fresh(t)
	e.name("ann@Here", "Ann Lee")
	if err := e.tell("1", "there", list(t, "Leander=l@There")); err != nil {
		t.Fatal(err)
	}
	c := e.serve()
	changes, sum, err := imports(t, c,
		&pb.ImportEntriesRequest{Steps: []*pb.ImportStep{put("Bob Lean", "bob@Here"), put("Carl", "PCM:N/P/CARL")}},
		&pb.ImportEntriesRequest{Steps: []*pb.ImportStep{put("Dora", "dora@Here"), remove("DORA@here")}})
	if err != nil || len(changes) != 2 || sum.Added != 2 || sum.Total != 2 || sum.NotServed != 1 {
		t.Fatalf("imported %v, %v, %v", changes, sum, err)
	}
	everybody := "Ann Lee=ann@Here here/1; Bob Lean=bob@Here here/2; Carl=N/P/CARL here/2; Leander=l@There there/3"
	if got, err := export(t, c); got != everybody || err != nil {
		t.Errorf("exported %s, %v", got, err)
	}
	if got, err := export(t, c, pb.DirectorySource_DIRECTORY_SOURCE_IMPORTED, pb.DirectorySource_DIRECTORY_SOURCE_ANNOUNCED); err != nil || strings.Contains(got, "Ann") || !strings.Contains(got, "Carl") || !strings.Contains(got, "Leander") {
		t.Errorf("exported of two sources: %s, %v", got, err)
	}
	search := func(r *pb.SearchEntriesRequest) string {
		t.Helper()
		a, err := c.SearchEntries(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return knownText(a.Entries)
	}
	e.want("search", search(&pb.SearchEntriesRequest{Query: "LEE"}), "Ann Lee=ann@Here here/1")
	e.want("search by beginnings", search(&pb.SearchEntriesRequest{Query: "lea", Prefix: true}), "Bob Lean=bob@Here here/2; Leander=l@There there/3")
	e.want("search at the peers", search(&pb.SearchEntriesRequest{Query: "lea", Source: pb.DirectorySource_DIRECTORY_SOURCE_ANNOUNCED}), "Leander=l@There there/3")
	var paged []*pb.KnownEntry
	for token := ""; ; {
		r, err := c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		paged = append(paged, r.Entries...)
		if token = r.NextPageToken; token == "" {
			break
		}
	}
	e.want("in pages", knownText(paged), everybody)
	if r, err := c.LookupEntry(t.Context(), &pb.LookupEntryRequest{Address: "L@there"}); err != nil || knownText([]*pb.KnownEntry{r.Entry}) != "Leander=l@There there/3" {
		t.Errorf("looked up %v, %v", r, err)
	}
	if _, err := c.LookupEntry(t.Context(), &pb.LookupEntryRequest{Address: "x@There"}); grpcstatus.Code(err) != codes.NotFound {
		t.Errorf("nobody: %v", err)
	}
	e.want("is on disk", text(e.again().Imported()), "Bob Lean=bob@Here; Carl=N/P/CARL")
}

func TestImportAnswersWhatChanged(t *testing.T) {
	e := fresh(t)
	c := e.serve()
	var steps []*pb.ImportStep
	for i := range 1000 {
		steps = append(steps, put(fmt.Sprintf("Person %03d", i), fmt.Sprintf("N/P/P%d", i)))
	}
	if _, _, err := imports(t, c, &pb.ImportEntriesRequest{Steps: steps}); err != nil {
		t.Fatal(err)
	}
	steps[7] = put("Personne 007", "N/P/P7")
	request := &pb.ImportEntriesRequest{DryRun: true, Steps: append([]*pb.ImportStep{replace("n/p/*")}, append(steps[:900:900], put("New", "N/P/NEW"))...)}
	for _, dry := range []bool{true, false} {
		request.DryRun = dry
		changes, sum, err := imports(t, c, request)
		if err != nil || sum.Added != 1 || sum.Changed != 1 || sum.Removed != 100 || sum.Total != 901 || len(changes) != 102 {
			t.Fatalf("dry run %v: %d changes, %v, %v", dry, len(changes), sum, err)
		}
		if first := changes[0]; first.Before != nil || first.After.GetName() != "New" {
			t.Errorf("the first change is %v", first)
		}
		if last := changes[101]; last.Before.GetName() != "Person 007" || last.After.GetName() != "Personne 007" {
			t.Errorf("the last change is %v", last)
		}
	}
	if changes, sum, err := imports(t, c, request); err != nil || len(changes) != 0 || sum.Total != 901 {
		t.Errorf("the same again: %d changes, %v, %v", len(changes), sum, err)
	}
}

func TestServerRefuses(t *testing.T) {
	e := fresh(t)
	e.load(puts(t, "Bob=bob@Here")...)
	c := e.serve()
	steps := func(ss ...*pb.ImportStep) []*pb.ImportEntriesRequest {
		return []*pb.ImportEntriesRequest{{Steps: ss}}
	}
	many := make([]*pb.ImportStep, 1001)
	for i := range many {
		many[i] = put("x", fmt.Sprintf("N/P/P%d", i))
	}
	repeated := func(s *pb.ImportStep, times int) []*pb.ImportEntriesRequest {
		return slices.Repeat(steps(slices.Repeat([]*pb.ImportStep{s}, 1000)...), times)
	}
	var tooMany []*pb.ImportEntriesRequest
	for i := range 66 {
		var ss []*pb.ImportStep
		for n := range 1000 {
			ss = append(ss, put("x", fmt.Sprintf("N/P/P%d", i*1000+n)))
		}
		tooMany = append(tooMany, &pb.ImportEntriesRequest{Steps: ss})
	}
	call := func(_ any, _ any, err error) error { return err }
	for name, c := range map[string]struct {
		err   error
		field string
	}{
		"no name":           {call(imports(t, c, steps(put("Ann", "ann@Here"), put(" ", "b@Here"))...)), "steps[1].put"},
		"a blank address":   {call(imports(t, c, steps(put("Ann", "ann@Here "))...)), "steps[0].put"},
		"no address":        {call(imports(t, c, steps(put("Ann", ""))...)), "steps[0].put.address"},
		"nobody to remove":  {call(imports(t, c, steps(remove("x"))...)), "steps[0].remove"},
		"no pattern":        {call(imports(t, c, steps(replace("A/*B/c"))...)), "steps[0].replace"},
		"an empty step":     {call(imports(t, c, steps(&pb.ImportStep{})...)), "steps[0]"},
		"too many at once":  {call(imports(t, c, steps(many...)...)), "steps"},
		"too many in all":   {call(imports(t, c, repeated(remove("a@b"), 201)...)), "steps"},
		"too many bytes":    {call(imports(t, c, repeated(remove("SMTP:"+strings.Repeat("x", 500)), 67)...)), "steps"},
		"a late dry run":    {call(imports(t, c, &pb.ImportEntriesRequest{}, &pb.ImportEntriesRequest{DryRun: true})), "dry_run"},
		"too many entries":  {call(imports(t, c, tooMany...)), ""},
		"a long question":   {second(c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{Query: strings.Repeat("x", 513)})), "query"},
		"an unknown source": {second(c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{Source: 9})), "source"},
		"a large page":      {second(c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{PageSize: 1001})), "page_size"},
		"a token":           {second(c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{PageToken: "x"})), "page_token"},
		"a bad address":     {second(c.LookupEntry(t.Context(), &pb.LookupEntryRequest{Address: "x"})), "address"},
		"bad sources":       {second(export(t, c, -1)), "sources"},
	} {
		if grpcstatus.Code(c.err) != codes.InvalidArgument || fieldOf(c.err) != c.field {
			t.Errorf("%s: %v, about %q", name, c.err, fieldOf(c.err))
		}
	}
	e.want("after all that", text(e.again().Imported()), "Bob=bob@Here")
}

func second[T any](_ T, err error) error { return err }

func fieldOf(err error) string {
	for _, d := range grpcstatus.Convert(err).Details() {
		if b, ok := d.(*errdetails.BadRequest); ok {
			return b.FieldViolations[0].Field
		}
	}
	return ""
}

// An answer stays within its bounds, and the pages still join to the whole.
func TestLongEntriesMakeShortPages(t *testing.T) {
	e := fresh(t)
	var steps []directory.Step
	for i := range 1000 {
		steps = append(steps, directory.Step{Put: &directory.Entry{
			Name: fmt.Sprintf("%03d %s", i, strings.Repeat("x", 250)), Address: mail.Address{Type: "SMTP", Value: fmt.Sprintf("%d@%s", i, strings.Repeat("y", 480))},
		}})
	}
	e.load(steps...)
	c := e.serve()
	pages, all := 0, 0
	for token := ""; pages == 0 || token != ""; pages++ {
		r, err := c.SearchEntries(t.Context(), &pb.SearchEntriesRequest{PageSize: 1000, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		all += len(r.Entries)
		token = r.NextPageToken
	}
	if all != 1000 || pages < 4 {
		t.Errorf("%d entries came in %d pages", all, pages)
	}
}
