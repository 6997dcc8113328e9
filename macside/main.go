// Command macside is the AppleTalk Mail side of Sidegate, and the commands to use and run it.
package main

import (
	"os"

	"sidegate/internal/cli"
	"sidegate/internal/config"
	"sidegate/internal/daemon"
	"sidegate/macside/macmail"
)

func main() {
	os.Exit(daemon.Main(cli.Program{Name: config.MacSide}, daemon.Side(macmail.Dialect()), os.Args))
}
