// Command coordinator keeps one spool of the old mail gateway and stands in for the half behind it.
package main

import (
	"os"
	_ "time/tzdata" // --spool-zone must work in an image that has nothing else

	"sidegate/coordinator/service"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/workbench"
	"sidegate/internal/cli"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
)

func main() {
	p := cli.Program{Name: config.Coordinator, Spool: workbench.Spools{}, MMFF: workbench.Files{}}
	os.Exit(daemon.Main(p, service.Kind(spool.OpenDir), os.Args))
}
