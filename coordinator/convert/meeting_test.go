package convert

import (
	"encoding/binary"
	"strings"
	"testing"
)

// requestOf is WINMAIL.DAT of a message of some class, with files.
func requestOf(class string, files ...file) string {
	content := class + "\x00"
	head := binary.LittleEndian.AppendUint32([]byte{1, 0x08, 0x80, 7, 0}, uint32(len(content)))
	var sum uint16
	for _, c := range []byte(content) {
		sum += uint16(c)
	}
	whole := winmail(files...)
	return whole[:6] + string(head) + content + string(binary.LittleEndian.AppendUint16(nil, sum)) + whole[6:]
}

// TestMeetingRequests: KB Q109445. A request keeps its class for whoever reads it, its text, and its files. Towards the PC half,
// where files in a request could not be reached, one that has files is written as a note with files; one without stays the
// request it was.
func TestMeetingRequests(t *testing.T) {
	const class = "IPM.Microsoft Schedule.MtgReq"
	for _, c := range []struct {
		name      string
		data      []byte
		class     string
		files     int
		verbatims string // towards pc and mac
	}{
		{"with a file", enclosing(file{"WINMAIL.DAT", requestOf(class, file{"PLAN.TXT", "plan"})}), class, 1, "false false"},
		{"without files", enclosing(file{"WINMAIL.DAT", requestOf(class)}), class, 0, "true false"},
		{"an answer, in the words of Exchange", enclosing(file{"WINMAIL.DAT", requestOf("IPM.Schedule.Meeting.Resp.Pos", file{"PLAN.TXT", "plan"})}), "IPM.Schedule.Meeting.Resp.Pos", 1, "false false"},
		{"a note", enclosing(file{"WINMAIL.DAT", requestOf("IPM.Microsoft Mail.Note", file{"PLAN.TXT", "plan"})}), "", 1, "true false"},
		{"no WINMAIL.DAT", enclosing(file{"PLAN.TXT", requestOf(class)}), "", 1, "true true"},
	} {
		var verbatims []string
		for _, peer := range []Dialect{PC(), Mac()} {
			conv := converter(peer)
			in, content := read(t, conv, c.data)
			if got := meeting(in.Message); got != c.class || len(in.Message.Attachments) != c.files {
				t.Errorf("%s: class %q and %d files", c.name, got, len(in.Message.Attachments))
			}
			f := write(t, conv, delivery(in, content))
			verbatims = append(verbatims, map[bool]string{true: "true", false: "false"}[f.Verbatim])
			if f.Verbatim {
				continue
			}
			out := written(t, conv, delivery(in, content))
			if got := strings.Contains(string(out.Body), "Kind: "+c.class+"\r\n"); got != (c.class != "") {
				t.Errorf("%s, %s: the text is\n%s", c.name, peer.Name, out.Body)
			}
			if len(out.Attachments) != c.files || len(out.Fields) > 0 || strings.Contains(string(f.Data), classField) {
				t.Errorf("%s, %s: the file is\n%q", c.name, peer.Name, f.Data)
			}
		}
		if got := strings.Join(verbatims, " "); got != c.verbatims {
			t.Errorf("%s: verbatim %s, want %s", c.name, got, c.verbatims)
		}
	}
}
