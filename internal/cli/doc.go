// Package cli is the command line of the three programs: serve, and the commands of the people who use and run them.
//
// Main is a whole program. What a program does beyond talking to a running one is handed in as a Program: how it
// serves, and at a coordinator the tools for spools and message files.
//
// Output. Results go to stdout, everything else to stderr. Without --output a terminal gets tables and whatever else
// gets the same columns parted by tabs, without a heading. --output json gives one document, --output jsonl one object
// per line; objects are the protocol's messages in their JSON form, flattened where that reads better, with unset
// fields written out so that every object of a kind has the same fields. Text from outside is shown with its control
// and direction characters escaped, whatever the format.
//
// Exit codes. 0 done; 1 failed; 2 the command was called wrongly; 75 nothing is wrong with the request but it could
// not be done now (sysexits EX_TEMPFAIL). An error is one line on stderr: PROGRAM: COMMAND: FIELD: PROBLEM.
package cli
