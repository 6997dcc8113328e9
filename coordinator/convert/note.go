package convert

import "fmt"

// The kinds of notes: what a person may want to know of a conversion that was done all the same.
const (
	NoteCharset    = "charset"    // characters were replaced
	NoteControl    = "control"    // control characters were replaced
	NoteAddress    = "address"    // an address could not be read
	NoteDate       = "date"       // date or time could not be read
	NotePriority   = "priority"   // an unusual priority letter
	NoteSubject    = "subject"    // a subject was cut
	NoteBody       = "body"       // a text was cut
	NoteRecipients = "recipients" // recipients are listed in the text
	NoteName       = "name"       // the name of an attachment was changed
	NoteFields     = "fields"     // fields of the header have no place
	NoteWinmail    = "winmail"    // WINMAIL.DAT was opened or left out
	NoteContent    = "content"    // an attachment was converted, with a loss, or not, against the table
	NoteResource   = "resource"   // a file with a resource fork travels as MacBinary, against the table
)

// Note is a remark on one field. Its text quotes no address and no content; it may quote names of files.
type Note struct {
	Kind string
	Text string
}

// maxNotes bounds the notes of one conversion; the last one counts the others.
const maxNotes = 20

type notes struct {
	list []Note
	more int
}

func (n *notes) add(kind, format string, args ...any) {
	if len(n.list) == maxNotes-1 {
		n.more++
		return
	}
	n.list = append(n.list, Note{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

func (n *notes) all() []Note {
	if n.more > 0 {
		return append(n.list, Note{Kind: "more", Text: fmt.Sprintf("%d more notes", n.more)})
	}
	return n.list
}

// The reasons of a Refusal, stable.
const (
	ReasonUnreadable = "UNREADABLE"      // the file is damaged
	ReasonOutside    = "OUTSIDE_CONTENT" // content is in a file outside
	ReasonRecipients = "NO_RECIPIENT"    // no recipient can be read
	ReasonTooLarge   = "TOO_LARGE"       // over the size the peer takes
	ReasonContent    = "BAD_CONTENT"     // the content does not fit its message
	ReasonFormat     = "NOT_WRITABLE"    // a field cannot be written in the old format
	ReasonAddress    = "BAD_ADDRESS"     // of a single recipient: it cannot be read
)

// Refusal says that a message cannot be converted, now or ever. Every other error of this package comes from reading or
// writing content, and trying again may help.
type Refusal struct {
	Reason      string // stable
	Explanation string // for a person
}

func (r *Refusal) Error() string { return "convert: " + r.Explanation }

func refuse(reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Explanation: fmt.Sprintf(format, args...)}
}
