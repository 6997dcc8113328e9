package store_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// TestRefusalIsLogged: that a full store takes nothing new stands in the log, and that it does again; not with every commit.
func TestRefusalIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		engine := storetest.NewMemory()
		s := storetest.Open(t, engine, store.Options{Log: hclog.New(&hclog.LoggerOptions{Output: &log})})
		for range 3 { // around the limit
			for _, free := range []uint64{1 << 20, 1 << 40} {
				engine.SetUsage(store.Usage{Free: free, Total: 1 << 41})
				time.Sleep(2 * time.Second)
				for range 10 {
					s.Class()
				}
			}
		}
		time.Sleep(time.Minute)
		s.Class()
		for text, want := range map[string]int{"[WARN]  store: nothing new is taken: reason=\"store is full: 1 MiB are free": 1, "[INFO]  store: mail is taken again": 1} {
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q stands %d times in the log:\n%s", text, got, log.String())
			}
		}
	})
}
