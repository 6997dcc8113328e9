// Package directory knows people by name: entries of a friendly name and an address, lists of them, and what changed
// between two lists.
//
// A list holds one entry per address, in one order that depends on nothing but its entries, so that two lists with the
// same people are the same list: they compare by key and never by position (KB Q91648, where a wrong order of two lists
// lost names). Names need not be unique; what is looked up by name answers all who bear it, and who asks decides.
//
// Everything here is pure: no list ever changes, and nothing is kept. Package addressbook keeps one.
package directory
