package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestStoreCounts reads both metrics or fails: a metric that is missing or no number must not pass for 0.
func TestStoreCounts(t *testing.T) {
	const flushes, written = "sidegate_store_flushes_total 12\n", "sidegate_store_written_bytes_total 3.5e+06\n"
	for name, c := range map[string]struct {
		page string
		ok   bool
	}{
		"both":                {"# HELP x\n" + flushes + "sidegate_alarms 0\n" + written, true},
		"no flushes":          {written, false},
		"no bytes":            {flushes, false},
		"a longer name":       {"sidegate_store_flushes_total_more 12\n" + written, false},
		"not a number":        {"sidegate_store_flushes_total many\n" + written, false},
		"nothing at all":      {"", false},
		"only the help of it": {"# HELP " + flushes + "# HELP " + written, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.page) }))
		f, b, err := storeCounts(t.Context(), strings.TrimPrefix(server.URL, "http://"))
		server.Close()
		if (err == nil) != c.ok || c.ok && (f != 12 || b != 3.5e6) {
			t.Errorf("%s: %v flushes, %v bytes, %v", name, f, b, err)
		}
	}
}

// TestSince divides by nothing that can be 0.
func TestSince(t *testing.T) {
	before := reading{cpu: time.Second, pcFlushes: 100, macFlushes: 200, written: 1e6}
	after := reading{cpu: 2 * time.Second, pcFlushes: 105, macFlushes: 202, written: 1.1e6}
	got, err := after.since(before, 10, 2*time.Second)
	if want := (rate{5, 100_000, 0.5, 0.2, 10_000}); got != want || err != nil {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	restarted := after
	restarted.macFlushes = 3
	for name, c := range map[string]struct {
		after reading
		sent  int64
	}{
		"nothing was sent":                   {after, 0},
		"counts that stand still":            {before, 10},
		"a service was started in between":   {restarted, 10},
		"nothing was sent and nothing moved": {before, 0},
	} {
		if got, err := c.after.since(before, c.sent, time.Second); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
