// Package layout holds the tests that keep the house in order: which package may import which, that documents link to
// files that exist, and that what they say of commands is true.
package layout
