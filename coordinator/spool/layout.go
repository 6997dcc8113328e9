package spool

import (
	"fmt"
	"sort"
	"strings"
)

// The directories of a spool.
const (
	MacToPC = "MACTOPC"
	PCToMac = "PCTOMAC"
)

// Layout is where the parts of a spool are, as the volume spells them.
type Layout struct {
	INI, BadMail, Misc, MacToPC, PCToMac string
}

// MissingError names the parts of a spool that are not there. KB Q141582, Q95521: the old programs only kept browsing.
type MissingError struct {
	Paths []string // full
}

func (e *MissingError) Error() string {
	return "spool: not found: " + strings.Join(e.Paths, ", ")
}

// locate finds the parts of a spool in any letter case.
func locate(v FS) (Layout, error) {
	var l Layout
	var store string
	missing := &MissingError{}
	for _, p := range []struct {
		parent *string
		name   string
		to     *string
	}{{nil, "INI", &l.INI}, {nil, "BADMAIL", &l.BadMail}, {nil, "MISC", &l.Misc}, {nil, "STORE", &store},
		{&store, MacToPC, &l.MacToPC}, {&store, PCToMac, &l.PCToMac}} {
		parent := "."
		if p.parent != nil {
			if *p.parent == "" {
				missing.Paths = append(missing.Paths, v.Path("STORE/"+p.name))
				continue
			}
			parent = *p.parent
		}
		found, err := locateIn(v, parent, p.name)
		if err != nil {
			return Layout{}, err
		}
		if found == "" {
			missing.Paths = append(missing.Paths, v.Path(join(parent, p.name)))
		}
		*p.to = found
	}
	if len(missing.Paths) > 0 {
		return l, missing
	}
	return l, nil
}

// locateIn finds a directory by its name in any letter case. Two spellings of one name are an error: the old programs on
// the two machines would use one each. KB Q103199.
func locateIn(v FS, parent, name string) (string, error) {
	entries, err := v.ReadDir(parent)
	if err != nil {
		return "", fmt.Errorf("spool: list %s: %w", v.Path(parent), err)
	}
	var found []string
	for _, e := range entries {
		if !strings.EqualFold(e.Name, name) {
			continue
		}
		if !e.Mode.IsDir() {
			return "", fmt.Errorf("spool: %s is not a directory", v.Path(join(parent, e.Name)))
		}
		found = append(found, join(parent, e.Name))
	}
	sort.Strings(found)
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("spool: %s and %s differ in letter case only; merge them", v.Path(found[0]), v.Path(found[1]))
}

func join(dir, name string) string {
	if dir == "." || dir == "" {
		return name
	}
	return dir + "/" + name
}

// Init makes what is missing of a spool in a directory, and its marker. A spool that is complete is left as it is.
func Init(dir string) error {
	v, err := OpenDir(dir)
	if err != nil {
		return err
	}
	defer v.Close()
	return initialise(v)
}

func initialise(v FS) error {
	for _, p := range []struct{ parent, name string }{{"", "INI"}, {"", "BADMAIL"}, {"", "MISC"}, {"", "STORE"},
		{"STORE", MacToPC}, {"STORE", PCToMac}} {
		parent := "."
		if p.parent != "" {
			var err error
			if parent, err = locateIn(v, ".", p.parent); err != nil {
				return err
			}
		}
		found, err := locateIn(v, parent, p.name)
		if err != nil {
			return err
		}
		if found != "" {
			continue
		}
		if err := v.Mkdir(join(parent, p.name)); err != nil {
			return fmt.Errorf("spool: make %s: %w", v.Path(join(parent, p.name)), err)
		}
		// A volume that cannot flush directories loses at most what the next start makes again.
		_ = v.SyncDir(parent)
	}
	if _, err := readMarker(v); err == nil {
		return nil
	} else if !isGone(err) {
		return err
	}
	_, err := writeMarker(v)
	return err
}

// Check examines a spool without an owner: its parts, what its volume can do, what lies in it. Nothing of the legacy
// halves is touched; the self-test works on files of its own with neutral names.
func Check(dir string) (findings []string, err error) {
	v, err := OpenDir(dir)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return check(v)
}

func check(v FS) ([]string, error) {
	l, err := locate(v)
	if err != nil {
		return nil, err
	}
	t, err := selfTest(v, l, "CHECK")
	findings := t.findings
	if err != nil {
		return findings, err
	}
	switch id, err := readMarker(v); {
	case isGone(err):
		findings = append(findings, "no marker yet: the first coordinator to start here makes one")
	case err != nil:
		return findings, err
	default:
		findings = append(findings, "marker "+id)
	}
	if owner, err := readLease(v); err == nil {
		findings = append(findings, fmt.Sprintf("lease of store %s, start %d, beat %d", owner.Owner, owner.Epoch, owner.Counter))
	}
	for _, d := range []string{l.MacToPC, l.PCToMac} {
		entries, err := v.ReadDir(d)
		if err != nil {
			return findings, fmt.Errorf("spool: list %s: %w", v.Path(d), err)
		}
		findings = append(findings, survey(v, d, entries)...)
	}
	return findings, nil
}

// survey says what lies in a mail directory.
func survey(v FS, dir string, entries []Entry) (findings []string) {
	counts := map[string]int{}
	for _, e := range entries {
		_, ext, ok := parseName(e.Name)
		switch {
		case ok && !e.Regular():
			findings = append(findings, v.Path(join(dir, e.Name))+" has the name of a slot and is not a file; it is left alone")
		case ok:
			counts[ext]++
		case strings.EqualFold(e.Name, oldClaim):
			counts[extRead]++
		case meant(e.Name):
			findings = append(findings, v.Path(join(dir, e.Name))+" is never read: "+noSlot)
		}
	}
	return append(findings, fmt.Sprintf("%s: %d waiting, %d being written, %d claimed, %d being deleted",
		v.Path(dir), counts[extMail], counts[extWrite], counts[extRead], counts[extDone]))
}
