package legacylog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Bounds of a log.
const (
	DefaultMaxBytes = 1 << 20
	maxQueued       = 1024 // lines that wait to be written
)

// Options set a Log up. Dir and Half are needed.
type Options struct {
	Dir      string
	Half     Half
	Level    Level // default Critical
	MaxBytes int64 // of the file before it is renamed; default DefaultMaxBytes
	Zone     *time.Location
	Now      func() time.Time         // the wall clock
	Encode   func(text string) []byte // into the code page of the file; nil: UTF-8
	Log      hclog.Logger
}

// Log is one log in the old shape. Its methods never wait, and may be called from several goroutines; a nil Log writes nothing.
type Log struct {
	o     Options
	shape shape
	lines chan string
	lost  atomic.Uint64 // lines that found the queue full
}

// New makes a log. Nothing is written before Run.
func New(o Options) *Log {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Encode == nil {
		o.Encode = func(text string) []byte { return []byte(text) }
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Log{o: o, shape: shapeOf(o.Half), lines: make(chan string, maxQueued)}
}

// Message writes a line about one message.
func (l *Log) Message(m Message) {
	if l != nil && l.o.Level >= Details {
		l.queue(l.shape.message(l.now(), m))
	}
}

// Trouble writes a line about an error.
func (l *Log) Trouble(t Trouble) {
	if l != nil && (l.o.Level >= Errors || t.Critical && l.o.Level >= Critical) {
		l.queue(l.shape.trouble(l.now(), t))
	}
}

func (l *Log) now() time.Time { return l.o.Now().In(l.o.Zone) }

func (l *Log) queue(line string) {
	select {
	case l.lines <- line:
	default:
		l.lost.Add(1)
	}
}

// Run writes lines until ctx ends, the first about the start and the last about the exit. It fails never: what cannot be
// written is told of once, until it works again.
func (l *Log) Run(ctx context.Context) error {
	w := &writer{l: l}
	if l.o.Level > None {
		w.write(l.shape.started(l.now()))
	}
	for {
		select {
		case line := <-l.lines:
			w.write(line)
			continue
		default:
		}
		select {
		case line := <-l.lines:
			w.write(line)
		case <-ctx.Done():
			if l.o.Level > None {
				w.write(l.shape.exited(l.now()))
			}
			return nil
		}
	}
}

// writer is the file. It is opened for each line: people move logs away, and volumes come and go.
type writer struct {
	l      *Log
	failed bool
}

func (w *writer) write(line string) {
	err := w.append(line)
	if lost := w.l.lost.Swap(0); lost > 0 && err == nil {
		err = fmt.Errorf("%d lines were left out because writing was too slow", lost)
	}
	switch {
	case err != nil && !w.failed:
		w.l.o.Log.Warn("the log in the old format cannot be written; mail goes on without it", "dir", w.l.o.Dir, "error", err)
	case err == nil && w.failed:
		w.l.o.Log.Info("the log in the old format is written again", "dir", w.l.o.Dir)
	}
	w.failed = err != nil
}

func (w *writer) append(line string) error {
	path := filepath.Join(w.l.o.Dir, string(w.l.o.Half))
	data := w.l.o.Encode(line + w.end())
	if err := w.rotate(path, int64(len(data))); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func (w *writer) end() string {
	if w.l.o.Half == Mac {
		return "\r"
	}
	return "\r\n"
}

// rotate renames a log that would grow beyond its bound.
func (w *writer) rotate(path string, more int64) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", path)
	case info.Size()+more <= w.l.o.MaxBytes:
		return nil
	}
	return os.Rename(path, strings.TrimSuffix(path, ".LOG")+".OLD")
}
