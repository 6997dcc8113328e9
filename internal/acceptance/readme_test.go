package acceptance

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

// readmeCommands are the lines of the sh blocks of README.md, without comments.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if line, _, _ = strings.Cut(line, " # "); strings.TrimSpace(line) != "" {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	if len(out) < 8 {
		t.Fatalf("README.md has only %d commands: %q", len(out), out)
	}
	return out
}

// words parts a command line as a shell does, as far as the documents need it.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

// TestReadmeCommands: every command of the README works as it stands there, with ports, directories and the like put in.
func TestReadmeCommands(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	w := newTrio(t)
	id := w.pc.send(jsmith, anna, "for the README")
	w.mac.arrived(anna, "for the README")
	ran := map[string]int{}
	for _, line := range readmeCommands(t) {
		args := words(line)
		ran[filepath.Dir(args[0])+filepath.Base(args[0])]++
		switch program := args[0]; {
		case program == "make":
			if !regexp.MustCompile(`(?m)^` + args[1] + `:`).Match(makefile) {
				t.Errorf("%s: the Makefile lacks it", line)
			}
		case program == "grpcurl":
			w.grpcurl(t, line, args[1:])
		case strings.HasPrefix(program, "bin/"):
			w.runReadme(t, line, strings.TrimPrefix(program, "bin/"), args[1:], id)
		default:
			t.Errorf("%s: nobody tries this", line)
		}
	}
	for _, program := range []string{".make", ".grpcurl", "binpcside", "bincoordinator"} {
		if ran[program] == 0 {
			t.Errorf("no command of %s was tried: %v", program, ran)
		}
	}
	w.mac.arrived(anna, "Hi")
}

// runReadme runs one of our programs as a process of its own.
func (w *trio) runReadme(t *testing.T, line, program string, args []string, id string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "MMFF1.MSG")
	if err := os.WriteFile(file, letter(bob, jsmith, "s", "text"), 0o644); err != nil {
		t.Fatal(err)
	}
	offline := len(args) > 0 && (args[0] == "mmff" || args[0] == "spool")
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "deploy/pki/"), strings.HasPrefix(a, "DIR/"):
			args[i] = w.certs(filepath.Base(a))
		case a == "DIR":
			args[i] = w.spool
		case a == "ID":
			args[i] = id
		case a == "FILE...":
			args[i] = file
		}
	}
	if !offline {
		args = append(args, "--addr", w.at[program])
	}
	if out, err := process(t, program, args...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", line, err, out)
	}
}

// grpcurl does what grpcurl does with these arguments: it lists the services.
func (w *trio) grpcurl(t *testing.T, line string, args []string) {
	t.Helper()
	flag := func(name string) string {
		if i := slices.Index(args, name); i >= 0 {
			return args[i+1]
		}
		return ""
	}
	dir := filepath.Dir(flag("-cert"))
	if filepath.Dir(flag("-key")) != dir || filepath.Dir(flag("-cacert")) != dir || filepath.Base(flag("-cacert")) != "ca.crt" || args[len(args)-1] != "list" {
		t.Errorf("%s: not what is tried here", line)
	}
	conn, err := grpc.NewClient(w.pc.addr, grpc.WithTransportCredentials(w.credentials(w.certs(filepath.Base(dir)))))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.Name)
	}
	if !slices.Contains(names, "sidegate.v1.MailService") {
		t.Errorf("%s lists %v", line, names)
	}
}
