package legacypair

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// maxHandshake is how large a handshake can be.
const maxHandshake = 512

// idle writes a handshake into the lowest free slot if the aging factor asks for one and there is no mail whose age could
// be watched (KB Q121917, Q152477).
func (h *half) idle(free []int) {
	if h.o.Aging <= 0 || h.pending != "" || len(free) < h.o.Slots {
		return
	}
	slot := free[0]
	h.put(slot, handshakeText(h.o.Handshake, h.o.EOL), func() {
		h.count.Handshakes++
		h.pending = h.spell(slot, "MSG")
	})
}

// handshakeText makes the bytes of one.
func handshakeText(s Shape, eol string) []byte {
	switch s {
	case ShapeVersion:
		return []byte("VERSION:3.00" + eol)
	case ShapeHeader:
		return []byte("VERSION:3.00" + eol + "FROM:CSI:MACNET/MACPO/GATEWAY" + eol + "TEXT:0" + eol)
	case ShapeMarker:
		return []byte("HANDSHAKE" + eol)
	}
	return nil
}

// isHandshake recognises all the shapes, and any header of known tokens without recipient and content. The old program
// recognised by content or size, for the name is that of any message (KB Q152477).
func isHandshake(data []byte) bool {
	if len(data) > maxHandshake {
		return false
	}
	lines := strings.FieldsFunc(string(bytes.Trim(data, " \x1a\x00")), func(r rune) bool { return r == '\r' || r == '\n' })
	if len(lines) == 1 && lines[0] == "HANDSHAKE" {
		return true
	}
	for i, line := range lines {
		token, tail, ok := strings.Cut(strings.ToUpper(line), ":")
		if !ok || (i == 0) != (token == "VERSION") {
			return false
		}
		switch token {
		case "VERSION", "FROM", "DATE", "TIME", "SUBJECT", "PRIORITY":
		case "TEXT":
			return strings.TrimSpace(tail) == "0" && i == len(lines)-1
		default:
			return false
		}
	}
	return true
}

// watch writes a notice, once, about each file of ours that lies longer than the aging factor (KB Q134757). The old
// program compared file times with its clock, this one counts from when it first saw the file waiting.
func (h *half) watch() {
	if h.o.Aging <= 0 {
		return
	}
	names, err := h.fs.List(h.p.out)
	if err != nil {
		h.fail("listing", h.p.out, err)
		return
	}
	now := h.o.Now()
	waiting := map[string]time.Time{}
	for _, name := range names {
		if _, ext, ok := slotOf(name); !ok || ext != "MSG" {
			continue
		}
		since, known := h.first[fold(name)]
		switch {
		case !known:
			since = now
		case !since.IsZero() && now.Sub(since) > h.o.Aging:
			h.tell(OverAge, fmt.Sprintf("%s has been waiting in %s since %s", name, h.p.out, since.Format("2006-01-02 15:04")))
			since = time.Time{}
		}
		waiting[fold(name)] = since
	}
	h.first = waiting
}
