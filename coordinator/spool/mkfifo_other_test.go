//go:build !linux

package spool_test

import (
	"os"
	"testing"
)

// mkfifo makes a directory where there are no pipes.
func mkfifo(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
}
