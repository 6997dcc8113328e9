package legacypair

import "slices"

// Message is one message of the old gateway, in the words of its file: no charset is known here, strings are bytes of the
// file without their line end.
type Message struct {
	// To, Cc and From are addresses with or without their type: "CSI:NET1/PO1/ADMIN", "MSMAIL:John Chen@Sales" (KB Q94410).
	To, Cc []string
	From   string
	// Date is yyyy-mm-dd and Time hh:mm. Send fills in what is empty (KB Q85057: time of submission).
	Date, Time string
	// Subject and Priority are as in the file. An empty priority writes no line.
	Subject, Priority string
	Attachments       []Attachment
	// Body is written and read as it is, line ends included (KB Q118785: the count covers them).
	Body string

	// Text is the whole file. In a received message it holds the exact bytes that were read. In a message handed to Send it is
	// written in place of everything above, so that a test can send any bytes at all.
	Text []byte
	// Slot is where a received message lay.
	Slot int
}

// Attachment is a file inside a message, known by its position (KB Q118785).
type Attachment struct {
	Name    string
	Content []byte
}

// clone keeps what a caller holds apart from what a half holds.
func (m Message) clone() Message {
	m.To, m.Cc = slices.Clone(m.To), slices.Clone(m.Cc)
	m.Text = slices.Clone(m.Text)
	m.Attachments = slices.Clone(m.Attachments)
	for i := range m.Attachments {
		m.Attachments[i].Content = slices.Clone(m.Attachments[i].Content)
	}
	return m
}

// Notice is mail that a half writes to the person in charge of it. It stays in that person's own network and never enters
// the spool.
type Notice struct {
	// To is "Network Manager" on the Macintosh, "Administrator" on the PC.
	To string
	// Subject is BadIncoming, or OverAge.
	Subject string
	// Text says what is the matter with which file.
	Text string
}

const (
	// BadIncoming is the subject of the notice about a file that went to BADMAIL (KB Q152477).
	BadIncoming = "Bad incoming message file"
	// OverAge is the subject of the notice about a file that lies longer than the aging factor. That there is such a notice
	// is documented (KB Q134757), its wording is not.
	OverAge = "Message waiting too long"
)

// Counters count what a half did since it was made, restarts included.
type Counters struct {
	// Cycles were begun.
	Cycles int
	// Sent messages were given to the spool, Received were taken from it. A message that goes twice counts twice.
	Sent, Received int
	// Handshakes were written, Consumed are those of the other half that were recognised and deleted.
	Handshakes, Consumed int
	// Gated are the cycles in which nothing was written because the own handshake still lay there (KB Q121917).
	Gated int
	// BadMail are files moved to BADMAIL.
	BadMail int
	// Errors are file operations that failed.
	Errors int
	// Deaths are the times the half crashed or was killed.
	Deaths int
}
