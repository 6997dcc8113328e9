package link

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// deferring makes an end take nothing.
func deferring(d *mail.Delivery) []mail.Exception {
	return []mail.Exception{{Recipients: d.Recipients, Kind: mail.Deferred, Reason: "not today"}}
}

// As many numbers are open as may be, so that there is no credit, and the session ends before any of them has ended. The
// next one ends them all the same.
func TestAllExceptionsAreOpenAtTheStart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var a *end
		var cut atomic.Bool
		a = w.add("pcside", func(o *Options) {
			o.Fault = func(point string) {
				if point == "link.except.before" && cut.CompareAndSwap(false, true) {
					for _, p := range a.links.all() {
						p.session().end(errReplaced)
					}
				}
			}
		})
		b := w.add("macside", nil)
		b.taker.except = deferring
		a.submit(b, 1500, 10)
		a.start("macside")
		b.start()
		defer a.close()
		defer b.close()
		a.drained(b, time.Minute)
		if l := a.store.Lane(store.LaneDeferred); l.Depth != 1500 {
			t.Errorf("%d deliveries are deferred, want 1,500", l.Depth)
		}
		if in := b.store.Inbound(a.store.ID()); in.Through != 1500 || len(in.Exceptions) != 0 {
			t.Errorf("through %d, %d exceptions open at the end", in.Through, len(in.Exceptions))
		}
	})
}

// What is not taken may be more than one message of the protocol holds, in receipts as in the marks of the next session.
func TestExceptionsOfManyRecipients(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var rs []mail.Address
		for i := range 500 {
			rs = append(rs, mail.MustAddress(fmt.Sprintf("somebody with a long name %d@A Long Zone", i)))
		}
		var a *end
		var cut atomic.Bool
		a = w.add("pcside", func(o *Options) {
			o.Fault = func(point string) {
				if point == "link.except.before" && cut.CompareAndSwap(false, true) {
					for _, p := range a.links.all() {
						p.session().end(errReplaced)
					}
				}
			}
		})
		b := w.add("macside", nil)
		b.taker.except = deferring
		a.submitTo(b, 100, 10, rs...)
		a.start("macside")
		b.start()
		defer a.close()
		defer b.close()
		a.drained(b, time.Minute)
		if l := a.store.Lane(store.LaneDeferred); l.Depth != 100 {
			t.Errorf("%d deliveries are deferred, want 100", l.Depth)
		}
	})
}
