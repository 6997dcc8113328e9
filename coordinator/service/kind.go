// Package service makes the end that keeps a spool: what a coordinator is besides store, links and administration.
package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"google.golang.org/grpc"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/mappings"
	"sidegate/coordinator/mmff"
	"sidegate/coordinator/senders"
	"sidegate/coordinator/spool"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/forward"
	"sidegate/internal/link"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// Bounds of the inbound lanes: beyond them no file is claimed, so that what cannot go on stays in the spool, where its
// owner sees it.
const (
	roomMessages = 1000
	roomBytes    = 256 << 20
)

// OpenShare opens the volume of a spool; a simulation has its own.
type OpenShare func(dir string) (spool.FS, error)

// Kind is the kind of end that keeps a spool.
func Kind(open OpenShare) daemon.Kind {
	return daemon.Kind{
		Words:      words,
		Postmaster: postmaster,
		LocalLane:  store.LaneSpool,
		Attach: func(ctx context.Context, e *daemon.End) (daemon.Part, error) {
			return attach(ctx, e, open)
		},
	}
}

func attach(ctx context.Context, e *daemon.End, open OpenShare) (daemon.Part, error) {
	c := e.Config.Spool
	share, err := openShare(open, c)
	if err != nil {
		return daemon.Part{}, fmt.Errorf("--spool: %w", err)
	}
	types := openMappings(c.Dir)
	names, err := openNames(e)
	if err != nil {
		return daemon.Part{}, err
	}
	registered, err := senders.Open(e.Store, e.World.Fault)
	if err != nil {
		return daemon.Part{}, err
	}
	converter, err := newConverter(e, types.Table, names, registered)
	if err != nil {
		return daemon.Part{}, err
	}
	sample, err := handshakeSample(c.Handshake)
	if err != nil {
		return daemon.Part{}, err
	}
	logs, logging := oldLogs(e)
	start := time.Now()
	s, err := spool.Open(ctx, spool.Options{
		FS: share, Store: e.Store, Converter: converter, Intake: e.Intake, Role: spool.Role(c.Role), End: e.Config.Name,
		Init: c.Init, Adopt: c.Adopt, Slots: c.BlockingFactor, Order: spool.Order(c.Order), Aging: c.Aging, Handshake: sample,
		ReserveSlot1: c.ReserveSlot1, Scan: c.Scan, Truthful: c.Truthful, Aliases: c.SpoolAliases, PerCycle: c.PerCycle, ConnectTimes: c.ConnectTimes, Zone: c.Zone,
		OldLogs:  logs,
		EndsDown: func() bool { return endsDown(e.Links.Status(), start, e.Config.Down) },
		Room:     func() bool { return room(e.Store) },
		Serves:   e.Routes.Serves,
		Tell:     e.Tell,
		Log:      e.Log, Fault: e.World.Fault,
	})
	if err != nil {
		return daemon.Part{}, withHint(err)
	}
	if len(e.Config.Serves) == 0 && c.Role != string(spool.RoleDrain) {
		e.Log.Warn("no end sends mail to the half behind the spool: --serves names no addresses")
	}
	server := &server{spool: s, proxies: names.proxies, senders: registered, registeredOnly: c.RegisteredOnly, caller: daemon.Caller, log: e.Log.Named("spool")}
	return daemon.Part{
		Taker:    s,
		Register: func(r grpc.ServiceRegistrar) { pb.RegisterSpoolServiceServer(r, server) },
		Actors: append([]daemon.Actor{
			{Name: "spool", Run: s.Run},
			{Name: "mappings", Run: func(ctx context.Context) error { return watchMappings(ctx, types, e.Log.Named("mappings")) }},
			{Name: "reports", Run: func(ctx context.Context) error { return forwardReports(ctx, e, s) }},
		}, logging...),
		Legs:   s.Legs,
		Spool:  func() *pb.SpoolStatus { return glance(s.Status()) },
		Alarms: func() []string { return s.Status().Alarms },
	}, nil
}

// openShare opens the volume. With --spool-init the directory itself is made too, but not what is above it: that would
// hide a volume that is not mounted.
func openShare(open OpenShare, c config.Spool) (spool.FS, error) {
	share, err := open(c.Dir)
	if c.Init && errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(c.Dir, 0o755); err != nil {
			return nil, err
		}
		return open(c.Dir)
	}
	return share, withHint(err)
}

// withHint says how what is missing of a spool is made.
func withHint(err error) error {
	if missing := new(spool.MissingError); errors.Is(err, fs.ErrNotExist) || errors.As(err, &missing) {
		return fmt.Errorf("%w (--spool-init, or coordinator spool init DIR, makes what is missing)", err)
	}
	return err
}

func newConverter(e *daemon.End, types func() *mappings.Table, names *names, registered *senders.List) (spool.Converter, error) {
	c := e.Config.Spool
	peer := convert.Mac()
	if c.Role == string(spool.RoleMac) {
		peer = convert.PC()
	}
	table, err := charset.Lookup(c.CodePage)
	if err != nil {
		return nil, fmt.Errorf("--code-page: %w", err)
	}
	peer.Charset, peer.EOL, peer.Extended = table, lineEnd(c.LineEnd), c.FileFormat == "extended"
	converter := convert.New(convert.Options{
		Peer: peer, Zone: c.Zone, MaxSize: c.MaxSize, Postmaster: postmaster, Mappings: types, DropBlankLine: c.DropBlankLine,
		Winmail: winmail(c.Winmail), OpenBinHex: c.OpenBinHex,
		ConvertText: c.Role == string(spool.RoleMac), RefuseFaxFiles: e.Config.FaxFiles == "refuse", Now: e.World.Now, Addresses: names,
	})
	if c.RegisteredOnly {
		return gate{Converter: converter, may: registered.Has}, nil
	}
	return converter, nil
}

func lineEnd(name string) mmff.EOL {
	switch name {
	case "cr":
		return mmff.CR
	case "lf":
		return mmff.LF
	}
	return mmff.CRLF
}

func winmail(way string) convert.Winmail {
	switch way {
	case "strip":
		return convert.WinmailStrip
	case "keep":
		return convert.WinmailKeep
	}
	return convert.WinmailOpen
}

// room tells whether the lanes can take more of what comes out of the spool.
func room(s *store.Store) bool {
	messages, bytes := 0, int64(0)
	for _, l := range s.Lanes() {
		if l.Lane != store.LaneSpool {
			messages, bytes = messages+l.Depth, bytes+l.Bytes
		}
	}
	return messages < roomMessages && bytes < roomBytes
}

// endsDown tells whether nobody behind the coordinator can take mail: every end has been silent for longer than the grace.
// One that was not heard since the start has the grace from there.
func endsDown(ends []link.Status, start time.Time, grace time.Duration) bool {
	for _, l := range ends {
		heard := l.LastBeat
		if heard.Before(start) {
			heard = start
		}
		if l.Connected || time.Since(heard) <= grace {
			return false
		}
	}
	return true
}

// forwardReports brings what the coordinator itself has to say to legacy users into the spool.
func forwardReports(ctx context.Context, e *daemon.End, s *spool.Spool) error {
	return forward.Run(ctx, forward.Options{
		Name: "reports", Source: &forward.Lane{Store: e.Store, Lane: store.LaneSpool}, Acceptor: s, Log: e.Log.Named("reports"),
		Final: func(err error) bool { return errors.Is(err, store.ErrFailed) },
	})
}
