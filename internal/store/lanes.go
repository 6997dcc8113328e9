package store

import (
	"sort"
	"time"
)

// lane is what is known of a lane in memory. Guarded by Store.state.
type lane struct {
	name        Lane
	prefix      []byte // of the keys of its entries
	assigned    uint64
	durable     uint64
	released    uint64
	depth       int
	bytes       int64
	newest      time.Time // the latest Queued of all entries so far
	strays      strays
	lastRelease time.Time
	rewritten   uint64 // order of the last commit that changed an entry in its place
	shown       signal
}

func newLane(name Lane) *lane {
	return &lane{name: name, prefix: appendID([]byte{tableEntry}, string(name))}
}

// room reports whether a lane is one of the waiting rooms, where an entry that has gone leaves no void behind.
func (l Lane) room() bool {
	return l == LaneUnrouted || l == LaneDeferred || l == LaneHeld || l == LaneSpool
}

// put takes note of an entry.
func (l *lane) put(seq uint64, queued time.Time, bytes int64) {
	l.depth++
	l.bytes += bytes
	if queued.Before(l.newest) {
		l.strays.put(seq, queued)
	} else {
		l.newest = queued
	}
}

// info sums the lane up, but for Oldest.
func (l *lane) info() LaneInfo {
	return LaneInfo{
		Lane: l.name, Depth: l.depth, Bytes: l.bytes, Assigned: l.assigned, Durable: l.durable, Released: l.released,
		LastRelease: l.lastRelease,
	}
}

// Lanes sums up every lane that ever held something, by name.
func (s *Store) Lanes() []LaneInfo {
	s.state.RLock()
	names := make([]Lane, 0, len(s.lanes))
	for name, l := range s.lanes {
		if l.assigned > 0 {
			names = append(names, name)
		}
	}
	s.state.RUnlock()
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	infos := make([]LaneInfo, len(names))
	for i, name := range names {
		infos[i] = s.Lane(name)
	}
	return infos
}

// Lane sums up one lane.
func (s *Store) Lane(name Lane) LaneInfo {
	s.state.RLock()
	l, ok := s.lanes[name]
	if !ok {
		s.state.RUnlock()
		return LaneInfo{Lane: name}
	}
	info := l.info()
	oldest := l.strays.oldest()
	s.state.RUnlock()
	if info.Depth > 0 {
		info.Oldest = s.oldest(l, info, oldest)
	}
	return info
}

// oldest is the earlier one of the first entry's Queued and that of the oldest stray. All other entries are younger
// than the first one.
func (s *Store) oldest(l *lane, info LaneInfo, stray time.Time) time.Time {
	oldest := stray
	err := s.scanLane(l, info.Released+1, info.Assigned, func(e Entry) bool {
		if e.Void {
			return true
		}
		if oldest.IsZero() || e.Queued.Before(oldest) {
			oldest = e.Queued
		}
		return false
	})
	if err != nil {
		s.log.Warn("lane cannot be read", "lane", l.name, "error", err)
	}
	return oldest
}
