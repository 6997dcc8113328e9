package proxy

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"sidegate/internal/store"
)

const nobodyHasBob = "nobody has the proxy address MACNET/MACPO/A00001BO"

// TestShownWhenDurable: an ID that could still be lost is neither written nor read, and one that was lost is given anew.
func TestShownWhenDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := w.engine.Hold()
		answered := make(chan error, 1)
		go func() {
			_, err := w.Write(parse("bob@Marketing"))
			answered <- err
		}()
		synctest.Wait()
		if len(answered) > 0 || w.read("MACNET/MACPO/A00001BO") != nobodyHasBob || strings.Contains(w.text(), "bob") {
			t.Errorf("before it is durable: %d answers, read as %s", len(answered), w.read("MACNET/MACPO/A00001BO"))
		}
		after := w.engine.Crash()
		release()
		if err := <-answered; !errors.Is(err, store.ErrFailed) {
			t.Errorf("a commit that was cut off answers %v", err)
		}
		if got := w.read("MACNET/MACPO/A00001BO"); got != nobodyHasBob {
			t.Errorf("after a commit that failed it is read as %s", got)
		}
		w.engine = after
		w.open()
		if got := w.write("ben@Marketing"); got[0] != "MACNET/MACPO/A00001BE" {
			t.Errorf("an ID that nobody ever saw is counted: %q", got)
		}
	})
}

// TestFailedCommit: what fails changes nothing, neither here nor after a restart.
func TestFailedCommit(t *testing.T) {
	w := newWorld(t)
	w.write("ann@Marketing")
	before := w.text()
	after := w.engine.Crash()
	if _, err := w.Write(parse("bob@Marketing")); err == nil {
		t.Error("an ID is given that is not kept")
	}
	if got := w.take("SERVERS\nA0 Marketing\nIDS\nA00001AN retired ann@Marketing\n"); strings.HasPrefix(got, "{") {
		t.Errorf("an import that is not kept answers %s", got)
	}
	if w.text() != before {
		t.Errorf("what failed is shown:\n%s", w.text())
	}
	w.engine = after
	w.open()
	if w.text() != before {
		t.Errorf("what failed is there after a restart:\n%s", w.text())
	}
}

// TestUnreadableRecord: a map of which something cannot be read gives nothing to anybody, and says what it is.
func TestUnreadableRecord(t *testing.T) {
	for _, value := range []string{"{", `{"address":"MSMAIL:bob@Marketing","state":"gone"}`, `{"address":"NET/PO/BOB","state":"live"}`, `{"address":"MSMAIL:bob","state":"live"}`} {
		w := newWorld(t)
		id := w.store.ID()
		err := w.store.Commit(t.Context(), func(tx *store.Tx) error {
			tx.Put(tableIDs, "A00001BO", []byte(value))
			tx.Put(tableState, stateKey, []byte(`{"store":"another"}`))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Store: w.store, Name: macnet}); err == nil || !strings.Contains(err.Error(), "A00001BO") {
			t.Errorf("%s: %v", value, err)
		}
		if state, err := w.store.Record(tableState, stateKey); err != nil || strings.Contains(string(state), string(id)) {
			t.Errorf("%s: what may have been given was written anew: %s, %v", value, state, err)
		}
	}
}

// TestFullStore: mail in custody waits for IDs, so they are given when nothing new is taken.
func TestFullStore(t *testing.T) {
	w := newWorld(t)
	w.engine.SetUsage(store.Usage{Total: 1 << 30})
	if got := w.write("bob@Marketing"); got[0] != "MACNET/MACPO/A00001BO" {
		t.Errorf("in a full store bob is %q", got)
	}
}

// TestSlowerOfTwo: of two who find an address without an ID, the slower one changes nothing.
func TestSlowerOfTwo(t *testing.T) {
	w := newWorld(t)
	w.write("bob@Marketing")
	before := w.text()
	passed := 0
	w.fault = func(string) { passed++ }
	if err := w.allocate(parse("BOB@marketing")); err != nil || w.text() != before || passed != 0 {
		t.Errorf("%v, %d points passed, and the map is\n%s", err, passed, w.text())
	}
}

// TestCodesOfOneServer: where several codes have numbers left, the first is used, whatever order they came in, and what was
// known keeps the time it was made at.
func TestCodesOfOneServer(t *testing.T) {
	w := newWorld(t)
	w.take("SERVERS\nT6 Marketing\n1F marketing\nIDS\nT60001AA live a@Marketing\n")
	made := w.List("", 1)[0].Created
	for range 2 {
		if got := w.take("SERVERS\nT6 Marketing\nIDS\nT60001AA retired a@Marketing\n"); !strings.HasPrefix(got, "{0 0 ") {
			t.Fatal(got)
		}
		if p := w.List("", 1)[0]; !p.Created.Equal(made) || p.State != Retired {
			t.Errorf("made %s, now %+v", made, p)
		}
		w.cut()
	}
	if got := w.write("b@MARKETING"); got[0] != "MACNET/MACPO/1F0001BX" {
		t.Errorf("the first of two codes is %q", got)
	}
}
