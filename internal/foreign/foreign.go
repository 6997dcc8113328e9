// Package foreign finds the programs of other makers that tests hold our formats against.
//
// A developer may lack them: the test is skipped and says against what nothing was checked. Where SIDEGATE_CI is set, as in
// .ci/run, which installs them, a missing one fails the test.
package foreign

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the path of a program that a Debian package holds. If it is not installed, the test ends here.
func Need(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return path
	case os.Getenv("SIDEGATE_CI") != "":
		t.Fatalf("NOT CHECKED against %s: Debian's package %s should be installed here", program, debianPackage)
	default:
		t.Skipf("NOT CHECKED against %s: it is not installed (Debian package %s)", program, debianPackage)
	}
	return ""
}
