package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// scanLoop looks at everything now and then. Change events of the volume would only be a hint, and none come from other
// machines; polling is the truth.
func (s *Spool) scanLoop(ctx context.Context) error {
	var saved, swept time.Time
	for {
		if err := s.scan(ctx); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(saved) >= time.Minute {
			saved = now
			if err := s.saveAges(ctx); err != nil {
				return err
			}
		}
		if now := time.Now(); now.Sub(swept) >= time.Hour {
			swept = now
			if err := s.sweep(ctx); err != nil {
				return err
			}
		}
		wake(s.toRead)
		wake(s.toWrite)
		// The jitter is upwards only, so that two scans are never closer than stability asks.
		if !sleep(ctx, s.o.Scan+rand.N(s.o.Scan/10+1)) {
			return nil
		}
	}
}

// scan looks once at all directories, proves that they are the right ones, and acts on what it saw.
func (s *Spool) scan(ctx context.Context) error {
	start := time.Now()
	look, err := s.look()
	if err != nil {
		s.shareFailed("scan", err)
		return nil
	}
	s.shareWorks(start)
	for i, b := range s.in {
		b.see(look.in[i], start)
		if err := b.greet(ctx); err != nil {
			return err
		}
	}
	if s.out != nil {
		if err := s.out.see(ctx, look.out, start); err != nil {
			return err
		}
	}
	if err := s.bad.see(ctx, look.bad); err != nil {
		return err
	}
	s.watchLogs(look.logs)
	if s.out != nil {
		if err := s.out.own(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.scans++
	s.watchHalf()
	s.changed()
	return nil
}

// oneCycle is within what time a half that has begun to take files takes all it sees.
const oneCycle = time.Minute

// watchHalf notes of every file of ours since when the half is known to have come round and left it lying. s.mu is held.
func (s *Spool) watchHalf() {
	if s.out == nil {
		return
	}
	now, sign := time.Now(), s.alive()
	for _, e := range s.out.entries {
		if e.State == entryPublished && e.passed.IsZero() && sign.After(now.Add(oneCycle-e.age(now))) {
			e.passed = now
		}
	}
}

// glance is what one scan saw.
type glance struct {
	in   [][]Entry
	out  []Entry
	bad  []Entry
	logs map[string]int64
}

var errPlace = errors.New("this is not the directory it was")

// look lists the directories and proves their identity afterwards: the marker is read again, and each directory is the
// one it was. What was listed counts only then.
func (s *Spool) look() (glance, error) {
	var g glance
	if err := s.fs.Refresh(); err != nil {
		return g, err
	}
	for _, b := range s.in {
		entries, err := s.timed(b.name, b.dir)
		if err != nil {
			return g, err
		}
		g.in = append(g.in, entries)
	}
	var err error
	if s.out != nil {
		if g.out, err = s.timed(s.out.name, s.out.dir); err != nil {
			return g, err
		}
	}
	if g.bad, err = s.timed("BADMAIL", s.bad.dir); err != nil {
		return g, err
	}
	g.logs = s.lookLogs()
	return g, s.prove()
}

func (s *Spool) prove() error {
	marker, err := readMarker(s.fs)
	if err != nil {
		return err
	}
	if marker != s.marker {
		return fmt.Errorf("%s: %w: its marker is %s instead of %s", s.fs.Path("."), errPlace, marker, s.marker)
	}
	for _, dir := range []string{s.layout.MacToPC, s.layout.PCToMac} {
		e, err := s.fs.Lstat(dir)
		if err != nil {
			return err
		}
		if !e.Mode.IsDir() {
			return fmt.Errorf("%s: %w: it is no directory", s.fs.Path(dir), errPlace) // KB Q164858
		}
		s.place(dir, e)
	}
	return nil
}

// place notices when a mail directory was replaced by another one: what is missing in it was not consumed.
func (s *Spool) place(dir string, e Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil || dir != s.out.dir || !s.volume.ids {
		return
	}
	if s.out.id != 0 && s.out.id != e.ID {
		s.out.replaced = true
		s.out.lose()
	}
	s.out.id = e.ID
}
