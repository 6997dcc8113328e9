package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sidegate/internal/mail"
)

// TestTheFlood: KB Q152477. A thousand bad files in an hour are two mails, with their number.
func TestTheFlood(t *testing.T) {
	bubble(t, func(w *world) {
		w.wait(time.Minute)
		for range 100 {
			w.spoil(10, "MALFORMED", mail.Note)
			w.wait(30 * time.Second)
		}
		w.spoil(5, "NO_ROUTE", mail.Note)
		w.wait(time.Hour)
		mails := w.mails()
		if len(mails) != 2 || !strings.HasSuffix(mails[0], " in bad mail") || !strings.HasSuffix(mails[1], " in bad mail") {
			t.Fatalf("notices: %q", mails)
		}
		var first, second int
		if _, err := fmt.Sscanf(mails[0]+" "+mails[1], "%d in bad mail %d in bad mail", &first, &second); err != nil || first+second != 1005 {
			t.Errorf("%d and %d are told of, %v; want 1005 in all", first, second, err)
		}
		if text := w.text(); !strings.Contains(text, " MALFORMED\n") || !strings.Contains(text, "  5 NO_ROUTE\n") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}

// TestBadMailComesInHeaps: one mail waits a minute for more of the same, and lists the reason with the most first.
func TestBadMailComesInHeaps(t *testing.T) {
	bubble(t, func(w *world) {
		w.wait(time.Minute)
		w.spoil(1, "MALFORMED", mail.Note)
		w.wait(30 * time.Second)
		w.spoil(2, "NO_ROUTE", mail.Note)
		w.spoil(1, "EXPIRED", mail.Note)
		w.wait(time.Minute)
		w.expect("after a minute", "4 in bad mail")
		if text := w.text(); !strings.Contains(text, "  2 NO_ROUTE\n  1 EXPIRED\n  1 MALFORMED\n") {
			t.Errorf("the notice says\n%s", text)
		}
	})
}

// TestOldBadMail: what lay there before anybody was to be told is told to nobody, and a full disk does not change that.
func TestOldBadMail(t *testing.T) {
	bubble(t, func(w *world) {
		w.stop()
		w.disk, w.full = vfs.NewCrashableMem(), true
		w.early = func() { w.spoil(3, "OLD", mail.Note) }
		w.start()
		w.early = nil
		w.wait(2 * time.Minute)
		w.spoil(1, "NEW", mail.Note)
		w.restart()
		w.wait(2 * time.Minute)
		w.expect("of the new one only", "1 in bad mail")
	})
}
