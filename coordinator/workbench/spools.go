package workbench

import (
	"os"
	"path/filepath"
	"slices"

	"sidegate/coordinator/spool"
	"sidegate/internal/cli"
)

// Spools makes and examines spools offline. It implements cli.SpoolTool.
type Spools struct{}

// Init makes what is missing of a spool, the directory itself included, and returns the paths it made.
func (Spools) Init(dir string) ([]string, error) {
	before := paths(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := spool.Init(dir); err != nil {
		return nil, err
	}
	var made []string
	for _, p := range paths(dir) {
		if !slices.Contains(before, p) {
			made = append(made, p)
		}
	}
	return made, nil
}

// paths lists the first levels of a tree; what cannot be read is left out.
func paths(dir string) []string {
	var out []string
	for _, glob := range []string{"", "*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(dir, glob))
		if err == nil {
			out = append(out, found...)
		}
	}
	return out
}

// Check examines a spool. A fault of the spool is a finding; the error is for a directory that cannot be looked at.
func (Spools) Check(dir string) (cli.SpoolReport, error) {
	if _, err := os.Stat(dir); err != nil {
		return cli.SpoolReport{}, err
	}
	report := cli.SpoolReport{Findings: []cli.SpoolFinding{}}
	findings, err := spool.Check(dir)
	for _, f := range findings {
		report.Findings = append(report.Findings, cli.SpoolFinding{Level: "note", Path: dir, Text: f})
	}
	if err != nil {
		report.Findings = append(report.Findings, cli.SpoolFinding{Level: "problem", Path: dir, Text: err.Error()})
	} else {
		report.Findings = append(report.Findings, cli.SpoolFinding{Level: "ok", Path: dir, Text: "every part is there and the volume does what the protocol needs"})
	}
	return report, nil
}
