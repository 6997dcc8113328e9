package service

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/convert/mappings"
)

const mappingsFile = "MAPPINGS.TXT"

// mappingsEvery is how often the table is looked at: people edit it while the coordinator runs.
const mappingsEvery = 15 * time.Second

// openMappings finds the table of file types. The articles on the old product name three places for it (KB Q76092,
// Q157948): INI first, then the root, then STORE.
func openMappings(dir string) *mappings.Source {
	return mappings.Open(inAnyCase(dir, "INI"), inAnyCase(dir, ""), inAnyCase(dir, "STORE"))
}

// inAnyCase is the path of the table in a part of the spool, both in any letter case.
func inAnyCase(dir, part string) string {
	if part != "" {
		dir = filepath.Join(dir, named(dir, part))
	}
	return filepath.Join(dir, named(dir, mappingsFile))
}

// named is the entry of a directory that equals a name but for letter case, or the name itself.
func named(dir, name string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return name
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), name) {
			return e.Name()
		}
	}
	return name
}

// watchMappings keeps the table current until ctx ends. A table with a fault leaves the old one in force, and is told of
// once.
func watchMappings(ctx context.Context, s *mappings.Source, log hclog.Logger) error {
	tick := time.NewTicker(mappingsEvery)
	defer tick.Stop()
	told := ""
	for {
		changed, path, err := s.Reload()
		switch {
		case err != nil && err.Error() != told:
			told = err.Error()
			log.Error("the table of file types is not used", "error", err)
		case err == nil && changed:
			told = ""
			log.Info("table of file types read", "path", path, "mappings", len(s.Table().List()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
