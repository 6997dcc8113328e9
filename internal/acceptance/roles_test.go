package acceptance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"sidegate/internal/identity"
)

// rights is who may call what, as the comments of the protos say it: p peer, u user, o operator, m monitor. It is written
// down here once more on purpose: the policy is held against it.
var rights = map[string]string{
	"sidegate.v1.MailService/SubmitMessage": "u", "sidegate.v1.MailService/SubmitMessages": "u",
	"sidegate.v1.MailService/ListMessages": "u", "sidegate.v1.MailService/GetMessage": "u",
	"sidegate.v1.MailService/ReceiveMessages": "u", "sidegate.v1.MailService/AcknowledgeMessages": "u",
	"sidegate.v1.MailService/DeleteMessages": "u", "sidegate.v1.MailService/TrackMessage": "uo",
	"sidegate.v1.MailboxService/CreateMailbox": "o", "sidegate.v1.MailboxService/GetMailbox": "uo",
	"sidegate.v1.MailboxService/ListMailboxes": "uo", "sidegate.v1.MailboxService/UpdateMailboxOwners": "o",
	"sidegate.v1.MailboxService/DeleteMailbox": "o",
	"sidegate.v1.LinkService/Heartbeat":        "p", "sidegate.v1.LinkService/PushMessages": "p",
	"sidegate.v1.LinkService/PullMessages": "p",
	"sidegate.v1.AdminService/GetStatus":   "om", "sidegate.v1.AdminService/WatchStatus": "om",
	"sidegate.v1.AdminService/ListQueueEntries": "o", "sidegate.v1.AdminService/GetQueueEntry": "o",
	"sidegate.v1.AdminService/UpdateQueueEntries": "o", "sidegate.v1.AdminService/ListBadMail": "o",
	"sidegate.v1.AdminService/GetBadMail": "o", "sidegate.v1.AdminService/RetryBadMail": "o",
	"sidegate.v1.AdminService/DiscardBadMail": "o",
	"sidegate.v1.SpoolService/GetSpool":       "om", "sidegate.v1.SpoolService/WatchSpool": "om",
	"sidegate.v1.SpoolService/ListHandshakes": "o", "sidegate.v1.SpoolService/ListSpoolBadMail": "o",
	"sidegate.v1.SpoolService/RepublishSlots":          "o",
	"sidegate.v1.SpoolService/ResumeSpool":             "o",
	"sidegate.v1.AdminService/ForgetPeer":              "o",
	"sidegate.v1.AdminService/CheckStore":              "o",
	"sidegate.v1.MailboxService/UpdateMailboxName":     "o",
	"sidegate.v1.MailboxService/AddMailboxAliases":     "o",
	"sidegate.v1.MailboxService/RemoveMailboxAliases":  "o",
	"sidegate.v1.DirectoryService/SearchEntries":       "uo",
	"sidegate.v1.DirectoryService/LookupEntry":         "uo",
	"sidegate.v1.DirectoryService/ExportEntries":       "o",
	"sidegate.v1.DirectoryService/ImportEntries":       "o",
	"sidegate.v1.SpoolService/ListProxies":             "o",
	"sidegate.v1.SpoolService/ExportProxies":           "o",
	"sidegate.v1.SpoolService/ImportProxies":           "o",
	"sidegate.v1.SpoolService/AssignProxies":           "o",
	"sidegate.v1.SpoolService/ListRegisteredSenders":   "o",
	"sidegate.v1.SpoolService/UpdateRegisteredSenders": "o",
	"grpc.health.v1.Health/Check":                      "puom", "grpc.health.v1.Health/Watch": "puom", "grpc.health.v1.Health/List": "puom",
	"grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "uom",
}

// caller is somebody who tries everything.
type caller struct {
	name   string
	creds  credentials.TransportCredentials
	role   string          // the letter in rights; empty: does not even get a connection
	reason identity.Reason // why not; for a role, of refused calls to LinkService
}

// TestEveryMethodAgainstEveryRole: a call gets as far as its handler exactly when the role may make it. Whoever may not
// gets the code and the reason, the log has a line about it, and it is counted.
func TestEveryMethodAgainstEveryRole(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	ends := []*end{
		p.start("pcside", p.listen(), accepts("macside", "coordinator")),
		p.start("macside", p.listen(), accepts("macside")),
		p.start("coordinator", l, keeps(filepath.Join(p.dir, "spool"), time.Minute), serves("*@Old"), accepts("macside")),
	}
	callers := p.callers()
	seen := map[string]bool{}
	for _, e := range ends {
		for service, info := range e.Server.GetServiceInfo() {
			for _, m := range info.Methods {
				seen[service+"/"+m.Name] = true
			}
		}
		for _, c := range callers {
			t.Run(e.name+"/"+c.name, func(t *testing.T) { e.tryAll(t, c) })
		}
	}
	for _, method := range slices.Sorted(maps.Keys(rights)) {
		if !seen[method] {
			t.Errorf("%s is served by nobody", method)
		}
	}
}

// tryAll has a caller try every method an end serves.
func (e *end) tryAll(t *testing.T, c caller) {
	conn, err := grpc.NewClient(e.addr, grpc.WithTransportCredentials(c.creds), grpc.WithUserAgent("acceptance"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mark, before := e.log.mark(), e.refusedCounts(t)
	want := map[string]float64{}
	services := e.Server.GetServiceInfo()
	for _, service := range slices.Sorted(maps.Keys(services)) {
		for _, m := range services[service].Methods {
			method := service + "/" + m.Name
			if _, known := rights[method]; !known {
				t.Errorf("%s is in nobody's rights", method)
			}
			code, reason := e.try(t, conn, method, m)
			if wanted := c.verdict(method); wanted == "" {
				if denied(code, reason) {
					t.Errorf("%s is refused: %s %s", method, code, reason)
				}
			} else {
				want[wanted]++
				if got := fmt.Sprint(code, " ", reason); c.role != "" && got != "PermissionDenied "+wanted || c.role == "" && code != codes.Unavailable {
					t.Errorf("%s: %s, want %s", method, got, wanted)
				}
				if c.role != "" && !strings.Contains(e.log.since(mark), fmt.Sprintf("call refused: method=/%s ", method)) {
					t.Errorf("%s: the log says nothing of it", method)
				}
			}
		}
	}
	e.checkCounts(t, c, before, want, mark)
}

// checkCounts holds what was counted and logged against what should have been.
func (e *end) checkCounts(t *testing.T, c caller, before, want map[string]float64, mark int) {
	t.Helper()
	if c.role == "" { // the caller may learn of it before the log does
		waitFor(t, string(c.reason)+" in the metrics", func() bool { return e.refusedCounts(t)[string(c.reason)] > before[string(c.reason)] })
		waitFor(t, string(c.reason)+" in the log", func() bool {
			return strings.Contains(e.log.since(mark), "connection refused: reason="+string(c.reason))
		})
		return
	}
	log := e.log.since(mark)
	for reason, n := range want {
		if got := e.refusedCounts(t)[reason] - before[reason]; got != n {
			t.Errorf("%s was counted %v times, want %v", reason, got, n)
		}
		if !strings.Contains(log, "reason="+reason) {
			t.Errorf("the log does not say %s", reason)
		}
	}
}

// verdict is the reason for which a call is refused, empty if it is not.
func (c caller) verdict(method string) string {
	link := strings.HasPrefix(method, "sidegate.v1.LinkService/")
	switch {
	case c.role == "":
		return string(c.reason)
	case !strings.Contains(rights[method], c.role):
		return string(identity.ReasonRoleNotAllowed)
	case link:
		return string(c.reason)
	}
	return ""
}

// denied says whether an answer comes from the door rather than from the method.
func denied(code codes.Code, reason string) bool {
	switch code {
	case codes.Unauthenticated, codes.Unavailable, codes.Unimplemented, codes.Internal, codes.Unknown:
		return true
	}
	return slices.Contains([]string{"ROLE_NOT_ALLOWED", "PEER_NOT_ACCEPTED", "METHOD_NOT_IN_POLICY", "METHOD_MALFORMED"}, reason)
}

// try calls a method with an empty request, which every method can read, and returns what comes back first.
func (e *end) try(t *testing.T, conn *grpc.ClientConn, method string, m grpc.MethodInfo) (codes.Code, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	desc := &grpc.StreamDesc{ServerStreams: m.IsServerStream, ClientStreams: m.IsClientStream}
	stream, err := conn.NewStream(ctx, desc, "/"+method)
	if err == nil {
		if err = stream.SendMsg(&emptypb.Empty{}); err == nil || errors.Is(err, io.EOF) {
			if err = stream.CloseSend(); err == nil {
				err = stream.RecvMsg(&emptypb.Empty{})
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return status.Code(err), reasonOf(err)
}

// reasonOf is the reason in a status's ErrorInfo.
func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Domain == "sidegate" {
			return info.Reason
		}
	}
	return ""
}

// fieldOf is the field in a status's BadRequest.
func fieldOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok && len(bad.FieldViolations) > 0 {
			return bad.FieldViolations[0].Field
		}
	}
	return ""
}

// refusedCounts reads sidegate_calls_refused_total.
func (e *end) refusedCounts(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := e.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "sidegate_calls_refused_total" {
			continue
		}
		for _, m := range f.Metric {
			counts[m.Label[0].GetValue()] = m.Counter.GetValue()
		}
	}
	return counts
}

// callers are everybody who may come to the door.
func (p *place) callers() []caller {
	other := newPlace(p.t)
	own := func(who string) credentials.TransportCredentials { return p.credentials(p.certs(who)) }
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	return []caller{
		{name: "nobody", creds: p.credentials(""), reason: identity.ReasonNoCertificate},
		{name: "plaintext", creds: insecure.NewCredentials(), reason: identity.ReasonHandshakeFailed},
		{name: "user of another authority", creds: p.credentials(other.certs("user")), reason: identity.ReasonCertificateUntrusted},
		{name: "peer of another authority", creds: p.credentials(other.certs("macside")), reason: identity.ReasonCertificateUntrusted},
		{name: "expired user", creds: p.signed("clients-ca", in(-time.Hour), "sidegate://user/alice"), reason: identity.ReasonCertificateExpired},
		{name: "expired peer", creds: p.signed("links-ca", in(-time.Hour), "sidegate://peer/macside"), reason: identity.ReasonCertificateExpired},
		{name: "peer signed by the clients' authority", creds: p.signed("clients-ca", in(time.Hour), "sidegate://peer/macside"), reason: identity.ReasonCertificateUntrusted},
		{name: "operator signed by the links' authority", creds: p.signed("links-ca", in(time.Hour), "sidegate://operator/ops"), reason: identity.ReasonCertificateUntrusted},
		{name: "two names", creds: p.signed("clients-ca", in(time.Hour), "sidegate://user/alice", "sidegate://operator/ops"), reason: identity.ReasonIdentityAmbiguous},
		{name: "no name", creds: p.signed("clients-ca", in(time.Hour)), reason: identity.ReasonIdentityMissing},
		{name: "accepted peer", creds: own("macside"), role: "p"},
		{name: "peer that is not accepted", creds: own("stranger"), role: "p", reason: identity.ReasonPeerNotAccepted},
		{name: "user", creds: own("user"), role: "u"},
		{name: "operator", creds: own("operator"), role: "o"},
		{name: "monitor", creds: own("monitor"), role: "m"},
	}
}

// credentials are plain TLS with the certificate of a directory, if any. The product's own client code is left out, so
// that the server is tried with what anybody might bring.
func (p *place) credentials(dir string) credentials.TransportCredentials {
	p.t.Helper()
	c := &tls.Config{RootCAs: p.roots()}
	if dir != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
		if err != nil {
			p.t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(c)
}

func (p *place) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	b, err := os.ReadFile(filepath.Join(p.certs("user"), "ca.crt"))
	if err != nil || !pool.AppendCertsFromPEM(b) {
		p.t.Fatalf("no authority: %v", err)
	}
	return pool
}

// signed are credentials with a certificate that one of our authorities was made to sign.
func (p *place) signed(authority string, end time.Time, uris ...string) credentials.TransportCredentials {
	p.t.Helper()
	ca, err := tls.LoadX509KeyPair(filepath.Join(p.pki, "ca", authority+".crt"), filepath.Join(p.pki, "ca", authority+".key"))
	if err != nil {
		p.t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, u := range uris {
		parsed, err := url.Parse(u)
		if err != nil {
			p.t.Fatal(err)
		}
		template.URIs = append(template.URIs, parsed)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, key.Public(), ca.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(leaf, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	if err != nil {
		p.t.Fatal(err)
	}
	return credentials.NewTLS(&tls.Config{RootCAs: p.roots(), Certificates: []tls.Certificate{pair}})
}
