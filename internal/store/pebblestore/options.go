package pebblestore

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/go-hclog"
)

// Options sets an engine up. The zero value works.
type Options struct {
	// FS is the one door to the disk; nil: the real one. Tests put one here that loses power, or fails.
	FS  vfs.FS
	Log hclog.Logger // nil: silent
	// BallastBytes is the size of the file that is given up when the disk is full. 0: 64 MiB; below 0: none.
	BallastBytes int64
	// MemTableBytes is how much is gathered in memory before it is sorted into files. 0: 16 MiB. With a small one the
	// log files are used again sooner, which is faster on most disks.
	MemTableBytes uint64
	// CacheBytes is the size of the cache of blocks read, beside the tables in memory. 0: 8 MiB.
	CacheBytes int64
	// Still lets the database do without a clock of its own, which ticks ten times a second to see whether there is
	// something to compact: for simulations of long times, in which that would be most of the work.
	Still bool
}

// format is the version of the database's files that new stores are made in. Existing ones stay in theirs until
// Upgrade.
const format = pebble.FormatValueSeparation

// memTables is how many tables may wait in memory for being written out before commits have to wait.
const memTables = 4

// separateBytes is the size from which a value lies beside the sorted files instead of in them. Content is written
// once then, and not again with every compaction.
const separateBytes = 512

// fileBytes is about how large a sorted file gets. To make a file costs some file systems more than to fill it.
const fileBytes = 32 << 20

func (e *Engine) options(o Options, version pebble.FormatMajorVersion) *pebble.Options {
	p := &pebble.Options{
		FS:                          e.guard,
		Lock:                        e.lock,
		Logger:                      logger{e},
		FormatMajorVersion:          version,
		MemTableSize:                o.MemTableBytes,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                256,
		CacheSize:                   o.CacheBytes,
		EventListener:               &pebble.EventListener{BackgroundError: e.backgroundError},
	}
	if p.MemTableSize == 0 {
		p.MemTableSize = 16 << 20
	}
	if p.CacheSize == 0 {
		p.CacheSize = 8 << 20
	}
	p.CacheSize += memTables * int64(p.MemTableSize) // the database takes its tables in memory out of the cache
	p.Experimental.ValueSeparationPolicy = separation
	for i := range p.TargetFileSizes {
		p.TargetFileSizes[i] = fileBytes
	}
	if o.Still {
		p.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return p
}

// separation lets values be rewritten once a fifth of their file is gone, and no sooner than minutes after they came:
// most mail has been passed on by then.
func separation() pebble.ValueSeparationPolicy {
	return pebble.ValueSeparationPolicy{
		Enabled:               true,
		MinimumSize:           separateBytes,
		MaxBlobReferenceDepth: 10,
		RewriteMinimumAge:     5 * time.Minute,
		TargetGarbageRatio:    0.2,
	}
}
