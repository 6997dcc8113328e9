// Package simtest runs the real trio, pcside, macside and a coordinator with its spool, in one process under a
// virtual clock, over a network, disks and a share that fail, and checks the history of every run for mail lost,
// doubled, reordered, unreported or corrupt, and for links that are called up without reason.
//
// A world is the three assemblies of package daemon, each over a disk that loses what was not flushed, an old half that
// works on its own view of the share, and people who submit mail over gRPC and try again, under one request ID, until
// it is acknowledged. What goes wrong is a plan of faults: connections cut, torn at a byte or swallowed one way,
// partitions, processes killed at any time or at a fault point, power cuts, disk errors, full disks, a share that
// hides names, shows old listings or vanishes, a half that is away, clocks that jump, and an address that moves.
//
// A seed decides a plan: letters, faults and what chance keeps of a disk. The same seed makes the same plan; what the
// scheduler makes of it differs a little from run to run, so that a rare failure may take some tries to come again.
//
//	SIDEGATE_SEED=123 go test -run TestSeeds ./internal/simtest                          one seed, with its story under -v
//	SIDEGATE_TORTURE_SECONDS=60 go test -v -run TestTorture ./internal/simtest           random seeds, more faults each
//	SIDEGATE_TORTURE_SECONDS=0.1 SIDEGATE_SEED=123 go test -run TestTorture ./internal/simtest
//
// A seed that fails prints its plan, the story of the run and what happened on the share. SIDEGATE_STORY=1 tells the
// story while it happens, SIDEGATE_LOG=debug adds the logs of the ends.
package simtest
