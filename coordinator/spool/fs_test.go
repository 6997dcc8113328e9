package spool_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
)

// volumes are all implementations of spool.FS; one suite runs over them.
func volumes(t *testing.T) map[string]func(t *testing.T) spool.FS {
	return map[string]func(t *testing.T) spool.FS{
		"directory": func(t *testing.T) spool.FS {
			v, err := spool.OpenDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.Close() })
			return v
		},
		"directory, renaming by link": func(t *testing.T) spool.FS { return spool.WithMethod(t, t.TempDir(), "link") },
		"directory, renaming by look": func(t *testing.T) spool.FS { return spool.WithMethod(t, t.TempDir(), "check") },
		"share":                       func(t *testing.T) spool.FS { return sharetest.New(sharetest.Options{}).Client("x") },
		"share, any letter case":      func(t *testing.T) spool.FS { return sharetest.New(sharetest.Options{FoldCase: true}).Client("x") },
	}
}

func write(t *testing.T, v spool.FS, name, text string) {
	t.Helper()
	f, err := v.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, v spool.FS, name string) string {
	t.Helper()
	f, err := v.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := f.Stat(); err != nil || e.Size != int64(len(b)) {
		t.Errorf("stat %+v, %v", e, err)
	}
	return string(b)
}

func TestFS(t *testing.T) {
	for name, open := range volumes(t) {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			if err := v.Mkdir("d"); err != nil {
				t.Fatal(err)
			}
			if err := v.Mkdir("d"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second Mkdir: %v", err)
			}
			write(t, v, "d/a", "one")
			if _, err := v.Create("d/a"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second Create: %v", err)
			}
			write(t, v, "d/b", "two")
			if err := v.Rename("d/a", "d/b"); !errors.Is(err, fs.ErrExist) || read(t, v, "d/b") != "two" || read(t, v, "d/a") != "one" {
				t.Errorf("renaming onto another file: %v", err)
			}
			if err := v.Rename("d/a", "d/c"); err != nil || read(t, v, "d/c") != "one" {
				t.Errorf("rename: %v", err)
			}
			if err := v.Rename("d/a", "d/e"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("renaming nothing: %v", err)
			}
			if err := v.Rename("d", "e"); err == nil {
				t.Error("a directory was renamed")
			}
			if err := v.Remove("d"); err == nil {
				t.Error("a directory was removed")
			}
			if err := v.Mkdir("d/sub"); err != nil {
				t.Fatal(err)
			}
			if err := v.Remove("d/sub"); err == nil {
				t.Error("an empty directory was removed")
			}
			if _, err := v.Open("d/sub"); err == nil {
				t.Error("a directory was opened")
			}
			if err := v.Remove("d/b"); err != nil {
				t.Error(err)
			}
			if err := v.Remove("d/b"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("removing nothing: %v", err)
			}
			if err := errors.Join(v.Overwrite("d/o", []byte("first, and long")), v.Overwrite("d/o", []byte("second"))); err != nil || read(t, v, "d/o") != "second" {
				t.Errorf("overwrite: %v", err)
			}
			if err := errors.Join(v.SyncDir("d"), v.Refresh()); err != nil {
				t.Error(err)
			}
			entries, err := v.ReadDir("d")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range entries {
				names = append(names, e.Name)
				again, err := v.Lstat("d/" + e.Name)
				if err != nil || again.Size != e.Size || again.ID != e.ID || again.Regular() != (e.Name != "sub") {
					t.Errorf("%s: listed %+v, looked at %+v, %v", e.Name, e, again, err)
				}
			}
			if slices.Sort(names); !slices.Equal(names, []string{"c", "o", "sub"}) {
				t.Errorf("listed %v", names)
			}
			if _, err := v.ReadDir("nowhere"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("listing nothing: %v", err)
			}
		})
	}
}

// Of many who rename onto one name, one wins, and nobody's file is lost. A volume that can only look first cannot promise it.
func TestRenameRace(t *testing.T) {
	for name, open := range volumes(t) {
		if name == "directory, renaming by look" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			v := open(t)
			const n = 20
			var wins sync.Map
			var group sync.WaitGroup
			for i := range n {
				from := string(rune('a' + i))
				write(t, v, from, from)
				group.Go(func() {
					if err := v.Rename(from, "target"); err == nil {
						wins.Store(from, true)
					} else if !errors.Is(err, fs.ErrExist) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			won := 0
			wins.Range(func(any, any) bool { won++; return true })
			entries, err := v.ReadDir(".")
			if err != nil || won != 1 || len(entries) != n {
				t.Errorf("%d winners, %d files, %v", won, len(entries), err)
			}
		})
	}
}

// What is no file is neither followed nor opened, and opening it does not hang.
func TestOddFilesOfADirectory(t *testing.T) {
	dir := t.TempDir()
	v, err := spool.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "MMFF1.MSG")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("MMFF1.MSG", filepath.Join(dir, "MMFF2.MSG")); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, filepath.Join(dir, "MMFF3.MSG"))
	for _, name := range []string{"MMFF1.MSG", "MMFF2.MSG", "MMFF3.MSG"} {
		if e, err := v.Lstat(name); err != nil || e.Regular() {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
		if f, err := v.Open(name); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
		if err := v.Rename(name, "MMFF9.RDG"); err == nil {
			t.Errorf("%s was renamed", name)
		}
	}
	for _, name := range []string{"../secret", "/etc/passwd"} {
		if _, err := v.Lstat(name); err == nil {
			t.Errorf("%s was looked at", name)
		}
	}
}

func TestInitAndCheck(t *testing.T) {
	dir := t.TempDir()
	if _, err := spool.Check(dir); err == nil {
		t.Error("an empty directory passed")
	} else if missing := new(spool.MissingError); !errors.As(err, &missing) || len(missing.Paths) != 6 || missing.Paths[5] != filepath.Join(dir, "STORE", "PCTOMAC") {
		t.Errorf("got %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "store", "mactopc"), 0o777); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := spool.Init(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "STORE")); err == nil {
		t.Error("a second spelling was made")
	}
	stray := filepath.Join(dir, "store", "mactopc", "mmff100.msg")
	for _, file := range []string{filepath.Join(dir, "store", "mactopc", "MMFF1.MSG"), stray} {
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := spool.Check(dir)
	if err != nil || !slices.Contains(findings, filepath.Join(dir, "store", "mactopc")+": 1 waiting, 0 being written, 0 claimed, 0 being deleted") {
		t.Errorf("%q, %v", findings, err)
	}
	if !slices.Contains(findings, stray+" is never read: slots are called MMFF1 to MMFF99") {
		t.Errorf("%q", findings)
	}
	for _, file := range []string{filepath.Join(dir, "store", "mactopc", "MMFF1.MSG"), stray} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "store", "mactopc")); err != nil || len(left) != 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
}
