package convert

import (
	"slices"
	"strings"

	"sidegate/coordinator/convert/tnef"
	"sidegate/internal/mail"
)

// Meeting requests of Schedule+ cross as text and files (KB Q107205). No field of the files is known that says that a message
// is one; WINMAIL.DAT says it, where a Windows client has added it.

// classField is the kept field with the class of a message. It is for readers of the message and stands in no file.
const classField = "MESSAGE-CLASS"

// meetings are how the classes of requests and answers begin, in the old names and in those of Exchange.
var meetings = []string{"IPM.Microsoft Schedule.", "IPM.Schedule.Meeting."}

// form keeps the class of a meeting request.
func (h header) form(m *mail.Message) {
	for _, a := range h.m.Attachments {
		if !isWinmail(a) {
			continue
		}
		class := tnef.Class(a.Content)
		for _, prefix := range meetings {
			if len(class) > len(prefix) && strings.EqualFold(class[:len(prefix)], prefix) {
				h.keep(m, classField, class)
				return
			}
		}
	}
}

// meeting is the class of a meeting request, empty for every other message.
func meeting(m *mail.Message) string {
	for _, f := range m.Legacy {
		if f.Name == classField {
			return line(string(f.Value))
		}
	}
	return ""
}

// hidesFiles reports whether the peer would show a message as it stands in its file without what is enclosed: Windows clients
// cannot reach files in a meeting request (KB Q109445). It is then written new, as a note with files.
func (c *Converter) hidesFiles(m *mail.Message) bool {
	return c.options.Peer.Names == DOSNames && meeting(m) != "" && slices.ContainsFunc(m.Attachments, func(a mail.Attachment) bool {
		return !strings.EqualFold(strings.TrimSpace(a.Name), winmailName)
	})
}
