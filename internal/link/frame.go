package link

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	"sidegate/internal/store"
	"sidegate/internal/wire"
	pb "sidegate/proto/sidegate/v1"
)

// packer fills one frame.
type packer struct {
	frame *pb.Frame
	room  int
}

// overhead is what an entry costs in a frame beyond its own encoding, at most; also what content adds to a begin
// beyond its bytes.
const overhead = 16

func (p *packer) add(e *pb.FrameEntry, size int) {
	p.frame.Entries = append(p.frame.Entries, e)
	p.room -= size + overhead
}

// outgoing is a delivery on its way.
type outgoing struct {
	entry   store.Entry
	begin   *pb.DeliveryBegin // nil once it was sent
	header  int               // encoded size of begin without content
	content io.ReadCloser
	left    int64 // bytes of content not sent yet
}

// fill makes the next frame, or none if nothing can be sent now.
func (w *sender) fill() (*pb.Frame, error) {
	p := &packer{frame: &pb.Frame{}, room: MaxFrame}
	w.packVoids(p)
	for p.room > overhead {
		if w.cur == nil {
			more, err := w.next(p)
			if err != nil {
				return nil, err
			}
			if !more {
				break
			}
			continue
		}
		more, err := w.pack(p)
		if err != nil {
			if err = w.spoiled(p, err); err != nil {
				return nil, err
			}
			continue
		}
		if !more {
			break
		}
	}
	if len(p.frame.Entries) == 0 {
		return nil, nil
	}
	p.frame.DurableThrough, _, _ = w.figures() // only what is durable is ever sent
	return p.frame, nil
}

// packVoids ends exceptions. That needs no credit, or nothing would ever move again once there are too many.
func (w *sender) packVoids(p *packer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.voids) > 0 && p.room > overhead {
		p.add(void(w.voids[0]), overhead)
		w.voids = w.voids[1:]
	}
}

func void(seq uint64) *pb.FrameEntry {
	return &pb.FrameEntry{Kind: &pb.FrameEntry_Void{Void: &pb.Void{Sequence: seq}}}
}

// next deals with the next entry: a void goes into the frame, a delivery becomes current. It reports false when there
// is none, or no credit for it.
func (w *sender) next(p *packer) (bool, error) {
	messages, _ := w.credit()
	if messages == 0 {
		return false, nil
	}
	if len(w.entries) == 0 {
		if err := w.load(messages); err != nil || len(w.entries) == 0 {
			return false, err
		}
	}
	e := w.entries[0]
	w.entries = w.entries[1:]
	if within(w.held, e.Seq) {
		w.last = e.Seq
		return true, nil
	}
	if !e.Void {
		err := w.open(e)
		if err == nil {
			w.last = e.Seq
			return true, nil
		}
		if err := w.setAside(e, err); err != nil {
			return false, err
		}
	}
	w.last = e.Seq
	w.charge(1, 0, e.Seq)
	p.add(void(e.Seq), overhead)
	return true, nil
}

// open makes a delivery current.
func (w *sender) open(e store.Entry) error {
	st := w.s.l.o.Store
	m, err := st.Message(e.MessageID)
	if err != nil {
		return err
	}
	o := &outgoing{entry: e, left: m.Size}
	o.begin = &pb.DeliveryBegin{Sequence: e.Seq, Message: wire.Message(m), Recipients: wire.Addresses(e.Recipients)}
	if o.header = proto.Size(o.begin); o.header > maxHeader {
		return fmt.Errorf("its header has %d bytes, a link takes at most %d: %w", o.header, maxHeader, store.ErrCorrupt)
	}
	if o.content, err = st.ContentOf(m).Open(); err != nil {
		return err
	}
	w.cur = o
	return nil
}

// pack adds as much of the current delivery as there is room and credit for. It reports false when that is nothing.
func (w *sender) pack(p *packer) (bool, error) {
	o := w.cur
	messages, bytes := w.credit()
	if o.begin != nil {
		if messages < 1 || bytes < o.header+overhead || o.header+overhead > p.room && len(p.frame.Entries) > 0 {
			return false, nil
		}
		data, err := o.read(min(max(0, p.room-o.header-2*overhead), bytes-o.header-overhead))
		if err != nil {
			return false, err
		}
		o.begin.Content = data
		size := proto.Size(o.begin)
		w.charge(1, size, o.entry.Seq)
		p.add(&pb.FrameEntry{Kind: &pb.FrameEntry_Begin{Begin: o.begin}}, size)
		o.begin = nil
	} else {
		n := min(p.room-overhead, bytes)
		if n <= 0 {
			return false, nil
		}
		data, err := o.read(n)
		if err != nil {
			return false, err
		}
		w.charge(0, len(data), o.entry.Seq)
		p.add(&pb.FrameEntry{Kind: &pb.FrameEntry_Chunk{Chunk: &pb.ContentChunk{Data: data}}}, len(data))
	}
	if o.left == 0 {
		w.closeContent()
	}
	return true, nil
}

// read reads the next at most n bytes of content. With the last of them it reads on to the end, where the hash is
// checked.
func (o *outgoing) read(n int) ([]byte, error) {
	data := make([]byte, min(int64(n), o.left))
	if _, err := io.ReadFull(o.content, data); err != nil {
		return nil, fmt.Errorf("content ends early: %w", err)
	}
	if o.left -= int64(len(data)); o.left > 0 {
		return data, nil
	}
	if n, err := o.content.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errors.Join(errors.New("content does not end where it should"), err)
	}
	return data, nil
}

func (w *sender) closeContent() {
	if w.cur != nil {
		w.cur.content.Close()
		w.cur = nil
	}
}

// spoiled drops the current delivery, whose content cannot be read, and ends its number with a void: out of its order
// if it was begun.
func (w *sender) spoiled(p *packer, why error) error {
	o := w.cur
	w.closeContent()
	if err := w.setAside(o.entry, why); err != nil {
		return err
	}
	if o.begin != nil {
		w.charge(1, 0, o.entry.Seq)
	}
	p.add(void(o.entry.Seq), overhead)
	return nil
}
