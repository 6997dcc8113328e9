package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"sidegate/internal/mail"
	"sidegate/internal/route"
)

// announcementsTable holds one record per peer: what it announced last, under the UUID of its store.
const announcementsTable = "announcements"

// remembered is an announcement as a record.
type remembered struct {
	End             string   `json:"end"`
	Order           int      `json:"order"`
	Generation      uint64   `json:"generation"`
	Patterns        []string `json:"patterns"`
	Except          []string `json:"except,omitempty"`
	MaxMessageBytes int64    `json:"maxMessageBytes,omitempty"`
}

func (in *Intake) loadAnnouncements() {
	err := in.store.Records(announcementsTable, func(peer string, value []byte) bool {
		a, err := parseRemembered(mail.StoreID(peer), value)
		if err != nil {
			in.log.Warn("a remembered announcement cannot be read and is left out", "peer", peer, "error", err)
			return true
		}
		in.o.Routes.Load(a)
		return true
	})
	if err != nil {
		in.log.Error("remembered announcements cannot be read", "error", err)
	}
}

// saveAnnouncements writes what changed since it was written last.
func (in *Intake) saveAnnouncements(ctx context.Context) error {
	changed := map[string][]byte{}
	for _, a := range in.o.Routes.Announcements() {
		value, err := json.Marshal(remember(a))
		if err != nil {
			return fmt.Errorf("intake: remember the announcement of %s: %w", a.Peer, err)
		}
		old, err := in.store.Record(announcementsTable, string(a.Peer))
		if err != nil || !bytes.Equal(old, value) {
			changed[string(a.Peer)] = value
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return in.commit(ctx, "move", true, func(w *work) error {
		for _, a := range in.o.Routes.Announcements() { // a peer that was given up meanwhile is not in there any more
			if value := changed[string(a.Peer)]; value != nil {
				w.tx.Put(announcementsTable, string(a.Peer), value)
			}
		}
		return nil
	})
}

func remember(a route.Announcement) remembered {
	r := remembered{End: a.End, Order: a.Order, Generation: a.Generation, MaxMessageBytes: a.MaxMessageBytes}
	for _, p := range a.Patterns {
		r.Patterns = append(r.Patterns, p.String())
	}
	for _, key := range sortedKeys(a.Except) {
		if a.Except[key] {
			r.Except = append(r.Except, key)
		}
	}
	return r
}

func parseRemembered(peer mail.StoreID, value []byte) (route.Announcement, error) {
	var r remembered
	if err := json.Unmarshal(value, &r); err != nil {
		return route.Announcement{}, err
	}
	a := route.Announcement{
		Peer: peer, End: r.End, Order: r.Order, Generation: r.Generation, MaxMessageBytes: r.MaxMessageBytes,
		Except: map[string]bool{},
	}
	for _, text := range r.Patterns {
		p, err := mail.ParsePattern(text)
		if err != nil {
			return route.Announcement{}, err
		}
		a.Patterns = append(a.Patterns, p)
	}
	for _, key := range r.Except {
		a.Except[key] = true
	}
	return a, nil
}
