package sharetest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say what kind of volume a Share is.
type Options struct {
	FoldCase  bool          // MMFF1.MSG and mmff1.msg are one name
	LowerCase bool          // names are made lower case; implies FoldCase
	Droppings bool          // a ._ file appears beside every new file
	NoDirSync bool          // SyncDir fails with EINVAL
	NoIDs     bool          // files have no numbers
	ClockOff  time.Duration // added to all file times
	Method    string        // what Client.Method says; default "renameat2"
	Overwrite bool          // renaming replaces what has the name; a client of method "check" looks beforehand
	Pending   time.Duration // what is removed is listed for so long, and its name cannot be used
	Coarse    bool          // file times are even seconds, as on FAT
}

// Share is the disk of a file server. Its methods may be called from several goroutines.
type Share struct {
	options Options

	mu     sync.Mutex // guards everything below, and all nodes
	root   *node
	lastID uint64
	full   bool
	log    []string
}

// node is a file or a directory.
type node struct {
	id      uint64
	mode    fs.FileMode
	mtime   time.Time
	data    []byte
	flushed []byte // what a power cut leaves
	entries map[string]*node
	durable map[string]*node // the entries that a power cut leaves
	named   time.Time        // when it got its name
	by      string           // the machine that gave it
	removed time.Time        // when its removal was asked for, zero if it was not
}

// New makes an empty volume.
func New(o Options) *Share {
	if o.Method == "" {
		o.Method = "renameat2"
	}
	s := &Share{options: o}
	s.root = s.node(fs.ModeDir | 0o777)
	return s
}

// NewSpool makes a volume with the directories of a spool in the root.
func NewSpool(o Options) *Share {
	s := New(o)
	c := s.Client("mason")
	for _, d := range []string{"INI", "BADMAIL", "MISC", "STORE", "STORE/MACTOPC", "STORE/PCTOMAC"} {
		if err := c.Mkdir(d); err != nil {
			panic(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.root.flush()
	return s
}

func (s *Share) node(mode fs.FileMode) *node {
	s.lastID++
	n := &node{id: s.lastID, mode: mode, mtime: s.now()}
	if mode.IsDir() {
		n.entries, n.durable = map[string]*node{}, map[string]*node{}
	}
	return n
}

func (s *Share) now() time.Time {
	now := time.Now().Add(s.options.ClockOff)
	if s.options.Coarse {
		now = now.Truncate(2 * time.Second)
	}
	return now
}

// purge forgets what was removed long enough ago. s.mu is held.
func (s *Share) purge(dir *node) {
	for name, e := range dir.entries {
		if !e.removed.IsZero() && time.Since(e.removed) >= s.options.Pending {
			delete(dir.entries, name)
		}
	}
}

// flush makes a whole tree durable.
func (n *node) flush() {
	n.flushed = append([]byte(nil), n.data...)
	if n.entries != nil {
		n.durable = map[string]*node{}
		for name, e := range n.entries {
			n.durable[name] = e
			e.flush()
		}
	}
}

// cut takes back what was not flushed.
func (n *node) cut() {
	n.data = append([]byte(nil), n.flushed...)
	if n.durable != nil {
		n.entries = map[string]*node{}
		for name, e := range n.durable {
			n.entries[name] = e
			e.cut()
		}
	}
}

// PowerCut is what the name says: bytes and names that were not flushed are gone. Open files are of no use afterwards.
func (s *Share) PowerCut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.root.cut()
}

// Full says whether the volume is full.
func (s *Share) Full(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// Log lists the changes so far, as "client: rename a b", oldest first: for tests of order.
func (s *Share) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// Link makes a symbolic link, Fifo a pipe: things that are not files.
func (s *Share) Link(name string) { s.odd(name, fs.ModeSymlink) }

// Fifo makes a pipe.
func (s *Share) Fifo(name string) { s.odd(name, fs.ModeNamedPipe) }

func (s *Share) odd(name string, mode fs.FileMode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, base, err := s.parent(name)
	if err != nil {
		panic(err)
	}
	dir.entries[base] = s.node(mode | 0o666)
}

// Replace swaps a directory for a new, empty one of the same name.
func (s *Share) Replace(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent, base, err := s.parent(dir)
	if err != nil {
		panic(err)
	}
	n := s.node(fs.ModeDir | 0o777)
	parent.entries[base], parent.durable[base] = n, n
}

// Snapshot lists every file below dir with its bytes, as "name: bytes", sorted: for comparing end states.
func (s *Share) Snapshot(dir string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	n, err := s.find(dir)
	if err != nil {
		return nil
	}
	var walk func(string, *node)
	walk = func(at string, n *node) {
		for name, e := range n.entries {
			if e.entries != nil {
				walk(path.Join(at, name), e)
			} else {
				list = append(list, fmt.Sprintf("%s: %q", path.Join(at, name), e.data))
			}
		}
	}
	walk("", n)
	sort.Strings(list)
	return list
}

// key is how a name is found in a directory. s.mu is held.
func (s *Share) key(dir *node, name string) string {
	if !s.options.FoldCase && !s.options.LowerCase {
		return name
	}
	for k := range dir.entries {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	if s.options.LowerCase {
		return strings.ToLower(name)
	}
	return name
}

// find walks to a node. s.mu is held.
func (s *Share) find(name string) (*node, error) {
	n := s.root
	if name == "." || name == "" {
		return n, nil
	}
	for _, part := range strings.Split(name, "/") {
		if n.entries == nil {
			return nil, syscall.ENOTDIR
		}
		next := n.entries[s.key(n, part)]
		if next == nil {
			return nil, fs.ErrNotExist
		}
		n = next
	}
	return n, nil
}

// parent finds the directory of a name, and the key of the name in it. s.mu is held.
func (s *Share) parent(name string) (*node, string, error) {
	dir, err := s.find(path.Dir(name))
	if err != nil {
		return nil, "", err
	}
	if dir.entries == nil {
		return nil, "", syscall.ENOTDIR
	}
	return dir, s.key(dir, path.Base(name)), nil
}

func (s *Share) note(format string, args ...any) { s.log = append(s.log, fmt.Sprintf(format, args...)) }

// ErrKilled is what a killed client gets.
var ErrKilled = errors.New("sharetest: this machine has died")
