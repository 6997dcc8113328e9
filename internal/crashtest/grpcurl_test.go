package crashtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// grpcurl runs the tool that people use from outside, with certificates if as names whose.
func (tr *trio) grpcurl(name, as, data string, args ...string) (string, error) {
	tr.t.Helper()
	all := []string{"-max-time", "60", "-cacert", filepath.Join(tr.pki, "user", "ca.crt")}
	if as != "" {
		all = append(all, "-cert", filepath.Join(tr.pki, as, "tls.crt"), "-key", filepath.Join(tr.pki, as, "tls.key"))
	}
	if data != "" {
		all = append(all, "-import-path", "../../proto", "-proto", "sidegate/v1/mail_service.proto", "-proto", "sidegate/v1/admin_service.proto", "-d", data)
	}
	cmd := exec.Command(grpcurlPath, append(append(all, tr.ends[name].grpc), args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const grpcurlPath = "../../.bin/grpcurl"

// needTool wants a tool that make tools builds. Without it the test ends here: it is skipped, but where SIDEGATE_CI is set, as
// in .ci/run, which builds the tools, it fails.
func needTool(t testing.TB, path string) {
	t.Helper()
	switch _, err := os.Stat(path); {
	case err == nil:
	case os.Getenv("SIDEGATE_CI") != "":
		t.Fatalf("NOT CHECKED from outside: %v; make tools should have built it here", err)
	default:
		t.Skipf("NOT CHECKED from outside: %v; make tools builds it", err)
	}
}

// ending remembers how a test was ended.
type ending struct {
	testing.TB
	how string
}

func (e *ending) Helper()               {}
func (e *ending) Skipf(string, ...any)  { e.how = "skipped" }
func (e *ending) Fatalf(string, ...any) { e.how = "failed" }

func TestNeedTool(t *testing.T) {
	for _, c := range []struct{ ci, path, want string }{
		{"", "grpcurl_test.go", ""}, {"1", "grpcurl_test.go", ""}, {"", "nothing", "skipped"}, {"1", "nothing", "failed"},
	} {
		t.Setenv("SIDEGATE_CI", c.ci)
		e := &ending{}
		if needTool(e, c.path); e.how != c.want {
			t.Errorf("SIDEGATE_CI=%q, %s: %q, want %q", c.ci, c.path, e.how, c.want)
		}
	}
}

// TestFromOutside asks the programs as somebody does who knows nothing but the protos and the certificates.
func TestFromOutside(t *testing.T) {
	needTool(t, grpcurlPath)
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	for name, services := range map[string][]string{
		"pcside":      {"sidegate.v1.MailService", "sidegate.v1.MailboxService", "sidegate.v1.AdminService", "sidegate.v1.LinkService"},
		"macside":     {"sidegate.v1.MailService", "sidegate.v1.MailboxService", "sidegate.v1.AdminService", "sidegate.v1.LinkService"},
		"coordinator": {"sidegate.v1.SpoolService", "sidegate.v1.AdminService", "sidegate.v1.LinkService"},
	} {
		out, err := tr.grpcurl(name, "operator", "", "list")
		if err != nil {
			t.Errorf("%s: list: %v\n%s", name, err, out)
		}
		for _, s := range services {
			if !strings.Contains(out, s+"\n") {
				t.Errorf("%s does not list %s:\n%s", name, s, out)
			}
		}
	}

	const submit = "sidegate.v1.MailService/SubmitMessage"
	letter := `{"message":{"sender":"` + jane + `","recipients":{"to":["` + anna + `"]},"subject":"from outside","body":"A letter.\n"},"request_id":"outside"}`
	out, err := tr.grpcurl("pcside", "user", letter, submit)
	if err != nil || !strings.Contains(out, "messageId") {
		t.Fatalf("submit: %v\n%s", err, out)
	}
	again, err := tr.grpcurl("pcside", "user", letter, submit)
	if err != nil || again != out {
		t.Errorf("the same request again: %v\n%swant\n%s", err, again, out)
	}
	arrived := await(patience, func() bool {
		out, err = tr.grpcurl("macside", "user", `{"mailbox":"`+anna+`"}`, "sidegate.v1.MailService/ReceiveMessages")
		return err != nil || strings.Contains(out, `"from outside"`)
	})
	if !arrived || err != nil || strings.Count(out, `"from outside"`) != 1 {
		t.Errorf("receive: %v\n%s", err, out)
	}

	if out, err := tr.grpcurl("pcside", "user", "", "list"); err != nil || !strings.Contains(out, "sidegate.v1.MailService") {
		t.Errorf("a user looks around: %v\n%s", err, out)
	}
	for _, refused := range []struct{ name, as, data, method, want string }{
		{"no certificate", "", letter, submit, "certificate"},
		{"no certificate, reflection", "", "", "list", "certificate"},
		{"a monitor submits", "monitor", letter, submit, "PermissionDenied"},
		{"a user reads the status", "user", "{}", "sidegate.v1.AdminService/GetStatus", "PermissionDenied"},
	} {
		out, err := tr.grpcurl("pcside", refused.as, refused.data, refused.method)
		if err == nil || !strings.Contains(out, refused.want) {
			t.Errorf("%s: want a refusal with %q, got %v\n%s", refused.name, refused.want, err, out)
		}
	}
}
