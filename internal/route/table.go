package route

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sidegate/internal/mail"
)

// Table chooses routes. Its methods may be called from several goroutines; Resolve takes no lock.
type Table struct {
	o     Options
	now   atomic.Pointer[snapshot]
	mu    sync.Mutex // guards changing now, and what follows
	noted map[string]bool
	ended uint64 // sessions so far
}

// maxNoted bounds the ties that were met while resolving.
const maxNoted = 100

// New makes a table that knows no announcement.
func New(o Options) *Table {
	t := &Table{o: o, noted: map[string]bool{}}
	t.now.Store(newSnapshot(nil, nil))
	return t
}

// Replace makes a the whole of what its peer announces, in place of anything before. Whoever watches is told if that
// changes anything, and always for the first announcement of a peer since the start.
func (t *Table) Replace(a Announcement) { t.put(a, false) }

// Load puts in an announcement that is remembered from an earlier run. One the peer made in this run is not replaced
// by it.
func (t *Table) Load(a Announcement) { t.put(a, true) }

func (t *Table) put(a Announcement, remembered bool) {
	a.Patterns = slices.Clone(a.Patterns)
	a.Except = maps.Clone(a.Except)
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.now.Load()
	was, known := old.peers[a.Peer]
	if known && remembered && !was.remembered {
		return
	}
	if known && was.remembered == remembered && was.same(a) {
		t.hear(old, a.Peer, false)
		return
	}
	peers := maps.Clone(old.peers)
	peers[a.Peer] = announced{Announcement: a, remembered: remembered}
	t.swap(old, newSnapshot(peers, old.aliases))
}

// Silence notes that a peer has no session. What it announced stays, and its mail waits for it; only where another store
// announces the same under the same name is the one chosen that is there, or was there last: an end that was set up anew must
// not wait for the store it had before.
func (t *Table) Silence(peer mail.StoreID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hear(t.now.Load(), peer, true)
}

// hear notes whether a peer is silent. Whoever watches is told only if there is a namesake: nothing else can change. t.mu is held.
func (t *Table) hear(old *snapshot, peer mail.StoreID, silent bool) {
	was, known := old.peers[peer]
	if !known || (was.silent > 0) == silent {
		return
	}
	was.silent = 0
	if silent {
		t.ended++
		was.silent = t.ended
	}
	peers := maps.Clone(old.peers)
	peers[peer] = was
	fresh := newSnapshot(peers, old.aliases)
	for _, other := range peers {
		if other.Peer != peer && other.End == was.End && other.Order == was.Order {
			t.swap(old, fresh)
			return
		}
	}
	fresh.changed = old.changed
	t.now.Store(fresh)
}

// Forget drops what a peer announced, for a peer that will never come back.
func (t *Table) Forget(peer mail.StoreID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.now.Load()
	if _, known := old.peers[peer]; !known {
		return
	}
	peers := maps.Clone(old.peers)
	delete(peers, peer)
	t.swap(old, newSnapshot(peers, old.aliases))
}

// swap makes a new snapshot current and tells whoever watches the old one. t.mu is held.
func (t *Table) swap(old, fresh *snapshot) {
	t.noted = map[string]bool{}
	t.now.Store(fresh)
	close(old.changed)
}

// Watch returns a channel that is closed at the next change. Call it before the Resolve whose answer it is to watch.
func (t *Table) Watch() <-chan struct{} { return t.now.Load().changed }

// Announcements returns what every known peer announced, by peer.
func (t *Table) Announcements() []Announcement {
	var all []Announcement
	for _, a := range t.now.Load().ordered {
		all = append(all, a.Announcement)
	}
	slices.SortFunc(all, func(a, b Announcement) int { return strings.Compare(string(a.Peer), string(b.Peer)) })
	return all
}

// Announced is what this end announces to a peer: patterns, aliases of mailboxes, and the addresses that the patterns
// cover but that are not served. All peers are told the same, because no end passes mail through for another.
func (t *Table) Announced(mail.StoreID) (patterns []mail.Pattern, except []mail.Address) {
	s := t.now.Load()
	except = slices.DeleteFunc(slices.Clone(t.o.Except), func(a mail.Address) bool { _, here := s.alias[a.Key()]; return here })
	return slices.Concat(t.o.Serves, s.aliases), except
}

// Served is what this end serves by its configuration: what it announces, without aliases.
func (t *Table) Served() []mail.Pattern { return slices.Clone(t.o.Serves) }

// Serves reports whether this end itself takes mail for a: a pin may send away what a pattern covers.
func (t *Table) Serves(a mail.Address) bool {
	if _, pinned := t.pin(a); pinned {
		return false
	}
	_, ok := t.local(t.now.Load(), a)
	return ok
}

func (t *Table) local(s *snapshot, a mail.Address) (mail.Pattern, bool) {
	if p, ok := s.alias[a.Key()]; ok {
		return p, true
	}
	for _, away := range t.o.Except {
		if away.Key() == a.Key() {
			return mail.Pattern{}, false
		}
	}
	var best mail.Pattern
	found := false
	for _, p := range t.o.Serves {
		if p.Match(a) && (!found || p.Fixed() > best.Fixed()) {
			best, found = p, true
		}
	}
	return best, found
}

func (t *Table) pin(a mail.Address) (Pin, bool) {
	for _, p := range t.o.Pins {
		if p.Pattern.Match(a) {
			return p, true
		}
	}
	return Pin{}, false
}

// Ties names, for people, every address or pattern that more than one peer announced just as well.
func (t *Table) Ties() []string {
	all := slices.Clone(t.now.Load().ties)
	t.mu.Lock()
	defer t.mu.Unlock()
	for tie := range t.noted {
		if !slices.Contains(all, tie) {
			all = append(all, tie)
		}
	}
	slices.Sort(all)
	return all
}

func (t *Table) note(s *snapshot, a, b candidate) {
	text := tieText(s, a, b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Load() == s && len(t.noted) < maxNoted {
		t.noted[text] = true
	}
}

func tieText(s *snapshot, a, b candidate) string {
	one, two, what := s.ordered[a.rank], s.ordered[b.rank], ""
	first, second := one.name(), two.name()
	if first == second { // an end was set up anew, or a copy of it runs
		first, second = first+", store "+string(one.Peer), second+", store "+string(two.Peer)
		what = "; link forget gives up the one that will not come back"
	}
	return fmt.Sprintf("%s (of %s) and %s (of %s) tie; %s is used%s", a.pattern, first, b.pattern, second, first, what)
}
