package config

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"sidegate/internal/identity"
	"sidegate/internal/mail"
)

const day = 24 * time.Hour

// A field is one setting's place in a Config, in text form.
type field interface {
	// set replaces the value. A setting that is no list gets exactly one text.
	set(texts []string) error
	get() []string
}

type scalar[T any] struct {
	at     *T
	parse  func(string) (T, error)
	format func(T) string
}

func (s scalar[T]) set(texts []string) error {
	if len(texts) != 1 {
		return fmt.Errorf("wants one value, not %d", len(texts))
	}
	v, err := s.parse(texts[0])
	if err != nil {
		return err
	}
	*s.at = v
	return nil
}

func (s scalar[T]) get() []string { return []string{s.format(*s.at)} }

type list[T any] struct {
	at     *[]T
	parse  func(string) (T, error)
	format func(T) string
}

func (l list[T]) set(texts []string) error {
	values := make([]T, 0, len(texts))
	for _, text := range texts {
		v, err := l.parse(text)
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	*l.at = values
	return nil
}

func (l list[T]) get() []string {
	texts := make([]string, len(*l.at))
	for i, v := range *l.at {
		texts[i] = l.format(v)
	}
	return texts
}

func same(s string) string { return s }

func anyText(s string) (string, error) { return s, nil }

func parseStore(s string) (string, error) {
	if s != "" && (len(s) != 36 || uuid.Validate(s) != nil || strings.ToLower(s) != s) {
		return "", fmt.Errorf("%q is not the UUID of a store, as status shows it", s)
	}
	return s, nil
}

func parseSwitch(s string) (bool, error) {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", s)
	}
	return v, nil
}

// oneOf accepts the words listed, in any letter case.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, w := range words {
			if strings.EqualFold(s, w) {
				return w, nil
			}
		}
		return "", fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
	}
}

// parseNobody reads an address, or nothing for nobody.
func parseNobody(s string) (mail.Address, error) {
	if s == "" {
		return mail.Address{}, nil
	}
	return mail.ParseAddress(s)
}

// parseNoPostoffice reads a postoffice, or nothing for none.
func parseNoPostoffice(s string) (mail.Postoffice, error) {
	if s == "" {
		return mail.Postoffice{}, nil
	}
	return mail.ParsePostoffice(s)
}

// parseGatewayName accepts what can stand behind the @ of an address.
func parseGatewayName(s string) (string, error) {
	a, err := mail.ParseAddress(mail.TypeMac + ":x@" + s)
	if err != nil || a.Parts()[0] != s || strings.TrimSpace(s) != s {
		return "", fmt.Errorf("%q cannot stand behind the @ of an address", s)
	}
	return s, nil
}

// parseSpoolAlias accepts a path that begins at a drive, a volume or a root: everything else is a path within the spool.
func parseSpoolAlias(s string) (string, error) {
	path := strings.TrimRight(s, `\/`)
	if path == "" || !strings.ContainsRune(path, ':') && !strings.HasPrefix(path, `\`) && !strings.HasPrefix(path, "/") {
		return "", fmt.Errorf(`%q does not begin with a drive, a volume or a root, as M:\MACGATE, Server:Macgate and \\SERVER\MACGATE do`, s)
	}
	if len(path) > 255 || strings.TrimSpace(path) != path || strings.ContainsFunc(path, unicode.IsControl) {
		return "", fmt.Errorf("%q is no path that a message could name", s)
	}
	return path, nil
}

func within(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("%q is not a number from %d to %d", s, least, most)
		}
		return n, nil
	}
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

// ParseSize reads a size in bytes: 100KB (100,000), 25MiB (26,214,400), 512. Units are B, KB, MB, GB, KiB, MiB, GiB.
func ParseSize(s string) (int64, error) {
	digits := strings.TrimRight(strings.TrimLeft(s, " "), "BbKkMmGgIi ")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit := strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(s, " "), digits))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size such as 100KB or 25MiB", s)
	}
	if unit == "" {
		unit = "B"
	}
	for _, u := range sizeUnits {
		if strings.EqualFold(unit, u.name) {
			if n > math.MaxInt64/u.bytes {
				return 0, fmt.Errorf("%q is too large", s)
			}
			return n * u.bytes, nil
		}
	}
	return 0, fmt.Errorf("%q: %q is none of the units B, KB, MB, GB, KiB, MiB, GiB", s, unit)
}

// FormatSize is the shortest text that ParseSize reads back as n.
func FormatSize(n int64) string {
	best := strconv.FormatInt(n, 10) + "B"
	for _, u := range sizeUnits {
		if n != 0 && n%u.bytes == 0 {
			if text := strconv.FormatInt(n/u.bytes, 10) + u.name; len(text) < len(best) {
				best = text
			}
		}
	}
	return best
}

func positiveSize(s string) (int64, error) {
	n, err := ParseSize(s)
	if err == nil && n == 0 {
		return 0, fmt.Errorf("%q: must be more than nothing", s)
	}
	return n, err
}

// ParseDuration is time.ParseDuration with days: 5d, 1d12h, 90s.
func ParseDuration(s string) (time.Duration, error) {
	rest, days := s, time.Duration(0)
	if head, tail, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 2s, 90m or 5d", s)
		}
		days, rest = time.Duration(n)*day, tail
		if rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 2s, 90m or 5d", s)
	}
	if d > maxDuration-days {
		return 0, fmt.Errorf("%q is longer than %s", s, FormatDuration(maxDuration))
	}
	return days + d, nil
}

// maxDuration is what ParseDuration reads at most: some 179 years.
const maxDuration = (1<<16 - 1) * day

// FormatDuration is the shortest text that ParseDuration reads back as d.
func FormatDuration(d time.Duration) string {
	days := ""
	if d >= day {
		days = strconv.FormatInt(int64(d/day), 10) + "d"
		if d %= day; d == 0 {
			return days
		}
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return days + text
}

func atLeast(least time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := ParseDuration(s)
		if err == nil && d < least {
			return 0, fmt.Errorf("%q: must be %s at least", s, FormatDuration(least))
		}
		return d, err
	}
}

func parseZone(s string) (*time.Location, error) {
	if s == "" {
		return nil, fmt.Errorf("wants a time zone such as Europe/Berlin")
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone such as Europe/Berlin", s)
	}
	return zone, nil
}

func formatZone(z *time.Location) string {
	if z == nil {
		return ""
	}
	return z.String()
}

// parseListen accepts what a server can listen on. Port 0 lets the system choose.
func parseListen(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("%q is not HOST:PORT", s)
	}
	return s, nil
}

func formatHTTP(s string) string {
	if s == "" {
		return "off"
	}
	return s
}

// parseName accepts what may stand in an identity and in a log line.
func parseName(s string) (string, error) {
	if id, err := identity.Parse(identity.URI(identity.Peer, s)); err != nil || id.Name != s || len(s) > 64 {
		return "", fmt.Errorf("%q is no name of an end: letters, digits and ._@+-, 64 at most", s)
	}
	return s, nil
}

// parseOff accepts any text; off is none.
func parseOff(s string) (string, error) {
	if strings.EqualFold(s, "off") {
		return "", nil
	}
	return s, nil
}

func parseHTTP(s string) (string, error) {
	if s == "" || strings.EqualFold(s, "off") {
		return "", nil
	}
	return parseListen(s)
}

// ParsePeer reads ADDR or ADDR=URI.
func ParsePeer(s string) (Peer, error) {
	address, uri, named := strings.Cut(s, "=")
	host, port, err := net.SplitHostPort(address)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 || host == "" {
		return Peer{}, fmt.Errorf("%q: %q is not HOST:PORT", s, address)
	}
	if named && uri == "" {
		return Peer{}, fmt.Errorf("%q: nothing follows =", s)
	}
	return Peer{Address: address, URI: uri}, nil
}

// String is the text that ParsePeer reads back as p.
func (p Peer) String() string {
	if p.URI == "" {
		return p.Address
	}
	return p.Address + "=" + p.URI
}

// ParsePin reads PATTERN=END.
func ParsePin(s string) (Pin, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 0 || s[i+1:] == "" {
		return Pin{}, fmt.Errorf("%q is not PATTERN=END", s)
	}
	pattern, err := mail.ParsePattern(s[:i])
	if err != nil {
		return Pin{}, err
	}
	return Pin{Pattern: pattern, End: s[i+1:]}, nil
}

// String is the text that ParsePin reads back as p.
func (p Pin) String() string { return p.Pattern.String() + "=" + p.End }

func formatRule(r identity.Rule) string { return r.Pattern + "=" + string(r.Role) }
