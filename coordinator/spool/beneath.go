package spool

import (
	"fmt"
	"io/fs"
	"strings"

	"sidegate/coordinator/mmff"
)

// Bounds of a path in a message file.
const (
	maxPathParts = 16
	maxPathPart  = 255 // bytes
)

// unfitError says why a path in a message file is not followed.
type unfitError string

func (e unfitError) Error() string { return string(e) }

func unfit(format string, args ...any) error { return unfitError(fmt.Sprintf(format, args...)) }

// findOutside finds the file that a message names. A path that begins with one of the names by which the old programs know
// the spool (Options.Aliases) leads from its root. One without a beginning is looked for beside the message, then from the
// root. Every other leads out of the spool. The error is an unfitError, or that of the volume.
func (b *inbox) findOutside(ref mmff.Reference) (path string, e Entry, err error) {
	parts, bases, err := b.s.beneath(b.s.o.Converter.Decode(ref.Physical()), b.dir)
	if err != nil {
		return "", Entry{}, err
	}
	for _, base := range bases {
		if path, e, err = b.s.walk(base, parts); !isGone(err) {
			return path, e, err
		}
	}
	return "", Entry{}, err
}

// beneath takes a path apart, and says from where in the spool it leads.
func (s *Spool) beneath(path, beside string) (parts, bases []string, err error) {
	rest, bases := path, []string{beside, "."}
	separators := `\/`
	for _, alias := range s.o.Aliases {
		if n := len(alias); len(path) > n && strings.EqualFold(path[:n], alias) && strings.ContainsRune(`\/:`, rune(path[n])) {
			rest, bases, separators = path[n+1:], []string{"."}, `\/:` // a colon is what the Macintosh has between folders
			break
		}
	}
	parts = strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(separators, r) })
	if len(bases) > 1 && (strings.ContainsRune(path, ':') || strings.ContainsRune(separators, rune(path[0]))) {
		return nil, nil, unfit("it is not in the spool by any name that --spool-alias gives")
	}
	if len(parts) == 0 || len(parts) > maxPathParts {
		return nil, nil, unfit("the path has %d parts, not 1 to %d", len(parts), maxPathParts)
	}
	for _, p := range parts {
		// Servers drop blanks and dots at the end: "BADMAIL." would be BADMAIL.
		if len(p) > maxPathPart || strings.TrimRight(p, " .") != p || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' }) {
			return nil, nil, unfit("a part of the path is no name of a file")
		}
	}
	return parts, bases, nil
}

// walk follows a path part by part, in any letter case, through directories only, to a regular file that a message may name.
func (s *Spool) walk(base string, parts []string) (string, Entry, error) {
	dir := base
	for i, name := range parts {
		e, err := s.entry(dir, name)
		if err != nil {
			return "", Entry{}, err
		}
		path := join(dir, e.Name)
		if s.private(path) {
			return "", Entry{}, unfit("%s is not for messages to name", s.fs.Path(path))
		}
		if i == len(parts)-1 {
			if !e.Regular() {
				return "", Entry{}, unfit("it is not a regular file")
			}
			return path, e, nil
		}
		if !e.Mode.IsDir() {
			return "", Entry{}, unfit("%s is not a directory", s.fs.Path(path))
		}
		dir = path
	}
	return "", Entry{}, fs.ErrNotExist
}

// entry finds a name as it is spelled, listed or not (KB Q121917), and else in any letter case.
func (s *Spool) entry(dir, name string) (Entry, error) {
	e, err := s.fs.Lstat(join(dir, name))
	if !isGone(err) {
		e.Name = name
		return e, err
	}
	entries, listing := s.fs.ReadDir(dir)
	if listing != nil {
		return Entry{}, listing
	}
	found := 0
	for _, other := range entries {
		if strings.EqualFold(other.Name, name) {
			found++
			e, err = other, nil
		}
	}
	if found > 1 {
		return Entry{}, unfit("%d names differ from it in letter case only", found)
	}
	return e, err
}

// private reports whether a path is none that a message may name: settings, which may hold passwords, other people's mail,
// and what is ours.
func (s *Spool) private(path string) bool {
	dir, name := ".", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	if _, _, slot := parseName(name); slot && (strings.EqualFold(dir, s.layout.MacToPC) || strings.EqualFold(dir, s.layout.PCToMac)) {
		return true
	}
	for _, own := range []string{s.layout.INI, s.layout.BadMail, markerName, leaseName} {
		if strings.EqualFold(path, own) {
			return true
		}
	}
	return strings.EqualFold(name, oldClaim)
}
