package crashtest

import (
	"crypto/tls"
	"net/http"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	pb "sidegate/proto/sidegate/v1"
)

// drainTime is what the programs are given here. A busy machine may take a few times as long to do it.
const drainTime = 5 * time.Second

// TestDrain ends each program in good order under load: exit code 0 in time, and nothing lost.
func TestDrain(t *testing.T) {
	t.Parallel()
	args := map[string][]string{}
	for _, name := range programs {
		args[name] = []string{"--drain-timeout", drainTime.String()}
	}
	tr := newTrio(t, options{half: true, args: args}).up()
	for _, name := range programs {
		tr.underLoad("drain-"+name, 8, func() {
			tr.pass(100 * time.Millisecond)
			begun := time.Now()
			tr.ends0(name, syscall.SIGTERM, 4*drainTime)
			t.Logf("%s drained in %v", name, time.Since(begun).Round(time.Millisecond))
			tr.start(name, "")
		})
	}
}

// ends0 sends a signal and wants exit code 0 in time.
func (tr *trio) ends0(name string, s syscall.Signal, in time.Duration) {
	tr.t.Helper()
	p := tr.process(name)
	if err := p.signal(s); err != nil {
		tr.t.Fatal(err)
	}
	if !p.diesWithin(in) {
		tr.fatalf("%s still runs %v after %v", name, in, s)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		tr.fatalf("%s ended with %v after %v, want exit code 0", name, p.cmd.ProcessState, s)
	}
}

// TestDrainIsBounded: a client that never ends its stream keeps a program no longer than the drain time-out, and what it
// was answered is there.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true, args: map[string][]string{"pcside": {"--drain-timeout", "1s"}}}).up()
	l := tr.openStream()
	tr.ends0("pcside", syscall.SIGTERM, patience/3)
	tr.start("pcside", "")
	tr.ready("pcside")
	tr.mustSettle("after a drain with an open stream, in which " + l.label + " had been answered")
}

// openStream submits one letter on a stream that stays open.
func (tr *trio) openStream() letter {
	tr.t.Helper()
	l := letter{at: "pcside", label: "streamed", from: jane, to: []string{anna}, body: begins + "streamed" + ends}
	tr.mail.begin(l)
	stream, err := pb.NewMailServiceClient(tr.mail.conns["pcside"]).SubmitMessages(tr.t.Context())
	if err != nil {
		tr.t.Fatal(err)
	}
	err = stream.Send(&pb.SubmitMessagesRequest{Step: &pb.SubmitMessagesRequest_Begin{Begin: &pb.SubmitBegin{Reference: 1, RequestId: l.label,
		Message: &pb.Message{Sender: l.from, Recipients: &pb.Recipients{To: l.to}, Subject: l.label, Body: l.body}}}})
	if err != nil {
		tr.t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil || answer.GetMessageId() == "" {
		tr.fatalf("the stream answers %v, %v", answer, err)
	}
	tr.mail.acknowledged(l, answer.GetMessageId())
	return l
}

// TestSecondSignal: an operator who does not want to wait for the drain sends the signal again.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true, args: map[string][]string{"pcside": {"--drain-timeout", "10m"}}}).up()
	tr.openStream()
	p := tr.process("pcside")
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !await(patience, func() bool { return !tr.probe("pcside") }) {
		tr.fatalf("pcside does not begin to drain")
	}
	if p.dead() {
		tr.fatalf("pcside has ended although a client is in the middle of a stream")
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !p.diesWithin(patience / 3) {
		tr.fatalf("pcside still drains after the second signal")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d after the second signal, want 130", code)
	}
	tr.start("pcside", "")
	tr.ready("pcside")
	tr.mustSettle("after a drain that was cut short")
}

// probe asks for readiness once.
func (tr *trio) probe(name string) bool {
	client := http.Client{Timeout: oneAttempt, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + tr.ends[name].http + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// TestReload: after SIGHUP new connections see the new certificate, and mail goes on.
func TestReload(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	const added = "sidegate.example"
	if names := tr.served("pcside"); slices.Contains(names, added) {
		t.Fatalf("the first certificate is for %v", names)
	}
	tr.underLoad("reload", 8, func() {
		tr.tool("coordinator", "pki", "init", "--san", added, tr.pki)
		for _, name := range programs {
			if err := tr.process(name).signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			if !await(patience, func() bool { return slices.Contains(tr.served(name), added) }) {
				tr.fatalf("%s does not show the new certificate after SIGHUP", name)
			}
		}
	})
	for _, name := range programs {
		if e := tr.ends[name]; e.starts != 1 {
			t.Errorf("%s was started %d times, want 1", name, e.starts)
		}
	}
}

// served are the DNS names of the certificate that a program shows.
func (tr *trio) served(name string) []string {
	tr.t.Helper()
	client, err := tls.LoadX509KeyPair(filepath.Join(tr.pki, "user", "tls.crt"), filepath.Join(tr.pki, "user", "tls.key"))
	if err != nil {
		tr.t.Fatal(err)
	}
	// Only what is shown matters here; whether it is trusted is the other tests' affair.
	conn, err := tls.Dial("tcp", tr.ends[name].grpc, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{client}, NextProtos: []string{"h2"}})
	if err != nil {
		return nil
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].DNSNames
}
