package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// measureFiles is the old way, without any program of ours: n writers put one file a message into a shared directory,
// each written, flushed, renamed, and the directory flushed. It returns files per second.
func measureFiles(dir string, size, n int, period time.Duration) (float64, error) {
	share, err := os.MkdirTemp(dir, "share-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(share)
	handle, err := os.Open(share)
	if err != nil {
		return 0, err
	}
	defer handle.Close()
	body := bytes.Repeat([]byte("x"), size)
	var count atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	start := time.Now()
	for w := range n {
		all.Go(func() {
			for i := 0; time.Since(start) < period; i++ {
				if err := writeFile(handle, filepath.Join(share, fmt.Sprintf("%d-%d", w, i)), body); err != nil {
					failed.Store(err)
					return
				}
				count.Add(1)
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, err
	}
	if count.Load() == 0 {
		return 0, fmt.Errorf("no file was written within %v: the period is too short", period)
	}
	return float64(count.Load()) / time.Since(start).Seconds(), nil
}

func writeFile(dir *os.File, name string, body []byte) error {
	f, err := os.OpenFile(name+".WRT", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(body); err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(name+".WRT", name+".MSG")
	}
	if err == nil {
		err = dir.Sync()
	}
	return err
}

// measureFlush appends 4 KiB and flushes, at a pace, and returns the time of each in ms.
func measureFlush(dir string, n int, pace time.Duration) ([]float64, error) {
	f, err := os.CreateTemp(dir, "flush-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	body := make([]byte, 4<<10)
	var took []float64
	for range n {
		<-tick.C
		start := time.Now()
		if _, err := f.Write(body); err != nil {
			return nil, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return nil, err
		}
		took = append(took, millis(time.Since(start)))
	}
	return took, nil
}
