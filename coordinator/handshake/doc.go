// Package handshake knows the legacy liveness file: it recognises one by its bytes, decides when one of ours is due, and
// draws from all the evidence of a spool a verdict on the legacy half behind it.
//
// The old halves each dropped a file into the directory they send mail through, and held the other half for dead as long
// as nobody took it (KB Q121917). Three rules keep us out of that trap:
//
//   - a handshake that lies there says only that it lies there: it is an alarm and never stops mail;
//   - the verdict comes from everything the half does, the newest sign wins, and a half that works without taking one file
//     of ours is called blind, not dead;
//   - a handshake is recognised before anything is read as mail, so that it never becomes bad mail (KB Q152477).
//
// The package is pure: bytes, instants and counts in, decisions out. It opens no file and starts nothing. Instants are
// those of package time with their monotonic reading; ages are observed running time, never file times.
package handshake
