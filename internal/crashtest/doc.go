// Package crashtest holds the tests that need real processes: the three programs with real files, real TLS and a stand-in for
// the old Macintosh half, killed at every durable step they pass, killed at random, frozen, starved of disk, drained, and
// asked from outside. After every blow a history of the run must show that nothing acknowledged was lost and nothing doubled.
//
// SIDEGATE_FAULT=POINT[:N] is what makes a program die by SIGKILL at the N-th passage of a durable step; see package daemon.
// The tests named Torture run for as long as SIDEGATE_TORTURE_SECONDS says, or every point SIDEGATE_KILLS times.
package crashtest
