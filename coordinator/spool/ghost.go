package spool

import (
	"fmt"
	"time"
)

// ghostTime is how long a file must be listed and not be there before the volume is to blame: listings may lag.
const ghostTime = 5 * time.Minute

const alarmGhost = "ghost"

// absent notes that a file which is listed was not there when it was to be opened. It counts as not there and delays nobody;
// if it stays so, an operator has to look. KB Q147006: NetWare goes on listing what was deleted until it is purged.
func (b *inbox) absent(g *sighting) {
	now := time.Now()
	b.s.mu.Lock()
	if g.absent.IsZero() {
		g.absent = now
	}
	since := now.Sub(g.absent)
	b.s.mu.Unlock()
	if since >= ghostTime {
		b.s.alarm(alarmGhost, fmt.Sprintf("the volume lists %s, which cannot be opened: has it been deleted there and not been purged? (KB Q147006)",
			b.s.fs.Path(join(b.dir, g.Name))))
	}
}

// vanished takes the alarm back when a file that was only listed is listed no more. Another one raises it again at the next look.
// s.mu is held.
func (b *inbox) vanished(g *sighting) {
	if !g.absent.IsZero() {
		delete(b.s.state.alarms, alarmGhost)
	}
}
