package daemon

import (
	"context"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"sidegate/internal/config"
	"sidegate/internal/link"
	"sidegate/internal/liveness"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/wording"
	pb "sidegate/proto/sidegate/v1"
)

// World is what surrounds an end: real in a program, in memory in a simulation.
type World struct {
	// Engine is the disk. The end closes it.
	Engine store.Engine
	// Certs are identity.Reloader or identity.Insecure.
	Certs Certificates
	// Refused counts who is not let in; give it to Certs too. nil: one is made, and refused connections go uncounted.
	Refused *Refused
	// Dial reaches other ends; nil: TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Now is the wall clock for records; nil: time.Now.
	Now func() time.Time
	Log hclog.Logger
	// Fault is called at every fault point of every package; nil: nothing happens.
	Fault func(point string)
	// Failed is called once when the store has failed and the process has to end. It must not block.
	Failed func(error)
	// Version is the program's.
	Version string
}

// Certificates are credentials for both directions.
type Certificates interface {
	Server() credentials.TransportCredentials
	Client(expectURI string) credentials.TransportCredentials
	Reload() error
	Expiry() (time.Time, bool)
}

// Kind is what makes one program's end differ from another's.
type Kind struct {
	// Words are how the end writes to people under these settings.
	Words func(*config.Config) wording.Words
	// Postmaster signs what the end writes itself.
	Postmaster mail.Address
	// LocalLane is where mail for served addresses goes; empty means into mailboxes.
	LocalLane store.Lane
	// Attach makes the particular part of an end, between its intake and its links.
	Attach func(ctx context.Context, e *End) (Part, error)
}

// Part is what Attach made. Only Taker is needed.
type Part struct {
	// Taker takes what arrives on links.
	Taker link.Taker
	// Register adds services.
	Register func(grpc.ServiceRegistrar)
	// Actors run until their context ends.
	Actors []Actor
	// Legs, Spool and Alarms tell of the part in heartbeats and status.
	Legs   func() []liveness.Leg
	Spool  func() *pb.SpoolStatus
	Alarms func() []string
}

// Actor runs until its context ends. An error ends the whole process; so does a nil error before the context ended.
type Actor struct {
	Name string
	Run  func(ctx context.Context) error
}
