package layout

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list tells of one package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ps []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	if len(ps) < 15 {
		t.Fatalf("go list found only %d packages", len(ps))
	}
	return ps
}

// floors are the layers, lowest first. A package imports only from floors below its own, or from its own floor where
// that is said.
var floors = [][]string{
	{"coordinator/convert/charset", "coordinator/convert/macfile", "internal/bounds", "internal/foreign", "internal/golden"},
	{"internal/mail", "internal/liveness", "coordinator/mmff", "proto/sidegate/v1",
		"coordinator/convert/macbinary", "coordinator/convert/appledouble", "coordinator/convert/binhex",
		"coordinator/convert/mappings", "coordinator/convert/tnef", "coordinator/timetable", "internal/simtest/history", "internal/legacypair"},
	{"internal/identity", "internal/wire", "internal/wording", "internal/directory", "coordinator/handshake", "coordinator/legacylog"},
	{"internal/store", "internal/directory/listfile", "coordinator/convert"},
	{"internal/store/pebblestore", "internal/store/storetest", "internal/route", "internal/forward", "internal/addressbook", "coordinator/proxy", "coordinator/senders"},
	{"internal/link"},
	{"internal/intake"},
	{"internal/side", "internal/notice", "coordinator/spool"},
	{"internal/admin", "coordinator/spool/sharetest", "pcside/pcmail", "macside/macmail"},
	{"internal/config", "internal/console"},
	{"internal/cli"},
	{"internal/daemon"},
	{"coordinator/service", "coordinator/workbench"},
	{"internal/simtest", "internal/crashtest", "internal/acceptance", "internal/legacytest", "internal/bench", "internal/layout"},
	{"pcside", "macside", "coordinator"},
}

func floorOf(path string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, strings.TrimPrefix(path, "sidegate/")) })
}

func TestPackagesImportOnlyWhatStandsBelow(t *testing.T) {
	for _, p := range packages(t) {
		at := floorOf(p.ImportPath)
		if at < 0 {
			t.Errorf("%s has no floor: add it to the table", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if below := floorOf(i); strings.HasPrefix(i, "sidegate/") && below >= at {
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.ImportPath, at, i, below)
			}
		}
	}
}

// reserved libraries are imported by the packages named and no other.
var reserved = map[string][]string{
	"sidegate/proto/sidegate/v1": {"internal/wire", "internal/addressbook", "internal/link", "internal/side", "internal/admin", "internal/console",
		"internal/cli", "internal/daemon", "coordinator/service", "internal/bench", "internal/simtest"},
	"github.com/cockroachdb/pebble": {"internal/store/pebblestore", "internal/simtest"},
	"github.com/urfave/cli":         {"internal/cli"},
	"go.yaml.in/yaml":               {"internal/config"},
}

func TestReservedImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for library, who := range reserved {
				if strings.HasPrefix(i, library) && !slices.Contains(who, strings.TrimPrefix(p.ImportPath, "sidegate/")) {
					t.Errorf("%s imports %s, which is %v's business", p.ImportPath, i, who)
				}
			}
		}
	}
}

// TestNoSideIsAskedFor: what differs between the sides is one value, so nobody else names a side's package.
func TestNoSideIsAskedFor(t *testing.T) {
	allowed := []string{"sidegate/pcside", "sidegate/macside", "sidegate/coordinator", "sidegate/internal/simtest", "sidegate/internal/acceptance"}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if (i == "sidegate/pcside/pcmail" || i == "sidegate/macside/macmail") && !slices.Contains(allowed, p.ImportPath) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}
