package daemon

import (
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/link"
	"sidegate/internal/route"
)

// TestOrderOfPeers: a peer has the place of the address under which it is dialled, and of none that ends alike; whoever dials us
// comes last.
func TestOrderOfPeers(t *testing.T) {
	a := &announcements{table: route.New(route.Options{}), peers: []config.Peer{{Address: "host:1"}, {Address: "bighost:1"}}}
	for address, want := range map[string]int{"host:1": 0, "passthrough:///host:1": 0, "bighost:1": 1, "passthrough:///bighost:1": 1, "": 2} {
		a.Replace(link.Announcement{Peer: "p", End: "e" + address, Address: address})
		if got := a.table.Announcements()[0].Order; got != want {
			t.Errorf("%q has place %d, want %d", address, got, want)
		}
	}
}
