package mmff

// A token is a known field of the header.
type token uint8

const (
	tokenUnknown token = iota
	tokenVersion
	tokenTo
	tokenCc
	tokenFrom
	tokenDate
	tokenTime
	tokenSubject
	tokenPriority
	tokenAttachment
	tokenXAttach
	tokenExt
	tokenText
	tokenXText
	tokens
)

// names are the spellings of the known tokens. The table of KB Q118785 says ATTACHMENTS, the sample of KB Q103801
// ATTACHMENT.
var names = map[string]token{
	"VERSION": tokenVersion, "TO": tokenTo, "CC": tokenCc, "FROM": tokenFrom, "DATE": tokenDate, "TIME": tokenTime,
	"SUBJECT": tokenSubject, "PRIORITY": tokenPriority, "ATTACHMENT": tokenAttachment, "ATTACHMENTS": tokenAttachment,
	"XATTACH": tokenXAttach, "EXT": tokenExt, "TEXT": tokenText, "XTEXT": tokenXText,
}

// longestName is the length of ATTACHMENTS.
const longestName = 11

// known returns the token of that name in any case, without allocating.
func known[T string | []byte](name T) token {
	var upper [longestName]byte
	if len(name) > longestName {
		return tokenUnknown
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	return names[string(upper[:len(name)])]
}

// single reports whether a field may stand once in a message and has a default.
func (t token) single() bool {
	switch t {
	case tokenFrom, tokenDate, tokenTime, tokenSubject, tokenPriority:
		return true
	}
	return false
}

// validName reports whether an unknown token is kept by its name. Anything else is what a wrong line end or a body in the
// wrong place looks like, and is error 141.
func validName[T string | []byte](name T) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '.', c == '$', c == '#', c == '/':
		default:
			return false
		}
	}
	return 0 < len(name) && len(name) <= 64
}
