package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	pb "sidegate/proto/sidegate/v1"
)

// saver writes the files of one message into a directory, and nowhere else: names come from strangers.
type saver struct {
	dir     string
	root    *os.Root
	message *pb.Message
	names   []string // of the attachments' data forks, as saved
	made    []string // every file made, to be discarded after a failure
}

// newSaver opens a directory, and makes it if it is missing.
func newSaver(dir string, m *pb.Message) (*saver, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("save: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("save: %w", err)
	}
	return &saver{dir: dir, root: root, message: m, names: make([]string, len(m.GetAttachments()))}, nil
}

// save writes one fork of an attachment.
func (s *saver) save(p part, r io.Reader) error {
	a := s.message.GetAttachments()[p.index]
	if p.kind == partResource {
		return s.create("._"+s.names[p.index], func(w io.Writer) error { return writeAppleDouble(w, a.GetMac(), r) })
	}
	name, err := s.free(fileName(a.GetFileName()))
	if err != nil {
		return err
	}
	s.names[p.index] = name
	if err := s.create(name, func(w io.Writer) error { _, err := io.Copy(w, r); return err }); err != nil {
		return err
	}
	if a.GetMac() != nil && a.GetMac().GetResourceForkSizeBytes() == 0 {
		return s.create("._"+name, func(w io.Writer) error { return writeAppleDouble(w, a.GetMac(), strings.NewReader("")) })
	}
	return nil
}

// create makes a file that must not exist and fills it.
func (s *saver) create(name string, write func(io.Writer) error) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	s.made = append(s.made, name)
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("save: %s: %w", filepath.Join(s.dir, name), err)
	}
	return nil
}

// free returns the name itself, or the first of "name (2).ext", "name (3).ext" for which neither file is there.
func (s *saver) free(name string) (string, error) {
	ext := filepath.Ext(name)
	for n := 1; n < 10_000; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), n, ext)
		}
		_, err := s.root.Lstat(try)
		_, macErr := s.root.Lstat("._" + try)
		if errors.Is(err, fs.ErrNotExist) && errors.Is(macErr, fs.ErrNotExist) {
			return try, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("save: %w", err)
		}
	}
	return "", fmt.Errorf("save: %s holds too many files called %s", s.dir, name)
}

// paths are the saved data forks.
func (s *saver) paths() []string {
	paths := make([]string, len(s.names))
	for i, name := range s.names {
		paths[i] = filepath.Join(s.dir, name)
	}
	return paths
}

// reread puts saved files into the message for JSON, which promises their content.
func (s *saver) reread(m *pb.Message) error {
	if s == nil {
		return nil
	}
	for i, name := range s.names {
		data, err := s.root.ReadFile(name)
		if err != nil {
			return fmt.Errorf("save: %w", err)
		}
		m.Attachments[i].Content = data
	}
	return nil
}

// report tells on stderr what was saved: stdout belongs to the message.
func (s *saver) report(c *call) error {
	if s == nil {
		return nil
	}
	for i, path := range s.paths() {
		a := s.message.GetAttachments()[i]
		c.complain("saved %s (%d bytes)", path, a.GetSizeBytes())
		if a.GetMac() != nil {
			c.complain("saved %s (its Macintosh half, resource fork %d bytes)", besideOf(path), a.GetMac().GetResourceForkSizeBytes())
		}
	}
	return nil
}

// discard removes what was written of a message that turned out broken.
func (s *saver) discard() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, name := range s.made {
		errs = append(errs, s.root.Remove(name))
	}
	return errors.Join(errs...)
}

func (s *saver) close() { _ = s.root.Close() }

// maxFileName leaves room for "._" and " (9999)" in the 255 bytes of most file systems.
const maxFileName = 240

// reserved are names that Windows takes for devices, with any extension.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// fileName makes of an attachment's name one that is safe on every system: no directories, no control or direction
// characters, not hidden, not a device, not too long. Otherwise it is the sender's.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unsafe(r) || unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(name, ". ")
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	device := len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9'
	switch {
	case name == "":
		return "attachment"
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "-"), reserved[stem], device:
		name = "_" + name
	}
	if len(name) > maxFileName {
		ext := filepath.Ext(name)
		if len(ext) > 16 {
			ext = ""
		}
		stem := name[:maxFileName-len(ext)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = strings.TrimRight(stem, ". ") + ext
	}
	return name
}
