package identity

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	sidegatev1 "sidegate/proto/sidegate/v1"
)

// everything registers all our services, health and reflection.
func everything() *grpc.Server {
	s := grpc.NewServer()
	sidegatev1.RegisterMailServiceServer(s, sidegatev1.UnimplementedMailServiceServer{})
	sidegatev1.RegisterMailboxServiceServer(s, sidegatev1.UnimplementedMailboxServiceServer{})
	sidegatev1.RegisterDirectoryServiceServer(s, sidegatev1.UnimplementedDirectoryServiceServer{})
	sidegatev1.RegisterLinkServiceServer(s, sidegatev1.UnimplementedLinkServiceServer{})
	sidegatev1.RegisterAdminServiceServer(s, sidegatev1.UnimplementedAdminServiceServer{})
	sidegatev1.RegisterSpoolServiceServer(s, sidegatev1.UnimplementedSpoolServiceServer{})
	healthv1.RegisterHealthServer(s, health.NewServer())
	reflection.Register(s)
	return s
}

func TestPolicyCoversEveryService(t *testing.T) {
	info := everything().GetServiceInfo()
	if err := API().Covers(info); err != nil {
		t.Error(err)
	}
	missing := API()
	delete(missing, "/sidegate.v1.MailService/GetMessage")
	if err := missing.Covers(info); err == nil || !strings.Contains(err.Error(), "/sidegate.v1.MailService/GetMessage has no rule") {
		t.Errorf("a missing rule: %v", err)
	}
	slip := API()
	slip["/sidegate.v1.MailService/GetMesage"] = []Role{User}
	if err := slip.Covers(info); err == nil || !strings.Contains(err.Error(), "/sidegate.v1.MailService/GetMesage has a rule but does not exist") {
		t.Errorf("a slip: %v", err)
	}
}

// TestPolicyTable holds every method and role against the whole truth, written down a second time and by role.
func TestPolicyTable(t *testing.T) {
	any := "grpc.health.v1.Health/Check grpc.health.v1.Health/Watch grpc.health.v1.Health/List "
	offers := "grpc.reflection.v1.ServerReflection/ServerReflectionInfo grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo "
	watching := "sidegate.v1.AdminService/GetStatus sidegate.v1.AdminService/WatchStatus sidegate.v1.SpoolService/GetSpool sidegate.v1.SpoolService/WatchSpool "
	may := map[Role]string{
		Peer:    any + "sidegate.v1.LinkService/Heartbeat sidegate.v1.LinkService/PushMessages sidegate.v1.LinkService/PullMessages",
		Monitor: any + offers + watching,
		User: any + offers + `sidegate.v1.MailService/SubmitMessage sidegate.v1.MailService/SubmitMessages sidegate.v1.MailService/ListMessages
			sidegate.v1.MailService/GetMessage sidegate.v1.MailService/ReceiveMessages sidegate.v1.MailService/AcknowledgeMessages
			sidegate.v1.MailService/DeleteMessages sidegate.v1.MailService/TrackMessage
			sidegate.v1.MailboxService/GetMailbox sidegate.v1.MailboxService/ListMailboxes
			sidegate.v1.DirectoryService/SearchEntries sidegate.v1.DirectoryService/LookupEntry`,
		Operator: any + offers + watching + `sidegate.v1.MailService/TrackMessage
			sidegate.v1.MailboxService/CreateMailbox sidegate.v1.MailboxService/GetMailbox sidegate.v1.MailboxService/ListMailboxes
			sidegate.v1.MailboxService/UpdateMailboxName sidegate.v1.MailboxService/AddMailboxAliases
			sidegate.v1.MailboxService/RemoveMailboxAliases sidegate.v1.SpoolService/ListProxies sidegate.v1.SpoolService/ImportProxies
			sidegate.v1.SpoolService/ExportProxies sidegate.v1.SpoolService/ListRegisteredSenders
			sidegate.v1.SpoolService/AssignProxies
			sidegate.v1.SpoolService/UpdateRegisteredSenders
			sidegate.v1.DirectoryService/SearchEntries sidegate.v1.DirectoryService/LookupEntry
			sidegate.v1.DirectoryService/ExportEntries sidegate.v1.DirectoryService/ImportEntries
			sidegate.v1.MailboxService/UpdateMailboxOwners sidegate.v1.MailboxService/DeleteMailbox
			sidegate.v1.AdminService/ListQueueEntries sidegate.v1.AdminService/GetQueueEntry sidegate.v1.AdminService/UpdateQueueEntries
			sidegate.v1.AdminService/ListBadMail sidegate.v1.AdminService/GetBadMail sidegate.v1.AdminService/RetryBadMail
			sidegate.v1.AdminService/DiscardBadMail sidegate.v1.AdminService/ForgetPeer sidegate.v1.AdminService/CheckStore
			sidegate.v1.SpoolService/ResumeSpool
			sidegate.v1.SpoolService/ListHandshakes sidegate.v1.SpoolService/ListSpoolBadMail sidegate.v1.SpoolService/RepublishSlots`,
	}
	guard, err := NewGuard(GuardOptions{Policy: API(), AcceptPeers: []string{"sidegate://peer/x"}, Now: clock(epoch)})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for service, info := range everything().GetServiceInfo() {
		for _, m := range info.Methods {
			for _, role := range Roles() {
				method := service + "/" + m.Name
				want := slices.Contains(strings.Fields(may[role]), method)
				id, err := guard.Authorize(as(Identity{URI: URI(role, "x"), Role: role, Name: "x"}), "/"+method)
				if allowed := err == nil; allowed != want || API().Allows("/"+method, role) != want || (allowed && id.Role != role) {
					t.Errorf("%s calls %s: %v, want allowed %v", role, method, err, want)
				}
				if err != nil && status.Code(err) != codes.PermissionDenied {
					t.Errorf("%s calls %s: code %s", role, method, status.Code(err))
				}
				checked++
			}
		}
	}
	if want := len(API()) * len(Roles()); checked != want {
		t.Errorf("checked %d pairs, the policy has %d", checked, want)
	}
}

// TestProtoCommentsAgree: the rule in the comment of every RPC is the rule in the table.
func TestProtoCommentsAgree(t *testing.T) {
	files, err := filepath.Glob("../../proto/sidegate/v1/*_service.proto")
	if err != nil || len(files) == 0 {
		t.Fatalf("no protos: %v", err)
	}
	rpc := regexp.MustCompile(`((?: *//[^\n]*\n)+) *rpc (\w+)\(`)
	service := regexp.MustCompile(`(?m)^service (\w+)`)
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := service.FindSubmatch(source)
		for _, match := range rpc.FindAllSubmatch(source, -1) {
			found++
			method := "/sidegate.v1." + string(name[1]) + "/" + string(match[2])
			for _, role := range Roles() {
				words := map[Role]string{Peer: `\bpeer\b`, User: `\buser\b|\bown\b`, Operator: `\boperator\b`, Monitor: `\bmonitor\b`}
				said := regexp.MustCompile(words[role]).Match(match[1])
				if said != API().Allows(method, role) {
					t.Errorf("%s: the comment speaks of %s: %v; the table allows it: %v", method, role, said, !said)
				}
			}
		}
	}
	if want := countOwn(API()); found != want {
		t.Errorf("%d RPCs in the protos, %d of our own in the table", found, want)
	}
}

// countOwn counts the methods of our own services.
func countOwn(p Policy) (n int) {
	for method := range p {
		if strings.HasPrefix(method, "/sidegate.v1.") {
			n++
		}
	}
	return n
}

// as is the context of a call on a connection of an identity.
func as(id Identity) context.Context {
	return peer.NewContext(context.Background(), &peer.Peer{
		Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, AuthInfo: Verified{Identity: id, NotAfter: epoch.AddDate(0, 1, 0)},
	})
}
