package link

import (
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"

	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Version is the protocol version this package speaks.
const Version = 1

// MaxFrame bounds the payload of one frame, MaxReceive one message of a link as gRPC sees it, in bytes. A delivery
// whose header alone is larger than a frame travels in a frame of its own, up to maxHeader.
const (
	MaxFrame   = 256 << 10
	MaxReceive = 512 << 10
	maxHeader  = 448 << 10
)

// The defaults of Options.
const (
	DefaultCreditMessages  = 1024
	DefaultCreditBytes     = 16 << 20
	DefaultMaxMessageBytes = 25 << 20
	DefaultRetryMin        = 300 * time.Second
	DefaultRetryMax        = 4000 * time.Second
	DefaultRetainSent      = 7 * 24 * time.Hour
)

const (
	sendTimeout  = 30 * time.Second // one Send on a push or pull stream
	openTimeout  = 10 * time.Second // connecting, hello and welcome
	takeoverGap  = 5 * time.Second  // least time between two sessions of one peer that replace each other
	minBytes     = MaxReceive       // least byte credit, so that any frame can be sent some day
	largeContent = 64 << 10         // content beyond it lies in a file, so its bytes come back when they are written
	maxBatch     = 1024             // deliveries in one Take
	maxLateVoids = 2 * store.MaxOpenExceptions
	maxEvents    = 4096 // trace events that wait for a peer, or for a commit
	maxPeers     = 256
	maxMissing   = 1000 // message IDs shown of what a restored store lacks
)

// Peer is an end to dial.
type Peer struct {
	Address string
	URI     string // the identity the peer must have; empty: any the credentials accept
	// Options carry the transport credentials, and in tests a dialler.
	Options []grpc.DialOption
}

// Announcement is the whole of what a peer serves.
type Announcement struct {
	Peer            mail.StoreID
	End             string
	Address         string // under which it is dialled here, empty if it dials
	Generation      uint64
	Patterns        []mail.Pattern
	Except          []mail.Address
	MaxMessageBytes int64
}

// Routes knows which addresses are served where.
type Routes interface {
	// Announced is what this end tells a peer that it serves.
	Announced(to mail.StoreID) (patterns []mail.Pattern, except []mail.Address)
	// Watch returns a channel that is closed when what is announced may have changed. It is asked for again after that.
	Watch() <-chan struct{}
	// Replace makes an announcement take the place of everything the peer announced before. There is one in every session.
	Replace(a Announcement)
	// Silence tells that a peer has no session any more. It must not block.
	Silence(peer mail.StoreID)
}

// Options sets the links of one end up. Store, End and Taker are needed; the zero value of the rest works.
type Options struct {
	Store     *store.Store
	End       string // name for people
	Taker     Taker
	Routes    Routes            // nil: announce nothing, ignore what is announced
	Directory Directory         // nil: tell of nobody, ignore who is told of
	Tracker   *liveness.Tracker // nil: one of its own
	Log       hclog.Logger      // nil: silent

	Beat, Late, Down time.Duration // default 1 s, 3 s, 10 s

	MaxMessageBytes int64 // largest content taken; default 25 MiB. As much again is allowed for an original.
	CreditMessages  int   // default 1,024
	CreditBytes     int64 // default 16 MiB

	// RetryMin and RetryMax bound the doubling delay of a deferred delivery whose receiver names none. Default 300 s
	// and 4,000 s.
	RetryMin, RetryMax time.Duration
	// RetainSent is how long the numbers of released messages are remembered, to name what a restored peer lacks.
	// Default 7 days.
	RetainSent time.Duration

	// Legs are the legs behind this end, for a coordinator.
	Legs func() []liveness.Leg
	// Accept decides whether a store may be a peer under the identity it proved; nil accepts all. The error goes to the
	// peer.
	Accept func(peer mail.StoreID, uri string) error
	// OnCorrupt is told of a delivery that was moved to the held lane because its message cannot be read.
	OnCorrupt func(e store.Entry, err error)
	// Fault is called with each of FaultPoints, for tests that die there.
	Fault func(point string)
}

// FaultPoints are the names Options.Fault is called with: just before and after each durable step, and around the
// sending of what depends on one.
var FaultPoints = []string{
	"link.session.before", "link.session.after", // the fence of a new session is committed
	"link.send.before", "link.send.after", // a frame is handed to gRPC
	"link.take.before", "link.take.after", // arrivals are committed, no receipt is sent yet
	"link.receipt.before", "link.receipt.after", // a receipt is handed to gRPC
	"link.release.before", "link.release.after", // what was receipted is let go
	"link.except.before", "link.except.after", // recipients that were not taken are moved
}

func (o *Options) setDefaults() {
	orDuration(&o.Beat, liveness.Beat)
	orDuration(&o.Late, 3*o.Beat)
	orDuration(&o.Down, liveness.DownAfter)
	orDuration(&o.RetryMin, DefaultRetryMin)
	orDuration(&o.RetryMax, max(o.RetryMin, DefaultRetryMax))
	orDuration(&o.RetainSent, DefaultRetainSent)
	if o.MaxMessageBytes <= 0 {
		o.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if o.CreditMessages <= 0 {
		o.CreditMessages = DefaultCreditMessages
	}
	if o.CreditBytes <= 0 {
		o.CreditBytes = DefaultCreditBytes
	}
	o.CreditBytes = max(o.CreditBytes, minBytes)
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Tracker == nil {
		o.Tracker = liveness.NewTracker()
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
}

func orDuration(d *time.Duration, otherwise time.Duration) {
	if *d <= 0 {
		*d = otherwise
	}
}

// ClientKeepalive makes a dialled connection find a one-way black hole in seconds.
var ClientKeepalive = keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}

// ServerKeepalive does the same at the listening end. Connections have no maximum age: links live on.
var ServerKeepalive = keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}

// ServerEnforcement lets clients ping as often as ClientKeepalive does; a stricter one would close links with
// ENHANCE_YOUR_CALM.
var ServerEnforcement = keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}

// Flow control of a stream and of a connection, and what is gathered before a write, in bytes: a few frames each.
// Fixed windows spare the pings by which gRPC would look for larger ones.
const (
	streamWindow     = 4 * MaxFrame
	connectionWindow = 2 * streamWindow
	ioBuffer         = 128 << 10
)

// ServerTransport is how every listening end moves bytes.
func ServerTransport() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(connectionWindow),
		grpc.ReadBufferSize(ioBuffer), grpc.WriteBufferSize(ioBuffer), experimental.BufferPool(buffers),
	}
}

// buffers are in powers of two up to the largest message. gRPC's own pool has nothing between 32 KiB and 1 MiB, and
// clears a whole buffer for every message.
var buffers = func() mem.BufferPool {
	p, err := mem.NewBinaryTieredBufferPool(8, 10, 12, 13, 14, 15, 16, 17, 18, 19)
	if err != nil {
		panic(err) // the sizes above are wrong
	}
	return p
}()

// dialOptions is what every link connection is made with, before the options of its Peer: no retries and no service
// configuration, because a failed call may have taken effect, and no idle time-out.
func dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithInitialWindowSize(streamWindow), grpc.WithInitialConnWindowSize(connectionWindow),
		grpc.WithReadBufferSize(ioBuffer), grpc.WithWriteBufferSize(ioBuffer), experimental.WithBufferPool(buffers),
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithIdleTimeout(0),
		grpc.WithKeepaliveParams(ClientKeepalive),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxReceive)),
	}
}
