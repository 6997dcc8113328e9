package store

import "maps"

// indexes compares the indexes of entries and of mailboxes with what they should be.
func (a *audit) indexes() error {
	err := a.s.table(tableWhere, func(key, _ []byte) error {
		if !a.where[string(key)] {
			a.note("the index names an entry that is not there: %q", key)
		}
		delete(a.where, string(key))
		return nil
	})
	for key := range a.where {
		a.note("an entry is not in the index: %q", key)
	}
	if err != nil {
		return err
	}
	err = a.s.table(tableBoxIndex, func(key, value []byte) error {
		i, err := parseBoxIndex(value)
		if err == nil && i.position > 0 {
			if !a.index[string(key)] {
				a.note("the index names a mailbox entry that is not there: %q", key)
			}
			delete(a.index, string(key))
		}
		return err
	})
	for key := range a.index {
		a.note("a mailbox entry is not in the index: %q", key)
	}
	return err
}

// sums compares what is counted in memory with what was found.
func (a *audit) sums() {
	a.memory()
	for name, l := range a.s.lanes {
		found, ok := a.depths[name]
		if !ok {
			found = &LaneInfo{Released: l.assigned}
		}
		if l.depth != found.Depth || l.bytes != found.Bytes {
			a.note("lane %s holds %d entries with %d bytes, but %d with %d are counted", name, found.Depth, found.Bytes, l.depth, l.bytes)
		}
		if found.Assigned > l.assigned || found.Released != l.released {
			a.note("lane %s runs from %d to %d, but %d to %d are noted", name, found.Released, found.Assigned, l.released, l.assigned)
		}
		delete(a.depths, name)
	}
	for name := range a.depths {
		a.note("lane %s is not noted", name)
	}
	for name, b := range a.s.boxes {
		found, ok := a.counts[name]
		if !ok {
			found = new([2]int)
		}
		if b.messages != found[0] || b.unread != found[1] {
			a.note("mailbox %s holds %d messages, %d of them unacknowledged, but %d and %d are counted", b.address, found[0], found[1], b.messages, b.unread)
		}
		delete(a.counts, name)
	}
	for name := range a.counts {
		a.note("mailbox %s is not noted", name)
	}
	if !maps.Equal(a.aliases, a.s.aliases) {
		a.note("%d aliases are recorded, and the %d known are not the same", len(a.aliases), len(a.s.aliases))
	}
}

// memory compares what is counted of the memory of IDs with what is there.
func (a *audit) memory() {
	var found Remembered
	for _, table := range []byte{tableDeleted, tableAnswered} {
		err := a.s.table(table, func(key, _ []byte) error {
			found.Records++
			found.Bytes += cost(key)
			return nil
		})
		if err != nil {
			a.note("the memory of IDs cannot be read: %v", err)
			return
		}
	}
	if counted := a.s.Remembered(); found.Records != counted.Records || found.Bytes != counted.Bytes {
		a.note("%d IDs with %d bytes are remembered, but %d with %d are counted", found.Records, found.Bytes, counted.Records, counted.Bytes)
	}
}
