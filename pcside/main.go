// Command pcside is the PC Mail side of Sidegate, and the commands to use and run it.
package main

import (
	"os"

	"sidegate/internal/cli"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/pcside/pcmail"
)

func main() {
	os.Exit(daemon.Main(cli.Program{Name: config.PCSide}, daemon.Side(pcmail.Dialect()), os.Args))
}
