package store

import "fmt"

// Release lets go of every entry of a lane that the receiver has: all numbers up to through, and the ranges beyond.
// It returns the entries that went, voids left out. Numbers released before are no error; numbers never assigned are.
func (tx *Tx) Release(l Lane, through uint64, beyond []Range) ([]Entry, error) {
	c := tx.change(l)
	if through > c.assigned {
		return nil, fmt.Errorf("store: lane %s: release up to %d, but only %d are assigned", l, through, c.assigned)
	}
	var went []Entry
	if through > c.floor {
		first := c.floor + 1
		c.floor, c.removed, c.settled = through, true, true
		var err error
		if went, err = tx.letGoRange(c, first, through, went); err != nil {
			return nil, err
		}
	}
	for _, r := range beyond {
		if r.First > r.Last || r.Last > c.assigned {
			return nil, fmt.Errorf("store: lane %s: release of %d to %d, but %d are assigned", l, r.First, r.Last, c.assigned)
		}
		var err error
		if went, err = tx.letGoRange(c, max(r.First, c.floor+1), r.Last, went); err != nil {
			return nil, err
		}
	}
	return went, nil
}

// letGoRange removes the entries first to last and appends them to went.
func (tx *Tx) letGoRange(c *laneChange, first, last uint64, went []Entry) ([]Entry, error) {
	var entries []Entry
	if err := tx.s.scanLane(c.lane, first, last, func(e Entry) bool {
		entries = append(entries, e)
		return true
	}); err != nil {
		return nil, err
	}
	for _, e := range entries {
		key := tx.entryKey(c, e.Seq)
		if value, known := tx.changed(key); known {
			if value == nil {
				continue
			}
			var err error
			if e, err = parseEntry(c.lane.name, e.Seq, value); err != nil {
				return nil, fmt.Errorf("store: lane %s: %w", c.lane.name, err)
			}
		}
		c.settled = true
		tx.takeOut(c, key, e)
		if !e.Void {
			tx.existing(e.MessageID).change--
			went = append(went, e)
		}
	}
	return went, nil
}

// takeOut removes an entry altogether. Whoever calls it counts the message.
func (tx *Tx) takeOut(c *laneChange, key []byte, e Entry) {
	tx.unset(key)
	c.removed = true
	if e.Seq > c.floor {
		if c.gone == nil {
			c.gone = make(map[uint64]struct{})
		}
		c.gone[e.Seq] = struct{}{}
	}
	if !e.Void {
		tx.unset(tx.whereKey(e.MessageID, c.lane.name, e.Seq))
		c.depth++
		c.bytes += e.Bytes
	}
}

// finishLanes computes and writes the new lower bounds.
func (tx *Tx) finishLanes() error {
	for _, name := range sortedKeys(tx.lanes) {
		c := tx.lanes[name]
		if c.removed {
			var err error
			if c.released, err = tx.lowest(c); err != nil {
				return err
			}
		}
		if c.removed || c.isNew && c.assigned > 0 {
			tx.set(idKey(tableLane, string(name)), putLane(nil, laneRecord{c.assigned, c.released}))
		}
	}
	return nil
}

// lowest is the number below the first entry that this commit leaves in a lane.
func (tx *Tx) lowest(c *laneChange) (uint64, error) {
	mark := c.lane.assigned
	err := tx.s.scanLane(c.lane, c.floor+1, c.lane.assigned, func(e Entry) bool {
		if _, gone := c.gone[e.Seq]; gone {
			return true
		}
		mark = e.Seq - 1
		return false
	})
	if err != nil || mark < c.lane.assigned {
		return mark, err
	}
	for _, a := range c.added {
		if _, gone := c.gone[a.seq]; !gone {
			return a.seq - 1, nil
		}
	}
	return c.assigned, nil
}
