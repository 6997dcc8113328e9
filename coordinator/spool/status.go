package spool

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"sidegate/coordinator/handshake"
	"sidegate/coordinator/timetable"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Status is a spool at a glance.
type Status struct {
	Directory string
	Role      Role
	Slots     []Slot // every slot of both directories that is not free
	N         int    // the blocking factor
	Ours      int    // slots that hold mail of ours
	Foreign   int    // slots busy for another reason
	Inbound   int    // files waiting to be read
	Waiting   int    // deliveries that wait for a slot
	Doubtful  []mail.ID
	Counters  Counters
	Legs      []handshake.Leg
	Lease     string
	Marker    string
	Findings  []string // of the self-test
	Alarms    []string
	Scans     uint64
	Scanned   time.Time // last whole look at the volume
	T         time.Duration
	Lists     []ScanTime // how long the volume takes to list, by directory
	Strikes   []string   // signs of a second gateway
	PerCycle  int        // files that may move each way in one cycle; 0 for any number
	Connect   timetable.Table
	Moment    timetable.Moment // what the connect times say now
}

// Slot is one slot that is not free.
type Slot struct {
	Directory string // MACTOPC or PCTOMAC
	Number    int
	FileName  string
	State     string // ours, foreign, handshake, reading, incomplete, stuck or blocked
	Age       time.Duration
	MessageID mail.ID
	Size      int64
	Detail    string
}

// Status tells how things are now.
func (s *Spool) Status() Status {
	legs := s.Legs()
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{Directory: s.fs.Path("."), Role: s.o.Role, N: s.o.Slots, Counters: s.state.counts, Legs: legs, Lease: s.state.lease, Marker: s.marker,
		Findings: slices.Clone(s.volume.findings), Scans: s.state.scans, Scanned: s.state.scanned, T: s.t(), Lists: s.sortedScans(),
		Strikes: slices.Clone(s.state.strikes), PerCycle: s.o.PerCycle, Connect: s.o.ConnectTimes, Moment: s.moment()}
	for _, b := range s.in {
		st.Slots = append(st.Slots, b.slots(now)...)
		st.Inbound += len(b.seen)
	}
	if s.out != nil {
		out := s.out.slots(now)
		for _, slot := range out {
			if slot.State == "ours" || slot.State == "stuck" || slot.MessageID != "" {
				st.Ours++
			} else {
				st.Foreign++
			}
		}
		st.Slots = append(st.Slots, out...)
		for _, q := range s.out.queues {
			st.Waiting += len(q)
		}
		for _, e := range s.out.sorted() {
			if e.State == entryDoubtful {
				st.Doubtful = append(st.Doubtful, e.MessageID)
			}
		}
	}
	for _, a := range s.state.alarms {
		st.Alarms = append(st.Alarms, a)
	}
	sort.Strings(st.Alarms)
	return st
}

// slots describes what lies in a directory that we read. s.mu is held.
func (b *inbox) slots(now time.Time) []Slot {
	var list []Slot
	for _, g := range b.seen {
		slot := Slot{Directory: b.name, Number: g.slot, FileName: g.Name, State: "foreign", Age: g.age(now), Size: g.Size}
		switch {
		case g.ext == extWrite:
			slot.Detail = "being written"
		case g.working || g.ext == extRead:
			slot.State, slot.Detail = "reading", "claimed; its messages are being taken over"
		case g.ext == extDone:
			slot.Detail = "being deleted"
		case g.cut:
			slot.State, slot.Detail = "incomplete", "its counts promise more bytes than it has"
		case g.small() && !g.plain && g.looks >= 2 && b.s.state.left:
			slot.State, slot.Detail = "handshake", "left, because intake is closed and every end is down"
		}
		list = append(list, slot)
	}
	for name, since := range b.blocked {
		number, _, _ := parseName(name)
		list = append(list, Slot{Directory: b.name, Number: number, FileName: name, State: "blocked", Age: now.Sub(since), Detail: "it is no file; it is left alone"})
	}
	slices.SortFunc(list, func(x, y Slot) int {
		return cmp.Or(cmp.Compare(x.Number, y.Number), strings.Compare(x.FileName, y.FileName))
	})
	return list
}

// slots describes what lies in the directory that we write. s.mu is held.
func (b *outbox) slots(now time.Time) []Slot {
	byNumber := map[int]Slot{}
	for number, what := range b.busy {
		byNumber[number] = Slot{Directory: b.name, Number: number, State: what}
	}
	for name, f := range b.foreign {
		number, ext, _ := parseName(name)
		slot := Slot{Directory: b.name, Number: number, FileName: name, State: "foreign", Age: now.Sub(f.since), Size: f.Size}
		if ext == extWrite {
			slot.Detail = "being written by somebody else"
		}
		if !f.Regular() {
			slot.State, slot.Detail = "blocked", "it is no file"
		}
		byNumber[number] = slot
	}
	for _, e := range b.entries {
		if e.Slot == 0 || e.State == entryDoubtful {
			continue
		}
		slot := Slot{Directory: b.name, Number: e.Slot, FileName: e.Name, State: "ours", Age: e.age(now), MessageID: e.MessageID, Size: e.Size, Detail: string(e.State)}
		switch {
		case e.remaining:
			slot.State, slot.Detail = "reading", "its reader has claimed it"
		case e.State == entryPublished && e.age(now) >= b.s.t():
			slot.State = "stuck"
		}
		byNumber[e.Slot] = slot
	}
	if b.ours.pending() {
		byNumber[b.ours.Slot] = Slot{Directory: b.name, Number: b.ours.Slot, FileName: b.ours.Name, State: "handshake", Age: b.ours.age(now),
			Size: int64(len(b.s.o.Handshake)), Detail: "ours, " + b.ours.State}
	}
	list := make([]Slot, 0, len(byNumber))
	for _, slot := range byNumber {
		list = append(list, slot)
	}
	slices.SortFunc(list, func(x, y Slot) int { return cmp.Compare(x.Number, y.Number) })
	return list
}

// Watch is closed after the next scan, or change, from now.
func (s *Spool) Watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved
}

// Handshake is one legacy liveness file that was consumed.
type Handshake struct {
	FileName, Directory string
	Time                time.Time
	Content             []byte
	Rule                string
}

// Handshakes lists those consumed lately, newest first, at most most.
func (s *Spool) Handshakes(most int) ([]Handshake, error) {
	var list []Handshake
	err := load(s.journal, tableHandshakes, func(_ string, c copyRecord) {
		list = append(list, Handshake{FileName: c.Name, Directory: c.Dir, Time: c.Time, Content: c.Content, Rule: c.Rule})
	})
	slices.Reverse(list)
	return list[:min(len(list), most)], err
}

// BadFile is one file in BADMAIL.
type BadFile struct {
	Name   string
	Size   int64
	Reason string // the text beside it, if there is one
}

// BadFiles lists the files in BADMAIL by name, at most most.
func (s *Spool) BadFiles(most int) ([]BadFile, error) {
	entries, err := s.fs.ReadDir(s.bad.dir)
	if err != nil {
		return nil, fmt.Errorf("spool: list %s: %w", s.fs.Path(s.bad.dir), err)
	}
	texts := map[string]string{}
	for _, e := range entries {
		if strings.EqualFold(path.Ext(e.Name), ".TXT") && e.Regular() && e.Size < 64<<10 {
			texts[strings.ToUpper(strings.TrimSuffix(e.Name, path.Ext(e.Name)))] = e.Name
		}
	}
	slices.SortFunc(entries, func(x, y Entry) int { return strings.Compare(x.Name, y.Name) })
	var list []BadFile
	for _, e := range entries {
		if !e.Regular() || isDropping(e.Name) || strings.EqualFold(path.Ext(e.Name), ".TXT") || len(list) == most {
			continue
		}
		f := BadFile{Name: e.Name, Size: e.Size}
		if text := texts[strings.ToUpper(strings.TrimSuffix(e.Name, path.Ext(e.Name)))]; text != "" {
			if data, _, err := readCapped(s.fs, join(s.bad.dir, text), 64<<10); err == nil {
				f.Reason = strings.ToValidUTF8(string(data), "?")
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// Republish writes again what vanished in doubt: the messages named, or all. Readers may then have them twice. It returns
// the messages that will be written again.
func (s *Spool) Republish(ctx context.Context, ids []mail.ID) ([]mail.ID, error) {
	if s.out == nil {
		return nil, nil
	}
	var list []*entry
	s.mu.Lock()
	for _, e := range s.out.sorted() {
		if e.State == entryDoubtful && (len(ids) == 0 || slices.Contains(ids, e.MessageID)) {
			list = append(list, e)
		}
	}
	s.mu.Unlock()
	if len(list) == 0 {
		return nil, nil
	}
	err := s.journal.commit(ctx, func(tx *store.Tx) error {
		for _, e := range list {
			n := *e
			n.State, n.Slot, n.Again, n.Removed, n.Time = entryStaging, 0, e.Again+1, false, tx.Now()
			record(tx, tableEntries, e.key(), &n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var done []mail.ID
	s.mu.Lock()
	for _, e := range list {
		if e.State != entryDoubtful {
			continue
		}
		e.State, e.Slot, e.Removed, e.Age = entryStaging, 0, false, 0
		e.Again++
		s.out.restage = append(s.out.restage, e)
		done = append(done, e.MessageID)
	}
	delete(s.state.alarms, "doubtful")
	s.mu.Unlock()
	wake(s.toWrite)
	return done, nil
}
