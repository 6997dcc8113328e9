package config

import (
	"strconv"
	"strings"
	"time"

	"sidegate/coordinator/legacylog"
	"sidegate/coordinator/timetable"
	"sidegate/internal/identity"
	"sidegate/internal/mail"
)

// Setting describes one setting.
type Setting struct {
	// Key is its name in files, and with two dashes its flag.
	Key string
	// Arg is what help texts call its value; empty for a switch.
	Arg string
	// Usage says what it does, in one line.
	Usage string
	// Group is the heading it stands under.
	Group string
	// List says that it may be given more than once.
	List bool
	// Default is its default as text; empty for none.
	Default string

	spool bool // at a coordinator only
	side  bool // at a side only
	field func(*Config) field
}

// Switch reports whether the setting is on or off.
func (s Setting) Switch() bool { return s.Arg == "" }

// Env is the name of a setting, or of any flag, in a program's environment: PCSIDE_TLS_DIR.
func Env(program, key string) string {
	return strings.ToUpper(program + "_" + strings.ReplaceAll(key, "-", "_"))
}

// Settings lists what a program can be told, in the order of help texts.
func Settings(program string) []Setting {
	c := Default(program)
	var mine []Setting
	for _, s := range table() {
		if s.spool && program != Coordinator || s.side && program == Coordinator {
			continue
		}
		s.Default = strings.Join(s.field(c).get(), ", ")
		if s.Key == "data" {
			s.Default = "sidegate/" + program + " in the user's state directory"
		}
		mine = append(mine, s)
	}
	return mine
}

func setting(program, key string) (Setting, bool) {
	for _, s := range Settings(program) {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// The headings of help texts and of the file that config print writes.
const (
	groupEnd    = "END"
	groupLinks  = "LINKS AND ROUTES"
	groupTLS    = "CERTIFICATES"
	groupWords  = "RECEIPTS, REPORTS AND NOTICES"
	groupLog    = "LOG"
	groupLimits = "LIMITS AND TIMES"
	groupSpool  = "SPOOL"
)

func table() []Setting {
	all := endSettings()
	all = append(all, linkSettings()...)
	all = append(all, wordSettings()...)
	all = append(all, limitSettings()...)
	return append(all, spoolSettings()...)
}

func endSettings() []Setting {
	return []Setting{
		{Key: "name", Arg: "NAME", Group: groupEnd, Usage: "name of this end in states, traces and hops",
			field: func(c *Config) field { return scalar[string]{&c.Name, parseName, same} }},
		{Key: "data", Arg: "DIR", Group: groupEnd, Usage: "directory of the durable store",
			field: func(c *Config) field { return scalar[string]{&c.Data, anyText, same} }},
		{Key: "renew", Arg: "UUID", Group: groupEnd, Usage: "store that came back from an older copy: it takes a new identity, once, and begins anew with its peers",
			field: func(c *Config) field { return scalar[string]{&c.Renew, parseStore, same} }},
		{Key: "listen", Arg: "ADDR", Group: groupEnd, Usage: "HOST:PORT to serve gRPC on",
			field: func(c *Config) field { return scalar[string]{&c.Listen, parseListen, same} }},
		{Key: "http", Arg: "ADDR", Group: groupEnd, Usage: "HOST:PORT of the status page, metrics and probes; off for none",
			field: func(c *Config) field { return scalar[string]{&c.HTTP, parseHTTP, formatHTTP} }},
		{Key: "http-token-file", Arg: "FILE", Group: groupEnd, Usage: "file with the token the status page wants from callers beyond loopback",
			field: func(c *Config) field { return scalar[string]{&c.HTTPTokenFile, anyText, same} }},
		{Key: "log-format", Arg: "FORMAT", Group: groupLog, Usage: "text or json",
			field: func(c *Config) field { return scalar[string]{&c.LogFormat, oneOf("text", "json"), same} }},
		{Key: "log-level", Arg: "LEVEL", Group: groupLog, Usage: "trace, debug, info, warn or error",
			field: func(c *Config) field {
				return scalar[string]{&c.LogLevel, oneOf("trace", "debug", "info", "warn", "error"), same}
			}},
	}
}

func linkSettings() []Setting {
	return []Setting{
		{Key: "peer", Arg: "ADDR[=URI]", List: true, Group: groupLinks, Usage: "end to dial, and who must answer there; may be repeated",
			field: func(c *Config) field { return list[Peer]{&c.Peers, ParsePeer, Peer.String} }},
		{Key: "accept-peer", Arg: "URI", List: true, Group: groupLinks, Usage: "end that may dial this one; may be repeated",
			field: func(c *Config) field { return list[string]{&c.AcceptPeers, anyText, same} }},
		{Key: "serves", Arg: "PATTERN", List: true, Group: groupLinks, Usage: "addresses at home here, * for any part: NET/PO/*, *@Marketing; may be repeated",
			field: func(c *Config) field { return list[mail.Pattern]{&c.Serves, mail.ParsePattern, mail.Pattern.String} }},
		{Key: "pin", Arg: "PATTERN=END", List: true, Group: groupLinks, Usage: "addresses that go to one end whatever others announce; may be repeated",
			field: func(c *Config) field { return list[Pin]{&c.Pins, ParsePin, Pin.String} }},
		{Key: "auto-mailbox", Group: groupLinks, Usage: "make a mailbox, open to every user, when the first message for an address served here arrives",
			field: func(c *Config) field { return scalar[bool]{&c.AutoMailbox, parseSwitch, strconv.FormatBool} }},
		{Key: "tls-dir", Arg: "DIR", Group: groupTLS, Usage: "directory with tls.crt, tls.key, links-ca.crt and clients-ca.crt",
			field: func(c *Config) field { return scalar[string]{&c.TLSDir, anyText, same} }},
		{Key: "insecure-dev", Group: groupTLS, Usage: "plaintext, and every caller may do everything; on loopback only",
			field: func(c *Config) field { return scalar[bool]{&c.InsecureDev, parseSwitch, strconv.FormatBool} }},
		{Key: "mapping", Arg: "SPIFFE=ROLE", List: true, Group: groupTLS, Usage: "role of a spiffe URI, or of all below spiffe://DOMAIN/PATH/*; may be repeated",
			field: func(c *Config) field {
				return list[identity.Rule]{(*[]identity.Rule)(&c.Mappings), identity.ParseRule, formatRule}
			}},
	}
}

func wordSettings() []Setting {
	return []Setting{
		{Key: "receipts", Arg: "WHEN", Group: groupWords, side: true, Usage: "auto: write the read receipts that senders wish; never: withhold them",
			field: func(c *Config) field { return scalar[string]{&c.Receipts, oneOf("auto", "never"), same} }},
		{Key: "report-wording", Arg: "WORDS", Group: groupWords, Usage: "old: delivery reports and receipts in the words of the old system that this end stands for; plain: in plain ones",
			field: func(c *Config) field { return scalar[string]{&c.ReportWording, oneOf("old", "plain"), same} }},
		{Key: "notices-to", Arg: "ADDRESS", Group: groupWords, Usage: "who gets mail about what is wrong here, at most once an hour for each trouble; empty: nobody",
			field: func(c *Config) field { return scalar[mail.Address]{&c.NoticesTo, parseNobody, mail.Address.String} }},
		{Key: "fax-files", Arg: "RULE", Group: groupWords, Usage: "mail to FAX addresses with files other than TXT, PCX and DCX: refuse it, warn in the log, or take any",
			field: func(c *Config) field { return scalar[string]{&c.FaxFiles, oneOf("refuse", "warn", "any"), same} }},
	}
}

func limitSettings() []Setting {
	return []Setting{
		{Key: "max-message-bytes", Arg: "SIZE", Group: groupLimits, Usage: "most content one message may have",
			field: func(c *Config) field { return scalar[int64]{&c.MaxMessageBytes, positiveSize, FormatSize} }},
		{Key: "max-recipients", Arg: "N", Group: groupLimits, Usage: "most recipients one submission may have",
			field: func(c *Config) field { return scalar[int]{&c.MaxRecipients, within(1, 100_000), strconv.Itoa} }},
		duration("retention", time.Hour, "how long traces and request IDs of finished messages are kept",
			func(c *Config) *time.Duration { return &c.Retention }),
		{Key: "id-memory", Arg: "SIZE", Group: groupLimits, Usage: "most that remembered request IDs and deletions may take; the oldest go first",
			field: func(c *Config) field { return scalar[int64]{&c.IDMemory, positiveSize, FormatSize} }},
		duration("lifetime", time.Minute, "how long a message may wait before it goes back to its sender",
			func(c *Config) *time.Duration { return &c.Lifetime }),
		duration("retain-sent", time.Minute, "how long the IDs of sent messages are kept, to name what a peer restored from a backup lacks",
			func(c *Config) *time.Duration { return &c.RetainSent }),
		duration("drain-timeout", 0, "how long an orderly shutdown may take",
			func(c *Config) *time.Duration { return &c.DrainTimeout }),
		duration("run-time", 0, "end in good order after so long; 0s: run until told to stop",
			func(c *Config) *time.Duration { return &c.RunTime }),
		duration("heartbeat", 10*time.Millisecond, "time between two beats on a link",
			func(c *Config) *time.Duration { return &c.Heartbeat }),
		duration("late", 10*time.Millisecond, "silence after which a direction is late",
			func(c *Config) *time.Duration { return &c.Late }),
		duration("down", 10*time.Millisecond, "silence after which a direction is down",
			func(c *Config) *time.Duration { return &c.Down }),
	}
}

func duration(key string, least time.Duration, usage string, at func(*Config) *time.Duration) Setting {
	return Setting{Key: key, Arg: "DURATION", Group: groupLimits, Usage: usage, field: func(c *Config) field {
		return scalar[time.Duration]{at(c), atLeast(least), FormatDuration}
	}}
}

func spoolSettings() []Setting {
	all := []Setting{
		{Key: "spool", Arg: "DIR", Usage: "the old MACGATE directory: INI, BADMAIL, MISC, STORE/MACTOPC, STORE/PCTOMAC",
			field: func(c *Config) field { return scalar[string]{&c.Spool.Dir, anyText, same} }},
		{Key: "role", Arg: "ROLE", Usage: "pc or mac: the half this end is there; drain: empty it, no old program is left",
			field: func(c *Config) field { return scalar[string]{&c.Spool.Role, oneOf("pc", "mac", "drain"), same} }},
		{Key: "spool-init", Usage: "make the parts of the spool that are missing",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.Init, parseSwitch, strconv.FormatBool} }},
		{Key: "adopt", Usage: "take over a spool that another data directory has owned",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.Adopt, parseSwitch, strconv.FormatBool} }},
		{Key: "spool-zone", Arg: "ZONE", Usage: "time zone of DATE and TIME in the files, such as Europe/Berlin",
			field: func(c *Config) field { return scalar[*time.Location]{&c.Spool.Zone, parseZone, formatZone} }},
		duration("aging", 0, "age at which a handshake of ours counts as stuck; 0s: write none",
			func(c *Config) *time.Duration { return &c.Spool.Aging }),
		{Key: "blocking-factor", Arg: "N", Usage: "slots per direction, 1 to 99",
			field: func(c *Config) field { return scalar[int]{&c.Spool.BlockingFactor, within(1, 99), strconv.Itoa} }},
		duration("scan", 10*time.Millisecond, "time between two looks at the directory",
			func(c *Config) *time.Duration { return &c.Spool.Scan }),
		{Key: "max-size", Arg: "SIZE", Usage: "most bytes of a file for the legacy half",
			field: func(c *Config) field { return scalar[int64]{&c.Spool.MaxSize, positiveSize, FormatSize} }},
		{Key: "order", Arg: "ORDER", Usage: "strict: fill slots in waves, which keeps the order; fast: fill every free slot at once",
			field: func(c *Config) field { return scalar[string]{&c.Spool.Order, oneOf("strict", "fast"), same} }},
		{Key: "truthful", Usage: "leave legacy handshakes alone while no end here can take mail (--truthful=false: never)",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.Truthful, parseSwitch, strconv.FormatBool} }},
		{Key: "reserve-slot1", Usage: "keep slot 1 for handshakes; wants --aging and two slots",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.ReserveSlot1, parseSwitch, strconv.FormatBool} }},
		{Key: "line-end", Arg: "END", Usage: "crlf, cr or lf: what is written; all three are read",
			field: func(c *Config) field { return scalar[string]{&c.Spool.LineEnd, oneOf("crlf", "cr", "lf"), same} }},
		{Key: "code-page", Arg: "PAGE", Usage: "character set of the files: 437, 850, 852, 858, 1252 or macintosh",
			field: func(c *Config) field {
				return scalar[string]{&c.Spool.CodePage, oneOf("437", "850", "852", "858", "1252", "macintosh"), same}
			}},
		{Key: "file-format", Arg: "FORMAT", Usage: "what is written: basic, as the old halves are known to read it, or extended, with CC, EXT and unknown fields; both are read",
			field: func(c *Config) field { return scalar[string]{&c.Spool.FileFormat, oneOf("basic", "extended"), same} }},
		{Key: "handshake", Arg: "FILE", Usage: "a handshake as you found one in a spool: files of its bytes are taken for handshakes too, and ours are written so",
			field: func(c *Config) field { return scalar[string]{&c.Spool.Handshake, anyText, same} }},
		{Key: "winmail", Arg: "WAY", Usage: "WINMAIL.DAT in files that are read: open it for the files inside, strip it, or keep it as it is",
			field: func(c *Config) field { return scalar[string]{&c.Spool.Winmail, oneOf("open", "strip", "keep"), same} }},
		{Key: "open-binhex", Usage: "take attachments in BinHex apart; without it they stay the text that they are",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.OpenBinHex, parseSwitch, strconv.FormatBool} }},
		{Key: "spool-alias", Arg: "PATH", List: true, Usage: "path by which the old programs know the spool, such as M:\\MACGATE, for files that messages name; may be repeated",
			field: func(c *Config) field { return list[string]{&c.Spool.SpoolAliases, parseSpoolAlias, same} }},
		{Key: "per-cycle", Arg: "N", Usage: "most files moved each way in a cycle, a minute or the interval of --connect-times; 0: any number (the old half took 50)",
			field: func(c *Config) field { return scalar[int]{&c.Spool.PerCycle, within(0, 10_000), strconv.Itoa} }},
		{Key: "connect-times", Arg: "WINDOW", List: true, Usage: "hours of the old half in --spool-zone, such as Mon-Fri 08:00-18:00 every 15m; may be repeated; none: always",
			field: func(c *Config) field {
				return list[timetable.Window]{&c.Spool.ConnectTimes, timetable.Parse, timetable.Window.String}
			}},
		{Key: "legacy-logs", Arg: "DIR", Usage: "directory for MSGATE.LOG or MMACGATE.LOG as the old half wrote it, senders and subjects included; off for none",
			field: func(c *Config) field { return scalar[string]{&c.Spool.LegacyLogs, parseOff, formatHTTP} }},
		{Key: "legacy-log-level", Arg: "LEVEL", Usage: "critical, errors or details; the old 0, 1 and 2 are understood",
			field: func(c *Config) field {
				return scalar[legacylog.Level]{&c.Spool.LegacyLogLevel, legacylog.ParseLevel, legacylog.Level.String}
			}},
		{Key: "drop-blank-line", Usage: "leave out one blank line at the beginning of texts, which Windows clients put there",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.DropBlankLine, parseSwitch, strconv.FormatBool} }},
		{Key: "proxy", Arg: "NET/PO", Usage: "write people of the other side to the PC half as NET/PO/ID, such as MACNET/MACPO; empty: as they are",
			field: func(c *Config) field {
				return scalar[mail.Postoffice]{&c.Spool.Proxy, parseNoPostoffice, mail.Postoffice.String}
			}},
		{Key: "proxy-alias", Arg: "NET/PO", List: true, Usage: "former --proxy, under which IDs are still read; may be repeated",
			field: func(c *Config) field {
				return list[mail.Postoffice]{&c.Spool.ProxyAliases, mail.ParsePostoffice, mail.Postoffice.String}
			}},
		{Key: "gateway-name", Arg: "NAME", List: true, Usage: "name of the gateway in addresses such as Ann Smith@NAME, which mean people by their names; may be repeated",
			field: func(c *Config) field { return list[string]{&c.Spool.GatewayNames, parseGatewayName, same} }},
		{Key: "registered-only", Usage: "take mail from the spool only of senders in the list of the command registered",
			field: func(c *Config) field { return scalar[bool]{&c.Spool.RegisteredOnly, parseSwitch, strconv.FormatBool} }},
	}
	for i := range all {
		all[i].Group, all[i].spool = groupSpool, true
	}
	return all
}
