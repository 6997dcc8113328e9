// Package layout holds the tests that keep the house in order: which package may import which, that documents link to
// files that exist, and that the packages, functions, flags, metrics and other words they name are those of the code.
package layout
