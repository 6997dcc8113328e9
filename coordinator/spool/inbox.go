package spool

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"sidegate/internal/store"
)

// inbox is a directory that we read.
type inbox struct {
	s    *Spool
	name string // MACTOPC or PCTOMAC
	dir  string // as the volume spells it

	// What follows is guarded by s.mu. A claim is changed only by the goroutine that works on it: the scanner for
	// lingering ones, the reader for the others.
	seen     map[string]*sighting // by exact name
	claims   map[uint64]*claim    // that are not done
	done     map[sum][]*claim     // that are, for recognising remnants
	recent   map[sum][]time.Time  // equal files lately
	scans    uint64
	warned   map[string]time.Time // names that are no files
	blocked  map[string]time.Time // those there now, and since when
	probed   time.Time            // when all slots were asked for by name
	unlisted map[string]bool      // found so; the scanner's own

	suspects map[sum]int // bytes found half parsed at starts; the reader's own
	forget   []*claim    // done, but not yet in the journal; the reader's own
}

func newInbox(s *Spool, name, dir string) *inbox {
	return &inbox{s: s, name: name, dir: dir, seen: map[string]*sighting{}, claims: map[uint64]*claim{}, done: map[sum][]*claim{},
		recent: map[sum][]time.Time{}, warned: map[string]time.Time{}, suspects: map[sum]int{}}
}

// sighting is what is known of one name in a directory that we read.
type sighting struct {
	Entry
	slot    int // 0 for MSGATE.RDG
	ext     string
	first   uint64        // the scan that showed the name first
	since   time.Time     // since when it is as it is
	carried time.Duration // observed so before this process
	looks   int           // equal looks
	working bool          // somebody works on it
	plain   bool          // looked into, and no handshake
	cut     bool          // looked into, and incomplete
	next    time.Time     // when to try again
	tries   int
	absent  time.Time // since when it is listed and cannot be opened; zero if it can
}

func (g *sighting) age(now time.Time) time.Duration { return g.carried + now.Sub(g.since) }

// stable reports whether the file has been the same long enough. One that is empty may be anything yet, so it takes
// longer.
func (g *sighting) stable(scan time.Duration, now time.Time) bool {
	if g.Size == 0 {
		return g.looks >= 5 && now.Sub(g.since) >= max(5*scan, 10*time.Second)
	}
	return g.looks >= 2 && now.Sub(g.since) >= scan
}

// see compares a listing with what was known.
func (b *inbox) see(entries []Entry, now time.Time) {
	entries = b.probe(entries, now)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.scans++
	present := make(map[string]bool, len(entries))
	blocked := map[string]time.Time{}
	for _, e := range entries {
		slot, ext, ok := parseName(e.Name)
		if strings.EqualFold(e.Name, oldClaim) {
			slot, ext, ok = 0, extRead, true
		}
		if !ok && meant(e.Name) {
			b.warn(e.Name, "is never read: "+noSlot, now)
		}
		if !ok || isDropping(e.Name) {
			continue
		}
		if !e.Regular() {
			b.odd(e, now)
			if blocked[e.Name] = now; !b.blocked[e.Name].IsZero() {
				blocked[e.Name] = b.blocked[e.Name]
			}
			continue
		}
		present[e.Name] = true
		b.note(e, slot, ext, now)
	}
	b.blocked = blocked
	for name, g := range b.seen {
		if !present[name] && !g.working {
			b.vanished(g)
			delete(b.seen, name)
		}
	}
}

// note takes one listed file in. s.mu is held.
func (b *inbox) note(e Entry, slot int, ext string, now time.Time) {
	g := b.seen[e.Name]
	switch {
	case g == nil:
		g = &sighting{Entry: e, slot: slot, ext: ext, first: b.scans, since: now, looks: 1, carried: b.s.carried[ageKey(b.name, e)]}
		b.seen[e.Name] = g
		if ext == extMail && b.scans > 1 { // what lay there at the start may have been lying there for years
			b.s.state.produced = now
		}
	case g.Entry.same(e):
		g.looks++
	case !g.working:
		b.vanished(g)
		*g = sighting{Entry: e, slot: slot, ext: ext, first: g.first, since: now, looks: 1}
		b.s.state.produced = now
	}
	if ext == extWrite && g.age(now) > 24*time.Hour {
		b.warn(e.Name, "its writer seems to have died while writing; it is left alone", now)
	}
}

// odd reports a directory, link or pipe with the name of a slot, once a day. It is never touched. KB Q164858.
func (b *inbox) odd(e Entry, now time.Time) {
	b.warn(e.Name, "has the name of a slot but is no file; it is left alone", now)
}

// maxWarned bounds the names warned of in a day: there may be an archive in the directory.
const maxWarned = 100

func (b *inbox) warn(name, text string, now time.Time) {
	if last, ok := b.warned[name]; ok && now.Sub(last) < 24*time.Hour {
		return
	}
	if len(b.warned) >= maxWarned {
		maps.DeleteFunc(b.warned, func(_ string, last time.Time) bool { return now.Sub(last) >= 24*time.Hour })
	}
	if len(b.warned) >= maxWarned {
		return
	}
	b.warned[name] = now
	b.s.log.Warn("odd entry", "file", b.s.fs.Path(join(b.dir, name)), "why", text)
}

// probe asks for the slots by name now and then, and for those it found so at every look: on some volumes a file can be
// opened that is not listed (KB Q121917).
func (b *inbox) probe(entries []Entry, now time.Time) []Entry {
	ask := b.unlisted
	if now.Sub(b.probed) >= time.Minute {
		b.probed, ask = now, map[string]bool{}
		for slot := 1; slot <= max(b.s.o.Slots, 10); slot++ {
			ask[slotName(slot, extMail, b.s.volume.lower)] = true
		}
	}
	if len(ask) == 0 {
		return entries
	}
	listed := make(map[string]bool, len(entries))
	for _, e := range entries {
		listed[strings.ToUpper(e.Name)] = true
	}
	found := map[string]bool{}
	for name := range ask {
		if listed[strings.ToUpper(name)] {
			continue
		}
		if e, err := b.s.fs.Lstat(join(b.dir, name)); err == nil && e.Regular() {
			e.Name, found[name] = name, true
			entries = append(entries, e)
			b.s.alarm("hidden", "the volume does not list "+b.s.fs.Path(join(b.dir, name))+", which can be opened (KB Q121917)")
		}
	}
	b.unlisted = found
	return entries
}

// candidates are the files that can be read now, in the order in which they are due: first seen first, then by slot; a
// claimed file before a new one in its slot.
func (b *inbox) candidates(now time.Time) []*sighting {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	claimed := b.spokenFor()
	var list []*sighting
	for _, g := range b.seen {
		if g.working || claimed[g.Name] || now.Before(g.next) || !g.stable(b.s.o.Scan, now) {
			continue
		}
		switch {
		case g.ext == extWrite, g.Size == 0, g.small() && !g.plain:
			continue // not ours to read, or the scanner's
		case g.cut && g.age(now) < b.s.o.Incomplete:
			continue
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(x, y *sighting) int {
		return cmp.Or(cmp.Compare(rank(x.ext), rank(y.ext)), cmp.Compare(x.first, y.first), cmp.Compare(x.slot, y.slot), strings.Compare(x.Name, y.Name))
	})
	return list
}

// spokenFor are the names that belong to claims: what is claimed, and what is being deleted. s.mu is held.
func (b *inbox) spokenFor() map[string]bool {
	names := map[string]bool{}
	for _, c := range b.claims {
		names[c.Claimed] = true
		names[doneName(c.Claimed)] = true
	}
	return names
}

func rank(ext string) int {
	if ext == extMail {
		return 1
	}
	return 0
}

// begin makes one goroutine the only one that works on a file.
func (b *inbox) begin(g *sighting) bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if g.working || b.seen[g.Name] != g {
		return false
	}
	g.working = true
	return true
}

// end gives the file back. later is when to look at it again; zero is at once.
func (b *inbox) end(g *sighting, later time.Duration) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	g.working = false
	if later > 0 {
		g.tries++
		g.next = time.Now().Add(later)
	}
}

// gone forgets a file that we have renamed or removed.
func (b *inbox) gone(g *sighting) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if b.seen[g.Name] == g {
		delete(b.seen, g.Name)
	}
	g.working = false
}

// backoff grows with the tries: 2, 4, 8 ... scans, at most five minutes.
func (b *inbox) backoff(tries int) time.Duration {
	return min(b.s.o.Scan<<min(tries+1, 10), 5*time.Minute)
}

// load reads the journal. Files whose bytes were about to be parsed are suspected of having stopped us: the second time
// they are put away unparsed.
func (b *inbox) load(ctx context.Context) error {
	parsing, err := b.loadClaims()
	if err != nil {
		return err
	}
	b.suspects = map[sum]int{}
	if err := load(b.s.journal, tableSuspects, func(key string, n int) { b.suspects[key] = n }); err != nil {
		return err
	}
	if len(parsing) == 0 {
		return nil
	}
	return b.s.journal.commit(ctx, func(tx *store.Tx) error {
		for _, c := range parsing {
			c.Parsing = false
			b.suspects[c.SHA256]++
			record(tx, tableSuspects, c.SHA256, b.suspects[c.SHA256])
			record(tx, tableClaims, c.key(), c)
		}
		return nil
	})
}

// loadClaims reads the claims and returns those that were about to be parsed.
func (b *inbox) loadClaims() (parsing []*claim, err error) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	err = load(b.s.journal, tableClaims, func(_ string, c claim) {
		b.s.lastClaim = max(b.s.lastClaim, c.N)
		if c.Dir != b.name {
			return
		}
		if c.State == claimDone {
			b.done[c.SHA256] = append(b.done[c.SHA256], &c)
			return
		}
		if c.Parsing {
			parsing = append(parsing, &c)
		}
		c.since = time.Now()
		b.claims[c.N] = &c
	})
	return parsing, err
}

// forgotten drops records that are too old or too many.
func (b *inbox) forgotten(now time.Time) (drop []*claim) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	var all []*claim
	for _, cs := range b.done {
		all = append(all, cs...)
	}
	slices.SortFunc(all, func(x, y *claim) int { return cmp.Compare(x.N, y.N) })
	for i, c := range all {
		if now.Sub(c.Time) < keepClaims && len(all)-i <= maxKept {
			break
		}
		drop = append(drop, c)
		b.done[c.SHA256] = slices.DeleteFunc(b.done[c.SHA256], func(d *claim) bool { return d == c })
		if len(b.done[c.SHA256]) == 0 {
			delete(b.done, c.SHA256)
		}
	}
	for h, times := range b.recent {
		if time.Since(times[len(times)-1]) > repeatTime {
			delete(b.recent, h)
		}
	}
	return drop
}
