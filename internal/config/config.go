package config

import (
	"path/filepath"
	"time"
	_ "time/tzdata" // --spool-zone works in an image without zone files

	"sidegate/coordinator/legacylog"
	"sidegate/coordinator/timetable"
	"sidegate/internal/identity"
	"sidegate/internal/mail"
)

// The programs.
const (
	PCSide      = "pcside"
	MacSide     = "macside"
	Coordinator = "coordinator"
)

// Programs lists the programs, in the order of their ports.
func Programs() []string { return []string{PCSide, MacSide, Coordinator} }

// Config is what one program is told. Make one with Default or Load; Validate says whether it can be run.
type Config struct {
	// Program is pcside, macside or coordinator.
	Program string

	// Name is the end's name in states, traces and hops. Two coordinators need two names.
	Name string
	// Data is the directory of the durable store. It is made when it is missing.
	Data string
	// Renew is the identity of a store that came back from an older copy: with it, it takes a new one at the start. A store
	// that has another identity is left as it is. Empty for none.
	Renew string
	// Listen is HOST:PORT of the gRPC server.
	Listen string
	// HTTP is HOST:PORT of the status page, metrics and probes; empty for none.
	HTTP string
	// HTTPTokenFile names a file with the token that the status page wants from callers beyond loopback; empty: they
	// get nothing but /metrics, /livez, /readyz and /version.
	HTTPTokenFile string

	// Peers are the ends this one dials.
	Peers []Peer
	// AcceptPeers are the URIs of the ends that may dial this one.
	AcceptPeers []string
	// Serves are the addresses that are at home here; for a coordinator, those behind its spool.
	Serves []mail.Pattern
	// Pins send addresses to an end whatever it announces. The first that matches decides.
	Pins []Pin
	// AutoMailbox makes a mailbox when the first message for an address within Serves arrives.
	AutoMailbox bool

	// Receipts is auto, or never: whether a side writes the read receipts that senders wish.
	Receipts string
	// ReportWording is old or plain: whose words reports and receipts are in.
	ReportWording string
	// NoticesTo is who gets mail about what is wrong here; the zero value is nobody.
	NoticesTo mail.Address
	// FaxFiles is refuse, warn or any: what becomes of mail to FAX addresses with files that a fax gateway cannot send.
	FaxFiles string

	// TLSDir is the directory of certificates (see package identity). Empty: InsecureDev, or the local authority of
	// LocalPKI when every address is loopback.
	TLSDir string
	// InsecureDev is plaintext, and everybody is everybody. Refused unless every address is loopback.
	InsecureDev bool
	// Mappings give roles to spiffe URIs.
	Mappings identity.Mapping

	// LogFormat is text or json.
	LogFormat string
	// LogLevel is trace, debug, info, warn or error.
	LogLevel string

	// MaxMessageBytes is the most content one message may have.
	MaxMessageBytes int64
	// MaxRecipients is the most recipients a submission may have.
	MaxRecipients int
	// Retention is how long traces, request IDs and the like of finished messages are kept, in running time.
	Retention time.Duration
	// IDMemory is the most bytes that the memory of request IDs and deleted messages may take; beyond it the oldest go early.
	IDMemory int64
	// Lifetime is how long a message may wait before it goes back to its sender.
	Lifetime time.Duration
	// RetainSent is how long the numbers of sent messages are remembered after their receipt, to name what a peer lacks that
	// was restored from an older copy.
	RetainSent time.Duration
	// DrainTimeout bounds an orderly shutdown.
	DrainTimeout time.Duration

	// RunTime is how long the service runs before it ends in good order; 0 for until it is told to stop.
	RunTime time.Duration

	// Heartbeat is the time between two beats on a link.
	Heartbeat time.Duration
	// Late is how long after the last beat a direction is called late.
	Late time.Duration
	// Down is how long after the last beat a direction is called down.
	Down time.Duration

	// Spool is what only a coordinator has. It is the zero value elsewhere.
	Spool Spool

	origin  map[string]string // where a setting's value came from, by key
	sources Sources           // for Reload
}

// Spool is what a coordinator is told about its spool.
type Spool struct {
	// Dir is the old MACGATE directory.
	Dir string
	// Role is pc, mac or drain: which half the coordinator is on this spool.
	Role string
	// Init makes the missing parts of the spool at the start.
	Init bool
	// Adopt takes over a spool that another data directory has owned.
	Adopt bool
	// Zone is the time zone of DATE and TIME in the files.
	Zone *time.Location
	// Aging is the old aging factor: how long a handshake of ours may stay before it counts as stuck; 0: write none.
	Aging time.Duration
	// BlockingFactor is the number of slots per direction, 1 to 99. KB Q117580.
	BlockingFactor int
	// Scan is the time between two looks at the directory.
	Scan time.Duration
	// MaxSize is the most bytes a file written for the legacy half may have.
	MaxSize int64
	// Order is strict (waves, for one order per sender and recipient) or fast (every free slot at once).
	Order string
	// Truthful leaves legacy handshakes alone while nothing behind this end can take mail, so that the old half's own
	// watch tells the truth.
	Truthful bool
	// ReserveSlot1 keeps slot 1 for handshakes. It needs Aging and two slots at least.
	ReserveSlot1 bool
	// LineEnd is crlf, cr or lf: what is written. All three are read.
	LineEnd string
	// CodePage is the character set of the files: 437, 850, 852, 858, 1252 or macintosh.
	CodePage string
	// FileFormat is basic or extended: what is written. Both are read. KB Q87223.
	FileFormat string
	// Handshake is a file with a handshake of the old half, for one that has no known shape.
	Handshake string
	// Winmail is open, strip or keep: what becomes of WINMAIL.DAT in files that are read. KB Q126648.
	Winmail string
	// OpenBinHex takes attachments in BinHex apart.
	OpenBinHex bool
	// SpoolAliases are paths by which the old programs know the spool, such as M:\MACGATE, without a separator at the end.
	SpoolAliases []string
	// PerCycle is how many files may move each way in one cycle; 0 for any number.
	PerCycle int
	// ConnectTimes are when the legacy half works; none for always.
	ConnectTimes []timetable.Window
	// LegacyLogs is a directory for logs in the old format; empty for none.
	LegacyLogs string
	// LegacyLogLevel is how much is written there.
	LegacyLogLevel legacylog.Level
	// DropBlankLine leaves out one blank line at the beginning of texts read: Windows clients put one there. KB Q98209.
	DropBlankLine bool
	// Proxy is where the PC half finds people of the other side, as NET/PO/ID; none: they are written as they are.
	Proxy mail.Postoffice
	// ProxyAliases are former places of proxies, which stay readable. KB Q109256.
	ProxyAliases []mail.Postoffice
	// GatewayNames are names of the gateway in addresses name@GATEWAY, which mean people by name. RN50, KB Q123371.
	GatewayNames []string
	// RegisteredOnly takes mail only of senders who are listed.
	RegisteredOnly bool
}

// Peer is an end to dial.
type Peer struct {
	// Address is HOST:PORT.
	Address string
	// URI is who must answer there; empty for any end the links' authority knows.
	URI string
}

// Pin sends the addresses of a pattern to one end.
type Pin struct {
	Pattern mail.Pattern
	// End is the name of the end.
	End string
}

// Default returns the settings of a program that is told nothing: it runs on loopback, keeps its store below the
// user's state directory, and, as a side, serves every address of its own kind. It panics on an unknown program.
func Default(program string) *Config { return defaults(program, noEnv) }

func noEnv(string) (string, bool) { return "", false }

func defaults(program string, env func(string) (string, bool)) *Config {
	c := &Config{
		Program: program, Name: program, Data: filepath.Join(StateDir(env), program),
		Receipts: "auto", ReportWording: "old", FaxFiles: "refuse",
		LogFormat: "text", LogLevel: "info",
		MaxMessageBytes: 25 << 20, MaxRecipients: 500,
		Retention: 7 * day, RetainSent: 7 * day, IDMemory: 1 << 30, Lifetime: 5 * day, DrainTimeout: 10 * time.Second,
		Heartbeat: time.Second, Late: 3 * time.Second, Down: 10 * time.Second,
	}
	switch program {
	case PCSide:
		c.Listen, c.HTTP, c.Serves = "127.0.0.1:7401", "127.0.0.1:9401", []mail.Pattern{mail.MustPattern("*/*/*")}
	case MacSide:
		c.Listen, c.HTTP, c.Serves = "127.0.0.1:7402", "127.0.0.1:9402", []mail.Pattern{mail.MustPattern("*@*")}
	case Coordinator:
		c.Listen, c.HTTP = "127.0.0.1:7403", "127.0.0.1:9403"
		c.Receipts, c.ReportWording = "", "plain"
		c.Spool = Spool{
			Zone: time.UTC, BlockingFactor: 10, Scan: 2 * time.Second, MaxSize: 100_000,
			Order: "strict", Truthful: true, LineEnd: "crlf", CodePage: "850", FileFormat: "basic", Winmail: "open", LegacyLogLevel: legacylog.Errors,
			GatewayNames: []string{"MS Mail Connection", "Exchange Connection"},
		}
	default:
		panic("config: no program is called " + program)
	}
	return c
}

// StateDir is where programs keep what they are not told to keep elsewhere: $XDG_STATE_HOME/sidegate, else
// $HOME/.local/state/sidegate, else /var/lib/sidegate. Relative values of the variables are ignored, as the XDG base
// directory specification wants.
func StateDir(env func(string) (string, bool)) string {
	if dir, ok := env("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return filepath.Join(dir, "sidegate")
	}
	if home, ok := env("HOME"); ok && filepath.IsAbs(home) && home != "/" {
		return filepath.Join(home, ".local", "state", "sidegate")
	}
	return filepath.FromSlash("/var/lib/sidegate")
}

// LocalPKI is the directory of the authority that programs make for themselves on loopback when they are told neither
// --tls-dir nor --insecure-dev.
func LocalPKI(env func(string) (string, bool)) string { return filepath.Join(StateDir(env), "pki") }
