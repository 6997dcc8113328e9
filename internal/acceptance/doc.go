// Package acceptance holds the tests of Sidegate as its users meet it: real ends on loopback with real certificates, real
// stores and a real spool directory, spoken to over gRPC, HTTP and the command line. Who may call what, what becomes of
// bad input, mail through the spool, and every command that the documents show.
package acceptance
