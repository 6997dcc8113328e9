package service

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/coordinator/spool"
	"sidegate/internal/config"
	"sidegate/internal/link"
)

// TestEndsDown: a link that is cut for a moment says nothing about the end behind it.
func TestEndsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = 10 * time.Second
		start := time.Now()
		never, up := link.Status{}, link.Status{Connected: true}
		check := func(when string, want bool, ends ...link.Status) {
			t.Helper()
			if got := endsDown(ends, start, grace); got != want {
				t.Errorf("%s: down %v, want %v", when, got, want)
			}
		}
		check("at the start", false, never)
		time.Sleep(grace + time.Nanosecond)
		check("never heard of", true, never)
		check("there", false, up)
		check("one of two is there", false, never, up)
		cut := link.Status{LastBeat: time.Now()}
		time.Sleep(grace)
		check("cut for as long as the grace", false, cut)
		check("one of two was cut just now", false, never, cut)
		time.Sleep(time.Nanosecond)
		check("cut for longer", true, never, cut)
		check("no end at all", true)
	})
}

// TestHintAtSpoolInit: who names a directory that is none, or no spool, is told what makes one.
func TestHintAtSpoolInit(t *testing.T) {
	dir := t.TempDir()
	_, none := openShare(spool.OpenDir, config.Spool{Dir: filepath.Join(dir, "none")})
	_, bare := spool.Check(dir)
	for _, err := range []error{none, withHint(bare)} {
		if err == nil || !strings.HasSuffix(err.Error(), "(--spool-init, or coordinator spool init DIR, makes what is missing)") {
			t.Error(err)
		}
	}
	if err := withHint(nil); err != nil {
		t.Error(err)
	}
}
