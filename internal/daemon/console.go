package daemon

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sidegate/internal/cli"
	"sidegate/internal/console"
	"sidegate/internal/store"
)

// console makes the HTTP side of the program.
func (p *program) console() (http.Handler, error) {
	token, err := readToken(p.config.HTTPTokenFile)
	if err != nil {
		return nil, err
	}
	registry := p.end.Metrics
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sidegate_certificate_expiry_seconds", Help: "Time until this end's certificate expires; 0 without one.",
		}, p.certificateExpiry),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	return console.New(console.Options{
		End: p.config.Name, Status: p.end.Admin.Status, Changed: p.end.Admin.Changed, Ready: p.ready, Live: p.live,
		Version: cli.Build(), Registry: registry, Token: token, Log: p.log.Named("console"),
	})
}

func (p *program) certificateExpiry() float64 {
	at, ok := p.certs.Expiry()
	if !ok {
		return 0
	}
	return time.Until(at).Seconds()
}

func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--http-token-file: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("--http-token-file %s: is empty", file)
	}
	return token, nil
}

// ready: the store works. It never depends on another end, or one end's trouble would restart the others.
func (p *program) ready() error {
	if class, reason := p.end.Store.Class(); class != store.ClassOK {
		return fmt.Errorf("store: %s", reason)
	}
	return nil
}

// live: the store has not failed. A store that merely refuses is no reason to restart.
func (p *program) live() error {
	if class, reason := p.end.Store.Class(); class == store.ClassFailed {
		return errors.New("store: " + reason)
	}
	return nil
}
