package side

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"sidegate/internal/identity"
	"sidegate/internal/intake"
	"sidegate/internal/route"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// Limits of the services. The server's own limit on received messages must leave room above MaxUnary.
const (
	MaxUnary       = 256 << 10 // bytes of a single submission, and of a page of a list
	MaxChunk       = 256 << 10 // bytes of one ContentChunk
	MaxInline      = 64 << 10  // content up to this travels inside the message
	MaxHeader      = 128 << 10 // bytes of everything in a submission but its content
	MaxRequestID   = 128
	MaxIDs         = 1000 // message IDs in one request
	MaxOwners      = 64
	MaxAliases     = 64       // of one mailbox
	maxAllAliases  = 50_000   // of all: an announcement holds twice as many addresses
	maxAliasBytes  = 4 << 20  // of all: an announcement holds twice as many
	MaxInFlight    = 1024     // messages of one submission stream that wait for durability
	maxOutstanding = 32 << 20 // bytes of submissions that one caller has on the way
)

// Authority says who calls.
type Authority interface {
	// Identity returns the caller's URI, whether the caller has role operator, and whether the caller is everybody,
	// which is so under --insecure-dev only. A caller that is nobody has no URI and is not everybody.
	Identity(ctx context.Context) (uri string, operator bool, any bool)
}

// Certificates is the Authority of package identity.
type Certificates struct{}

// Identity returns who the certificate of the connection names.
func (Certificates) Identity(ctx context.Context) (uri string, operator bool, any bool) {
	id, ok := identity.FromContext(ctx)
	if !ok {
		return "", false, false
	}
	return id.URI, id.Is(identity.Operator), id.InsecureDev
}

// Options sets the services up. All but Log and AutoMailbox are required.
type Options struct {
	Store     *store.Store
	Intake    *intake.Intake
	Routes    *route.Table
	Dialect   Dialect
	Names     Names
	Authority Authority
	// AutoMailbox makes mailboxes for served addresses as they are used, open to any user. Set it as in the intake.
	AutoMailbox bool
	Log         hclog.Logger // nil: silent
}

// Service is the two services of a side.
type Service struct {
	mail      *mailServer
	mailboxes *mailboxServer
}

// New makes the services.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	s := &shared{Options: o, log: o.Log.Named("side"), quota: newQuota(maxOutstanding)}
	return &Service{mail: &mailServer{shared: s}, mailboxes: &mailboxServer{shared: s}}
}

// Mail is MailService.
func (s *Service) Mail() pb.MailServiceServer { return s.mail }

// Mailboxes is MailboxService.
func (s *Service) Mailboxes() pb.MailboxServiceServer { return s.mailboxes }

// Register registers both services.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	pb.RegisterMailServiceServer(r, s.mail)
	pb.RegisterMailboxServiceServer(r, s.mailboxes)
}

// shared is what both services work with.
type shared struct {
	Options
	log   hclog.Logger
	quota *quota
}

type mailServer struct {
	pb.UnimplementedMailServiceServer
	*shared
}

type mailboxServer struct {
	pb.UnimplementedMailboxServiceServer
	*shared
}
