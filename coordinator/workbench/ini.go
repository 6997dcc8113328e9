package workbench

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"sidegate/internal/cli"
	"sidegate/internal/mail"
)

// ImportSettings reads MSGATE.INI of the PC half (KB Q76091) or MACGATE.INI of both and turns it into settings of a
// coordinator. Lines are "Key = value"; # and ; begin comments. Faults name line and column. Two settings on one line
// broke the old program (KB Q121915), and a trailing blank became part of a value (KB Q121916): the first is refused,
// the second mended and told of.
func (Files) ImportSettings(data []byte) (cli.ImportedSettings, error) {
	im := &importer{}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	for i, line := range strings.Split(text, "\n") {
		if err := im.line(i+1, line); err != nil {
			return cli.ImportedSettings{}, err
		}
	}
	return im.result, nil
}

type importer struct {
	result cli.ImportedSettings
	drive  string
	proxy  [2]string // network and postoffice, as far as they were read
}

func (im *importer) line(n int, line string) error {
	bare := strings.TrimSpace(strings.TrimSuffix(line, "\x1a"))
	if bare == "" || bare[0] == '#' || bare[0] == ';' || bare[0] == '[' {
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return fmt.Errorf("line %d, column 1: %q is no setting; write Key = value", n, bare)
	}
	if at := strings.IndexByte(value, '='); at >= 0 {
		return fmt.Errorf("line %d, column %d: two settings stand on one line (KB Q121915)", n, len(key)+at+2)
	}
	key, trimmed := strings.TrimSpace(key), strings.TrimSpace(value)
	if strings.TrimLeft(value, " \t") != trimmed {
		im.note(n, key, "a blank behind the value was part of it for the old program (KB Q121916); it is left out")
	}
	return im.take(n, key, trimmed)
}

// take translates one setting. The names of MACGATE.INI are not documented but for RunTime: they are recognised as the
// configuration screen calls them, however they are spaced and spelt.
func (im *importer) take(n int, key, value string) error {
	switch name(key) {
	case "storedrive":
		im.drive = strings.TrimSuffix(value, ":")
	case "storepath":
		im.storePath(n, key, value)
	case "blockingfactor":
		return im.number(n, key, value, "blocking-factor", 1, 99, "")
	case "agingfactor":
		return im.number(n, key, value, "aging", 0, 99999, "m")
	case "maxsize":
		return im.number(n, key, strings.TrimRight(strings.ToUpper(value), "KB "), "max-size", 1, 1<<20, "KB")
	case "loglevel":
		return im.logLevel(n, key, value)
	case "codepagetranslation":
		if isOff(value) {
			im.note(n, key, "without translation the files are in the Macintosh's characters")
			im.set(n, key, "code-page", "macintosh")
		}
	case "registeredusersonly":
		im.set(n, key, "registered-only", strconv.FormatBool(!isOff(value)))
		if !isOff(value) {
			im.note(n, key, "the accounts are not in this file: coordinator registered add lists who may send")
		}
	case "proxynetwork", "proxynet":
		return im.proxyPart(n, key, value, 0)
	case "proxypostoffice", "proxypo":
		return im.proxyPart(n, key, value, 1)
	case "frequency":
		im.note(n, key, "the spool is looked at every 2 s by default; minutes are not needed any more")
	case "runtime": // KB Q109700
		return im.number(n, key, value, "run-time", 0, 999, "m")
	case "logpath":
		im.note(n, key, "legacy-logs: DIR writes the log in the old format")
	case "user", "password", "adminname", "adminpassword", "netbios", "importdrive", "importsend":
		im.note(n, key, "has no meaning here")
	default:
		im.note(n, key, "is not known and was left out")
	}
	return nil
}

// storePath keeps what the old program called the directory that STORE is in: files outside of messages may be named so.
func (im *importer) storePath(n int, key, value string) {
	path := im.drive + `:\` + strings.Trim(value, `\`)
	im.note(n, key, fmt.Sprintf("the store was %s; name the mounted directory with spool:", path))
	if at := strings.LastIndexByte(path, '\\'); strings.EqualFold(path[at+1:], "STORE") {
		path = path[:at]
	}
	if len(im.drive) == 1 && !strings.ContainsFunc(path, unicode.IsControl) {
		im.set(n, key, "spool-alias", path)
	}
}

// proxyPart keeps one half of where proxies stand, and sets it when both are known. KB Q109256.
func (im *importer) proxyPart(n int, key, value string, which int) error {
	im.proxy[which] = value
	if im.proxy[0] == "" || im.proxy[1] == "" {
		return nil
	}
	place, err := mail.ParsePostoffice(im.proxy[0] + "/" + im.proxy[1])
	if err != nil {
		return fmt.Errorf("line %d, column %d: %w", n, len(key)+2, err)
	}
	im.set(n, key, "proxy", place.String())
	im.note(n, key, "for role mac; what people have stored stays valid with the IDs of the old map: coordinator proxy import")
	return nil
}

// name is a key without its spelling.
func name(key string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(key))
}

func isOff(value string) bool {
	switch strings.ToLower(value) {
	case "off", "no", "0", "false":
		return true
	}
	return false
}

func (im *importer) number(n int, key, value, setting string, least, most int, unit string) error {
	v, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || v < least || v > most {
		return fmt.Errorf("line %d, column %d: %s is a number from %d to %d, not %q", n, len(key)+2, key, least, most, value)
	}
	text := strconv.Itoa(v)
	if v != 0 {
		text += unit
	}
	im.set(n, key, setting, text)
	return nil
}

// logLevel: 0 to 2 in MSGATE.INI, words on the configuration screen.
func (im *importer) logLevel(n int, key, value string) error {
	level := map[string]string{
		"0": "error", "1": "error", "2": "info", "critical": "error", "errors": "warn", "details": "debug",
	}[strings.ToLower(value)]
	if level == "" {
		return fmt.Errorf("line %d, column %d: %s is 0, 1, 2, Critical, Errors or Details, not %q", n, len(key)+2, key, value)
	}
	im.set(n, key, "log-level", level)
	im.set(n, key, "legacy-log-level", strings.ToLower(value))
	return nil
}

func (im *importer) set(n int, key, setting, value string) {
	im.result.Settings = append(im.result.Settings, cli.ImportedSetting{Line: n, From: key, Key: setting, Value: value})
}

func (im *importer) note(n int, key, text string) {
	im.result.Notes = append(im.result.Notes, fmt.Sprintf("line %d, %s: %s", n, key, text))
}
