package spool

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ScanTime is how long the volume takes to list one directory. Lists that took longer and longer were the first sign of an
// ailing volume, and nobody saw them (KB Q133430).
type ScanTime struct {
	Directory string // MACTOPC, PCTOMAC or BADMAIL
	Count     uint64 // lists since the start
	Last      time.Duration
	Longest   time.Duration
	Total     time.Duration
}

// slowScan is how long a list may take before it is told of: a directory of some hundred names is listed in milliseconds on any
// volume that is well.
const slowScan = 5 * time.Second

const alarmSlow = "slow-scan"

// timed lists a directory and notes how long it took.
func (s *Spool) timed(name, dir string) ([]Entry, error) {
	start := time.Now()
	entries, err := s.fs.ReadDir(dir)
	if err == nil {
		s.noteScan(name, time.Since(start))
	}
	return entries, err
}

func (s *Spool) noteScan(name string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.scanTimes[name]
	if t == nil {
		t = &ScanTime{Directory: name}
		s.scanTimes[name] = t
	}
	t.Count++
	t.Total += took
	t.Last, t.Longest = took, max(t.Longest, took)
	s.tellSlow()
}

// tellSlow raises the alarm about slow directories, and takes it back when all are quick again. s.mu is held.
func (s *Spool) tellSlow() {
	var slow []string
	for _, t := range s.sortedScans() {
		if t.Last >= slowScan {
			slow = append(slow, fmt.Sprintf("%s takes %v", t.Directory, t.Last.Round(100*time.Millisecond)))
		}
	}
	_, told := s.state.alarms[alarmSlow]
	switch {
	case len(slow) > 0:
		text := "the volume is slow: to list " + strings.Join(slow, ", ")
		s.state.alarms[alarmSlow] = text
		if !told {
			s.log.Warn("the volume is slow", "why", text)
		}
	case told:
		delete(s.state.alarms, alarmSlow)
		s.log.Info("the volume is quick again")
	}
}

// sortedScans are the times by directory. s.mu is held.
func (s *Spool) sortedScans() []ScanTime {
	list := make([]ScanTime, 0, len(s.scanTimes))
	for _, t := range s.scanTimes {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(x, y ScanTime) int { return cmp.Compare(x.Directory, y.Directory) })
	return list
}
