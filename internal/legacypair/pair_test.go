package legacypair

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// spool makes a spool in a directory of this machine.
func spool(t *testing.T) (d Dir, path string) {
	t.Helper()
	path = t.TempDir()
	if err := MakeSpool(path); err != nil {
		t.Fatal(err)
	}
	return Dir(path), path
}

// files lists a directory of a spool.
func files(t *testing.T, path, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path, dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

const (
	toMac = "STORE/PCTOMAC"
	toPC  = "STORE/MACTOPC"
)

// clock is wall time that a test moves.
type clock struct{ now time.Time }

func newClock() *clock                { return &clock{time.Date(1995, 3, 30, 5, 9, 0, 0, time.UTC)} }
func (c *clock) read() time.Time      { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

// short is a message that only its subject tells from others.
func short(subject string) Message {
	return Message{To: PCUsers[:1], From: MacUsers[0], Subject: subject, Body: "x\r\n"}
}

// numbered are n messages with the subjects "0" to "n-1".
func numbered(n int) (ms []Message) {
	for i := range n {
		ms = append(ms, short(strconv.Itoa(i)))
	}
	return ms
}

func subjects(ms []Message) (out []string) {
	for _, m := range ms {
		out = append(out, m.Subject)
	}
	return out
}

// steps lets the halves take turns.
func steps(n int, halves ...Half) {
	for range n {
		for _, h := range halves {
			h.Step()
		}
	}
}

// stripped takes away what only a received message has.
func stripped(ms []Message) []Message {
	out := slices.Clone(ms)
	for i := range out {
		out[i].Text, out[i].Slot = nil, 0
	}
	return out
}

// want compares two lists of messages, byte for byte.
func want(t *testing.T, what string, got, want []Message) {
	t.Helper()
	if reflect.DeepEqual(stripped(got), stripped(want)) {
		return // cmp takes seconds to say so
	}
	equate := cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })
	if d := cmp.Diff(stripped(want), stripped(got), equate); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, cut(d, 2000))
	}
}

// grep returns the lines that contain a text.
func grep(lines []string, text string) (found []string) {
	for _, l := range lines {
		if strings.Contains(l, text) {
			found = append(found, l)
		}
	}
	return found
}
