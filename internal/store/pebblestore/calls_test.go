package pebblestore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files instead of comparing with them")

// callLog notes the changes of the disk, in order.
type callLog struct {
	mu    sync.Mutex
	lines []string
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	numbers = regexp.MustCompile(`[0-9]{6}`)
	reads   = regexp.MustCompile(`^(open|close|open-dir|stat|list|read|prefetch)`)
)

func (c *callLog) add(format string, args ...any) {
	line := numbers.ReplaceAllString(uuids.ReplaceAllString(fmt.Sprintf(format, args...), "FILE"), "NNNNNN")
	if reads.MatchString(line) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line)
}

// TestCalls compares what reaches the disk, and when Commit answers, with a golden file. A flush that is missing is a
// line that is missing there.
func TestCalls(t *testing.T) {
	var log callLog
	s, err := openStore(t, vfs.WithLogging(vfs.NewMem(), log.add), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	log.lines = nil
	step := func(name string, build func(tx *store.Tx) error) {
		t.Helper()
		log.add("# %s", name)
		if err := s.Commit(context.Background(), build); err != nil {
			t.Fatal(err)
		}
		log.add("# answered")
	}
	keep := func(m *mail.Message, d *store.Draft) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.Enqueue("lane", store.Entry{MessageID: m.ID, Recipients: []mail.Address{ann}})
			return err
		}
	}
	small, content := storetest.Message(t, s, "small")
	step("commit of a small message", keep(small, content))
	log.add("# draft of a large message")
	large, content := storetest.Message(t, s, strings.Repeat("large", 20_000))
	step("commit of a large message", keep(large, content))
	step("commit that changes nothing", func(*store.Tx) error { return nil })
	step("commit that lets both go", func(tx *store.Tx) error { _, err := tx.Release("lane", 2, nil); return err })
	compareGolden(t, "testdata/calls.txt", strings.Join(log.lines, "\n")+"\n")
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -rewrite writes it anew):\n%s", path, diff)
	}
}
