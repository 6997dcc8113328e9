package intake

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

func (e *end) take(s store.Session, as ...link.Arrival) []mail.Outcome {
	e.t.Helper()
	outcomes, err := e.Take(e.t.Context(), s, as)
	if err != nil {
		e.t.Fatal(err)
	}
	if len(outcomes) != len(as) {
		e.t.Fatalf("%d outcomes for %d arrivals", len(outcomes), len(as))
	}
	return outcomes
}

func TestTake(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "bob@Here")
	e.announce("there", "*@There")
	s := e.session("there")
	outcomes := e.take(s,
		e.arrival(1, "id-1", "x@There", "one", "ann@Here", "bob@Here"),
		link.Arrival{Seq: 2, Void: true},
		e.arrival(3, "id-3", "x@There", "three", "nobody@Here"),
		e.arrival(4, "id-4", "x@There", "four", "ann@Here", "eve@Elsewhere"),
		e.arrival(5, "id-5", "x@There", "five", "eve@Elsewhere"))
	for i, want := range []string{"", "", "", "eve@Elsewhere", "eve@Elsewhere"} {
		got := ""
		for _, x := range outcomes[i].Exceptions {
			if x.Kind != mail.NotServed || x.Reason == "" {
				t.Errorf("exception of %d: %+v", i+1, x)
			}
			got += x.Recipients[0].String()
		}
		if got != want {
			t.Errorf("arrival %d: not served %q, want %q", i+1, got, want)
		}
	}
	if diff := cmp.Diff([]string{"one", "four"}, e.inbox("ann@Here")); diff != "" {
		t.Errorf("ann (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"three:NO_SUCH_MAILBOX:nobody@Here"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"about three:x@There"}, e.lane("there")); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	in := e.store.Inbound("there")
	if in.Through != 3 || len(in.Exceptions) != 2 {
		t.Errorf("books: %+v", in)
	}
	m, err := e.store.Message("id-1")
	if err != nil || len(m.Hops) != 2 || m.Hops[1].Store != e.store.ID() {
		t.Errorf("hops of what was taken: %+v, %v", m, err)
	}
	var told []string
	for _, s := range e.told {
		told = append(told, s.Event+" "+string(s.MessageID)+" "+s.Recipient.String())
	}
	want := []string{"delivered id-1 ann@Here", "delivered id-1 bob@Here", "returned id-3 nobody@Here", "reported id-3 ", "delivered id-4 ann@Here"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("what the origin was told (-want +got):\n%s", diff)
	}
}

// TestTakeAgain: whatever comes a second time, by the same number or by another way, is there once.
func TestTakeAgain(t *testing.T) {
	again := func(e *end) []link.Arrival {
		return []link.Arrival{
			e.arrival(1, "id-1", "x@There", "one", "ann@Here"),
			e.arrival(2, "id-2", "x@There", "two", "nobody@Here"),
			e.arrival(3, "id-3", "x@There", "three", "ann@Here", "nobody@Here", "eve@Elsewhere"),
		}
	}
	check := func(t *testing.T, e *end) {
		t.Helper()
		if diff := cmp.Diff([]string{"one", "three"}, e.inbox("ann@Here")); diff != "" {
			t.Errorf("ann (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"two:NO_SUCH_MAILBOX:nobody@Here", "three:NO_SUCH_MAILBOX:nobody@Here"}, e.bad()); diff != "" {
			t.Errorf("bad mail (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"about two:x@There", "about three:x@There"}, e.lane("there")); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}
	t.Run("the same numbers", func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("there", "*@There")
		s := e.session("there")
		first := e.take(s, again(e)...)
		second := e.take(e.session("there"), again(e)...)
		check(t, e)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("outcomes (-first +second):\n%s", diff)
		}
	})
	t.Run("other numbers", func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("there", "*@There")
		s := e.session("there")
		e.take(s, again(e)...)
		as := again(e)
		for i := range as {
			as[i].Seq += 3
		}
		e.take(s, as...)
		check(t, e)
	})
	t.Run("another link", func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("there", "*@There")
		e.take(e.session("there"), again(e)...)
		e.take(e.session("elsewhere"), again(e)...)
		check(t, e)
	})
	t.Run("after a power cut", func(t *testing.T) {
		e := newEnd(t, local, nil)
		e.boxes("ann@Here")
		e.announce("there", "*@There")
		e.take(e.session("there"), again(e)...)
		cut := openEnd(t, e.disk.CrashClone(vfs.CrashCloneCfg{}), local, nil)
		cut.announce("there", "*@There")
		cut.take(cut.session("there"), again(cut)...)
		check(t, cut)
	})
}

func TestTakeLoop(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	e.announce("there", "*@There")
	back := e.arrival(1, "id-1", "x@There", "back", "ann@Here")
	back.Delivery.Message.Hops = append(back.Delivery.Message.Hops, mail.Hop{Store: e.store.ID()})
	long := e.arrival(2, "id-2", "x@There", "long", "ann@Here")
	for len(long.Delivery.Message.Hops) < mail.MaxHops {
		long.Delivery.Message.Hops = append(long.Delivery.Message.Hops, mail.Hop{Store: "x"})
	}
	e.take(e.session("there"), back, long)
	if diff := cmp.Diff([]string{"back:LOOP:ann@Here", "long:LOOP:ann@Here"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
	if in := e.inbox("ann@Here"); len(in) > 0 {
		t.Errorf("ann got %q", in)
	}
}

func TestTakeTooLarge(t *testing.T) {
	e := newEnd(t, local, func(o *Options) { o.MaxMessageBytes = 12 })
	e.boxes("ann@Here")
	e.announce("there", "*@There")
	e.take(e.session("there"), e.arrival(1, "id-1", "x@There", "very large", "ann@Here"))
	if diff := cmp.Diff([]string{"very large:TOO_LARGE:ann@Here"}, e.bad()); diff != "" {
		t.Errorf("bad mail (-want +got):\n%s", diff)
	}
}

func TestTakeFenced(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	old := e.session("there")
	e.session("there")
	_, err := e.Take(t.Context(), old, []link.Arrival{e.arrival(1, "id-1", "x@There", "one", "ann@Here")})
	if !errors.Is(err, store.ErrFenced) {
		t.Errorf("an old session: %v", err)
	}
	if in := e.inbox("ann@Here"); len(in) > 0 {
		t.Errorf("it delivered %q", in)
	}
}

// rotten is content that cannot be read.
type rotten struct{ mail.Content }

func (rotten) Open() (io.ReadCloser, error) { return nil, store.ErrCorrupt }

// TestPoison: a message that cannot be stored is deferred alone, and those around it are taken.
func TestPoison(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here")
	poison := e.arrival(2, "id-2", "x@There", "two", "ann@Here", "bob@Here")
	poison.Delivery.Content = rotten{poison.Delivery.Content}
	outcomes := e.take(e.session("there"),
		e.arrival(1, "id-1", "x@There", "one", "ann@Here"), poison, e.arrival(3, "id-3", "x@There", "three", "ann@Here"),
		link.Arrival{Seq: 4, Void: true})
	if diff := cmp.Diff([]string{"one", "three"}, e.inbox("ann@Here")); diff != "" {
		t.Errorf("ann (-want +got):\n%s", diff)
	}
	if x := outcomes[1].Exceptions; len(x) != 1 || x[0].Kind != mail.Deferred || len(x[0].Recipients) != 2 || x[0].RetryAfter == 0 {
		t.Errorf("the poison: %+v", x)
	}
	if len(outcomes[0].Exceptions)+len(outcomes[2].Exceptions)+len(outcomes[3].Exceptions) > 0 {
		t.Errorf("its neighbours: %+v", outcomes)
	}
	// Its sender voids the number and sends it again under another one, whole this time.
	e.take(e.session("there"), link.Arrival{Seq: 2, Void: true}, e.arrival(5, "id-2", "x@There", "two", "ann@Here"))
	if in := e.store.Inbound("there"); in.Through != 5 || len(in.Exceptions) > 0 {
		t.Errorf("books: %+v", in)
	}
	if got := strings.Join(e.inbox("ann@Here"), " "); got != "one three two" {
		t.Errorf("ann in the end: %s", got)
	}
}
