package simtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidegate/coordinator/service"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/internal/identity"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/macside/macmail"
	"sidegate/pcside/pcmail"
)

// end is one of the trio over all its lives: what its operator set up, and its disk.
type end struct {
	w    *world
	name string

	mu     sync.Mutex // guards everything below
	config *config.Config
	boxes  []string // mailboxes its operator made
	disk   *disk
	life   *life // nil while it is not running
	lives  int
	trap   trap
	offset time.Duration // of its wall clock
	ran    sync.WaitGroup

	register register // of the goroutine that starts lives
}

// trap is where an end dies: at the n-th time it comes to a point. Of what is not flushed then, each piece is kept
// with a chance of percent.
type trap struct {
	point   string
	n       int
	percent int
}

// life is one process of an end, from its start to its death.
type life struct {
	e      *end
	number int
	disk   *disk
	engine *engine
	us     *sharetest.Client // a coordinator's view of its spool
	end    *daemon.End       // guarded by e.mu, nil until it is put together
	cancel context.CancelFunc

	over  atomic.Bool // it is dead, or being stopped
	alive atomic.Bool
	dead  chan struct{} // closed at death, and when it is to stop
	gone  chan struct{} // closed when the next life may begin
	ended chan struct{} // closed when nothing of it runs any more
}

// run keeps an end running until ctx ends: a process that has died is started again after a while, as a service
// manager does.
func (e *end) run(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := e.start()
		if err != nil {
			e.w.note("%s does not start: %v", e.name, err)
			pause(ctx, 5*time.Second)
			continue
		}
		select {
		case <-ctx.Done():
			l.stop()
			return
		case <-l.gone:
		}
		pause(ctx, e.w.restDuration(e.name))
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// start begins a life on what is on the disk.
func (e *end) start() (*life, error) {
	e.mu.Lock()
	e.lives++
	l := &life{e: e, number: e.lives, disk: e.disk, dead: make(chan struct{}), gone: make(chan struct{}), ended: make(chan struct{})}
	l.alive.Store(true)
	c := *e.config
	boxes := slices.Clone(e.boxes)
	e.life = l
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	if err := l.assemble(ctx, &c); err != nil {
		l.die(100)
		cancel()
		close(l.ended)
		return nil, err
	}
	e.w.note("%s starts, life %d", e.name, l.number)
	err := l.end.Store.CommitCustody(ctx, func(tx *store.Tx) error {
		for _, box := range boxes {
			if _, err := tx.AddMailbox(mail.MustAddress(box), nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.w.note("%s: mailboxes: %v", e.name, err)
	}
	l.people(ctx)
	e.ran.Go(l.work)
	return l, nil
}

// assemble puts the end together exactly as its program does.
func (l *life) assemble(ctx context.Context, c *config.Config) error {
	engine, err := openEngine(l.disk)
	if err != nil {
		return err
	}
	l.engine = engine
	w := l.e.w
	end, err := daemon.New(ctx, c, daemon.World{
		Engine: engine, Certs: identity.Insecure{}, Dial: w.net.dialer(l.e.name, l.alive.Load), Now: l.e.now, Log: w.hclog,
		Fault: l.point, Failed: func(err error) { l.fail(err) }, Version: "simulation",
	}, l.kind(c))
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	l.end = end
	return err
}

func (l *life) kind(c *config.Config) daemon.Kind {
	switch c.Program {
	case config.PCSide:
		return daemon.Side(pcmail.Dialect())
	case config.MacSide:
		return daemon.Side(macmail.Dialect())
	}
	return service.Kind(func(string) (spool.FS, error) {
		l.us = l.e.w.mount(l.e.name)
		return l.us, nil
	})
}

// now is the end's wall clock.
func (e *end) now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Now().Add(e.offset)
}

// work runs the actors until one of them returns or ctx ends; then the process ends.
func (l *life) work() {
	defer close(l.ended)
	defer l.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	actors := slices.DeleteFunc(l.end.Actors(l.e.w.net.listen(l.e.name)), func(a daemon.Actor) bool {
		return a.Name == "admin" // it only looks for changes that nobody here follows, and would take half of the time
	})
	if !l.alive.Load() {
		l.e.w.net.crash(l.e.name) // it died while it was starting
	}
	done := make(chan error, len(actors))
	for _, a := range actors {
		go func() {
			err := a.Run(ctx)
			if err == nil && ctx.Err() == nil {
				err = errors.New("ended by itself")
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", a.Name, err)
			}
			done <- err
		}()
	}
	stopping := l.dead
	for left := len(actors); left > 0; {
		select {
		case <-stopping:
			stopping = nil
			cancel()
		case err := <-done:
			left--
			if err != nil && l.alive.Load() {
				l.fail(err)
			}
			cancel()
		}
	}
	if err := l.end.Close(); err != nil && l.alive.Load() {
		l.e.w.note("%s: %v", l.e.name, err)
	}
}

// fail is a process that ends by itself because something it needs has failed.
func (l *life) fail(err error) {
	if l.alive.Load() {
		l.e.w.fell(l.e.name, err)
	}
	l.die(50)
}

// stop ends a life in order.
func (l *life) stop() {
	if !l.over.CompareAndSwap(false, true) {
		<-l.ended
		return
	}
	close(l.dead)
	<-l.ended
	l.alive.Store(false)
	l.e.w.net.crash(l.e.name)
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	l.e.life = nil
	l.e.w.note("%s has stopped, life %d", l.e.name, l.number)
	close(l.gone)
}

// die ends a life between two instructions: nothing it does afterwards reaches network, share or disk. First the
// network goes, so that whatever was answered was on the disk; then share and disk in one instant.
func (l *life) die(percent int) {
	if !l.over.CompareAndSwap(false, true) {
		return
	}
	l.alive.Store(false)
	l.e.w.net.crash(l.e.name)
	take := func() {
		l.e.mu.Lock()
		defer l.e.mu.Unlock()
		l.e.disk, l.e.life = l.disk.crash(percent, l.e.w.dice()), nil
		l.e.disk.full.Store(l.disk.full.Load())
	}
	if l.us != nil {
		unmount(l.us, take)
	} else {
		take()
	}
	l.e.w.note("%s dies, life %d; of what was not flushed %d %% stays", l.e.name, l.number, percent)
	close(l.dead)
	close(l.gone)
}

// point is called at every fault point.
func (l *life) point(at string) {
	e := l.e
	e.w.visited(e.name, at)
	e.mu.Lock()
	hit := e.trap.point == at && e.life == l
	if hit {
		e.trap.n--
		hit = e.trap.n <= 0
	}
	percent := e.trap.percent
	if hit {
		e.trap = trap{}
	}
	e.mu.Unlock()
	if hit {
		e.w.note("%s is at %s", e.name, at)
		l.die(percent)
	}
}

// current is the life that runs, or nil.
func (e *end) current() *life {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.life
}

// running is the assembly that runs, or nil.
func (e *end) running() *daemon.End {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.life == nil {
		return nil
	}
	return e.life.end
}

// kill ends the life that runs, if there is one.
func (e *end) kill(percent int) {
	if l := e.current(); l != nil {
		l.die(percent)
	}
}

// set changes what the operator set up; it takes effect with the next life.
func (e *end) set(change func(c *config.Config, boxes *[]string)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := *e.config
	c.Serves = slices.Clone(c.Serves)
	change(&c, &e.boxes)
	e.config = &c
}
