package listfile

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"sidegate/coordinator/convert/charset"
	"sidegate/internal/directory"
)

// An alias has to be unique in its list, in any letter case, and has 30 characters; names that agree in the first 30 were not
// imported, with error 900 (KB Q91648). A name that fits and is the only one of its kind is its own alias. Of others it is the
// beginning, a tilde, and letters and digits drawn from the address: so an alias does not depend on who else stands in the
// list, but for whether it needs that end, and stays the same when others come and go.

// ends are the lengths of the ends that are tried, one after the other.
var ends = []int{0, 6, 12}

// aliasOf is the alias of an entry with an end of so many characters, in the code page.
func aliasOf(e directory.Entry, t *charset.Table, end int) (alias string, loss charset.Loss) {
	alias, loss = t.Encode(e.Name)
	tail := ""
	if end > 0 {
		sum := sha256.Sum256([]byte(e.Key()))
		tail = "~" + base32.StdEncoding.EncodeToString(sum[:])[:end]
	}
	return strings.Trim(alias[:min(len(alias), MaxAlias-len(tail))], " ") + tail, loss // bytes: what looks like UTF-8 is none
}

// aliases gives every entry its alias, in the code page.
func aliases(entries []directory.Entry, t *charset.Table) (map[string]string, charset.Loss) {
	given := make(map[string]string, len(entries))
	var loss charset.Loss
	rest := entries
	for i, end := range ends {
		wanted := map[string][]directory.Entry{}
		for _, e := range rest {
			alias, lost := aliasOf(e, t, end)
			if i == 0 {
				loss.Merge(lost)
			}
			key := listOf(e.Address) + "\n" + strings.ToLower(t.Decode(alias))
			wanted[key] = append(wanted[key], e)
		}
		rest = nil
		for _, same := range wanted {
			for _, e := range same {
				given[e.Key()], _ = aliasOf(e, t, end)
			}
			if len(same) > 1 && i+1 < len(ends) {
				rest = append(rest, same...)
			}
		}
	}
	return given, loss
}

// means reports whether a file calls an entry by an alias that it has or would have.
func means(alias string, e directory.Entry, t *charset.Table) bool {
	for _, end := range ends {
		if own, _ := aliasOf(e, t, end); alias == cleanAlias(own, t) {
			return true
		}
	}
	return false
}

// calls is what a file may call an entry, in small letters.
func calls(e directory.Entry, t *charset.Table) []string {
	names := []string{strings.ToLower(e.Name)}
	for _, end := range ends {
		own, _ := aliasOf(e, t, end)
		if name := strings.ToLower(cleanAlias(own, t)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// cleanAlias is an alias in the code page as the name that a reader makes of it.
func cleanAlias(alias string, t *charset.Table) string {
	name, err := directory.CleanName(t.Decode(alias))
	if err != nil {
		return ""
	}
	return name
}
