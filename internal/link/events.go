package link

import "sidegate/internal/store"

// atOnce bounds the events of one receipt, so that it stays far below what the peer accepts as one message.
const atOnce = 64

func (p *peer) queueTrace(t store.Trace) {
	p.mu.Lock()
	if len(p.events) >= maxEvents {
		p.events = p.events[1:]
	}
	p.events = append(p.events, t)
	p.mu.Unlock()
	p.wakeReceiver()
}

// takeEvents takes some of the events that wait for the peer.
func (p *peer) takeEvents(most int) []store.Trace {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(most, len(p.events))
	es := p.events[:n:n]
	p.events = p.events[n:]
	return es
}

// returnEvents puts back events that could not be sent.
func (p *peer) returnEvents(es []store.Trace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(es, p.events...)
	if over := len(p.events) - maxEvents; over > 0 {
		p.events = p.events[over:]
	}
}

func (p *peer) wakeReceiver() {
	if s := p.session(); s != nil {
		if r := s.receiver(); r != nil {
			r.signal()
		}
	}
}
