package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
)

func (a *app) health() *urfave.Command {
	return a.command(spec{
		name: "health", usage: "ask a running program whether it is well",
		about: `Asks /readyz of the program's HTTP port and ends with exit code 0 if the program takes mail, else 1. It needs no
certificate and no other program, so that a container without a shell can use it as its health check.

Example:
  $P health`,
		flags: []urfave.Flag{
			&urfave.StringFlag{Name: "http", Usage: "`HOST:PORT` of the program's HTTP port", Value: config.Default(a.program.Name).HTTP, Sources: a.source("http")},
			&urfave.BoolFlag{Name: "live", Usage: "only ask whether it is alive (/livez)", HideDefault: true},
			&urfave.StringFlag{Name: "timeout", Usage: "`DURATION` to wait for an answer", Value: "5s", Sources: a.source("timeout")},
			a.outputFlag(),
		},
		do: func(ctx context.Context, c *call) error {
			out, err := c.printer()
			if err != nil {
				return err
			}
			url, err := c.probeURL()
			if err != nil {
				return err
			}
			ctx, cancel, err := c.deadline(ctx)
			if err != nil {
				return err
			}
			defer cancel()
			answer, err := probe(ctx, url)
			if err != nil {
				return err
			}
			if out.json() {
				return out.value(struct {
					Status string `json:"status"`
				}{answer})
			}
			return out.line("%s", answer)
		},
	})
}

// probeURL is where to ask. A program that listens on every interface is asked on loopback.
func (c *call) probeURL() (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(c.text("http"), "http://"), "/"))
	if err != nil {
		return "", usagef("%s %q is not HOST:PORT", c.where("http"), c.text("http"))
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	path := "/readyz"
	if c.cmd.Bool("live") {
		path = "/livez"
	}
	return "http://" + net.JoinHostPort(host, port) + path, nil
}

// probe asks once. Every failure is the same to who asks: not well.
func probe(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy
	response, err := client.Do(request)
	if err != nil {
		return "", unwell(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return "", unwell(err)
	}
	said, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, said)
	}
	if said == "" {
		said = "ok"
	}
	return said, nil
}

// unwell hides that an error may be a deadline: probes know 0 and 1 only.
func unwell(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return errors.New(err.Error())
}
