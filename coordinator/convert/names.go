package convert

import (
	"fmt"
	"strings"
	"unicode"

	"sidegate/coordinator/convert/charset"
)

// maxMacName is the length of a name on HFS, and maxExtension what is kept of it behind the last dot, with the dot.
const (
	maxMacName   = 31
	maxExtension = 8
)

// fileNames gives the attachments of one message names that the peer can take: unique without regard to case, and always
// the same for the same message. A name that is good already stays as it is. (KB Q129902, Q117561, Q122779)
func (d Dialect) fileNames(names []string) []string {
	taken := make(map[string]bool, len(names))
	out := make([]string, len(names))
	for i, name := range names {
		base, ext, limit := d.fileName(name)
		out[i] = distinct(base, ext, limit, taken)
		taken[strings.ToUpper(out[i])] = true
	}
	return out
}

// fileName makes a name fit, in the code page of the peer. limit is how long the base may be.
func (d Dialect) fileName(name string) (base, ext string, limit int) {
	if d.Names == MacNames {
		base, ext = splitName(macName(name, d.Charset))
		if len(ext) > maxExtension { // no extension, or one that is cut to a possible one
			whole := base + ext
			if base, ext = splitName(trimName(whole[:min(len(whole), maxMacName)])); len(ext) > maxExtension {
				base, ext = base+ext, ""
			}
		}
		limit = maxMacName - len(ext)
		if base = trimName(base[:min(len(base), limit)]); base == "" {
			base = "File"
		}
		return base, ext, limit
	}
	if isDOSName(name) {
		base, ext = splitName(name)
		return base, ext, 8
	}
	return dosName(name, d.Charset)
}

// distinct numbers a name that is taken.
func distinct(base, ext string, limit int, taken map[string]bool) string {
	name := base + ext
	for i := 1; taken[strings.ToUpper(name)]; i++ {
		mark := fmt.Sprintf("~%d", i)
		name = base[:min(len(base), limit-len(mark))] + mark + ext
	}
	return name
}

// splitName parts a name at its last dot, which stays with the extension.
func splitName(name string) (base, ext string) {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// harmlessInDOS are the signs that names in 8.3 may hold without harm. KB Q129902.
const harmlessInDOS = "~{}`_^@-()'&%$#!"

func isDOSName(name string) bool {
	base, ext := splitName(name)
	if len(base) == 0 || len(base) > 8 || len(ext) > 4 || ext == "." || trimName(base) != base || trimName(ext) != ext || isDevice(base) {
		return false
	}
	for _, r := range base + strings.TrimPrefix(ext, ".") {
		if !isDOSRune(r) {
			return false
		}
	}
	return true
}

func isDOSRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(harmlessInDOS, r)
}

// dosName makes eight letters and three of any name. Letters with accents stay if the code page has them (KB Q166152).
func dosName(name string, table *charset.Table) (base, ext string, limit int) {
	name = name[strings.LastIndexByte(name, '\\')+1:] // a path on a PC; no Macintosh name holds one
	name = strings.ToUpper(visible(name))
	coded, _ := table.Encode(trimName(strings.TrimLeft(name, ". ")))
	base, ext = splitName(trimName(coded))
	base, ext = dosLetters(base, table), dosLetters(strings.TrimPrefix(ext, "."), table)
	base = trimName(base[:min(len(base), 8)])
	if base == "" {
		base = "FILE"
	}
	if isDevice(base) {
		base = "_" + base[:min(len(base), 7)]
	}
	if ext = trimName(ext[:min(len(ext), 3)]); ext != "" {
		ext = "." + ext
	}
	return base, ext, 8
}

// dosLetters replaces what DOS cannot take by underscores.
func dosLetters(coded string, table *charset.Table) string {
	b := []byte(coded)
	for i, c := range b {
		if r := table.Rune(c); !isDOSRune(r) && (r < 0x80 || !unicode.IsLetter(r)) {
			b[i] = '_'
		}
	}
	return string(b)
}

// macName replaces what a Macintosh cannot take, in the code page of the table.
func macName(name string, table *charset.Table) string {
	// Encoding first shows the signs that stand for others, such as the colon in a smile.
	coded, _ := table.Encode(visible(name))
	name = strings.Map(func(r rune) rune {
		if r == ':' || r == '/' || r == '\\' {
			return '-' // HFS has only the colon for itself, but servers map the others to it
		}
		return r
	}, table.Decode(coded))
	name = trimName(strings.TrimLeft(name, " "))
	if strings.HasPrefix(name, ".") {
		name = "_" + name[1:]
	}
	if name == "" {
		name = "File"
	}
	coded, _ = table.Encode(name)
	return coded
}

// visible drops what turns the direction of text and replaces control characters.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return '_'
		}
		return r
	}, name)
}

// trimName drops what must not end a name: a hyphen crashed Macintoshes (KB Q122779), dots and blanks vanish on NT.
func trimName(name string) string { return strings.TrimRight(name, "-. ") }

// isDevice reports whether DOS takes the name for a device, whatever its extension. (KB Q120740)
func isDevice(base string) bool {
	switch upper := strings.ToUpper(base); upper {
	case "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$":
		return true
	default:
		return len(upper) == 4 && (strings.HasPrefix(upper, "COM") || strings.HasPrefix(upper, "LPT")) && '0' <= upper[3] && upper[3] <= '9'
	}
}
