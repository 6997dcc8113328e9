package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"sidegate/internal/identity"
	pb "sidegate/proto/sidegate/v1"
)

// The addresses of the run. The pair listens on ports of its own, so that a running trio is not in the way.
const (
	pcGRPC, pcHTTP   = "127.0.0.1:17401", "127.0.0.1:19401"
	macGRPC, macHTTP = "127.0.0.1:17402", "127.0.0.1:19402"
	sender           = "BENCH/PC/sender"
	recipient        = "reader@Bench"
)

// pair is pcside and macside as processes, and a client of each.
type pair struct {
	bin, dir, tls  string
	pc, mac        *exec.Cmd
	toPC, toMac    *grpc.ClientConn
	submit         pb.MailServiceClient
	receive        pb.MailServiceClient
	subscription   context.CancelFunc
	arrivals       chan string // subjects
	subscribeError error
}

func startPair(ctx context.Context, bin, dir string) (*pair, error) {
	p := &pair{bin: bin, dir: dir, tls: filepath.Join(dir, "pki"), arrivals: make(chan string, 1<<16)}
	if err := p.command(ctx, "coordinator", "pki", "init", p.tls).Run(); err != nil {
		return p, fmt.Errorf("pki init: %w", err)
	}
	var err error
	if p.mac, err = p.serve(ctx, "macside", macGRPC, macHTTP, "--serves", "*@Bench", "--accept-peer", "sidegate://peer/pcside"); err != nil {
		return p, err
	}
	if p.pc, err = p.serve(ctx, "pcside", pcGRPC, pcHTTP, "--serves", "BENCH/PC/*", "--peer", macGRPC+"=sidegate://peer/macside"); err != nil {
		return p, err
	}
	return p, p.connect(ctx)
}

func (p *pair) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Stderr = os.Stderr
	return cmd
}

func (p *pair) serve(ctx context.Context, name, addr, http string, args ...string) (*exec.Cmd, error) {
	args = append([]string{"serve", "--data", filepath.Join(p.dir, name), "--listen", addr, "--http", http,
		"--tls-dir", filepath.Join(p.tls, name), "--auto-mailbox", "--log-level", "warn"}, args...)
	cmd := p.command(ctx, name, args...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd, p.ready(ctx, name, http)
}

// ready asks the program's own health command until it says yes.
func (p *pair) ready(ctx context.Context, name, http string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 300 {
		if exec.CommandContext(ctx, filepath.Join(p.bin, name), "health", "--http", http).Run() == nil {
			return nil
		}
		<-tick.C
	}
	return fmt.Errorf("%s did not become ready", name)
}

func (p *pair) connect(ctx context.Context) error {
	certs, err := identity.NewReloader(filepath.Join(p.tls, "user"), identity.Options{})
	if err != nil {
		return err
	}
	if p.toPC, err = grpc.NewClient(pcGRPC, grpc.WithTransportCredentials(certs.Client(""))); err != nil {
		return err
	}
	if p.toMac, err = grpc.NewClient(macGRPC, grpc.WithTransportCredentials(certs.Client(""))); err != nil {
		return err
	}
	if err := p.createMailbox(ctx); err != nil {
		return err
	}
	p.submit, p.receive = pb.NewMailServiceClient(p.toPC), pb.NewMailServiceClient(p.toMac)
	return p.subscribe(ctx)
}

// createMailbox makes the reader's mailbox, which an operator does.
func (p *pair) createMailbox(ctx context.Context) error {
	certs, err := identity.NewReloader(filepath.Join(p.tls, "operator"), identity.Options{})
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(macGRPC, grpc.WithTransportCredentials(certs.Client("")))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = pb.NewMailboxServiceClient(conn).CreateMailbox(ctx, &pb.CreateMailboxRequest{Address: recipient, Owners: []string{identity.DefaultUser}})
	return err
}

func (p *pair) stop() {
	if p.subscription != nil {
		p.subscription()
	}
	for _, c := range []*exec.Cmd{p.pc, p.mac} {
		if c != nil && c.Process != nil {
			_ = c.Process.Signal(syscall.SIGTERM) // it may have ended already
			_ = c.Wait()
		}
	}
}

// memory is the resident memory of pcside in MiB.
func (p *pair) memory() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pc.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS for process %d", p.pc.Process.Pid)
}
