package link

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// people is what an addressbook is to the links.
type people struct {
	mu      sync.Mutex // guards what follows
	own     directory.List
	changed chan struct{}
	held    map[mail.StoreID]directory.List
	digests map[mail.StoreID][32]byte
	times   int // something was replaced
	full    bool
}

func newPeople() *people {
	return &people{changed: make(chan struct{}), held: map[mail.StoreID]directory.List{}, digests: map[mail.StoreID][32]byte{}}
}

func (p *people) Own() directory.List {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.own
}

func (p *people) Watch() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

func (p *people) Held(peer mail.StoreID) [32]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digests[peer]
}

func (p *people) Heard(mail.StoreID) {}

func (p *people) Replace(peer mail.StoreID, _ string, l directory.List, digest [32]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full {
		return errors.New("there is no room")
	}
	p.held[peer], p.digests[peer] = l, digest
	p.times++
	return nil
}

func (p *people) set(l directory.List) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own = l
	close(p.changed)
	p.changed = make(chan struct{})
}

// of is what is held of an end, and how often something was replaced.
func (p *people) of(e *end) (directory.List, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[e.store.ID()], p.times
}

func persons(t *testing.T, n int) directory.List {
	t.Helper()
	es := make([]directory.Entry, n)
	for i := range es {
		es[i] = directory.Entry{Name: fmt.Sprintf("Person number %d of very many", i), Address: mail.Address{Type: mail.TypePC, Value: fmt.Sprintf("NET/PO/P%d", i)}}
	}
	l, err := directory.NewList(es)
	must(t, err)
	return l
}

// withPeople adds two ends that keep directories, linked with each other.
func withPeople(t *testing.T, w *world) (a, b *end, pa, pb *people) {
	pa, pb = newPeople(), newPeople()
	a = w.add("pcside", func(o *Options) { o.Directory = pa })
	b = w.add("macside", func(o *Options) { o.Directory = pb })
	return a, b, pa, pb
}

func knows(t *testing.T, p *people, e *end, want directory.List) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if got, _ := p.of(e); !got.Equal(want) {
			return fmt.Errorf("%d entries are held, want %d", got.Len(), want.Len())
		}
		return nil
	})
}

func TestDirectoriesAreTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, pa, pb := withPeople(t, w)
		pa.own = persons(t, 3)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		knows(t, pb, a, persons(t, 3))
		pb.set(persons(t, 2345))
		knows(t, pa, b, persons(t, 2345))
		_, times := pa.of(b)
		pb.set(persons(t, 2345)) // the same again
		b.restart("pcside")      // what is held is still held
		pass(20 * time.Second)
		if _, now := pa.of(b); now != times {
			t.Errorf("a directory that did not change was sent %d times more", now-times)
		}
		pb.set(directory.List{})
		knows(t, pa, b, directory.List{})
		if pa.Held(b.store.ID()) != ([32]byte{}) {
			t.Error("nothing has a digest")
		}
		if _, n := pb.of(a); n != 1 {
			t.Errorf("the other direction was told %d times, want once", n)
		}
	})
}

// A peer that has nobody to tell of says nothing at all.
func TestNobodyCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, pa, pb := withPeople(t, w)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		pass(20 * time.Second)
		pa.set(directory.List{})
		pass(20 * time.Second)
		_, one := pa.of(b)
		_, two := pb.of(a)
		if one+two != 0 {
			t.Errorf("%d and %d directories of nobody were sent", one, two)
		}
	})
}

// Many changes in a short time cost few tellings, and the last one is told.
func TestChangesAreGathered(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, pa, pb := withPeople(t, w)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		for n := range 500 {
			pa.set(persons(t, n+1))
			pass(10 * time.Millisecond)
		}
		knows(t, pb, a, persons(t, 500))
		if _, n := pb.of(a); n > 10 {
			t.Errorf("500 changes within 5 s were told %d times", n)
		}
	})
}

// The largest directory crosses in pieces, and mail and beats cross between them.
func TestLargeDirectoryDisturbsNoMail(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, pa, pb := withPeople(t, w)
		pa.own = persons(t, directory.MaxEntries)
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		ids := a.submit(b, 100, 100)
		a.drained(b, 30*time.Second)
		b.check(ids)
		knows(t, pb, a, pa.Own())
		if s := a.links.Status(); len(s) != 1 || !s[0].Connected {
			t.Errorf("the link is %+v", s)
		}
	})
}

// What is wrong with a directory costs the directory, not the session and not what was held before.
func TestDirectoriesThatCannotBeUsed(t *testing.T) {
	ann := &pb.DirectoryEntry{Name: "Ann", Address: "NET/PO/ANN"}
	digest := func(es ...directory.Entry) []byte { d := directory.Digest(es); return d[:] }
	good := digest(directory.Entry{Name: "Ann", Address: mail.MustAddress("NET/PO/ANN")})
	many := make([]*pb.DirectoryEntry, 1000)
	for i := range many {
		many[i] = ann
	}
	for name, chunks := range map[string][]*pb.DirectoryChunk{
		"a wrong digest":             {{Generation: 7, Entries: []*pb.DirectoryEntry{ann}, Last: true, Digest: make([]byte, 32)}},
		"no digest":                  {{Generation: 7, Entries: []*pb.DirectoryEntry{ann}, Last: true}},
		"no name":                    {{Generation: 7, Entries: []*pb.DirectoryEntry{{Address: "NET/PO/ANN"}}}},
		"a name of two lines":        {{Generation: 7, Entries: []*pb.DirectoryEntry{{Name: "A\nB", Address: "NET/PO/ANN"}}}},
		"no address":                 {{Generation: 7, Entries: []*pb.DirectoryEntry{{Name: "Ann"}}}},
		"another spelling":           {{Generation: 7, Entries: []*pb.DirectoryEntry{{Name: "Ann", Address: "PCM:NET/PO/ANN"}}, Last: true, Digest: good}},
		"one address twice":          {{Generation: 7, Entries: []*pb.DirectoryEntry{ann, ann}, Last: true, Digest: digest(directory.Entry{Name: "Ann", Address: mail.MustAddress("NET/PO/ANN")}, directory.Entry{Name: "Ann", Address: mail.MustAddress("NET/PO/ANN")})}},
		"more than there may be":     slices.Repeat([]*pb.DirectoryChunk{{Generation: 7, Entries: many}}, 66),
		"another generation between": {{Generation: 7, Entries: []*pb.DirectoryEntry{ann}}, {Generation: 8, Last: true, Digest: good}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				p := newPeople()
				e := w.add("macside", func(o *Options) { o.Directory = p }).start()
				defer e.close()
				s, done := newStranger(t, w, "macside")
				defer done()
				st, _, err := s.open(&pb.LinkMarks{})
				must(t, err)
				tell := func(c *pb.DirectoryChunk) {
					must(t, st.Send(&pb.HeartbeatRequest{Kind: &pb.HeartbeatRequest_Directory{Directory: c}}))
				}
				held := func() (directory.List, int) {
					p.mu.Lock()
					defer p.mu.Unlock()
					return p.held[mail.StoreID(s.id.GetStoreId())], p.times
				}
				tell(&pb.DirectoryChunk{Generation: 1, Entries: []*pb.DirectoryEntry{ann}, Last: true, Digest: good})
				for _, c := range chunks {
					tell(c)
				}
				pass(time.Second)
				if l, n := held(); l.Len() != 1 || n != 1 {
					t.Errorf("%d entries are held after %d", l.Len(), n)
				}
				tell(&pb.DirectoryChunk{Generation: 9, Last: true}) // the session goes on, and nobody is left
				pass(time.Second)
				if l, n := held(); l.Len() != 0 || n != 2 {
					t.Errorf("%d entries are held in the end, after %d", l.Len(), n)
				}
			})
		})
	}
}

// A directory that an end has no room for is offered again in the next session, and not before.
func TestDirectoryWithoutRoom(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, pa, pb := withPeople(t, w)
		pa.own, pb.full = persons(t, 3), true
		a.start()
		b.start("pcside")
		defer a.close()
		defer b.close()
		pass(20 * time.Second)
		pb.mu.Lock()
		pb.full = false
		pb.mu.Unlock()
		pass(20 * time.Second)
		if _, n := pb.of(a); n != 0 {
			t.Errorf("it was told %d times", n)
		}
		a.restart()
		knows(t, pb, a, persons(t, 3))
	})
}

// Before an end tells of people it must know what the other one holds: a session that is replaced has no say any more.
func TestReplacedSessionTellsNothing(t *testing.T) {
	p := newPeople()
	l := &Links{o: Options{Directory: p}}
	l.o.setDefaults()
	pr := &peer{l: l, live: &session{}}
	s := &session{l: l, p: pr}
	s.hearDirectory(&pb.DirectoryChunk{Generation: 1, Last: true})
	if p.times != 0 {
		t.Error("a replaced session was heard")
	}
	pr.live = s
	s.hearDirectory(&pb.DirectoryChunk{Generation: 1, Last: true})
	if p.times != 1 {
		t.Error("the live session was not heard")
	}
}

// FuzzDirectory: whatever is told, what is kept has no more than what came, and nothing panics.
func FuzzDirectory(f *testing.F) {
	f.Add("Ann", "NET/PO/ANN", uint64(1), true, []byte{})
	f.Add("", "", uint64(0), false, []byte{1})
	f.Add("Zoë", "zoe@Marketing", uint64(1)<<63, true, make([]byte, 32))
	f.Fuzz(func(t *testing.T, name, address string, generation uint64, last bool, digest []byte) {
		p := newPeople()
		l := &Links{o: Options{Directory: p}}
		l.o.setDefaults()
		pr := &peer{l: l}
		s := &session{l: l, p: pr}
		pr.live = s
		es := []*pb.DirectoryEntry{{Name: name, Address: address}}
		s.hearDirectory(&pb.DirectoryChunk{Generation: generation, Entries: es})
		s.hearDirectory(&pb.DirectoryChunk{Generation: generation, Last: last, Digest: digest})
		for _, held := range p.held {
			for e := range held.All() {
				if e.Name != name || e.Address.String() != address {
					t.Errorf("%q, %q is kept as %v", name, address, e)
				}
			}
		}
	})
}
