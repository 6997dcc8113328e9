package sharetest

import (
	"errors"
	"io"
	"path"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

// Drop makes a file with these bytes at once, as a program or a person on this machine would; dir and name are as spelled.
func (c *Client) Drop(name string, data string) error {
	f, err := c.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(data)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := c.SyncDir(path.Dir(name)); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// Append adds bytes to a file that is there: a writer that takes its time.
func (c *Client) Append(name, data string) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.see("write", name)
	if err != nil {
		return err
	}
	n.data = append(n.data[:len(n.data):len(n.data)], data...)
	n.flushed, n.mtime = append([]byte(nil), n.data...), c.s.now()
	return nil
}

// Read returns a file's bytes.
func (c *Client) Read(name string) (string, error) {
	f, err := c.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}

// Names lists the names in a directory that this machine sees, sorted, droppings left out.
func (c *Client) Names(dir string) ([]string, error) {
	entries, err := c.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, "._") {
			names = append(names, e.Name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// Mails lists the slots of a directory that hold .MSG, in ascending order of slots, as an old reader would take them.
func (c *Client) Mails(dir string) ([]string, error) {
	names, err := c.Names(dir)
	if err != nil {
		return nil, err
	}
	var mails []string
	for _, n := range names {
		if strings.HasSuffix(strings.ToUpper(n), ".MSG") && strings.HasPrefix(strings.ToUpper(n), "MMFF") {
			mails = append(mails, n)
		}
	}
	sort.Slice(mails, func(i, j int) bool { return slotOf(mails[i]) < slotOf(mails[j]) })
	return mails, nil
}

func slotOf(name string) int {
	n, _ := strconv.Atoi(name[4 : len(name)-4]) // a name that is no number sorts first
	return n
}

// Collect reads and removes every .MSG of a directory, in the order of slots, as the old programs did. It returns the bytes.
func (c *Client) Collect(dir string) ([]string, error) {
	mails, err := c.Mails(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range mails {
		data, err := c.Take(dir, name)
		if err != nil {
			return all, err
		}
		all = append(all, data)
	}
	return all, nil
}

// Take reads and removes one .MSG of a directory, by way of .RDG and .DEL, and returns its bytes.
func (c *Client) Take(dir, name string) (string, error) {
	stem := path.Join(dir, name[:len(name)-4])
	if err := c.Rename(path.Join(dir, name), stem+".RDG"); err != nil {
		return "", err
	}
	data, err := c.Read(stem + ".RDG")
	if err != nil {
		return "", err
	}
	if err := c.Rename(stem+".RDG", stem+".DEL"); err != nil {
		return "", err
	}
	return data, c.Remove(stem + ".DEL")
}
