package storetest

import (
	"errors"
	"io"
	"testing"

	"sidegate/internal/store"
)

func openEngine(t *testing.T, b *bench) store.Engine {
	t.Helper()
	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := b.place.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func engineMap(t *testing.T, b *bench) {
	e := openEngine(t, b)
	apply := func(ops ...store.Op) {
		t.Helper()
		wait, err := e.Apply(&store.Batch{Ops: ops})
		if err == nil {
			err = wait()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	op := func(key, value string) store.Op { return store.Op{Key: []byte("~" + key), Value: []byte(value)} }
	apply(op("a", "1"), op("b", ""), op("c", "3"), op("d", "4"))
	apply(store.Op{Key: []byte("~c")}, store.Op{Key: []byte("~nothing")})
	scan := func(lower, upper string, reverse bool, max int) (all []string) {
		t.Helper()
		if err := e.Scan([]byte("~"+lower), []byte("~"+upper), reverse, func(k, v []byte) bool {
			all = append(all, string(k[1:])+string(v))
			return len(all) < max
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	equal(t, "all", scan("a", "z", false, 9), []string{"a1", "b", "d4"})
	equal(t, "backwards", scan("a", "z", true, 9), []string{"d4", "b", "a1"})
	equal(t, "without the upper bound", scan("a", "d", false, 9), []string{"a1", "b"})
	equal(t, "until it is enough", scan("a", "z", false, 2), []string{"a1", "b"})
	equal(t, "nothing", scan("e", "z", false, 9), []string(nil))
	value, err := e.Get([]byte("~b"))
	equal(t, "an empty value", []any{value, err}, []any{[]byte{}, error(nil)})
	_, err = e.Get([]byte("~c"))
	equal(t, "a removed key", errors.Is(err, store.ErrNotFound), true)
	value, _ = e.Get([]byte("~a"))
	value[0] = 'x'
	value, _ = e.Get([]byte("~a"))
	equal(t, "a value changed by its reader", string(value), "1")
}

func engineFiles(t *testing.T, b *bench) {
	f := openEngine(t, b).Files()
	w, err := f.Create("one")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { _, err := w.Write([]byte("con")); return err },
		func() error { _, err := w.Write([]byte("tent")); return err },
		w.Sync, w.Close, f.Sync,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := f.Open("one")
	if err != nil {
		t.Fatal(err)
	}
	read, err := io.ReadAll(r)
	equal(t, "content", []any{string(read), err, r.Close()}, []any{"content", error(nil), error(nil)})
	names, err := f.List()
	equal(t, "names", []any{names, err}, []any{[]string{"one"}, error(nil)})
	equal(t, "removed, and again", []error{f.Remove("one"), f.Remove("one")}, []error{nil, nil})
	_, err = f.Open("one")
	equal(t, "a removed file", errors.Is(err, store.ErrNotFound), true)
}
