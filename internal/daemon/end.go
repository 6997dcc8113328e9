package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"sidegate/internal/addressbook"
	"sidegate/internal/admin"
	"sidegate/internal/config"
	"sidegate/internal/identity"
	"sidegate/internal/intake"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/side"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// End is one end put together. Its parts may be used by what Attach adds.
type End struct {
	Config *config.Config
	World  World
	Log    hclog.Logger
	Store  *store.Store
	Routes *route.Table
	Intake *intake.Intake
	Links  *link.Links
	// Directory knows people by name: those of this end and those its peers tell of.
	Directory *addressbook.Book
	Admin     *admin.Server
	Server    *grpc.Server

	// Alarms are those of what surrounds the end; nil for none. Set it before the actors run.
	Alarms func() []string

	// Metrics are those of this end, for the console.
	Metrics *prometheus.Registry

	guard    *identity.Guard
	part     Part
	draining *draining
}

// New puts an end together. Nothing moves before its actors run. If it fails, what it opened is closed again.
func New(ctx context.Context, c *config.Config, w World, k Kind) (*End, error) {
	w = w.withDefaults()
	e := &End{Config: c, World: w, Log: w.Log.Named(c.Name), Metrics: prometheus.NewRegistry(), draining: newDraining()}
	e.Metrics.MustRegister(w.Refused.count)
	var err error
	e.Store, err = store.Open(w.Engine, store.Options{
		Log: e.Log, Now: w.Now, Retention: c.Retention, RememberBytes: c.IDMemory, Fault: w.Fault, OnFailure: w.Failed,
	})
	if err != nil {
		return nil, errors.Join(err, w.Engine.Close())
	}
	if err := e.assemble(ctx, k); err != nil {
		return nil, errors.Join(err, e.Store.Close())
	}
	return e, nil
}

func (w World) withDefaults() World {
	if w.Log == nil {
		w.Log = hclog.NewNullLogger()
	}
	if w.Fault == nil {
		w.Fault = func(string) {}
	}
	if w.Refused == nil {
		w.Refused = NewRefused()
	}
	return w
}

func (e *End) assemble(ctx context.Context, k Kind) error {
	c := e.Config
	e.Routes = route.New(route.Options{
		Serves: c.Serves, LocalLane: k.LocalLane, Pins: pins(c), ExpectedPeers: expectedPeers(c),
	})
	words := k.Words(c)
	var receipt func(*mail.Message, mail.Receipt) (subject, body string)
	if c.Receipts == "auto" {
		receipt = words.Receipt
	}
	e.Intake = intake.New(intake.Options{
		Store: e.Store, Routes: e.Routes, End: c.Name, Reporter: words, Receipt: receipt, AutoMailbox: c.AutoMailbox,
		MaxMessageBytes: c.MaxMessageBytes, MaxRecipients: c.MaxRecipients, Lifetime: c.Lifetime, Log: e.Log,
		FaxFiles: intake.FaxRule(c.FaxFiles), Bound: e.bound, Tell: e.Tell, Fault: e.World.Fault,
	})
	var err error
	e.Directory, err = addressbook.Open(addressbook.Options{Store: e.Store, End: c.Name, Log: e.Log, Fault: e.World.Fault})
	if err != nil {
		return err
	}
	if e.part, err = k.Attach(ctx, e); err != nil {
		return err
	}
	e.makeLinks()
	e.Admin = admin.New(admin.Options{
		Store: e.Store, Intake: e.Intake, Routes: e.Routes, Links: e.Links, People: e.Directory, End: c.Name,
		Version: e.World.Version,
		Spool:   e.part.Spool, Legs: e.part.Legs, Alarms: e.alarms, Caller: Caller, Log: e.Log.Named("admin"),
	})
	if err := e.notices(k); err != nil {
		return err
	}
	return e.makeServer()
}

// alarms are those of the particular part, and of what surrounds the end.
func (e *End) alarms() []string {
	var all []string
	for _, of := range []func() []string{e.part.Alarms, e.Alarms} {
		if of != nil {
			all = append(all, of()...)
		}
	}
	return all
}

// bound reaches the links, which are made after the intake.
func (e *End) bound(lane store.Lane, seq uint64) bool {
	return e.Links != nil && e.Links.Bound(lane, seq)
}

// Tell passes a step of a message back to the store it entered at.
func (e *End) Tell(origin mail.StoreID, t store.Trace) {
	if e.Links != nil {
		e.Links.QueueTrace(origin, t)
	}
}

func pins(c *config.Config) []route.Pin {
	var out []route.Pin
	for _, p := range c.Pins {
		out = append(out, route.Pin{Pattern: p.Pattern, End: p.End})
	}
	return out
}

// expectedPeers counts the ends that are configured. One that is both dialled and accepted is one.
func expectedPeers(c *config.Config) int {
	n := len(acceptedPeers(c))
	for _, p := range c.Peers {
		if p.URI == "" {
			n++
		}
	}
	return n
}

func (e *End) makeLinks() {
	c := e.Config
	e.Links = link.New(link.Options{
		Store: e.Store, End: c.Name, Taker: e.part.Taker, Routes: &announcements{table: e.Routes, peers: c.Peers}, Log: e.Log,
		Beat: c.Heartbeat, Late: c.Late, Down: c.Down, MaxMessageBytes: c.MaxMessageBytes, RetainSent: c.RetainSent, Directory: e.Directory,
		Legs: e.part.Legs, Fault: e.World.Fault,
		OnCorrupt: func(entry store.Entry, err error) {
			e.Log.Error("a message cannot be read and is held", "message_id", entry.MessageID, "lane", entry.Lane, "error", err)
		},
	})
	for _, p := range c.Peers {
		options := []grpc.DialOption{grpc.WithTransportCredentials(e.World.Certs.Client(p.URI))}
		target := p.Address
		if e.World.Dial != nil {
			target = "passthrough:///" + p.Address
			options = append(options, grpc.WithContextDialer(e.World.Dial))
		}
		e.Links.Dial(link.Peer{Address: target, URI: p.URI, Options: options})
	}
}

func (e *End) makeServer() error {
	var err error
	e.guard, err = identity.NewGuard(identity.GuardOptions{
		Policy: identity.API(), AcceptPeers: acceptedPeers(e.Config), Mapping: e.Config.Mappings, Log: e.Log,
		Refused: e.World.Refused.call,
	})
	if err != nil {
		return err
	}
	e.Server = newServer(e.World.Certs, e.guard, e.draining, e.Log)
	pb.RegisterLinkServiceServer(e.Server, e.Links.Server())
	pb.RegisterAdminServiceServer(e.Server, e.Admin)
	pb.RegisterDirectoryServiceServer(e.Server, addressbook.NewServer(addressbook.ServerOptions{
		Book: e.Directory, Serves: e.Routes.Serves, Caller: Caller, Log: e.Log.Named("directory"),
	}))
	if e.part.Register != nil {
		e.part.Register(e.Server)
	}
	return identity.API().Covers(e.Server.GetServiceInfo())
}

// acceptedPeers are those named to be accepted and those dialled by name: a peer we dial may dial back.
func acceptedPeers(c *config.Config) []string {
	uris := map[string]bool{}
	for _, uri := range c.AcceptPeers {
		uris[uri] = true
	}
	for _, p := range c.Peers {
		if p.URI != "" {
			uris[p.URI] = true
		}
	}
	return slices.Sorted(maps.Keys(uris))
}

// Caller names the caller of an RPC, for logs.
func Caller(ctx context.Context) string {
	uri, _, _ := side.Certificates{}.Identity(ctx)
	return uri
}

// Actors are what moves mail, in the order in which they are to be stopped: first what takes new mail in.
func (e *End) Actors(l net.Listener) []Actor {
	return slices.Concat(
		[]Actor{{"server", func(ctx context.Context) error {
			return serve(ctx, e.Server, l, e.draining, e.Config.DrainTimeout, e.Log)
		}}},
		e.part.Actors,
		[]Actor{
			{"intake", e.Intake.Run},
			{"links", e.Links.Run},
			{"directory", e.Directory.Run},
			{"admin", e.Admin.Run},
			{"sweeper", e.sweep},
		},
	)
}

// Close closes the store. Every actor must have returned.
func (e *End) Close() error {
	if err := e.Store.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}
