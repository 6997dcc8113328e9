package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// volume is what the self-test found out.
type volume struct {
	findings []string
	lower    bool // the volume makes names lower case
	ids      bool // file numbers can be relied on
}

// selfTest tries everything the protocol needs in every directory that it is done in, with files of its own. tag, at most
// six characters, keeps two tests apart. An error means that the spool cannot be used; findings say what is weak.
func selfTest(v FS, l Layout, tag string) (volume, error) {
	t := volume{ids: true}
	t.add("renaming without overwriting: %s", v.Method())
	if v.Method() == methodCheck {
		t.add("this volume cannot refuse to overwrite: a file made between our look and our rename would be lost")
	}
	for i, dir := range []string{l.MacToPC, l.PCToMac, l.BadMail} {
		if err := t.try(v, dir, "SG"+strings.ToUpper(tag), i == 0); err != nil {
			return t, fmt.Errorf("spool: self-test in %s: %w", v.Path(dir), err)
		}
	}
	return t, nil
}

func (t *volume) add(format string, args ...any) {
	t.findings = append(t.findings, fmt.Sprintf(format, args...))
}

// try makes, lists, renames, reads back and deletes. talk adds the findings that hold for the whole volume.
func (t *volume) try(v FS, dir, stem string, talk bool) error {
	a, b, c := join(dir, stem+".TMP"), join(dir, stem+".TM2"), join(dir, stem+".TM3")
	defer v.Remove(c)
	defer v.Remove(b)
	defer v.Remove(a)
	for _, left := range []string{a, b, c} {
		if err := v.Remove(left); err != nil && !isGone(err) {
			return fmt.Errorf("remove what a former test left: %w", err)
		}
	}
	text := []byte("self-test\r\nof\na spool\r\x1a")
	if err := writeNew(v, a, text); err != nil {
		return fmt.Errorf("make and read back a file: %w", err)
	}
	made, err := v.Lstat(a)
	if err != nil {
		return fmt.Errorf("look at the new file: %w", err)
	}
	if made.Size != int64(len(text)) {
		return fmt.Errorf("the new file has %d bytes instead of %d: does the server translate text? (KB Q103199)", made.Size, len(text))
	}
	if again, err := v.Lstat(a); err != nil || again.ID != made.ID || made.ID == 0 {
		t.ids = false
	}
	if talk {
		t.tell(v, dir, stem, made)
	}
	return t.tryRename(v, a, b, c, text)
}

// tryRename never takes a name again that it has deleted: some servers keep it for a while, as long as anybody has the file open.
func (t *volume) tryRename(v FS, a, b, c string, text []byte) error {
	if err := writeNew(v, b, []byte("2")); err != nil {
		return fmt.Errorf("make a second file: %w", err)
	}
	if err := v.Rename(a, b); !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("renaming onto another file was not refused: %v", err)
	}
	if err := verify(v, b, []byte("2")); err != nil {
		return fmt.Errorf("renaming onto another file: %w", err)
	}
	if err := v.Remove(b); err != nil {
		return fmt.Errorf("delete a file: %w", err)
	}
	if err := v.Rename(a, c); err != nil {
		// Some servers rename and report an error all the same; the protocol settles that by looking.
		if _, gone := v.Lstat(a); !isGone(gone) {
			return fmt.Errorf("rename a file: %w", err)
		}
		t.add("a rename was done and reported as failed: %v", err)
	}
	if err := verify(v, c, text); err != nil {
		return fmt.Errorf("read the renamed file: %w", err)
	}
	if _, err := v.Lstat(a); !isGone(err) {
		return fmt.Errorf("the old name is still there after a rename")
	}
	if err := v.Remove(c); err != nil {
		return fmt.Errorf("delete the renamed file: %w", err)
	}
	if _, err := v.Lstat(c); !isGone(err) {
		return fmt.Errorf("a deleted file is still there")
	}
	return nil
}

// tell adds what holds for the whole volume: letter case, listing, clock, flushing.
func (t *volume) tell(v FS, dir, stem string, made Entry) {
	shown := false
	if entries, err := v.ReadDir(dir); err == nil {
		for _, e := range entries {
			if strings.EqualFold(e.Name, stem+".TMP") {
				shown = true
				t.lower = e.Name == strings.ToLower(stem+".TMP")
			}
		}
	}
	if !shown {
		t.add("a new file is not listed at once: listings lag")
	}
	if t.lower {
		t.add("the volume makes names lower case; ours are written so")
	}
	if _, err := v.Lstat(join(dir, strings.ToLower(stem)+".tmp")); err == nil {
		t.add("letter case does not matter in names")
	} else {
		t.add("letter case matters in names")
	}
	if !t.ids {
		t.add("files have no lasting numbers: size and time alone tell whether one was replaced")
	}
	if off := time.Until(made.ModTime).Round(time.Second); off > 2*time.Second || off < -2*time.Second {
		t.add("the volume's clock differs from ours by %v", off)
	}
	if err := v.SyncDir(dir); err != nil {
		t.add("directories cannot be flushed (%v): a power cut of the file server may undo the last renames", err)
	}
}
