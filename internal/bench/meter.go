package main

import (
	"bufio"
	"context"
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

// since is what was used for count messages within a time.
func (r reading) since(before reading, count float64, elapsed time.Duration) rate {
	return rate{
		perSecond:  count / elapsed.Seconds(),
		cpuMicros:  float64((r.cpu - before.cpu).Microseconds()) / count,
		pcFlushes:  (r.pcFlushes - before.pcFlushes) / count,
		macFlushes: (r.macFlushes - before.macFlushes) / count,
		diskBytes:  (r.written - before.written) / count,
	}
}

func (p *pair) meter(ctx context.Context) (r reading, err error) {
	if r.cpu, err = p.cpu(); err != nil {
		return r, err
	}
	pc, err := metrics(ctx, pcHTTP)
	if err != nil {
		return r, err
	}
	mac, err := metrics(ctx, macHTTP)
	r.pcFlushes, r.macFlushes = pc["sidegate_store_flushes_total"], mac["sidegate_store_flushes_total"]
	r.written = pc["sidegate_store_written_bytes_total"] + mac["sidegate_store_written_bytes_total"]
	return r, err
}

// metrics reads the metrics of a service that have no labels.
func metrics(ctx context.Context, address string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	values := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
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
