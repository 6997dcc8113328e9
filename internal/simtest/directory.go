package simtest

import (
	"context"
	"fmt"
	"slices"

	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// register is the directory of an end. Each life imports a list of its own, in place of the one before. What was answered is
// there in the next life, and what was not is there whole or not at all.
type register struct {
	answered int // life whose import was answered
	tried    int // life that imported last
}

// everyone covers whatever was imported.
var everyone = mail.MustPattern("*")

// peopleOf is the list that a life of an end imports; it differs in length, names and addresses from those of others.
func peopleOf(end string, life int) []directory.Entry {
	var out []directory.Entry
	for i := range 20 + life%7 {
		out = append(out, directory.Entry{
			Name:    fmt.Sprintf("Person %d of %s, life %d", i, end, life),
			Address: mail.Address{Type: mail.TypeMac, Value: fmt.Sprintf("p%d@%s", i+life%3, end)},
		})
	}
	return out
}

// people imports the list of a life, after a look at what the lives before have left.
func (l *life) people(ctx context.Context) {
	e, book := l.e, l.end.Directory
	found := -1
	for _, life := range []int{e.register.answered, e.register.tried} {
		var was []directory.Entry
		if life > 0 {
			was = peopleOf(e.name, life)
		}
		if now, err := directory.NewList(was); err == nil && now.Equal(book.Imported()) {
			found = life
		}
	}
	if found < 0 {
		e.w.accuse("%s, life %d: the directory is that of no life: neither of %d, which was answered, nor of %d, which was tried last",
			e.name, l.number, e.register.answered, e.register.tried)
	}
	steps := []directory.Step{{Replace: &everyone}}
	for _, p := range peopleOf(e.name, l.number) {
		steps = append(steps, directory.Step{Put: &p})
	}
	if found > 0 {
		e.register.answered = found
	}
	e.register.tried = l.number
	if _, _, err := book.Import(ctx, steps, false); err != nil {
		e.w.note("%s: directory: %v", e.name, err)
		return
	}
	if l.alive.Load() {
		e.register.answered = l.number
	}
}

// strangers says which end does not know the people of one it is linked with, if any does not.
func (w *world) strangers() string {
	for _, name := range order {
		e := w.ends[name].running()
		if e == nil {
			return name + " does not run"
		}
		for _, link := range e.Links.Status() {
			peer := w.ends[link.Peer]
			if peer == nil || !link.Connected {
				continue
			}
			other := peer.running()
			if other == nil || other.Store.ID() != link.StoreID {
				continue
			}
			if e.Directory.Held(link.StoreID) != directory.Digest(slices.Collect(other.Directory.Own().All())) {
				return fmt.Sprintf("%s does not know the people of %s", name, link.Peer)
			}
		}
	}
	return ""
}
