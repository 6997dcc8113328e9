package proxy

import (
	"fmt"
	"strings"
	"unicode"
)

// The parts of an ID.
const (
	codeSize   = 2
	numberSize = 4
	tailSize   = 2
	idSize     = codeSize + numberSize + tailSize
	maxNumber  = 9999
)

// State says what an ID is good for; see the package comment.
type State uint8

// The states of an ID.
const (
	Live State = iota + 1
	Also
	Retired
)

var stateNames = [...]string{Live: "live", Also: "also", Retired: "retired"}

func (s State) String() string {
	if s < Live || s > Retired {
		return "unknown"
	}
	return stateNames[s]
}

func parseState(text string) (State, error) {
	for s := Live; s <= Retired; s++ {
		if text == stateNames[s] {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is not live, also or retired", text)
}

// parseID checks an ID; number is that in its middle.
func parseID(id string) (number int, err error) {
	if len(id) != idSize || !plain(id) {
		return 0, fmt.Errorf("%q is not an ID of %d letters and digits, in upper case", id, idSize)
	}
	for _, c := range id[codeSize : codeSize+numberSize] {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%q has no number of %d digits behind the server code", id, numberSize)
		}
		number = 10*number + int(c-'0')
	}
	return number, nil
}

func makeID(code string, number int, user string) string {
	return fmt.Sprintf("%s%0*d%s", code, numberSize, number, tail(user))
}

// tail is what people recognise of a name: the initials of its first two words, or the beginning of the only one.
// Letters without a form in ASCII count for nothing.
func tail(user string) string {
	words := strings.FieldsFunc(strings.ToUpper(user), func(r rune) bool {
		return r < unicode.MaxASCII && !strings.ContainsRune(nextOfCode, r)
	})
	var known []string
	for _, w := range words {
		if w = strings.Map(func(r rune) rune {
			if r >= unicode.MaxASCII {
				return -1
			}
			return r
		}, w); w != "" {
			known = append(known, w)
		}
	}
	switch {
	case len(known) == 0:
		return "XX"
	case len(known) == 1:
		return (known[0] + "XX")[:tailSize]
	}
	return known[0][:1] + known[1][:1]
}

// The characters of server codes, in the order in which they are used. A letter comes first, so that an ID does not look
// like a number.
const (
	firstOfCode = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	nextOfCode  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// freeCode is the first code that is not taken, or empty.
func freeCode(taken func(code string) bool) string {
	for _, a := range firstOfCode {
		for _, b := range nextOfCode {
			if code := string(a) + string(b); !taken(code) {
				return code
			}
		}
	}
	return ""
}

// plain reports whether s is made of letters and digits, in upper case.
func plain(s string) bool { return strings.Trim(s, nextOfCode) == "" }
