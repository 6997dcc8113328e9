package convert

import "strings"

// hiddenField is how a file may name recipients whom the others must not see. No file with one is known: PC Mail has hidden
// recipients (KB Q156962), and by what token its files tell of them nobody wrote down. Should one come, whoever stands in it gets the
// message and nobody learns of it: the line is neither kept as a field nor in the original. It is never written; hidden
// recipients get files of their own.
const hiddenField = "BCC"

func isHidden(name string) bool { return strings.EqualFold(name, hiddenField) }

// hides reports whether a file names hidden recipients.
func (h header) hides() bool {
	for _, f := range h.m.Fields {
		if isHidden(f.Name) {
			return true
		}
	}
	return false
}
