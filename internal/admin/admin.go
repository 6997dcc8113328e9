// Package admin serves operators: how mail flows, what waits and why, and what rests in bad mail. It puts the one
// Status together that the gRPC service, the status page, the metrics and the command line all show.
package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"

	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// Options set a Server up. Spool and Legs are nil at a side; everything else is needed.
type Options struct {
	Store  *store.Store
	Intake *intake.Intake
	Routes *route.Table
	Links  *link.Links
	End    string
	// Version is that of the program.
	Version string
	// People keeps what peers tell of their people; nil: nobody does.
	People People
	// Spool tells of a coordinator's spool.
	Spool func() *pb.SpoolStatus
	// Legs are the directions between the spool and the legacy half.
	Legs func() []liveness.Leg
	// Alarms are further alarms, worst first.
	Alarms func() []string
	// Caller names the caller of an RPC, for the log.
	Caller func(ctx context.Context) string
	Log    hclog.Logger
}

// People is what an addressbook is to operators who give up an end.
type People interface {
	// Held is the digest of what is held of a peer, all zeros if nothing is.
	Held(peer mail.StoreID) [32]byte
	// Forget drops what a peer told, for good.
	Forget(ctx context.Context, peer mail.StoreID) error
}

// Server implements AdminService.
type Server struct {
	pb.UnimplementedAdminServiceServer
	o       Options
	started time.Time
	watch   *watch
}

// New makes a Server. Run must run for WatchStatus and Changed to tell of changes.
func New(o Options) *Server {
	return &Server{o: o, started: o.Store.Now(), watch: newWatch()}
}

// pageSize reads the size of a page asked for.
func pageSize(asked uint32) (int, error) {
	const usual, most = 100, 1000
	switch {
	case asked == 0:
		return usual, nil
	case asked > most:
		return 0, fieldError("page_size", fmt.Sprintf("is %d, the most is %d", asked, most))
	}
	return int(asked), nil
}

// status turns an error into that of a call.
func status(err error) error { return wire.Status(err, mappings...) }

// mappings say what the errors of the packages below mean to a caller.
var mappings = []wire.Mapping{
	{Is: store.ErrNotFound, Code: codes.NotFound, Reason: "NOT_FOUND"},
	{Is: store.ErrFull, Code: codes.ResourceExhausted, Reason: "STORE_FULL", Retry: 30 * time.Second},
	{Is: store.ErrFailed, Code: codes.Unavailable, Reason: "STORE_FAILED", Retry: 10 * time.Second},
	{Is: store.ErrCorrupt, Code: codes.DataLoss, Reason: "STORE_CORRUPT"},
	{Is: intake.ErrRetried, Code: codes.FailedPrecondition, Reason: "RETRIED_BEFORE"},
	{Is: intake.ErrNoRecipients, Code: codes.FailedPrecondition, Reason: "NO_RECIPIENTS"},
}

// notFound says in one sentence what is not there. It has the code and the reason of store.ErrNotFound.
func notFound(format string, args ...any) error {
	return status(wire.NewError(codes.NotFound, "NOT_FOUND", 0, fmt.Errorf(format, args...)))
}

// fieldError is a refusal that names the field.
func fieldError(field, problem string) error {
	return status(&wire.FieldError{Field: field, Problem: problem})
}

func texts(ids []mail.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
