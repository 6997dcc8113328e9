package daemon

import (
	"slices"
	"strings"

	"sidegate/internal/config"
	"sidegate/internal/link"
	"sidegate/internal/mail"
	"sidegate/internal/route"
)

// announcements tells the links what the route table says, and the table what the links hear.
type announcements struct {
	table *route.Table
	peers []config.Peer
}

// Announced is what this end serves.
func (a *announcements) Announced(to mail.StoreID) ([]mail.Pattern, []mail.Address) {
	return a.table.Announced(to)
}

// Watch tells of changes.
func (a *announcements) Watch() <-chan struct{} { return a.table.Watch() }

// Replace takes a peer's announcement over. Peers that were dialled come in the order of the configuration, before
// those that dialled us.
func (a *announcements) Replace(l link.Announcement) {
	order := slices.IndexFunc(a.peers, func(p config.Peer) bool { return l.Address == p.Address || strings.HasSuffix(l.Address, "/"+p.Address) })
	if order < 0 {
		order = len(a.peers)
	}
	except := map[string]bool{}
	for _, address := range l.Except {
		except[address.Key()] = true
	}
	a.table.Replace(route.Announcement{
		Peer: l.Peer, End: l.End, Order: order, Generation: l.Generation, Patterns: l.Patterns, Except: except,
		MaxMessageBytes: l.MaxMessageBytes,
	})
}

// Silence tells the table that a peer has no session.
func (a *announcements) Silence(peer mail.StoreID) { a.table.Silence(peer) }
