package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// The delay between two attempts: firstDelay, then growing by a factor up to maxDelay, each spread by jitter.
const (
	firstDelay  = 500 * time.Millisecond
	maxDelay    = 15 * time.Second
	delayFactor = 1.6
	delayJitter = 0.2
)

// dialler keeps one address connected.
type dialler struct {
	l      *Links
	target Peer
	since  time.Time
	log    hclog.Logger

	mu      sync.Mutex // guards what follows
	peer    *peer      // who answered there last
	problem string     // why there is no session
}

// run dials until ctx ends.
func (d *dialler) run(ctx context.Context) {
	var delay time.Duration
	for ctx.Err() == nil {
		stood, err := d.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		delay = nextDelay(delay, stood >= d.l.o.Down, err)
		d.failed(err)
		d.rest(ctx)
		if !sleep(ctx, spread(delay)) {
			return
		}
	}
}

// nextDelay grows with every failure in a row and begins anew after a session that lasted. What another attempt will
// not change soon waits the longest.
func nextDelay(last time.Duration, lasted bool, err error) time.Duration {
	var f *refusal
	switch {
	case errors.As(err, &f) && (f.code == codes.FailedPrecondition || f.code == codes.PermissionDenied):
		return maxDelay
	case lasted, last == 0:
		return firstDelay
	}
	return min(time.Duration(float64(last)*delayFactor), maxDelay)
}

func spread(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - delayJitter + 2*delayJitter*rand.Float64()))
}

// sleep waits, and reports false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// rest waits while another session with the peer is live: one that the peer dialled, or another dialler.
func (d *dialler) rest(ctx context.Context) {
	p := d.known()
	if p == nil {
		return
	}
	for s := p.session(); s != nil && s.ctx.Err() == nil; s = p.session() {
		select {
		case <-ctx.Done():
			return
		case <-s.ctx.Done():
		}
	}
}

// attempt opens a session and stays in it until it ends. It returns how long the session stood.
func (d *dialler) attempt(ctx context.Context) (stood time.Duration, err error) {
	cc, err := grpc.NewClient(d.target.Address, append(dialOptions(), d.target.Options...)...)
	if err != nil {
		return 0, fmt.Errorf("link: dial %s: %w", d.target.Address, err)
	}
	defer cc.Close()
	// The streams end with the attempt rather than with ctx, so that a goodbye can still be said.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	client := pb.NewLinkServiceClient(cc)
	p, id, uri, err := d.inquire(ctx, client)
	if err != nil {
		return 0, err
	}
	if p.yields() {
		return 0, refuse(codes.AlreadyExists, ReasonExists, "both ends dial; the session dialled by the other one stays")
	}
	s := d.l.newSession(ctx, p, uri)
	s.dialled, s.address = true, d.target.Address
	defer s.wg.Wait()
	defer cancel()
	defer s.close()
	st, err := d.greet(ctx, client, s, id)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := s.carry(client); err != nil {
		return 0, err
	}
	err = fromStatus(s.beats(dialledPulses{st}))
	return time.Since(begun), err
}

// yields reports whether a session lives that a new one dialled here would not replace.
func (p *peer) yields() bool {
	s := p.session()
	return s != nil && s.ctx.Err() == nil && (s.dialled || p.lowerDialled(false))
}

func (d *dialler) known() *peer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.peer
}

// failed notes why there is no session, and logs it when it is news.
func (d *dialler) failed(err error) {
	text, level := "the session has ended", hclog.Info
	if err != nil {
		said, handshake := wire.Said(err)
		text = clip(said, maxText)
		if handshake { // certificates do not mend themselves
			level = hclog.Warn
		}
	}
	d.mu.Lock()
	news := d.problem != text
	d.problem = text
	d.mu.Unlock()
	if news {
		d.log.Log(level, "link is not open", "reason", text)
	}
}
