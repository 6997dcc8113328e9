package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// reading is what the pair has used up so far: processor time, and what its stores did to the disk.
type reading struct {
	cpu                   time.Duration // of both services and this client
	pcFlushes, macFlushes float64
	written               float64 // bytes, by both stores
}

// since is what was used for the messages sent within a time. Each was flushed at both ends, so counts that have not grown
// are of another start of a service, or of another moment: they would give a figure that means nothing.
func (r reading) since(before reading, sent int64, elapsed time.Duration) (rate, error) {
	count := float64(sent)
	out := rate{
		perSecond:  count / elapsed.Seconds(),
		cpuMicros:  float64((r.cpu - before.cpu).Microseconds()) / count,
		pcFlushes:  (r.pcFlushes - before.pcFlushes) / count,
		macFlushes: (r.macFlushes - before.macFlushes) / count,
		diskBytes:  (r.written - before.written) / count,
	}
	switch {
	case sent == 0:
		return rate{}, errors.New("no message was sent: the period is too short")
	case !(out.pcFlushes > 0 && out.macFlushes > 0 && out.diskBytes > 0): // NaN among them
		return rate{}, fmt.Errorf("the counts of the stores have not grown over %d messages: %+v after %+v", sent, r, before)
	}
	return out, nil
}

func (p *pair) meter(ctx context.Context) (r reading, err error) {
	if r.cpu, err = p.cpu(); err != nil {
		return r, err
	}
	var pc, mac float64
	if r.pcFlushes, pc, err = storeCounts(ctx, pcHTTP); err != nil {
		return r, err
	}
	r.macFlushes, mac, err = storeCounts(ctx, macHTTP)
	r.written = pc + mac
	return r, err
}

// storeCounts reads from a service's metrics how often its store has flushed, and how many bytes it has written.
func storeCounts(ctx context.Context, address string) (flushes, written float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, 0, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	found := 0
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		for name, value := range map[string]*float64{"sidegate_store_flushes_total": &flushes, "sidegate_store_written_bytes_total": &written} {
			if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				if *value, err = strconv.ParseFloat(text, 64); err != nil {
					return 0, 0, fmt.Errorf("metric %s of %s: %w", name, address, err)
				}
				found++
			}
		}
	}
	if err := lines.Err(); err != nil {
		return 0, 0, err
	}
	if found != 2 {
		return 0, 0, fmt.Errorf("%s tells nothing of its store's flushes and bytes: %s", address, answer.Status)
	}
	return flushes, written, nil
}

// cpu is the processor time both services and this client have used.
func (p *pair) cpu() (time.Duration, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return 0, err
	}
	total := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for _, c := range []*exec.Cmd{p.pc, p.mac} {
		t, err := processTime(c.Process.Pid)
		if err != nil {
			return 0, err
		}
		total += t
	}
	return total, nil
}

// processTime reads user and system time, fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms.
func processTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("times of process %d cannot be read", pid)
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}
