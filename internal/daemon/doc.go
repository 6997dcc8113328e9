// Package daemon puts one end together and runs it: store, routes, intake, links, services and console, in the order
// in which they depend on each other, and takes them down in the order in which mail should stop flowing. The store
// closes after everything else has returned.
//
// What surrounds an end, its disk, its network, its certificates, is handed in as a World, so that a simulation runs
// the very same assembly as the programs do.
package daemon
