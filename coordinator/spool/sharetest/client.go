package sharetest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"

	"sidegate/coordinator/spool"
)

// Op is one call on a client.
type Op struct {
	Name string // refresh, readdir, lstat, open, create, overwrite, write, sync, close, rename, remove, mkdir, syncdir
	Path string
	To   string // of a rename
}

// Client is one machine's view of a Share.
type Client struct {
	s    *Share
	name string

	// What follows is guarded by s.mu.
	killed  bool
	down    error
	hidden  []string
	unlist  []string
	lag     time.Duration
	slow    time.Duration
	history map[string][]listing
	late    time.Duration
	falsely int
	shorten int
	fault   func(Op) error
}

// listing is what a directory was at some time.
type listing struct {
	at      time.Time
	entries []spool.Entry
}

var _ spool.FS = (*Client)(nil)

// Client makes another machine that has the volume mounted.
func (s *Share) Client(name string) *Client {
	return &Client{s: s, name: name, history: map[string][]listing{}}
}

// Hide hides names that match the pattern of path.Match from this machine, in every directory; none shows all again.
func (c *Client) Hide(patterns ...string) { c.set(func() { c.hidden = patterns }) }

// HideListing leaves names out of listings only.
func (c *Client) HideListing(patterns ...string) { c.set(func() { c.unlist = patterns }) }

// Lag makes listings up to d old.
func (c *Client) Lag(d time.Duration) { c.set(func() { c.lag = d }) }

// Down makes every call fail, until Up.
func (c *Client) Down(err error) { c.set(func() { c.down = err }) }

// Up ends Down.
func (c *Client) Up() { c.set(func() { c.down = nil }) }

// Kill makes every call fail for ever.
func (c *Client) Kill() { c.set(func() { c.killed = true }) }

// Slow makes every listing take that long.
func (c *Client) Slow(d time.Duration) { c.set(func() { c.slow = d }) }

// Fault lets f see every call beforehand, and fail it with its error. f must not call the client.
func (c *Client) Fault(f func(Op) error) { c.set(func() { c.fault = f }) }

// Late keeps names from this machine that others have made or changed within d.
func (c *Client) Late(d time.Duration) { c.set(func() { c.late = d }) }

// ShortWrites makes the next n writes keep only half of the bytes, and report that all is well.
func (c *Client) ShortWrites(n int) { c.set(func() { c.shorten = n }) }

// FalseRenames makes the next n renames succeed and report EIO.
func (c *Client) FalseRenames(n int) { c.set(func() { c.falsely = n }) }

func (c *Client) set(change func()) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	change()
}

// check fails a call if it is to fail. s.mu is held.
func (c *Client) check(op Op) error {
	var err error
	switch {
	case c.killed:
		err = ErrKilled
	case c.down != nil:
		err = c.down
	case c.fault != nil:
		err = c.fault(op)
	}
	return wrap(op.Name, op.Path, err)
}

func wrap(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(strings.ToUpper(p), strings.ToUpper(path.Base(name))); ok && err == nil {
			return true
		}
	}
	return false
}

// Refresh does nothing but fail when it should.
func (c *Client) Refresh() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.check(Op{Name: "refresh"})
}

// ReadDir lists a directory as this machine sees it.
func (c *Client) ReadDir(dir string) ([]spool.Entry, error) {
	c.s.mu.Lock()
	slow := c.slow
	c.s.mu.Unlock()
	time.Sleep(slow)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.check(Op{Name: "readdir", Path: dir}); err != nil {
		return nil, err
	}
	n, err := c.s.find(dir)
	if err != nil {
		return nil, wrap("readdir", dir, err)
	}
	if n.entries == nil {
		return nil, wrap("readdir", dir, syscall.ENOTDIR)
	}
	c.s.purge(n)
	list := c.recall(dir, c.list(n))
	shown := list[:0:0]
	for _, e := range list {
		if !matches(c.hidden, e.Name) && !matches(c.unlist, e.Name) {
			shown = append(shown, e)
		}
	}
	return shown, nil
}

func (c *Client) list(n *node) []spool.Entry {
	var list []spool.Entry
	for name, e := range n.entries {
		if !c.unseen(e) {
			list = append(list, c.entry(name, e))
		}
	}
	return list
}

// recall returns the oldest listing that is not older than the lag. Lagging starts when Lag is called. s.mu is held.
func (c *Client) recall(dir string, now []spool.Entry) []spool.Entry {
	if c.lag == 0 {
		delete(c.history, dir)
		return now
	}
	h := append(c.history[dir], listing{time.Now(), now})
	for len(h) > 1 && time.Since(h[0].at) > c.lag {
		h = h[1:]
	}
	c.history[dir] = h
	return h[0].entries
}

func (c *Client) entry(name string, n *node) spool.Entry {
	id := n.id
	if c.s.options.NoIDs {
		id = 0
	}
	return spool.Entry{Name: name, Size: int64(len(n.data)), ModTime: n.mtime, ID: id, Mode: n.mode}
}

// unseen reports whether this machine has not noticed a name yet. s.mu is held.
func (c *Client) unseen(n *node) bool {
	return c.late > 0 && n != nil && n.by != "" && n.by != c.name && time.Since(n.named) < c.late
}

// taken fails if a name cannot be had because something has it. s.mu is held.
func (c *Client) taken(dir *node, key string) error {
	c.s.purge(dir)
	switch n := dir.entries[key]; {
	case n == nil:
		return nil
	case !n.removed.IsZero():
		return syscall.EBUSY
	}
	return fs.ErrExist
}

// see finds a node that this machine can see. s.mu is held.
func (c *Client) see(op, name string) (*node, error) {
	if err := c.check(Op{Name: op, Path: name}); err != nil {
		return nil, err
	}
	n, err := c.s.find(name)
	if err == nil && (matches(c.hidden, name) || c.unseen(n) || !n.removed.IsZero()) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, wrap(op, name, err)
	}
	return n, nil
}

// Lstat describes one entry.
func (c *Client) Lstat(name string) (spool.Entry, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.see("lstat", name)
	if err != nil {
		return spool.Entry{}, err
	}
	base := path.Base(name)
	if dir, key, err := c.s.parent(name); err == nil && dir.entries[key] == n {
		base = key
	}
	return c.entry(base, n), nil
}

// Open opens a file for reading.
func (c *Client) Open(name string) (spool.File, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.see("open", name)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsRegular() {
		return nil, wrap("open", name, fmt.Errorf("is not a regular file"))
	}
	return &file{c: c, n: n, name: name}, nil
}

// Create makes a file.
func (c *Client) Create(name string) (spool.File, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.check(Op{Name: "create", Path: name}); err != nil {
		return nil, err
	}
	dir, key, err := c.s.parent(name)
	if err != nil {
		return nil, wrap("create", name, err)
	}
	if err := c.taken(dir, key); err != nil {
		return nil, wrap("create", name, err)
	}
	n := c.s.node(0o666)
	dir.entries[key], n.by, n.named = n, c.name, time.Now()
	c.s.note("%s: create %s", c.name, name)
	if c.s.options.Droppings && !strings.HasPrefix(key, "._") {
		dropping := c.s.node(0o666)
		dropping.data = []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
		dir.entries["._"+key] = dropping
	}
	return &file{c: c, n: n, name: name, write: true}, nil
}

// Overwrite replaces a file's bytes.
func (c *Client) Overwrite(name string, data []byte) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.check(Op{Name: "overwrite", Path: name}); err != nil {
		return err
	}
	dir, key, err := c.s.parent(name)
	if err != nil {
		return wrap("overwrite", name, err)
	}
	n := dir.entries[key]
	if n == nil {
		n = c.s.node(0o666)
		dir.entries[key] = n
	}
	n.data, n.mtime = append([]byte(nil), data...), c.s.now()
	n.flushed = n.data
	dir.durable[key] = n
	return nil
}

// Rename gives a file another name, which must be free.
func (c *Client) Rename(from, to string) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.check(Op{Name: "rename", Path: from, To: to}); err != nil {
		return err
	}
	n, err := c.see("rename", from)
	if err != nil {
		return err
	}
	if !n.mode.IsRegular() {
		return wrap("rename", from, fmt.Errorf("is not a regular file"))
	}
	a, old, err := c.s.parent(from)
	if err != nil {
		return wrap("rename", from, err)
	}
	b, key, err := c.s.parent(to)
	if err != nil {
		return wrap("rename", to, err)
	}
	looks := c.s.options.Method == "check" && !c.unseen(b.entries[key]) // as well as it can
	if err := c.taken(b, key); err != nil && (!c.s.options.Overwrite || looks || !errors.Is(err, fs.ErrExist)) {
		return wrap("rename", to, err)
	}
	delete(a.entries, old)
	b.entries[key], n.by, n.named = n, c.name, time.Now()
	c.s.note("%s: rename %s %s", c.name, from, path.Base(to))
	if c.falsely > 0 {
		c.falsely--
		return wrap("rename", from, syscall.EIO)
	}
	return nil
}

// Remove removes a file.
func (c *Client) Remove(name string) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.see("remove", name)
	if err != nil {
		return err
	}
	if n.entries != nil {
		return wrap("remove", name, syscall.EISDIR)
	}
	dir, key, err := c.s.parent(name)
	if err != nil {
		return wrap("remove", name, err)
	}
	if n.removed = time.Now(); c.s.options.Pending == 0 {
		delete(dir.entries, key)
	}
	c.s.note("%s: remove %s", c.name, name)
	return nil
}

// Mkdir makes a directory.
func (c *Client) Mkdir(name string) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.check(Op{Name: "mkdir", Path: name}); err != nil {
		return err
	}
	dir, key, err := c.s.parent(name)
	if err != nil {
		return wrap("mkdir", name, err)
	}
	if dir.entries[key] != nil {
		return wrap("mkdir", name, fs.ErrExist)
	}
	dir.entries[key] = c.s.node(fs.ModeDir | 0o777)
	return nil
}

// SyncDir makes a directory's names durable.
func (c *Client) SyncDir(dir string) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.see("syncdir", dir)
	if err != nil {
		return err
	}
	if c.s.options.NoDirSync {
		return wrap("syncdir", dir, syscall.EINVAL)
	}
	n.durable = map[string]*node{}
	for name, e := range n.entries {
		n.durable[name] = e
	}
	return nil
}

// Method says what Options.Method says.
func (c *Client) Method() string { return c.s.options.Method }

// Path is the name behind the name of the machine.
func (c *Client) Path(name string) string { return "//" + c.name + "/" + name }

// Close does nothing.
func (c *Client) Close() error { return nil }

// file is an open file.
type file struct {
	c     *Client
	n     *node
	name  string
	pos   int
	write bool
}

func (f *file) Read(p []byte) (int, error) {
	f.c.s.mu.Lock()
	defer f.c.s.mu.Unlock()
	if err := f.c.check(Op{Name: "read", Path: f.name}); err != nil {
		return 0, err
	}
	if f.pos >= len(f.n.data) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[f.pos:])
	f.pos += n
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	f.c.s.mu.Lock()
	defer f.c.s.mu.Unlock()
	if err := f.c.check(Op{Name: "write", Path: f.name}); err != nil {
		return 0, err
	}
	if !f.write {
		return 0, wrap("write", f.name, syscall.EBADF)
	}
	if f.c.s.full {
		return 0, wrap("write", f.name, syscall.ENOSPC)
	}
	kept := p
	if f.c.shorten > 0 {
		f.c.shorten--
		kept = p[:len(p)/2]
	}
	f.n.data = append(f.n.data[:len(f.n.data):len(f.n.data)], kept...)
	f.n.mtime = f.c.s.now()
	return len(p), nil
}

func (f *file) Sync() error {
	f.c.s.mu.Lock()
	defer f.c.s.mu.Unlock()
	if err := f.c.check(Op{Name: "sync", Path: f.name}); err != nil {
		return err
	}
	f.n.flushed = append([]byte(nil), f.n.data...)
	return nil
}

func (f *file) Stat() (spool.Entry, error) {
	f.c.s.mu.Lock()
	defer f.c.s.mu.Unlock()
	if err := f.c.check(Op{Name: "stat", Path: f.name}); err != nil {
		return spool.Entry{}, err
	}
	return f.c.entry(path.Base(f.name), f.n), nil
}

func (f *file) Close() error {
	f.c.s.mu.Lock()
	defer f.c.s.mu.Unlock()
	return f.c.check(Op{Name: "close", Path: f.name})
}
