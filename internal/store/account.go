package store

import (
	"fmt"
	"slices"
	"sort"

	"sidegate/internal/mail"
)

// maxRanges bounds the numbers taken out of order: between two ranges lies at least one number that is open.
const maxRanges = 2 * MaxOpenExceptions

// Has reports whether a number is in custody, or void.
func (in *Inbound) Has(seq uint64) bool {
	if seq <= in.Through {
		return true
	}
	i := in.at(seq)
	return i < len(in.Beyond) && in.Beyond[i].First <= seq
}

// at is the index of the first range that ends at seq or above.
func (in *Inbound) at(seq uint64) int {
	return sort.Search(len(in.Beyond), func(i int) bool { return in.Beyond[i].Last >= seq })
}

// open reports whether a number has exceptions.
func (in *Inbound) open(seq uint64) bool {
	return slices.ContainsFunc(in.Exceptions, func(e OpenException) bool { return e.Seq == seq })
}

// add takes a number that is not in yet into the account.
func (in *Inbound) add(seq uint64) error {
	if seq == in.Through+1 {
		in.Through = seq
		if len(in.Beyond) > 0 && in.Beyond[0].First == seq+1 {
			in.Through = in.Beyond[0].Last
			in.Beyond = in.Beyond[1:]
		}
		return nil
	}
	i := in.at(seq)
	joinsLeft := i > 0 && in.Beyond[i-1].Last+1 == seq
	joinsRight := i < len(in.Beyond) && in.Beyond[i].First == seq+1
	switch {
	case joinsLeft && joinsRight:
		in.Beyond[i-1].Last = in.Beyond[i].Last
		in.Beyond = slices.Delete(in.Beyond, i, i+1)
	case joinsLeft:
		in.Beyond[i-1].Last = seq
	case joinsRight:
		in.Beyond[i].First = seq
	case len(in.Beyond) >= maxRanges:
		return fmt.Errorf("store: number %d of sender %s: %w", seq, in.Sender, ErrExceptions)
	default:
		in.Beyond = slices.Insert(in.Beyond, i, Range{seq, seq})
	}
	return nil
}

// except records an exception. Recipients that older exceptions of the number name are taken out of those.
func (in *Inbound) except(seq uint64, e mail.Exception) error {
	if len(e.Recipients) == 0 {
		return fmt.Errorf("store: exception of number %d names nobody", seq)
	}
	named := make(map[string]bool, len(e.Recipients))
	for _, a := range e.Recipients {
		named[a.Key()] = true
	}
	kept := in.Exceptions[:0]
	for _, old := range in.Exceptions {
		if old.Seq == seq {
			rest := slices.DeleteFunc(slices.Clone(old.Recipients), func(a mail.Address) bool { return named[a.Key()] })
			if len(rest) == 0 {
				continue
			}
			old.Recipients = rest
		}
		kept = append(kept, old)
	}
	in.Exceptions = kept
	if !in.open(seq) && in.openNumbers() >= MaxOpenExceptions {
		return fmt.Errorf("store: exception of number %d of sender %s: %w", seq, in.Sender, ErrExceptions)
	}
	e.Recipients = slices.Clone(e.Recipients)
	i := sort.Search(len(in.Exceptions), func(i int) bool { return in.Exceptions[i].Seq > seq })
	in.Exceptions = slices.Insert(in.Exceptions, i, OpenException{Seq: seq, Exception: e})
	return nil
}

// openNumbers counts the numbers that have exceptions. Exceptions are in the order of their numbers.
func (in *Inbound) openNumbers() int {
	n := 0
	for i, e := range in.Exceptions {
		if i == 0 || in.Exceptions[i-1].Seq != e.Seq {
			n++
		}
	}
	return n
}
