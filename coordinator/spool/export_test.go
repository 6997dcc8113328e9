package spool

import "testing"

// WithMethod opens a directory and fixes how it renames.
func WithMethod(t *testing.T, dir, method string) FS {
	t.Helper()
	v, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	r := v.(*rootFS)
	r.find.Do(func() { r.method = method })
	return v
}

// ParseName and WithExt are tested by name.
var (
	ParseName = parseName
	WithExt   = withExt
)
