package link

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	pb "sidegate/proto/sidegate/v1"
)

// goodbyeTimeout is how long an end waits for its goodbye to be taken.
const goodbyeTimeout = time.Second

// beats keeps a session's heartbeat until the session ends, and returns why it did.
func (s *session) beats(st pulseStream) error {
	spoken, listened := make(chan struct{}), make(chan struct{})
	s.spawn(func() error { defer close(listened); return s.listen(st) })
	s.spawn(func() error { defer close(spoken); return s.speak(st) })
	s.watch()
	wait := time.NewTimer(goodbyeTimeout)
	defer wait.Stop()
	select {
	case <-spoken:
	case <-wait.C:
	}
	// Who dialled gives the stream up with its return, and what is still on the way with it; and the other streams may tell
	// that they are given up before the goodbye is heard.
	if cause := fromStatus(context.Cause(s.ctx)); brokeOff(cause) || errors.Is(cause, errStopping) {
		select {
		case <-listened:
		case <-wait.C:
		}
	}
	return context.Cause(s.ctx)
}

// watch ends the session when the peer is silent, or does not hear us: a black hole in either direction shows here
// even if TCP looks well.
func (s *session) watch() {
	tick := time.NewTicker(s.l.o.Beat)
	defer tick.Stop()
	planned := time.Now().Add(s.l.o.Beat)
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if late := now.Sub(planned); late > 2*s.l.o.Beat {
			s.forgive(now) // it was this process that slept, the beats wait in its buffers
		}
		planned = now.Add(s.l.o.Beat)
		heard, confirmed := s.silence(now)
		switch {
		case heard >= s.l.o.Down:
			s.end(refuse(codes.Unavailable, ReasonSilent, "no beat for %s", heard.Round(time.Second)))
		case confirmed >= s.l.o.Down+2*s.l.o.Beat:
			s.end(refuse(codes.Unavailable, ReasonSilent, "the peer has not heard a beat for %s", confirmed.Round(time.Second)))
		}
	}
}

func (s *session) silence(now time.Time) (heard, confirmed time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.heard), now.Sub(s.confirmed)
}

func (s *session) forgive(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard, s.confirmed = now, now
}

// listen takes what the peer says on the heartbeat stream.
func (s *session) listen(st pulseStream) error {
	for {
		p, err := st.Recv()
		if err != nil {
			return err
		}
		switch {
		case p.beat != nil:
			s.hearBeat(p.beat)
		case p.announcement != nil:
			if err := s.hearAnnouncement(p.announcement); err != nil {
				return err
			}
		case p.directory != nil:
			s.hearDirectory(p.directory)
		case p.goodbye != nil:
			return s.hearGoodbye(p.goodbye)
		}
	}
}

// hearGoodbye ends the session, and is why it ended even if it did before.
func (s *session) hearGoodbye(g *pb.Goodbye) error {
	err := refuse(codes.Unavailable, ReasonStopping, "the peer said goodbye: %s", clip(g.GetReason(), maxText))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.farewell = err
	return err
}

func (s *session) hearBeat(b *pb.Beat) {
	now := time.Now()
	s.mu.Lock()
	s.heard, s.theirBeat = now, b.GetSequence()
	var roundTrip time.Duration
	if n := b.GetEcho(); n > 0 && n <= s.ourBeat && s.ourBeat-n < uint64(len(s.sentAt)) {
		if sent := s.sentAt[n%uint64(len(s.sentAt))]; sent.After(s.confirmed) {
			s.confirmed = sent
			roundTrip = now.Sub(sent)
		}
	}
	s.mu.Unlock()
	s.p.mu.Lock()
	s.p.beat, s.p.heard = b, now
	if b.GetProofAge() != nil {
		s.p.proof = now.Add(-age(b.GetProofAge()))
	}
	if s.dialled && roundTrip > 0 { // the listening end answers at once, so that only here it is the way that counts
		s.p.roundTrip = roundTrip
	}
	s.p.mu.Unlock()
	if !s.dialled {
		select {
		case s.answer <- struct{}{}:
		default:
		}
	}
}

// speak says what is to be said on the heartbeat stream. The end that dialled beats by its clock; the other one
// answers every beat at once, which measures the way, and beats by its own clock when there is none to answer.
func (s *session) speak(st pulseStream) error {
	every := s.l.o.Beat
	if !s.dialled {
		every += every / 2
	}
	planned := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	announced := s.announcement()
	s.watchDirectory()
	for {
		var late time.Duration
		select {
		case <-s.ctx.Done():
			return s.sayGoodbye(st)
		case <-announced:
			announced = s.announcement()
			if err := s.announce(st); err != nil {
				return err
			}
			continue
		case <-s.telling.changed:
			s.watchDirectory()
			continue
		case <-s.toTell():
			if err := s.tellOn(st); err != nil {
				return err
			}
			continue
		case <-s.answer:
			if time.Until(planned) > every-s.l.o.Beat/4 {
				continue // beats come faster than any clock of ours
			}
		case <-timer.C:
			late = time.Since(planned)
		}
		if err := st.Send(pulse{beat: s.beat(late)}); err != nil {
			return err
		}
		planned = time.Now().Add(every)
		timer.Reset(every)
		s.beginTelling()
	}
}

func (s *session) sayGoodbye(st pulseStream) error {
	if errors.Is(context.Cause(s.ctx), errStopping) {
		return st.Send(pulse{goodbye: &pb.Goodbye{Reason: s.l.o.End + " is shutting down"}})
	}
	return nil
}
