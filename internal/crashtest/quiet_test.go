package crashtest

import "testing"

// TestNobodyDies shows that the load itself finds nothing wrong with programs that are left alone.
func TestNobodyDies(t *testing.T) {
	t.Parallel()
	tr := newTrio(t, options{half: true}).up()
	tr.mail.load("quiet", 6)
	tr.mustSettle("without any fault")
}
