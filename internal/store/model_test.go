package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// model is what a store does, in a few maps.
type model struct {
	lanes  map[store.Lane]map[uint64]modelEntry
	last   map[store.Lane]uint64
	boxes  map[string]map[mail.ID]bool // acknowledged
	had    map[string]bool             // box and message, deleted
	alias  map[string]string           // box by alias
	bad    map[string]mail.ID
	bodies map[mail.ID]string
}

type modelEntry struct {
	ID         mail.ID
	Recipients string
	Void       bool
}

func newModel() *model {
	return &model{
		lanes: make(map[store.Lane]map[uint64]modelEntry), last: make(map[store.Lane]uint64), boxes: make(map[string]map[mail.ID]bool),
		had: make(map[string]bool), alias: make(map[string]string), bad: make(map[string]mail.ID), bodies: make(map[mail.ID]string),
	}
}

// kept lists the messages that some place holds.
func (m *model) kept() map[mail.ID]string {
	kept := make(map[mail.ID]string)
	for _, entries := range m.lanes {
		for _, e := range entries {
			if !e.Void {
				kept[e.ID] = m.bodies[e.ID]
			}
		}
	}
	for _, box := range m.boxes {
		for id := range box {
			kept[id] = m.bodies[id]
		}
	}
	for _, id := range m.bad {
		kept[id] = m.bodies[id]
	}
	return kept
}

func (m *model) put(l store.Lane, e modelEntry) {
	if m.lanes[l] == nil {
		m.lanes[l] = make(map[uint64]modelEntry)
	}
	m.last[l]++
	m.lanes[l][m.last[l]] = e
}

// machine runs a store and the model side by side.
type machine struct {
	t      *rapid.T
	engine *storetest.Memory
	s      *store.Store
	m      *model
	n      int
}

var modelLanes = []store.Lane{laneA, "0190a8e4-0000-7000-8000-00000000000c", store.LaneDeferred, store.LaneUnrouted}
var modelBoxes = []mail.Address{ann, bob}
var modelAliases = []mail.Address{mail.MustAddress("OLD/PO/ann"), mail.MustAddress("OLD/PO/bob")}

func (x *machine) do(build func(*store.Tx) error) {
	if err := x.s.Commit(context.Background(), build); err != nil {
		x.t.Fatal(err)
	}
}

func (x *machine) message(t *rapid.T) (*mail.Message, contentText) {
	x.n++
	body := contentText(fmt.Sprintf("%d %s", x.n, rapid.StringN(0, 40, -1).Draw(t, "body")))
	m := &mail.Message{ID: x.s.NewID(), Subject: fmt.Sprint(x.n), Size: body.Size(), BodySize: body.Size(), SHA256: body.SHA256()}
	x.m.bodies[m.ID] = string(body)
	return m, body
}

func (x *machine) Enqueue(t *rapid.T) {
	m, c := x.message(t)
	lanes := rapid.SliceOfNDistinct(rapid.SampledFrom(modelLanes), 1, 3, rapid.ID).Draw(t, "lanes")
	x.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, c); err != nil {
			return err
		}
		for _, l := range lanes {
			if _, err := tx.Enqueue(l, store.Entry{MessageID: m.ID, Recipients: modelBoxes}); err != nil {
				return err
			}
			x.m.put(l, modelEntry{ID: m.ID, Recipients: fmt.Sprint(modelBoxes)})
		}
		return nil
	})
}

func (x *machine) Release(t *rapid.T) {
	l := rapid.SampledFrom(modelLanes).Draw(t, "lane")
	through := rapid.Uint64Range(0, x.m.last[l]).Draw(t, "through")
	var beyond []store.Range
	if through < x.m.last[l] {
		first := rapid.Uint64Range(through+1, x.m.last[l]).Draw(t, "first")
		beyond = append(beyond, store.Range{First: first, Last: rapid.Uint64Range(first, x.m.last[l]).Draw(t, "last")})
	}
	x.do(func(tx *store.Tx) error { _, err := tx.Release(l, through, beyond); return err })
	for seq := range x.m.lanes[l] {
		if seq <= through || len(beyond) > 0 && beyond[0].First <= seq && seq <= beyond[0].Last {
			delete(x.m.lanes[l], seq)
		}
	}
}

func (x *machine) Move(t *rapid.T) {
	from, to := rapid.SampledFrom(modelLanes).Draw(t, "from"), rapid.SampledFrom(modelLanes).Draw(t, "to")
	waiting := slices.DeleteFunc(slices.Sorted(maps.Keys(x.m.lanes[from])), func(seq uint64) bool {
		e := x.m.lanes[from][seq]
		return e.Void || e.Recipients == fmt.Sprint(modelBoxes[:1])
	})
	if len(waiting) == 0 {
		return
	}
	seq := rapid.SampledFrom(waiting).Draw(t, "number")
	e := x.m.lanes[from][seq]
	gone := modelBoxes[1:]
	if rapid.Bool().Draw(t, "all") && e.Recipients == fmt.Sprint(modelBoxes) {
		gone = modelBoxes
	}
	queue := rapid.Bool().Draw(t, "queue")
	x.do(func(tx *store.Tx) error {
		if !queue {
			return tx.Remove(from, seq, gone)
		}
		_, err := tx.Move(from, seq, gone, to, store.Entry{})
		return err
	})
	switch {
	case e.Recipients == fmt.Sprint(modelBoxes) && len(gone) == 1:
		x.m.lanes[from][seq] = modelEntry{ID: e.ID, Recipients: fmt.Sprint(modelBoxes[:1])}
	case from == store.LaneDeferred || from == store.LaneUnrouted:
		delete(x.m.lanes[from], seq)
	default:
		x.m.lanes[from][seq] = modelEntry{Void: true}
	}
	if queue {
		x.m.put(to, modelEntry{ID: e.ID, Recipients: fmt.Sprint(gone)})
	}
}

func (x *machine) Deliver(t *rapid.T) {
	a := rapid.SampledFrom(modelBoxes).Draw(t, "mailbox")
	var id mail.ID
	var m *mail.Message
	var c contentText
	if known := slices.Sorted(maps.Keys(x.m.bodies)); len(known) > 0 && rapid.Bool().Draw(t, "again") {
		id = rapid.SampledFrom(known).Draw(t, "message")
		c = contentText(x.m.bodies[id])
		m = &mail.Message{ID: id, Size: c.Size(), BodySize: c.Size(), SHA256: c.SHA256()}
	} else {
		m, c = x.message(t)
		id = m.ID
	}
	var delivered bool
	to := x.named(t, a)
	x.do(func(tx *store.Tx) error {
		if _, err := tx.AddMailbox(a, nil); err != nil {
			return err
		}
		if err := tx.Keep(m, c); err != nil {
			return err
		}
		var err error
		delivered, err = tx.Deliver(to, id)
		return err
	})
	if x.m.boxes[a.Key()] == nil {
		x.m.boxes[a.Key()] = make(map[mail.ID]bool)
	}
	_, there := x.m.boxes[a.Key()][id]
	had := x.m.had[a.Key()+string(id)]
	if delivered == (there || had) {
		t.Fatalf("delivered %v, although there %v, had %v", delivered, there, had)
	}
	if delivered {
		x.m.boxes[a.Key()][id] = false
	}
}

func (x *machine) Delete(t *rapid.T) {
	a := rapid.SampledFrom(modelBoxes).Draw(t, "mailbox")
	box := x.m.boxes[a.Key()]
	if len(box) == 0 {
		return
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(box))).Draw(t, "message")
	action := rapid.SampledFrom([]string{"acknowledge", "delete", "drop"}).Draw(t, "action")
	a = x.named(t, a)
	x.do(func(tx *store.Tx) (err error) {
		if there, acknowledged, err := tx.Acknowledged(a, id); err != nil || !there || acknowledged != box[id] {
			t.Fatalf("there %v, acknowledged %v, %v; the model says %v", there, acknowledged, err, box[id])
		}
		switch action {
		case "acknowledge":
			_, err = tx.Acknowledge(a, id)
		case "delete":
			_, err = tx.Delete(a, id)
		case "drop":
			err = tx.DropMailbox(a)
		}
		return err
	})
	a = x.box(a)
	switch action {
	case "acknowledge":
		box[id] = true
	case "delete":
		delete(box, id)
		x.m.had[a.Key()+string(id)] = true
	case "drop":
		for id := range box {
			x.m.had[a.Key()+string(id)] = true
		}
		delete(x.m.boxes, a.Key())
		maps.DeleteFunc(x.m.alias, func(_, box string) bool { return box == a.Key() })
	}
}

// named is one of the names of a mailbox.
func (x *machine) named(t *rapid.T, a mail.Address) mail.Address {
	names := []mail.Address{a}
	for _, alias := range modelAliases {
		if x.m.alias[alias.Key()] == a.Key() {
			names = append(names, alias)
		}
	}
	return rapid.SampledFrom(names).Draw(t, "name")
}

// box is the mailbox that a name leads to.
func (x *machine) box(a mail.Address) mail.Address {
	for _, box := range modelBoxes {
		if x.m.alias[a.Key()] == box.Key() {
			return box
		}
	}
	return a
}

func (x *machine) Alias(t *rapid.T) {
	box, alias := rapid.SampledFrom(modelBoxes).Draw(t, "mailbox"), rapid.SampledFrom(modelAliases).Draw(t, "alias")
	add := rapid.Bool().Draw(t, "add")
	had, there := x.m.alias[alias.Key()], x.m.boxes[box.Key()] != nil
	var done bool
	err := x.s.Commit(context.Background(), func(tx *store.Tx) (err error) {
		if add {
			done, err = tx.AddAlias(box, alias)
		} else {
			done, err = tx.RemoveAlias(box, alias)
		}
		return err
	})
	var want error
	switch {
	case !there:
		want = store.ErrNotFound
	case add && had != "" && had != box.Key():
		want = store.ErrTaken
	}
	if !errors.Is(err, want) || done != (want == nil && add == (had != box.Key())) {
		t.Fatalf("add %v of %s to %s, which %q has: %v, %v", add, alias, box, had, done, err)
	}
	switch {
	case done && add:
		x.m.alias[alias.Key()] = box.Key()
	case done:
		delete(x.m.alias, alias.Key())
	}
}

func (x *machine) Bad(t *rapid.T) {
	if len(x.m.bad) > 0 && rapid.Bool().Draw(t, "drop") {
		id := rapid.SampledFrom(slices.Sorted(maps.Keys(x.m.bad))).Draw(t, "bad")
		x.do(func(tx *store.Tx) error { return tx.DropBad(id) })
		delete(x.m.bad, id)
		return
	}
	m, c := x.message(t)
	x.do(func(tx *store.Tx) error {
		if err := tx.Keep(m, c); err != nil {
			return err
		}
		id, err := tx.AddBad(store.Bad{Message: m})
		x.m.bad[id] = m.ID
		return err
	})
}

func (x *machine) Restart(t *rapid.T) {
	if rapid.Bool().Draw(t, "power cut") {
		x.engine = x.engine.Crash()
	} else {
		x.engine = x.engine.Reopen()
	}
	var err error
	if x.s, err = store.Open(x.engine, store.Options{InlineLimit: 20}); err != nil {
		t.Fatal(err)
	}
}

// Check compares everything.
func (x *machine) Check(t *rapid.T) {
	findings, err := x.s.Audit()
	if err != nil || len(findings) > 0 {
		t.Fatalf("audit: %v, %v", findings, err)
	}
	got := newModel()
	for _, l := range modelLanes {
		es, err := x.s.Entries(l, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			me := modelEntry{Void: e.Void}
			if !e.Void {
				me = modelEntry{ID: e.MessageID, Recipients: fmt.Sprint(e.Recipients)}
			}
			if got.lanes[l] == nil {
				got.lanes[l] = make(map[uint64]modelEntry)
			}
			got.lanes[l][e.Seq] = me
		}
		if n := x.s.Lane(l).Assigned; n > 0 {
			got.last[l] = n
		}
	}
	for _, a := range modelBoxes {
		es, err := x.s.MailboxEntries(a, 0, 1000)
		if err != nil {
			continue // no mailbox
		}
		got.boxes[a.Key()] = make(map[mail.ID]bool)
		for _, e := range es {
			got.boxes[a.Key()][e.Message.ID] = e.Acknowledged
		}
	}
	bad, err := x.s.BadMail("", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		got.bad[b.ID] = b.Message.ID
	}
	for _, alias := range modelAliases {
		if info, err := x.s.Mailbox(alias); err == nil {
			got.alias[alias.Key()] = info.Address.Key()
		}
	}
	got.bodies, got.had = x.m.bodies, x.m.had
	drop := cmpopts.IgnoreMapEntries(func(_ store.Lane, v map[uint64]modelEntry) bool { return len(v) == 0 })
	if diff := cmp.Diff(x.m, got, cmp.AllowUnexported(model{}), drop); diff != "" {
		t.Fatalf("store differs from the model (-model +store):\n%s", diff)
	}
	kept := x.m.kept()
	for id, body := range x.m.bodies {
		c, err := x.s.Content(id)
		if _, held := kept[id]; held != (err == nil) {
			t.Fatalf("message %s: held %v, %v", id, held, err)
		}
		if err == nil && readAll(t, c) != body {
			t.Fatalf("content of %s differs", id)
		}
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &machine{t: t, engine: storetest.NewMemory(), m: newModel()}
		x.s, _ = store.Open(x.engine, store.Options{InlineLimit: 20})
		t.Repeat(map[string]func(*rapid.T){
			"enqueue": x.Enqueue, "release": x.Release, "move": x.Move, "deliver": x.Deliver, "delete": x.Delete, "bad": x.Bad, "alias": x.Alias,
			"restart": x.Restart, "": x.Check,
		})
	})
}

// contentText is content that is no draft.
type contentText string

func (c contentText) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(c))), nil
}
func (c contentText) Size() int64      { return int64(len(c)) }
func (c contentText) SHA256() [32]byte { return sha256.Sum256([]byte(c)) }

func readAll(t *rapid.T, c mail.Content) string {
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
