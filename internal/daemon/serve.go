package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/oklog/run"

	"sidegate/internal/cli"
	"sidegate/internal/config"
	"sidegate/internal/identity"
)

// Main runs a whole program, its service and its commands, and returns its exit code.
func Main(p cli.Program, k Kind, args []string) int {
	p.Serve = func(ctx context.Context, c *config.Config) error {
		return (&program{config: c, kind: k}).run(ctx)
	}
	p.Store = storeTool{kind: k}
	return cli.Main(p, args)
}

// program is one process.
type program struct {
	config  *config.Config
	kind    Kind
	log     hclog.Logger
	certs   Certificates
	refused *Refused
	end     *End
	failed  chan error
	signals chan os.Signal
}

func (p *program) run(ctx context.Context) error {
	p.log = newLog(p.config)
	p.failed = make(chan error, 1)
	p.signals = make(chan os.Signal, 4)
	signal.Notify(p.signals, syscall.SIGHUP) // while a store recovers it would end the process; it is answered once all runs
	defer signal.Stop(p.signals)
	fault, err := faultFrom(os.Getenv(FaultVariable))
	if err != nil {
		return err
	}
	p.refused = NewRefused()
	if p.certs, err = certificates(p.config, p.refused, p.log); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", p.config.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", p.config.Listen, err)
	}
	defer listener.Close()
	engine, err := openEngine(ctx, p.config, p.log)
	if err != nil {
		return err
	}
	p.end, err = New(ctx, p.config, World{
		Engine: engine, Certs: p.certs, Refused: p.refused, Log: p.log, Fault: fault, Version: cli.Build().Version,
		Failed: func(err error) { p.failed <- err },
	}, p.kind)
	if err != nil {
		return err
	}
	err = p.runActors(ctx, listener)
	return errors.Join(err, p.end.Close())
}

func newLog(c *config.Config) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Level: hclog.LevelFromString(c.LogLevel), JSONFormat: c.LogFormat == "json", Output: os.Stderr,
		TimeFormat: "2006-01-02T15:04:05.000Z07:00", TimeFn: func() time.Time { return time.Now().UTC() },
	})
}

func certificates(c *config.Config, refused *Refused, log hclog.Logger) (Certificates, error) {
	if c.InsecureDev {
		log.Warn("insecure: every caller on this machine is peer, user and operator")
		return identity.Insecure{}, nil
	}
	r, err := identity.NewReloader(c.TLSDir, identity.Options{
		Server: true, Mapping: c.Mappings, Log: log, Refused: refused.Connection,
	})
	if err != nil {
		return nil, fmt.Errorf("--tls-dir: %w", err)
	}
	return r, nil
}

// runActors runs everything until a signal, a failure of the store, or the first actor that returns. Interrupts are
// called in this order, and are quick; Run then waits for all.
func (p *program) runActors(ctx context.Context, listener net.Listener) error {
	var g run.Group
	g.Add(run.ContextHandler(ctx))
	g.Add(p.signalled())
	g.Add(p.storeFailure())
	g.Add(runTime(p.config.RunTime))
	for _, a := range p.end.Actors(listener) {
		g.Add(p.actor(a))
	}
	if p.config.HTTP != "" {
		if err := p.addConsole(&g); err != nil {
			return err
		}
	}
	p.log.Info("serving", "end", p.config.Name, "listen", listener.Addr(), "http", p.config.HTTP, "store", p.end.Store.ID(), "epoch", p.end.Store.Epoch())
	err := g.Run()
	var stop stopped
	if errors.As(err, &stop) || errors.As(err, new(timeUp)) || ctx.Err() != nil {
		p.log.Info("stopped", "reason", err)
		return nil
	}
	return err
}

// stopped is the good reason to end.
type stopped struct{ signal os.Signal }

func (s stopped) Error() string { return "received " + s.signal.String() }

// signalled ends with stopped at SIGINT or SIGTERM; a second one ends the process at once. SIGHUP reloads.
func (p *program) signalled() (func() error, func(error)) {
	signal.Notify(p.signals, syscall.SIGINT, syscall.SIGTERM)
	quit := make(chan struct{})
	execute := func() error {
		for {
			select {
			case <-quit:
				return nil
			case s := <-p.signals:
				if s != syscall.SIGHUP {
					go endAtOnce(p.signals)
					return stopped{s}
				}
				p.reload()
			}
		}
	}
	return execute, func(error) { close(quit) }
}

// endAtOnce waits for the next signal, for an operator who does not want to wait for the drain.
func endAtOnce(in <-chan os.Signal) {
	for s := range in {
		if s != syscall.SIGHUP {
			os.Exit(130)
		}
	}
}

func (p *program) reload() {
	fresh, err := p.config.Reload()
	if err != nil {
		p.log.Error("settings were not reloaded", "error", err)
	} else {
		p.log.SetLevel(hclog.LevelFromString(fresh.LogLevel))
	}
	if err := p.certs.Reload(); err != nil {
		p.log.Error("certificates were not reloaded; the old ones stay", "error", err)
		return
	}
	p.log.Info("reloaded")
}

func (p *program) storeFailure() (func() error, func(error)) {
	quit := make(chan struct{})
	execute := func() error {
		select {
		case err := <-p.failed:
			return fmt.Errorf("the store has failed, and the process has to start again: %w", err)
		case <-quit:
			return nil
		}
	}
	return execute, func(error) { close(quit) }
}

func (p *program) actor(a Actor) (func() error, func(error)) {
	ctx, cancel := context.WithCancel(context.Background())
	execute := func() error {
		err := a.Run(ctx)
		switch {
		case err == nil && ctx.Err() == nil:
			err = errors.New("ended by itself")
		case err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled):
			// The process ends with the error of the first that returns, and nobody asks those that are stopped.
			p.log.Warn("stopping was not clean", "actor", a.Name, "error", err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		return nil
	}
	return execute, func(error) { cancel() }
}

// addConsole serves HTTP. Only settings that cannot be right stop the start.
func (p *program) addConsole(g *run.Group) error {
	handler, err := p.console()
	if err != nil {
		return err
	}
	k := &keptHTTP{address: p.config.HTTP, handler: handler, log: p.log.Named("console"), pause: firstPause}
	p.end.Alarms = k.alarms
	l := k.listen()
	g.Add(p.actor(Actor{Name: "console", Run: func(ctx context.Context) error { return k.run(ctx, l) }}))
	return nil
}
