package cli

import (
	"context"
	"io"
	"os"

	"sidegate/internal/config"
)

// Program is what makes one program differ from the others.
type Program struct {
	// Name is config.PCSide, config.MacSide or config.Coordinator.
	Name string
	// Serve runs the service until ctx ends or a signal tells it to; signals are its business. The settings are valid.
	// When TLSDir was left out on loopback it is filled in.
	Serve func(ctx context.Context, c *config.Config) error
	// Spool examines spools that no coordinator needs to be running for. At a coordinator only.
	Spool SpoolTool
	// Store checks stores that no service has open.
	Store StoreTool
	// MMFF reads and converts message files. At a coordinator only.
	MMFF MMFFTool
}

// SpoolTool makes and examines spools.
type SpoolTool interface {
	// Init makes the parts of a spool that are missing and returns their paths. What is there stays as it is.
	Init(dir string) (made []string, err error)
	// Check examines a spool and changes nothing in it. The error says why it could not look at all.
	Check(dir string) (SpoolReport, error)
}

// SpoolReport is what a look at a spool found.
type SpoolReport struct {
	Findings []SpoolFinding `json:"findings"`
}

// SpoolFinding is one thing about a spool.
type SpoolFinding struct {
	// Level is ok, note or problem.
	Level string `json:"level"`
	// Path is the file or directory, below the spool's.
	Path string `json:"path"`
	// Text is one sentence.
	Text string `json:"text"`
}

// MMFFTool reads and converts the message files of the old gateway.
type MMFFTool interface {
	// Show reads a file as far as it can be read; what is wrong with it is in the result. The name is the file's base
	// name and only helps to classify it.
	Show(name string, data []byte, o MMFFOptions) MMFFFile
	// ToEML turns every message of a file into RFC 5322 form. Losses say, one line each, what has no place there; of a
	// handshake there is no message, and a loss that says so.
	ToEML(data []byte, o MMFFOptions) (messages [][]byte, losses []string, err error)
	// FromEML turns a message in RFC 5322 form into a file.
	FromEML(data []byte, o MMFFOptions) (file []byte, losses []string, err error)
	// ImportSettings reads MSGATE.INI or MACGATE.INI. Errors name line and column.
	ImportSettings(data []byte) (ImportedSettings, error)
	// Mappings is the table of file types that is in force where a spool has none, as a file.
	Mappings() []byte
	// CheckMappings reads such a file and says how many types it has. Errors name lines.
	CheckMappings(data []byte) (types int, err error)
	// Mailbox begins a mailbox file, the kind called mbox, that messages in RFC 5322 form are added to.
	Mailbox(w io.Writer) MMFFMailbox
}

// MMFFMailbox is a mailbox file being written.
type MMFFMailbox interface {
	// Add adds one message.
	Add(message []byte) error
	// Close ends the file; w is the caller's to close.
	Close() error
}

// MMFFOptions say how message files are written; the words are those of config.Spool.
type MMFFOptions struct {
	// CodePage is the character set of the file.
	CodePage string
	// LineEnd is what FromEML writes.
	LineEnd string
	// Zone is the name of the time zone of DATE and TIME.
	Zone string
}

// MMFFFile is what a message file holds.
type MMFFFile struct {
	// Kind is mail, handshake, incomplete, bad or foreign.
	Kind string `json:"kind"`
	// Messages are those that could be read, wholly or in part.
	Messages []MMFFMessage `json:"messages"`
	// Errors are what is wrong.
	Errors []MMFFError `json:"errors"`
	// Notes are what is odd and was read all the same.
	Notes []MMFFError `json:"notes"`
}

// MMFFMessage is one message of a file, in UTF-8 with \n line ends.
type MMFFMessage struct {
	MessageID   string           `json:"messageId"` // always empty: files carry none
	Sender      string           `json:"sender"`
	Recipients  MMFFRecipients   `json:"recipients"`
	Subject     string           `json:"subject"`
	Date        string           `json:"date"` // as written
	Time        string           `json:"time"` // as written
	Priority    string           `json:"priority"`
	ReadReceipt bool             `json:"readReceipt"`
	SizeBytes   int64            `json:"sizeBytes"`
	Body        string           `json:"body"`
	Attachments []MMFFAttachment `json:"attachments"`
}

// MMFFRecipients are recipients by kind, as written.
type MMFFRecipients struct {
	To  []string `json:"to"`
	Cc  []string `json:"cc"`
	Bcc []string `json:"bcc"`
}

// MMFFAttachment is one enclosed file.
type MMFFAttachment struct {
	FileName  string `json:"fileName"`
	SizeBytes int64  `json:"sizeBytes"`
	Content   []byte `json:"content"`
}

// MMFFError is one fault of a file.
type MMFFError struct {
	// Code is one of the old numbers, such as 141. KB Q85043.
	Code int `json:"code"`
	// Message is the position of the message in the file, from 1.
	Message int `json:"message"`
	// Line is the line in that message, from 1.
	Line int `json:"line"`
	// Text is the fault in the shape of the old programs: "141-1-2 Cannot match token TO (has tail net/po/mailbox)".
	Text string `json:"text"`
}

// Main runs a program with the process's own files, environment and arguments, and returns its exit code.
func Main(p Program, args []string) int {
	return Run(context.Background(), p, System(), args)
}

// Run runs a program and returns its exit code. args begin with the program's own name.
func Run(ctx context.Context, p Program, s Streams, args []string) int {
	a := &app{program: p, streams: s}
	if len(args) == 0 {
		args = os.Args[:1]
	}
	return a.exit(a.root().Run(ctx, args))
}
