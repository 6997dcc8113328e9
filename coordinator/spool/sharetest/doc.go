// Package sharetest is a file server in memory for tests: one tree, seen by any number of machines, with the faults that
// real ones have had.
//
// A Share is the disk. A Client is one machine's view of it and implements spool.FS; the coordinator under test has one,
// and each simulated legacy half another. Faults are set on the share or on one client, at any time:
//
//	client.Hide(pattern)     names that this machine is not shown, and cannot open (KB Q121917)
//	client.HideListing(p)    names that it is not shown, but can open
//	client.Lag(d)            listings are up to d old
//	client.Late(d)           what others have named within d is not seen at all
//	client.Down(err)         every call fails with err (EIO, ESTALE ...), until Up
//	client.Kill()            every call fails for ever: the machine has died
//	client.Fault(f)          f sees every call beforehand and may fail it: the k-th write, a name, a sharing violation
//	client.FalseRenames(n)   the next n renames are done and reported as failed
//	client.ShortWrites(n)    the next n writes keep half of the bytes and say that all is well
//	share.Full(true)         nothing can be written: ENOSPC
//	share.PowerCut()         everything that was not flushed is gone
//	Options.FoldCase         letter case does not matter in names
//	Options.LowerCase        names become lower case
//	Options.Droppings        ._ files appear beside new files
//	Options.NoDirSync        directories cannot be flushed: EINVAL
//	Options.ClockOff         the server's clock is wrong
//	Options.Method           how renaming keeps from overwriting
//	Options.Overwrite        renaming replaces what has the name
//	Options.Pending          what is removed stays listed for a while, and keeps its name
//	Options.Coarse           file times are even seconds
//
// A file that is being written is seen by all with the bytes that are there: write in pieces, with Client.Append, to have one
// half visible. Time is package time, so that everything works inside a synctest bubble.
package sharetest
