package store_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sidegate/internal/store"
	"sidegate/internal/store/storetest"
)

// copying is an engine whose checkpoints lie open: between the copy of the map and that of the files something happens.
type copying struct {
	*storetest.Memory
	meanwhile func()
	named     []string
}

func (c *copying) Checkpoint(_ string, names func() []string) error {
	c.meanwhile()
	c.named = names()
	return nil
}

// TestCheckpointKeepsWhatIsLetGo: a message that is let go while a checkpoint is made is in the copy of the map, so its
// content has to be in that of the files. Afterwards the file goes.
func TestCheckpointKeepsWhatIsLetGo(t *testing.T) {
	for name, durable := range map[string]bool{"applied": false, "durable": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := &copying{Memory: storetest.NewMemory()}
				s := storetest.Open(t, engine, store.Options{})
				m, content := storetest.Message(t, s, strings.Repeat("large", 20_000))
				must(t, s.Commit(t.Context(), keep(m, content)))
				must(t, s.Commit(t.Context(), func(tx *store.Tx) error { _, err := tx.Delete(ann, m.ID); return err }))
				before, err := engine.Files().List()
				must(t, err)
				flush, done := engine.Hold(), make(chan error, 1)
				engine.meanwhile = func() {
					if durable {
						flush()
					}
					go func() {
						done <- s.Commit(t.Context(), func(tx *store.Tx) error { _, err := tx.Release(laneA, 1, nil); return err })
					}()
					synctest.Wait()
				}
				must(t, s.Checkpoint("copy"))
				if len(before) != 1 || !slices.Equal(engine.named, before) {
					t.Errorf("files %q were copied, and there were %q", engine.named, before)
				}
				flush()
				must(t, <-done)
				if left, err := engine.Files().List(); err != nil || len(left) != 0 {
					t.Errorf("files %q are left, %v", left, err)
				}
				engine.meanwhile = func() {}
				must(t, s.Checkpoint("another"))
				if len(engine.named) != 0 {
					t.Errorf("files %q are named that went long ago", engine.named)
				}
			})
		})
	}
}
