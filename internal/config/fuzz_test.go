package config

import (
	"testing"

	"sidegate/internal/bounds"
)

// FuzzValues: every value that is taken is written in a form that is taken again and means the same.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"", "100KB", "25 MiB", "9223372036854775807", "1d12h", "65535d23h", "-1s", "Europe/Berlin", "../etc/passwd", "127.0.0.1:7401",
		"[::1]:0", "off", "mac:7402=sidegate://peer/macside", "*@Marketing=macside", "spiffe://example.org/a/*=user", "true", "a=b=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		again := func(what string, first, second any, err error) {
			if err != nil || first != second {
				t.Fatalf("%s %q is read as %v, and what that is written as reads as %v (%v)", what, text, first, second, err)
			}
		}
		bounds.Allocation(t, len(text), func() {
			_, _ = parseListen(text)
			_, _ = parseHTTP(text)
			_, _ = parseName(text)
			_, _ = parseSwitch(text)
			_, _ = parseZone(text)
			_, _ = ParsePin(text)
		})
		if n, err := ParseSize(text); err == nil {
			m, err := ParseSize(FormatSize(n))
			again("size", n, m, err)
		}
		if d, err := ParseDuration(text); err == nil {
			e, err := ParseDuration(FormatDuration(d))
			again("duration", d, e, err)
		}
		if p, err := ParsePeer(text); err == nil {
			q, err := ParsePeer(p.String())
			again("peer", p, q, err)
		}
		if p, err := ParsePin(text); err == nil {
			q, err := ParsePin(p.String())
			again("pin", p.String(), q.String(), err)
		}
	})
}
