package link

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
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

// Those of one number are told together, however large: who is not named beside them would count as taken.
func TestExceptionsOfOneNumberStayTogether(t *testing.T) {
	half := strings.Repeat("x", MaxFrame/2)
	r := &receiver{}
	for _, seq := range []uint64{1, 1, 1, 2, 3, 3} {
		r.excepted = append(r.excepted, &pb.DeliveryException{Sequence: seq, Reason: half})
	}
	for _, want := range [][]uint64{{1, 1, 1}, {2}, {3, 3}, nil} {
		var got []uint64
		for _, x := range r.nextExceptions() {
			got = append(got, x.GetSequence())
		}
		if !slices.Equal(got, want) {
			t.Errorf("a receipt tells of %v, want %v", got, want)
		}
	}
}
