package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// died is what a fault point ends a call with.
type died struct{ point string }

// deadAt makes a fault that ends the call at its nth visit of a point.
func deadAt(point string, n int) func(string) {
	return func(at string) {
		if at == point {
			if n--; n == 0 {
				panic(died{point})
			}
		}
	}
}

// dying runs what a fault point ends, and reports whether it came by there.
func dying(do func()) (dead bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ours := p.(died); !ours {
				panic(p)
			}
			dead = true
		}
	}()
	do()
	return false
}

// TestForgettingAPeerDies: wherever it dies, calling again after a power cut settles the rest, and every message once.
func TestForgettingAPeerDies(t *testing.T) {
	for _, point := range []string{"intake.operator.before", "intake.operator.after"} {
		for n := 1; n <= 5; n++ {
			t.Run(fmt.Sprint(point, n), func(t *testing.T) {
				var fault func(string)
				e := newEnd(t, local, func(o *Options) {
					o.Fault = func(at string) {
						if fault != nil {
							fault(at)
						}
					}
				})
				e.boxes("ann@Here")
				e.announce("old", "*@There")
				for i := range 150 { // three commits
					e.send("ann@Here", fmt.Sprint(i), "x@There")
				}
				fault = deadAt(point, n)
				if !dying(func() { _, _ = e.ForgetPeer(t.Context(), "old", false, "it burnt") }) {
					t.Fatal("it did not die")
				}
				fault = nil
				again := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), local, nil)
				if _, err := again.ForgetPeer(t.Context(), "old", false, "it burnt"); err != nil {
					t.Fatal(err)
				}
				if depth := again.store.Lane("old").Depth; depth != 0 || len(again.bad()) != 150 || len(again.inbox("ann@Here")) != 150 {
					t.Errorf("%d wait, %d in bad mail, %d reports", depth, len(again.bad()), len(again.inbox("ann@Here")))
				}
			})
		}
	}
}

// TestRepairDies: a damaged message is where it was, or set aside with its report; never in between, and never twice.
func TestRepairDies(t *testing.T) {
	body := strings.Repeat("large ", 20_000)
	for point, aside := range map[string]int{"intake.operator.before": 0, "intake.operator.after": 1} {
		t.Run(point, func(t *testing.T) {
			var fault func(string)
			e := newEnd(t, local, func(o *Options) {
				o.Fault = func(at string) {
					if fault != nil {
						fault(at)
					}
				}
			})
			e.boxes("ann@Here", "bob@Here")
			id, err := e.Submit(t.Context(), Submission{Message: letter("ann@Here", "hit", body, "bob@Here"), Recipients: addresses("bob@Here"), Content: e.draft(body)})
			if err != nil {
				t.Fatal(err)
			}
			m, err := e.store.Message(id)
			if err != nil {
				t.Fatal(err)
			}
			fault = deadAt(point, 1)
			if !dying(func() { _, _ = e.SetAside(t.Context(), m, store.ErrCorrupt) }) {
				t.Fatal("it did not die")
			}
			fault = nil
			again := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), local, nil)
			if got := len(again.bad()); got != aside || len(again.inbox("ann@Here")) != aside || len(again.inbox("bob@Here")) != 1-aside {
				t.Errorf("%d in bad mail, %d reports, %d in the mailbox", got, len(again.inbox("ann@Here")), len(again.inbox("bob@Here")))
			}
			if aside == 0 {
				if _, err := again.store.MailboxEntry(mail.MustAddress("bob@Here"), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
